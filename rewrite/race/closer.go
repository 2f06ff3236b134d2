package race

import (
	"slices"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// A closer is what a literal waits for and signals that a function returns: mostly it
// ends what the function has begun.
//
//	stop := c.start()
//	defer stop()
type closer struct{ waited, sends counts }

// all lists both.
func (r *closer) all() counts {
	if r == nil {
		return nil
	}
	return slices.Concat(r.waited, r.sends)
}

// in is a closer in the terms of who has called the function.
func (r *closer) in(b binding) *closer {
	if r == nil {
		return nil
	}
	return &closer{b.counts(r.waited), b.counts(r.sends)}
}

// returnsLiteral notes which literal of the function a result is; none if there are
// several.
func (w *walk) returnsLiteral(i int, v effect.Value) {
	g := w.m.funcs[v.Func]
	if g == nil || g.Parent != w.f.Key {
		return
	}
	if w.literals == nil {
		w.literals = make(map[int]effect.Value)
	}
	if old, ok := w.literals[i]; ok && old.Func != v.Func {
		v = effect.Value{}
	}
	w.literals[i] = v
}

// findClosers says of the literals that are returned what they wait for and signal.
func (w *walk) findClosers() {
	for i, v := range w.literals {
		if g := w.m.funcs[v.Func]; g != nil && w.summaryOf(g) != nil && i < len(w.sum.results) {
			b := w.bind(g, v, nil)
			w.sum.results[i].closer = &closer{b.counts(b.sum.waited), b.counts(b.sum.sends)}
		}
	}
}

// closes is the state behind a call of such a literal.
func (w *walk) closes(r *closer, e *effect.Event, s state) state {
	for _, c := range r.sends {
		s = w.signal(s, c.path, c.n, e.At)
	}
	for _, c := range r.waited {
		s = w.wait(s, c.path, c.n)
	}
	return s
}
