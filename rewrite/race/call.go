package race

import (
	"iter"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// A callSite is one call with what holds at it, kept for the pass that goes
// from callers to callees.
type callSite struct {
	to    *function
	at    effect.Pos
	must  keys
	may   keys
	fresh []bool // by parameter: the argument is an object only the caller has
	spawn bool
	under keys     // of a go statement: what may be held there
	onces []string // the sync.Onces, by their fields, whose only run makes the call
	test  bool
}

// calledAt lists the calls of a function, each with the one it stands in.
func (f *function) calledAt() iter.Seq2[*function, *callSite] {
	return func(yield func(*function, *callSite) bool) {
		for _, by := range f.callers {
			for _, c := range by.calls {
				if c.to == f && !yield(by, c) {
					return
				}
			}
		}
	}
}

// A binding maps a callee's roots to the caller's paths.
type binding struct {
	w      *walk
	callee *function
	sum    *summary // its summary, if there is one
	args   []effect.Value
	free   []effect.Path
	id     int                        // of the call
	ready  bool                       // args and free are resolved
	names  map[effect.Path]translated // what paths became; nil if that is not kept
}

// A translated is a callee's path in the caller's terms.
type translated struct {
	path effect.Path
	ok   bool
}

// resolved is the binding with its arguments resolved, for many paths in turn.
func (b binding) resolved() binding {
	args, free := make([]effect.Value, len(b.args)), make([]effect.Path, len(b.free))
	for i := range args {
		args[i] = b.args[i]
		args[i].Path = b.w.resolve(args[i].Path)
	}
	for i := range free {
		free[i] = b.w.resolve(b.free[i])
	}
	b.args, b.free, b.ready, b.names = args, free, true, make(map[effect.Path]translated)
	return b
}

// of says a path of the caller that the callee was given.
func (b binding) of(p effect.Path) effect.Path {
	if b.ready {
		return p
	}
	return b.w.resolve(p)
}

// made tells which result a channel is that the callee makes and returns.
func (b binding) made(r effect.Root) (int, bool) {
	if b.id == 0 || b.sum == nil {
		return 0, false
	}
	i, ok := b.sum.made[r]
	return i, ok
}

func (w *walk) bind(g *function, fn effect.Value, args []effect.Value) binding {
	b := binding{w: w, callee: g, args: args, free: fn.Bind}
	if g != nil {
		b.sum = w.summaryOf(g)
	}
	if fn.Bound {
		b.args = append([]effect.Value{{Path: fn.Bind[0]}}, args...)
		b.free = nil
	}
	return b
}

// link gives what a callee keeps for itself, and yet links what it does, a name
// that nothing else has.
func (b binding) link(p effect.Path) (effect.Path, bool) {
	if b.id == 0 || b.sum == nil || !b.sum.links[p.Root] {
		return p, false
	}
	p.Root = effect.Root{Kind: effect.Result, N: b.id, I: linked + 31*p.Root.N + p.Root.I}
	return p, true
}

// linked is more than functions have results. It is added once for each call on
// the way up, as far as maxLinked.
const linked, maxLinked = 1 << 16, 3 << 16

// path says a callee's path in the caller's terms; false if the caller has no
// name for it.
func (b binding) path(p effect.Path) (effect.Path, bool) {
	if b.names == nil || p.Sel == "" || p.Root.Kind == effect.Global {
		return b.translate(p)
	}
	t, known := b.names[p]
	if !known {
		t.path, t.ok = b.translate(p)
		b.names[p] = t
	}
	return t.path, t.ok
}

func (b binding) translate(p effect.Path) (effect.Path, bool) {
	var to effect.Path
	switch r := p.Root; r.Kind {
	case effect.Global:
		return p, true
	case effect.Either:
		return b.either(p)
	case effect.Local:
		if i, ok := b.made(r); ok {
			return b.w.resolve(effect.Path{Root: effect.Root{Kind: effect.Result, N: b.id, I: i}, Sel: p.Sel}), true
		}
		return b.link(p)
	case effect.Result:
		return b.link(p)
	case effect.Param:
		if r.N < len(b.args) {
			to = b.of(b.args[r.N].Path)
		}
	case effect.Free:
		if r.N < len(b.free) {
			to = b.of(b.free[r.N])
		}
	}
	if to.Root.Kind == effect.NoRoot {
		return p, false
	}
	p, ok := p.On(to)
	return b.w.resolve(p), ok
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

// either says which of several objects a callee waits for in the caller's
// terms; false if one of them has no name there.
func (b binding) either(p effect.Path) (effect.Path, bool) {
	if p == something {
		return p, true
	}
	var list []effect.Path
	for _, q := range b.w.m.eithers.of(p.Root.N) {
		q, ok := b.path(q)
		if !ok {
			return p, false
		}
		list = append(list, q)
	}
	return b.w.m.either(list), true
}

func (b binding) counts(c counts) counts { return b.countsAnd(c, 0) }

// countsAnd leaves room for some more.
func (b binding) countsAnd(c counts, room int) counts {
	if len(c) == 0 {
		return nil
	}
	out := make(counts, 0, len(c)+room)
	for _, e := range c {
		if q, ok := b.path(e.path); ok {
			out = out.put(q, e.n)
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
		switch {
		case ok:
		case h.path.Root.N < 0: // of one the callee called
			q = h.path
		case h.path.Field() != "":
			q = effect.Path{Root: effect.Root{Kind: effect.Result, N: -1, Key: b.callee.Key}, Sel: h.path.Sel}
		case h.path.Root.Kind == effect.Local:
			q = effect.Path{Root: effect.Root{Kind: effect.Result, N: -1, Key: h.key(b.callee)}}
		default:
			continue
		}
		out = out.put(held{q, h.mode})
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
	b.id = e.ID
	w.loops[e.ID] = e.Loop
	owed := w.withOwed(s)
	w.noteCall(e, g, b, owed, nil, false)
	w.joins(b, false)
	if b.sum == nil {
		return s
	}
	takes := b.locks(b.sum.takes)
	for _, h := range takes {
		w.taking(s, h, e.At)
	}
	base := w.threads(e, b, s, 0)
	if w.record {
		in := frameOf{b: b, call: e, base: base, s: owed, event: e.ID, at: e.At, loop: e.Loop != 0}
		if len(b.sum.accesses)+len(b.sum.pending) > 0 {
			in.after, in.turn, in.turns = w.after(s, b.counts(b.sum.sends)), e.Loop, w.everyTurn(e.Loop)
		}
		w.inline(in)
	}
	s = w.returned(e, b, s)
	s = w.learns(e, b, base, s)
	s = w.releasing(b, s)
	for _, h := range b.locks(b.sum.acquired) {
		s = w.take(s, h)
	}
	s.may = s.may.union(b.locks(b.sum.kept)) // nobody knows on which return
	s = w.handed(e, b, base, 0, s, 0)
	s = w.goingOn(e, b, base, s)
	w.sum.parallel = w.sum.parallel || b.sum.parallel
	for _, p := range b.paths(b.sum.adds) {
		s.added, w.sum.adds = s.added.add(p), w.sum.adds.add(p)
	}
	s = w.escaping(e, b, s)
	w.sum.takes = w.sum.takes.union(takes)
	for _, note := range b.sum.slow {
		w.slow(s, note, e.At)
	}
	w.pauses(s, b.sum.pauses, e.At)
	return s
}

// releasing takes the locks away that the callee releases. One that it has taken
// again at every return is held as before, but others have had it meanwhile.
func (w *walk) releasing(b binding, s state) state {
	given := b.paths(b.sum.given)
	for _, p := range b.paths(b.sum.released) {
		if s.may.index(p) < 0 {
			w.sum.released = w.sum.released.add(p)
		}
		before := s
		s = w.release(s, p)
		if !given.has(p) {
			s.must, s.may, s.given = before.must, before.may, before.given
		}
	}
	return s
}

// goingOn adds the goroutines that the callee leaves running, and what it has
// signalled and waited for.
func (w *walk) goingOn(e *effect.Event, b binding, base int, s state) state {
	var loads counts                  // of atomics, which count once
	for t := range b.sum.left.all() { // what was waited for before it started
		loads = loads.most(b.counts(b.sum.threads[t-1].waited))
		for _, c := range w.sum.threads[base+t-2].waited {
			if !c.loads() {
				s = w.wait(s, c.path, c.n)
			}
		}
	}
	for _, c := range loads {
		if c.loads() {
			s = w.wait(s, c.path, c.n)
		}
	}
	for t := range b.sum.left.all() {
		w.starts(s, base+t-1)
		s.live, s.now = s.live.with(base+t-1), s.now.with(base+t-1)
	}
	for _, c := range b.counts(b.sum.sends) {
		s = w.signal(w.token(s, c.path), c.path, c.n, e.At)
	}
	for _, c := range b.counts(b.sum.waited) {
		s = w.token(s, c.path)
		if c.loads() {
			c.n = rest(c.n, loads.of(c.path))
		}
		if c.n > 0 {
			s = w.wait(s, c.path, c.n)
		}
	}
	return s
}

// escaping marks the arguments that the callee makes visible to others.
func (w *walk) escaping(e *effect.Event, b binding, s state) state {
	for i, to := range b.sum.escapes {
		if to != nowhere && i < len(b.args) {
			if j := int(to) - 1; j >= 0 && j < len(b.args) {
				if to = w.refuge(b.args[j].Path); w.origin(b.args[j].Path).Root == w.origin(b.args[i].Path).Root {
					continue // a part of it knows it now
				}
			}
			if b.args[i].Addr && w.record {
				a := access{path: w.resolve(b.args[i].Path), scene: w.stage.set(scene{})}
				w.add(a, deed{op: rewrite.Address, at: e.At, fn: w.f}, w.fresh(a.path.Root))
			}
			p := w.origin(b.args[i].Path)
			w.leak(p.Root)
			s.escaped = w.escape(s.escaped, p, to)
		}
	}
	return s
}

// returned notes what the results of a call are.
func (w *walk) returned(e *effect.Event, b binding, s state) state {
	for i, r := range b.sum.results {
		q, ok := b.path(r.path)
		if !ok {
			q = effect.Path{}
		}
		root := effect.Root{Kind: effect.Result, N: e.ID, I: i}
		if q.Root.Kind == effect.NoRoot && !r.fresh && len(r.shares) == 0 {
			delete(w.results, root) // another function behind the same call may have put it there
			continue
		}
		w.results[root] = result{path: q, fresh: r.fresh, shares: b.shares(r.shares)}
		if r.fresh {
			s.escaped = w.renewed(s.escaped, root)
		}
	}
	return s
}

// handedIn reports whether a path is what a parameter is or a captured
// variable refers to.
func handedIn(p effect.Path) bool {
	return p.Sel == "" && p.Root.Kind == effect.Param || p.Sel == ";"+effect.Deref && p.Root.Kind == effect.Free
}

// unknown is a call that can't be followed, or not yet. What it is given to run
// it runs at once, as far as one can tell.
func (w *walk) unknown(e *effect.Event, s state) state {
	p := w.resolve(e.Fn.Path)
	if v := w.function(p); v.Func != "" && w.m.funcs[v.Func] != nil {
		return w.call(w.resolved(e, v), s)
	}
	w.pends(&pending{path: p, args: w.args(e.Args), fresh: w.onlyOurs(e.Args, s), loop: e.Loop != 0, state: s, after: w.after(s, nil), trail: &trail{at: e.At}})
	for i, a := range e.Args {
		if a.Func != "" && w.m.funcs[a.Func] != nil {
			s = w.call(w.runningAt(e, i, a, e.Repeats), s)
		}
	}
	if e.Quick {
		return s
	}
	w.slow(s, "a call of a function value", e.At)
	if k := p.Field(); k != "" {
		w.stalls(s, hook+k, e.At)
	}
	return s
}

// resolved is the event of a call with the function it turned out to run.
func (w *walk) resolved(e *effect.Event, v effect.Value) *effect.Event {
	run := w.runningAt(e, -1, v, false)
	run.ID, run.Args = e.ID, e.Args
	return run
}

// args is the values of a call's arguments in this frame.
func (w *walk) args(list []effect.Value) []effect.Value {
	out := slices.Clone(list)
	for i := range out {
		out[i].Path = w.resolve(out[i].Path)
		out[i].Bind = slices.Clone(out[i].Bind)
		for j := range out[i].Bind {
			out[i].Bind[j] = w.resolve(out[i].Bind[j])
		}
	}
	return out
}

// onNew reports whether a method is called on an object that only the caller has.
func (c *callSite) onNew() bool { return c.to.Recv != "" && len(c.fresh) > 0 && c.fresh[0] }

// onlyOurs tells by argument whether it is an object that only this activation has.
func (w *walk) onlyOurs(args []effect.Value, s state) []bool {
	out := make([]bool, len(args))
	for i, a := range args {
		p := w.resolve(a.Path)
		out[i] = w.newHere(p) && !s.escaped.has(w.number(p.Root)) || w.retires(p)
	}
	return out
}

// retires reports whether the function puts an object of its callers into a
// sync.Pool: they leave it to that alone.
func (w *walk) retires(p effect.Path) bool {
	return w.f.Retires > 0 && p == effect.Path{Root: effect.Root{Kind: effect.Param, N: w.f.Retires - 1}}
}

// noteCall records a call for the pass from callers to callees. The last arguments
// may be known to be new to who makes it.
func (w *walk) noteCall(e *effect.Event, g *function, b binding, s state, fresh []bool, spawn bool) {
	if !w.record || w.pass != final {
		return
	}
	c := &callSite{to: g, at: e.At, spawn: spawn, test: w.f.Test}
	if spawn {
		c.under = w.keysOf(s.may)
	} else {
		c.must, c.may = w.keysOf(s.must), w.keysOf(s.may)
	}
	for _, f := range s.facts {
		if f.passed && isOnce(f.path) {
			c.onces = append(c.onces, strings.TrimSuffix(objectKey(f.path), onceMark))
		}
	}
	if !spawn {
		c.fresh = w.onlyOurs(b.args, s)
		own := c.fresh[len(c.fresh)-min(len(fresh), len(c.fresh)):]
		for i := range own {
			own[i] = own[i] || fresh[i]
		}
	}
	w.f.calls = append(w.f.calls, c)
}
