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
	for _, c := range w.waitedIn(b, b.sum.waited) {
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
		closer := r.closer.in(b)
		if q.Root.Kind == effect.NoRoot && !r.fresh && len(r.shares) == 0 && closer == nil {
			delete(w.results, root) // another function behind the same call may have put it there
			continue
		}
		w.results[root] = result{path: q, fresh: r.fresh, shares: b.shares(r.shares), closer: closer}
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
	if c := w.results[p.Root].closer; c != nil && p.Sel == "" {
		s = w.closes(c, e, s)
	}
	w.pends(&pending{path: p, args: w.args(e.Args), fresh: w.onlyOurs(e.Args, s), loop: e.Loop != 0, state: s, after: w.after(s, nil), trail: &trail{at: e.At}})
	for i, a := range e.Args {
		if a.Func != "" && w.m.funcs[a.Func] != nil {
			s = w.call(w.runningAt(e, i, a, e.Repeats), s)
		}
	}
	if handedIn(p) {
		s = w.hasRun(s, p)
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
		out[i] = w.newHere(p) && !s.escaped.has(w.number(p.Root)) || p.Sel == "" && p.Root.Kind == effect.Param && w.f.retires(p.Root.N)
	}
	return out
}

// retires reports whether a function puts what its n-th parameter is into a sync.Pool:
// its callers leave that to it alone.
func (f *function) retires(n int) bool { return f.Retires == n+1 }

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
