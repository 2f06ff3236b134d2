package driver

import (
	"go/ast"
	"regexp"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/git"
)

// ordering matches lines that may have kept goroutines apart. They are gone, so
// that their text is all that is known of them.
var ordering = regexp.MustCompile(`(?i)lock|wait|done|once|sync|atomic|close\(|<-`)

// since drops the findings that changes have nothing to do with; none if there
// are no changes to go by.
func (b *build) since(c *git.Changes, findings []*rewrite.Finding) []*rewrite.Finding {
	if c == nil {
		return findings
	}
	var locks map[string][]rewrite.Access
	if len(findings) > 0 {
		locks = b.lockCalls()
	}
	return slices.DeleteFunc(findings, func(f *rewrite.Finding) bool {
		return !slices.ContainsFunc(witnesses(f, locks), func(at rewrite.Span) bool { return c.Touch(at.File, at.Line) }) && !b.bared(c, f)
	})
}

// lockCalls lists the calls that take and release each lock, by its key.
func (b *build) lockCalls() map[string][]rewrite.Access {
	out := make(map[string][]rewrite.Access)
	for _, c := range b.module.Custodies() {
		out[c.Lock.Key] = c.Calls
	}
	return out
}

// witnesses lists what a finding rests on: its two accesses, how goroutines get
// there and where they start, accesses elsewhere that hold no lock, the
// declaration of the place, and what is done in the same functions with the
// locks that other accesses hold.
func witnesses(f *rewrite.Finding, locks map[string][]rewrite.Access) []rewrite.Span {
	out := append(routes(f), f.Place.Decl)
	for _, a := range f.Accesses {
		if len(a.Locks) == 0 && !a.Fresh && a.Op != rewrite.Atomic {
			out = append(out, a.At)
		}
	}
	for _, l := range f.Leaks {
		out = append(out, l.At, l.Taken)
	}
	for _, v := range f.Votes {
		for _, call := range locks[v.Lock] {
			for _, s := range f.Sides {
				if call.Func == s.Access.Func && call.At.File == s.Access.At.File {
					out = append(out, call.At)
				}
			}
		}
	}
	return out
}

// routes lists the ways by which two goroutines come to a place.
func routes(f *rewrite.Finding) []rewrite.Span {
	var out []rewrite.Span
	for _, s := range f.Sides {
		out = append(out, s.Access.At, s.Context.Start)
		if s.Context.Handed != nil {
			out = append(out, s.Context.Handed.At)
		}
		for _, step := range s.Path {
			out = append(out, step.At)
		}
	}
	return out
}

// bared reports whether the changes took a line away that may have ordered the
// two goroutines, from a function on their way.
func (b *build) bared(c *git.Changes, f *rewrite.Finding) bool {
	return slices.ContainsFunc(routes(f), func(at rewrite.Span) bool {
		_, syntax := b.sites.fileOf(at.File)
		if syntax == nil {
			return false
		}
		for _, d := range syntax.Decls {
			fset := b.prog.Fset
			first, last := fset.Position(d.Pos()).Line, fset.Position(d.End()).Line
			if _, ok := d.(*ast.FuncDecl); ok && first <= at.Line && at.Line <= last {
				return c.Took(at.File, first, last, ordering.MatchString)
			}
		}
		return false
	})
}
