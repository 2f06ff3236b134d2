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
	takes := b.locks(g.sum.takes)
	for _, h := range takes {
		w.taking(s, h, e.At)
	}
	base := w.threads(e, g, b, s, 0)
	before := w.sum.signals.minus(s.signaled)
	if w.record {
		w.inline(frameOf{b: b, base: base, s: s, before: before, event: e.ID, at: e.At, loop: e.Loop != 0})
	}
	w.returned(e, b)
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
	w.sum.takes = w.sum.takes.union(takes)
	for _, note := range g.sum.slow {
		w.slow(note)
	}
	return s
}

// returned notes what the results of a call are.
func (w *walk) returned(e *effect.Event, b binding) {
	for i, r := range b.callee.sum.results {
		q, ok := b.path(r.path)
		if !ok {
			q = effect.Path{}
		}
		w.results[effect.Root{Kind: effect.Result, N: e.ID, I: i}] = result{path: q, fresh: r.fresh}
	}
}

// handedIn reports whether a path is a parameter or captured variable itself.
func handedIn(p effect.Path) bool {
	return p.Sel == "" && (p.Root.Kind == effect.Param || p.Root.Kind == effect.Free)
}

// unknown is a call that can't be followed, or not yet.
func (w *walk) unknown(e *effect.Event, s state) state {
	p := w.resolve(e.Fn.Path)
	if w.record && handedIn(p) {
		w.sum.pending = append(w.sum.pending, &pending{path: p, state: s, trail: &trail{at: e.At}})
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
		if p := w.resolve(e.Fn.Path); w.record && handedIn(p) {
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
