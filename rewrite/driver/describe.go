package driver

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// A Description is what a session knows of a field, a variable or a lock.
type Description struct {
	Name  string
	At    rewrite.Span // the identifier that was asked about
	Lines []string     // one clause each
}

// Describe tells what guards the field or variable that is named at a position,
// who races on it, or what the lock there guards; nil if there is nothing to say.
// File names in the lines pass through rel.
func (s *Session) Describe(at rewrite.Span, rel func(string) string) *Description {
	if s.base == nil {
		return nil
	}
	f, path := s.base.sites.Around(at)
	if f == nil || len(path) == 0 {
		return nil
	}
	id, ok := path[0].(*ast.Ident)
	if !ok {
		return nil
	}
	v, ok := f.Info.ObjectOf(id).(*types.Var)
	if !ok {
		return nil
	}
	v = v.Origin()
	decl := rewrite.SpanOf(f.Fset, v.Pos(), v.Pos())
	d := &Description{Name: v.Name(), At: f.Span(id)}
	if c := s.custody(decl); c != nil {
		d.Name, d.Lines = c.Lock.Name, lockLines(c)
	} else if key := s.base.sites.keyOf(v); key != "" {
		d.Name, d.Lines = rewrite.ShortKey(key), s.guardLines(key)
	}
	for _, o := range s.outcomes() {
		if o.Kind != rewrite.Locking && begin(o.Place.Decl) == begin(decl) {
			d.Name = o.Place.Name
			d.Lines = append(d.Lines, raceLines(&o, rel)...)
		}
	}
	if len(d.Lines) == 0 {
		return nil
	}
	return d
}

// outcomes are those of the last result, with fixes if these are known.
func (s *Session) outcomes() []Outcome {
	if s.mended != nil {
		return s.mended.Outcomes
	}
	return s.result.Outcomes
}

// begin is where a span begins.
func begin(s rewrite.Span) rewrite.Span { return rewrite.Span{File: s.File, Line: s.Line, Col: s.Col} }

// custody returns what is done with the lock that is declared somewhere.
func (s *Session) custody(decl rewrite.Span) *rewrite.Custody {
	if s.locks == nil {
		s.locks = s.base.module.Custodies()
	}
	i := slices.IndexFunc(s.locks, func(c *rewrite.Custody) bool { return begin(c.Lock.Decl) == begin(decl) })
	if i < 0 {
		return nil
	}
	return s.locks[i]
}

func lockLines(c *rewrite.Custody) []string {
	var lines []string
	for _, v := range c.Guards {
		lines = append(lines, fmt.Sprintf("guards %s: held at %d of %d accesses", rewrite.ShortKey(v.Lock), v.Held, v.Of))
	}
	taken := 0
	for _, a := range c.Calls {
		if a.Op != rewrite.Release {
			taken++
		}
	}
	lines = append(lines, fmt.Sprintf("taken at %d %s", taken, plural(taken, "place")))
	for _, f := range c.Wrong {
		lines = append(lines, lockClause(f))
	}
	return lines
}

// guardLines tells which lock guards a place: one that most accesses hold.
func (s *Session) guardLines(key string) []string {
	var lines []string
	_, votes := s.base.module.Accesses(key)
	for _, v := range votes {
		if 2*v.Held > v.Of {
			lines = append(lines, fmt.Sprintf("guarded by %s at %d of %d accesses", rewrite.ShortKey(v.Lock), v.Held, v.Of))
		}
	}
	return lines
}

// raceLines tell who races.
func raceLines(o *Outcome, rel func(string) string) []string {
	lines := []string{o.clause()}
	for _, side := range o.Sides {
		lines = append(lines, SideLine(side, rel))
	}
	for _, why := range o.Why {
		lines = append(lines, "not ordered: "+why)
	}
	var b bytes.Buffer
	writeVerdict(&b, o)
	for line := range strings.Lines(b.String()) {
		lines = append(lines, strings.TrimSpace(line))
	}
	return lines
}

// SideLine says in one line what a side of a race does, where, and in which
// goroutine. File names pass through rel.
func SideLine(s rewrite.Side, rel func(string) string) string {
	return fmt.Sprintf("%s at %s in %s, %s", verb(s.Access.Op), at(s.Access.At, rel), where(s.Access), goroutine(s.Context, rel))
}

// VoteLine says how often a lock is held where a place is accessed.
func VoteLine(v rewrite.Vote, accesses []rewrite.Access) string { return voteLine(v, accesses) }

// keyOf is the key of a field, or package variable, that is declared in the
// packages under analysis; "" for others.
func (s *sites) keyOf(v *types.Var) string {
	if !v.IsField() {
		return globalKey(v)
	}
	s.index()
	for key, st := range s.types {
		if st.Type.Pos() <= v.Pos() && v.Pos() < st.Type.End() && st.File.Pkg == v.Pkg() {
			for _, fl := range st.Type.Fields.List {
				if slices.ContainsFunc(fl.Names, func(id *ast.Ident) bool { return id.Pos() == v.Pos() }) {
					return key + "." + v.Name()
				}
				if id := embeddedName(fl.Type); len(fl.Names) == 0 && id != nil && id.Pos() == v.Pos() {
					return key + "." + v.Name()
				}
			}
		}
	}
	return ""
}
