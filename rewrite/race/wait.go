package race

import (
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// waits is what a Wait event does.
func (w *walk) waits(e *effect.Event, s state) state {
	if len(e.Either) > 0 {
		var list []effect.Path
		for _, p := range e.Either {
			p = w.resolve(p)
			if p.Root.Kind == effect.NoRoot {
				return s // that one may well be what ends the wait
			}
			list = append(list, p)
		}
		return w.wait(s, w.m.either(list), 1)
	}
	p := w.resolve(e.Path)
	if p.Root.Kind == effect.NoRoot {
		p = something
	}
	s = w.passes(s, p, false)
	switch {
	case e.Group:
		w.groups = w.groups.add(p)
		return w.wait(s, p, many)
	case e.Op == rewrite.Atomic:
		return w.wait(s, p, plenty)
	}
	return w.wait(w.seenClosed(s, p), p, 1)
}

// something is an object that nothing is known of.
var something = effect.Path{Root: effect.Root{Kind: effect.Either, N: -1}}

// either names the wait for one of several objects.
func (m *Module) either(list []effect.Path) effect.Path {
	if len(list) == 1 {
		return list[0]
	}
	return effect.Path{Root: effect.Root{Kind: effect.Either, N: m.eithers.number(list)}}
}

// signal notes that an object was signalled n times.
func (w *walk) signal(s state, p effect.Path, n uint8, at effect.Pos) state {
	w.relays(p, sum(s.signaled.of(p), 1), s.waited, at)
	s.signaled = s.signaled.plus(p, n)
	if p.Root.Kind != effect.NoRoot {
		w.sum.sends = w.sum.sends.most(counts{{p, s.signaled.of(p)}})
	}
	return w.raises(s, p, false)
}

// once runs a function under a lock that only this sync.Once has, and orders
// what it did before what comes after any call of Do.
func (w *walk) once(e *effect.Event, s state) state {
	p := w.resolve(e.Path)
	lock := marked(p, onceHeld)
	inside := w.take(s, held{lock, rewrite.Exclusive})
	done := marked(p, onceMark)
	inside.signaled = inside.signaled.drop(func(p effect.Path) bool { return p == done }) // what runs is the first Do
	inside.facts = inside.facts.with(fact{path: done, passed: true})
	inside = w.call(e, inside)
	known := s.facts
	s = w.release(inside, lock)
	s.facts = known.meet(s.facts)
	return w.wait(w.signal(s, done, 1, e.At), done, many)
}

// The marks tell the two things that a sync.Once is from the Once itself: the
// end of its only run, for which any number of goroutines may wait any number
// of times, and the lock that keeps its callers apart, and nobody else.
const (
	onceMark = " done"
	onceHeld = " once"
)

// neverRuns reports whether an access would be made by what a sync.Once runs that is over
// by then.
func (a *access) neverRuns() bool {
	return slices.ContainsFunc(a.must, func(h held) bool {
		once, ok := strings.CutSuffix(h.path.Sel, onceHeld)
		return ok && a.waited.of(effect.Path{Root: h.path.Root, Sel: once + onceMark}) > 0
	})
}

func marked(p effect.Path, mark string) effect.Path {
	q, _ := p.With(objectKey(p) + mark)
	return q
}

// cancels notes that a context ends, by a call of the function that ends it and is kept in
// a field beside the context's.
func (w *walk) cancels(e *effect.Event, s state) state {
	field := e.Fn.Path.Field()
	if e.Fn.Func != "" || field == "" || w.m.endedBy[field] == nil {
		return s
	}
	owner, last := e.Fn.Path.Base()
	for last != field {
		owner, last = owner.Base()
	}
	for _, ctx := range w.m.endedBy[field] {
		p, ok := owner, true
		for _, sel := range []string{ctx, effect.Deref, effect.Deref} { // what its Done returns
			if p, ok = p.With(sel); !ok {
				break
			}
		}
		if p = w.resolve(p); ok && ctx != field && p.Root.Kind != effect.NoRoot {
			s = w.raises(w.signal(s, p, 1, e.At), p, true)
		}
	}
	return s
}
