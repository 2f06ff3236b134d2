package race

import (
	"slices"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// A callSite is one call with what holds at it, kept for the pass that goes
// from callers to callees.
type callSite struct {
	to    *function
	must  keys
	may   keys
	fresh []bool // by parameter: the argument is an object only the caller has
	spawn bool
	test  bool
}

// A binding maps a callee's roots to the caller's paths.
type binding struct {
	w      *walk
	callee *function
	args   []effect.Value
	free   []effect.Path
}

func (w *walk) bind(g *function, fn effect.Value, args []effect.Value) binding {
	b := binding{w: w, callee: g, args: args, free: fn.Bind}
	if fn.Bound {
		b.args = append([]effect.Value{{Path: fn.Bind[0]}}, args...)
		b.free = nil
	}
	return b
}

// path says a callee's path in the caller's terms; false if the caller has no
// name for it.
func (b binding) path(p effect.Path) (effect.Path, bool) {
	var to effect.Path
	switch r := p.Root; r.Kind {
	case effect.Global:
		return p, true
	case effect.Param:
		if r.N < len(b.args) {
			to = b.w.resolve(b.args[r.N].Path)
		}
	case effect.Free:
		if r.N < len(b.free) {
			to = b.w.resolve(b.free[r.N])
		}
	}
	if to.Root.Kind == effect.NoRoot {
		return p, false
	}
	return p.On(to)
}

func (b binding) paths(s paths) paths {
	var out paths
	for _, p := range s {
		if q, ok := b.path(p); ok {
			out = out.add(q)
		}
	}
	return out
}

// locks says a callee's locks in the caller's terms. A lock the caller has no
// path to keeps its key.
func (b binding) locks(l locks) locks {
	var out locks
	for _, h := range l {
		q, ok := b.path(h.path)
		if !ok {
			if h.path.Field() == "" {
				continue
			}
			q = effect.Path{Root: effect.Root{Kind: effect.Result, N: -1, Key: b.callee.Key}, Sel: h.path.Sel}
		}
		out = out.add(held{q, h.mode})
	}
	return out
}

// call runs the callee's summary at a call.
func (w *walk) call(e *effect.Event, s state) state {
	g := w.m.funcs[e.Fn.Func]
	if g == nil {
		return w.unknown(e, s)
	}
	b := w.bind(g, e.Fn, e.Args)
	w.loops[e.ID] = e.Loop
	w.noteCall(e, g, b, s, false)
	if g.sum == nil {
		return s
	}
	for _, h := range b.locks(g.sum.takes) {
		w.taking(s, h, e.At)
	}
	base := w.threads(e, g, b, s, 0)
	before := w.sum.signals.minus(s.signaled)
	if w.record {
		w.inline(frameOf{b: b, base: base, s: s, before: before, event: e.ID, at: e.At, loop: e.Loop != 0})
	}
	for i, r := range g.sum.results {
		q, ok := b.path(r.path)
		if !ok {
			q = effect.Path{}
		}
		w.results[effect.Root{Kind: effect.Result, N: e.ID, I: i}] = result{path: q, fresh: r.fresh}
	}
	for _, p := range b.paths(g.sum.released) {
		s = w.release(s, p)
	}
	for _, h := range b.locks(g.sum.acquired) {
		s = w.take(s, h)
	}
	for i := range g.sum.threads {
		if g.sum.threads[i].parent == 0 && !g.sum.threads[i].done.meets(g.sum.waited) {
			s.live = s.live.add(base + i)
			s.now = s.now.add(base + i)
		}
	}
	for _, p := range b.paths(g.sum.signals) {
		s = w.signal(w.token(s, p), p)
	}
	for _, p := range b.paths(g.sum.waited) {
		s = w.wait(w.token(s, p), p)
	}
	for i, esc := range g.sum.escapes {
		if esc && i < len(b.args) {
			if b.args[i].Addr && w.record {
				a := access{path: w.resolve(b.args[i].Path), op: rewrite.Address, at: e.At, fn: w.f}
				w.add(a, w.fresh(a.path.Root))
			}
			s.escaped = w.escape(s.escaped, w.resolve(b.args[i].Path))
		}
	}
	for _, h := range b.locks(g.sum.takes) {
		w.sum.takes = w.sum.takes.add(h)
	}
	for _, note := range g.sum.slow {
		w.slow(note)
	}
	return s
}

// unknown is a call that can't be followed, or not yet.
func (w *walk) unknown(e *effect.Event, s state) state {
	p := w.resolve(e.Fn.Path)
	if k := p.Root.Kind; (k == effect.Param || k == effect.Free) && p.Sel == "" {
		if w.record {
			w.sum.pending = append(w.sum.pending, &pending{path: p, state: s, trail: &trail{at: e.At}})
		}
	}
	w.slow("a call of a function value")
	return s
}

// spawn starts the callee's summary as a thread.
func (w *walk) spawn(e *effect.Event, s state) state {
	for _, v := range append(e.Args, e.Fn) {
		for _, p := range append(v.Bind, v.Path) {
			if p.Root.Kind != effect.NoRoot {
				s.escaped = w.escape(s.escaped, w.resolve(p))
			}
		}
	}
	g := w.m.funcs[e.Fn.Func]
	b := w.bind(g, e.Fn, e.Args)
	if g != nil {
		w.noteCall(e, g, b, s, true)
		g.spawned = true
	}
	t := w.newThread(e, g, s)
	if g == nil || g.sum == nil {
		if p := w.resolve(e.Fn.Path); w.record && p.Sel == "" && (p.Root.Kind == effect.Param || p.Root.Kind == effect.Free) {
			w.sum.pending = append(w.sum.pending, &pending{path: p, thread: t, trail: &trail{at: e.At}})
		}
		s.live, s.now = s.live.add(t), s.now.add(t)
		return s
	}
	base := w.threads(e, g, b, state{}, t)
	w.sum.threads[t-1].done = w.done(e, g, b)
	if w.record {
		w.inline(frameOf{b: b, base: base, thread: t, event: e.ID, at: e.At})
	}
	s.live, s.now = s.live.add(t), s.now.add(t)
	return s
}

// done lists the signals that come after all a thread does.
func (w *walk) done(e *effect.Event, g *function, b binding) paths {
	done := g.sum.signals
	for _, a := range g.sum.accesses {
		if a.thread == 0 {
			done = done.meet(a.before)
		}
	}
	out := b.paths(done)
	if e.Joined {
		out = out.add(w.resolve(e.Path))
	}
	return out
}

// newThread numbers the thread of a go statement; the same one each time.
func (w *walk) newThread(e *effect.Event, g *function, s state) int {
	t, ok := w.own[e]
	if !ok {
		th := &thread{site: e.At, home: w.f, note: e.Note, event: e.ID, many: e.Many || e.Loop != 0, loop: e.Loop}
		if e.Many {
			th.loop = 0
		}
		if g != nil {
			th.runs = g.Name
		}
		w.sum.threads = append(w.sum.threads, th)
		t = len(w.sum.threads)
		w.own[e] = t
	}
	th := w.sum.threads[t-1]
	th.live = th.live.union(s.live)
	th.waited = s.waited
	return t
}

// threads numbers the threads a callee starts below parent and returns the
// number of its first; the same one each time.
func (w *walk) threads(e *effect.Event, g *function, b binding, s state, parent int) int {
	base, ok := w.below[e]
	if !ok {
		base = len(w.sum.threads) + 1
		w.below[e] = base
		for _, t := range g.sum.threads {
			n := *t
			n.live = shift(t.live, base-1)
			n.parent = parent
			if t.parent != 0 {
				n.parent = t.parent + base - 1
			}
			n.done, n.waited, n.event = b.paths(t.done), b.paths(t.waited), e.ID
			if n.many {
				n.loop = 0
			} else if e.Loop != 0 {
				n.many, n.loop = true, e.Loop
			}
			if parent != 0 && w.sum.threads[parent-1].many {
				n.many, n.loop = true, w.sum.threads[parent-1].loop
			}
			w.sum.threads = append(w.sum.threads, &n)
		}
	}
	for i, t := range g.sum.threads {
		if t.parent == 0 && parent == 0 && base-1+i < len(w.sum.threads) {
			n := w.sum.threads[base-1+i]
			n.live = n.live.union(s.live)
			n.waited = n.waited.union(s.waited)
		}
	}
	return base
}

func shift(l ints, by int) ints {
	out := make(ints, len(l))
	for i, t := range l {
		out[i] = t + by
	}
	return out
}

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
		if p := w.resolve(v.Path); p.Sel == "" && (p.Root.Kind == effect.Param || p.Root.Kind == effect.Free) && len(w.sum.pending) < 100 {
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

// noteCall records a call for the pass from callers to callees.
func (w *walk) noteCall(e *effect.Event, g *function, b binding, s state, spawn bool) {
	if !w.record || !w.last {
		return
	}
	c := &callSite{to: g, spawn: spawn, test: w.f.Test}
	if !spawn {
		c.must, c.may = s.must.keys(w.f), s.may.keys(w.f)
	}
	for _, a := range b.args {
		p := w.resolve(a.Path)
		fresh := !spawn && p.Sel == "" && w.fresh(p.Root) && !s.escaped.has(effect.Path{Root: p.Root})
		c.fresh = append(c.fresh, fresh)
	}
	w.f.calls = append(w.f.calls, c)
	if !slices.Contains(g.callers, w.f) {
		g.callers = append(g.callers, w.f)
	}
}
