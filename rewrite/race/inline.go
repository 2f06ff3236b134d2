package race

import (
	"github.com/go-fixer/fixer/rewrite/effect"
)

// A frameOf is where a callee's summary is put into its caller's.
type frameOf struct {
	b      binding
	base   int   // number of the callee's first thread
	thread int   // thread the callee runs in
	s      state // at the call; zero for a new thread
	before paths
	event  int
	at     effect.Pos
	loop   bool
}

// inline adds the callee's accesses, and resolves the function arguments it
// calls.
func (w *walk) inline(in frameOf) {
	g := in.b.callee
	number := func(t int) int {
		if t == 0 {
			return in.thread
		}
		return in.base + t - 1
	}
	// What the callee's own goroutine does, it does with all that holds at the
	// call; what it starts, without.
	own := newLens(in.b, in.base, in.s, in.before)
	inner := newLens(in.b, in.base, state{}, nil)
	for _, a := range g.sum.accesses {
		p, ok := in.b.path(a.path)
		if !ok {
			continue
		}
		if k := p.Field(); k == "" || !w.m.cands[k] || w.m.lock[k] {
			if k != "" || p.Root.Kind != effect.Param && p.Root.Kind != effect.Free {
				continue
			}
		}
		n := *a
		n.path, n.thread, n.event = p, number(a.thread), in.event
		lens := &inner
		if a.thread == 0 {
			lens = &own
		}
		lens.turn(&n, a)
		n.loop = a.loop || a.thread == 0 && in.loop
		n.trail = &trail{at: in.at, fn: g, next: a.trail}
		if a.path.Field() == "" && w.last {
			w.m.addRaw(w.f, p.Field(), &n, w.fresh(p.Root) && !in.s.escaped.has(effect.Path{Root: p.Root}))
		}
		w.keep(&n)
	}
	for _, d := range g.sum.pending {
		w.resume(in, d, number(d.thread))
	}
}

// A lens turns the sets of a callee's accesses into its caller's.
type lens struct {
	b         binding
	base      int
	s         state
	after     paths // signalled after the call only
	must, may memo[held]
	live, now memo[int]
	waited    memo[effect.Path]
	before    memo[effect.Path]
}

func newLens(b binding, base int, s state, after paths) lens {
	return lens{b: b, base: base, s: s, after: after, must: memo[held]{}, may: memo[held]{},
		live: memo[int]{}, now: memo[int]{}, waited: memo[effect.Path]{}, before: memo[effect.Path]{}}
}

func (l *lens) turn(n, a *access) {
	n.must = l.must.of(a.must, func(s []held) []held { return l.b.locks(s).union(l.s.must) })
	n.may = l.may.of(a.may, func(s []held) []held { return l.b.locks(s).union(l.s.may) })
	n.live = l.live.of(a.live, func(s []int) []int { return shift(s, l.base-1).union(l.s.live) })
	n.now = l.now.of(a.live, func(s []int) []int { return shift(s, l.base-1).union(l.s.now) })
	n.waited = l.waited.of(a.waited, func(s []effect.Path) []effect.Path { return l.b.paths(s).union(l.s.waited) })
	n.before = l.before.of(a.before, func(s []effect.Path) []effect.Path { return l.b.paths(s).union(l.after) })
}

// resume runs a function argument where the callee called it.
func (w *walk) resume(in frameOf, d *pending, t int) {
	var v effect.Value
	switch r := d.path.Root; {
	case r.Kind == effect.Param && r.N < len(in.b.args):
		v = in.b.args[r.N]
	case r.Kind == effect.Free && r.N < len(in.b.free):
		v = effect.Value{Path: in.b.free[r.N]}
	}
	s := in.s
	if d.thread != 0 {
		s = state{}
	}
	s.must = s.must.union(in.b.locks(d.state.must))
	s.may = s.may.union(in.b.locks(d.state.may))
	s.live = s.live.union(shift(d.state.live, in.base-1))
	s.waited = s.waited.union(in.b.paths(d.state.waited))
	g := w.m.funcs[v.Func]
	if g == nil || g.sum == nil || g == in.b.callee {
		if p := w.resolve(v.Path); handedIn(p) && len(w.sum.pending) < 100 {
			w.sum.pending = append(w.sum.pending, &pending{path: p, thread: t, state: s, trail: d.trail})
		}
		return
	}
	b := w.bind(g, v, nil)
	e := &effect.Event{Kind: effect.Call, ID: in.event, Fn: v}
	if t != 0 {
		g.spawned = true
	}
	w.noteCall(e, g, b, s, t != 0)
	base := w.threads(e, g, b, s, t)
	w.inline(frameOf{b: b, base: base, thread: t, s: s, event: in.event, at: in.at})
}
