package race

import (
	"slices"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// serving looks for a field that a method sets to what it then serves with, until
// another method ends that: which can only be called while the first one runs.
//
//	func (s *Server) Run() error  { s.srv = &http.Server{}; return s.srv.ListenAndServe() }
//	func (s *Server) Stop() error { return s.srv.Close() }
func (m *Module) serving(field string) {
	list := m.telling(field)
	for _, w := range list {
		if w.op != rewrite.Write || !m.callable(w) || !servesLater(w) {
			continue
		}
		for _, r := range list {
			if r.op == rewrite.Read && r.fn != w.fn && len(r.waited) == 0 && m.callable(r) && m.shuts(r.fn, field) &&
				m.meets(&w.access, w.perhaps(), &r.access, r.perhaps()) && !m.afterSetting(&r.access, &w.access) && !byGate(&r.access, &w.access) {
				m.pairs.add(field, pair{a: apiSide(w), b: apiSide(r), serves: true})
				return
			}
		}
	}
}

// callable reports whether an access is to a field of what a method has that others call.
func (m *Module) callable(r *raw) bool { return r.own() && !r.whole && m.askedBy(r.fn, inAnyType) }

// servesLater reports whether the function of an access goes on to serve with what its
// field then holds.
func servesLater(w *raw) bool {
	found := false
	w.fn.each(func(e *effect.Event) {
		found = found || e.Path.Field() == w.path.Field() && comparePos(w.at, e.At) < 0
	}, effect.Serves)
	return found
}

// shuts reports whether a method, or a literal in it, ends what a field serves with.
func (m *Module) shuts(f *function, field string) bool {
	if m.shutters == nil {
		m.shutters = make(map[string][]*function)
		for _, g := range m.order {
			g.each(func(e *effect.Event) {
				m.shutters[e.Path.Field()] = append(m.shutters[e.Path.Field()], m.method(g))
			}, effect.Shuts)
		}
	}
	return slices.Contains(m.shutters[field], f)
}
