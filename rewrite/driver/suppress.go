package driver

import (
	"fmt"
	"go/ast"
	"go/token"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/load"
)

// A Suppression is a comment that keeps findings from being reported:
// //lint:ignore fixer/RULE reason, or //nolint:fixer.
type Suppression struct {
	At   rewrite.Span
	Text string

	directive
	from, to int // the lines it is for
	used     bool
}

// suppressions are those of a build, and what is wrong with others.
type suppressions struct {
	byFile   map[string][]*Suppression
	problems []load.Problem
}

// suppressions collects the comments of all files. A comment that names what
// neither a rule nor a kind of finding is called is a problem.
func (b *build) suppressions(rules []*rewrite.Rule) *suppressions {
	s := &suppressions{byFile: make(map[string][]*Suppression)}
	seen := make(map[string]bool)
	for _, p := range b.prog.Packages {
		for _, f := range p.Files {
			if name := b.prog.Fset.Position(f.FileStart).Filename; !seen[name] {
				seen[name] = true
				s.file(b.prog.Fset, p.Path, f, rules)
			}
		}
	}
	return s
}

func (s *suppressions) file(fset *token.FileSet, pkg string, f *ast.File, rules []*rewrite.Rule) {
	var lines *lines
	for _, group := range f.Comments {
		for _, c := range group.List {
			d, ok, err := parseDirective(c.Text)
			if !ok {
				continue
			}
			at := rewrite.SpanOf(fset, c.Pos(), c.End())
			if err == nil {
				err = known(d.names, rules)
			}
			if err != nil {
				s.problems = append(s.problems, load.Problem{At: at, Pkg: pkg, Msg: err.Error(), Comment: true})
				continue
			}
			if lines == nil {
				lines = linesOf(fset, f)
			}
			sup := &Suppression{At: at, Text: strings.TrimRight(c.Text, "\r"), directive: d}
			sup.from, sup.to = lines.reach(at, fset.Position(group.End()).Line, d)
			s.byFile[at.File] = append(s.byFile[at.File], sup)
		}
	}
}

// known reports names that are neither a rule's nor a kind's.
func known(names []string, rules []*rewrite.Rule) error {
	for _, name := range names {
		isRule := slices.ContainsFunc(rules, func(r *rewrite.Rule) bool { return r.Name == name })
		if name == "*" || isRule || slices.Contains(rewrite.Kinds, rewrite.Kind(name)) {
			continue
		}
		var all []string
		for _, r := range rules {
			all = append(all, r.Name)
		}
		for _, k := range rewrite.Kinds {
			all = append(all, string(k))
		}
		return fmt.Errorf("fixer/%s: no rule and no kind of finding is called that; there are *, %s", name, strings.Join(all, ", "))
	}
	return nil
}

// filter drops the findings that a comment suppresses: one at an access of
// either side, or at the declaration of the place.
func (s *suppressions) filter(findings []*rewrite.Finding, rules []*rewrite.Rule) []*rewrite.Finding {
	return slices.DeleteFunc(findings, func(f *rewrite.Finding) bool {
		hit := false
		for _, at := range []rewrite.Span{f.Sides[0].Access.At, f.Sides[1].Access.At, f.Place.Decl} {
			for _, sup := range s.byFile[at.File] {
				if sup.from <= at.Line && at.Line <= sup.to && sup.covers(f.Kind, rules) {
					sup.used, hit = true, true
				}
			}
		}
		return hit
	})
}

// covers reports whether a directive names a kind of finding, or a rule that
// mends it.
func (d directive) covers(kind rewrite.Kind, rules []*rewrite.Rule) bool {
	return slices.ContainsFunc(d.names, func(name string) bool {
		return name == "*" || name == string(kind) || slices.ContainsFunc(rules, func(r *rewrite.Rule) bool {
			return r.Name == name && slices.Contains(r.Mends, kind)
		})
	})
}

// unused lists the comments that keep nothing, unless the run saw too little to
// tell.
func (cfg *Config) unused(prog *load.Program, s *suppressions, tests bool) []Suppression {
	if cfg.RaceLog != nil || !cfg.whole(prog) {
		return nil
	}
	return slices.DeleteFunc(s.unused(tests), func(u Suppression) bool {
		return cfg.settings.excludes(u.At.File) || cfg.Since != nil && !cfg.Since.Touch(u.At.File, u.At.Line)
	})
}

// whole reports whether a run looks at all that the module has: the goroutines
// of a package that is left out may be those that a comment is about.
func (cfg *Config) whole(prog *load.Program) bool {
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil || len(cfg.Patterns) > 0 && !slices.Contains(cfg.Patterns, "./...") {
		return false
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	for _, mod := range prog.ModDirs {
		if real, err := filepath.EvalSymlinks(mod); err == nil {
			mod = real
		}
		if !within(dir, mod) {
			return false
		}
	}
	return !slices.ContainsFunc(prog.Problems, func(p load.Problem) bool { return !p.Comment })
}

// unused lists the comments that name fixer and suppress nothing, by position.
func (s *suppressions) unused(tests bool) []Suppression {
	var out []Suppression
	for name, list := range s.byFile {
		if !tests && strings.HasSuffix(name, "_test.go") {
			continue
		}
		for _, sup := range list {
			if sup.named && !sup.used {
				out = append(out, *sup)
			}
		}
	}
	slices.SortFunc(out, func(a, b Suppression) int { return a.At.Compare(b.At) })
	return out
}
