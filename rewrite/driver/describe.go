package driver

import (
	"go/ast"
	"go/types"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// A Description is what a session knows of a field, a variable or a lock.
type Description struct {
	Name     string
	At       rewrite.Span     // the identifier that was asked about
	Lock     *rewrite.Custody // what is done with it, if it is a lock
	Votes    []rewrite.Vote   // how often which lock is held where it is accessed, if it is no lock
	Outcomes []Outcome        // of races on it
}

// Describe tells what guards the field or variable that is named at a position,
// who races on it, or what the lock there guards; nil if there is nothing to say.
func (s *Session) Describe(at rewrite.Span) *Description {
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
	d := &Description{Name: v.Name(), At: f.Span(id), Lock: s.custody(decl)}
	if d.Lock != nil {
		d.Name = d.Lock.Lock.Name
	} else if key := s.base.sites.keyOf(v); key != "" {
		d.Name = rewrite.ShortKey(key)
		_, d.Votes = s.base.module.Accesses(key)
	}
	for _, o := range s.outcomes() {
		if o.Kind != rewrite.Locking && begin(o.Place.Decl) == begin(decl) {
			d.Name = o.Place.Name
			d.Outcomes = append(d.Outcomes, o)
		}
	}
	if d.Lock == nil && len(d.Votes)+len(d.Outcomes) == 0 {
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
