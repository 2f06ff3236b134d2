package race

import (
	"slices"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// maxPending and maxKept bound the calls of functions that a summary leaves to
// its callers; of those kept in fields, few are ever known.
const (
	maxPending = 100
	maxKept    = 8
)

// A pendingKey is the call of a function handed in below a call.
type pendingKey struct {
	call *effect.Event
	n    int
}

// runningAt is the event of a function handed in that a call runs; the same one
// each time.
func (w *walk) runningAt(call *effect.Event, n int, v effect.Value, loop bool) *effect.Event {
	key := pendingKey{call, n}
	e := w.handedIn[key]
	if e == nil {
		e = &effect.Event{Kind: effect.Call, ID: call.ID, At: call.At, Fn: v, Loop: call.Loop}
		if loop {
			e.Loop = anyLoop
		}
		w.handedIn[key] = e
	}
	return e
}

// anyLoop is the number of a loop of another function.
const anyLoop = -1

// pends leaves a call to the callers of the function, if they may know what it
// runs.
func (w *walk) pends(d *pending) {
	if !w.record || len(w.sum.pending) >= maxPending || !outside(d.path.Root) {
		return
	}
	if !handedIn(d.path) {
		n := 0
		for _, o := range w.sum.pending {
			if !handedIn(o.path) {
				n++
			}
		}
		if n >= maxKept {
			return
		}
	}
	w.sum.pending = append(w.sum.pending, d)
}

// awaited says what a pending call runs, now that the function is known.
func (w *walk) awaited(b binding, d *pending) effect.Value {
	if r := d.path.Root; r.Kind == effect.Param && d.path.Sel == "" && r.N < len(b.args) && b.args[r.N].Func != "" {
		return b.args[r.N]
	}
	return w.function(b.named(d.path))
}

// function is the value a path is, if it is known which function it keeps.
func (w *walk) function(p effect.Path) effect.Value {
	if p.Root.Kind == effect.Local && p.Sel == ";"+effect.Deref {
		if v := w.f.Locals[p.Root.N].Holds; v.Func != "" {
			return v
		}
	}
	if v, ok := w.kept[p]; ok && v.Func != "" {
		return v
	}
	return effect.Value{Path: p}
}

// keeps notes which functions are put into fields; none where there are several
// for one.
func (w *walk) keeps() {
	w.f.each(func(e *effect.Event) {
		p, ok := w.resolve(e.Path).With(effect.Deref)
		if !ok {
			return
		}
		if len(e.Args) > 0 {
			w.alias(w.resolve(e.Args[0].Path), p)
			return
		}
		if w.kept == nil {
			w.kept = make(map[effect.Path]effect.Value)
		}
		if old, ok := w.kept[p]; ok && old.Func != e.Fn.Func {
			w.kept[p] = effect.Value{}
			return
		}
		w.kept[p] = e.Fn
	}, effect.Keep)
}

// alias notes that a channel made here, or by a call, is known by a field from
// then on: that is where others find it.
func (w *walk) alias(ch, field effect.Path) {
	r := ch.Root
	if ch.Sel != "" || r.Kind != effect.Result && (r.Kind != effect.Local || w.f.Locals[r.N].Cap == 0) {
		return
	}
	if w.aliases == nil {
		w.aliases = make(map[effect.Root]effect.Path)
	}
	if old, ok := w.aliases[r]; ok && old != field {
		field = effect.Path{} // it has several names
	}
	w.aliases[r] = field
}

// given says the arguments of a pending call in the caller's terms.
func (b binding) given(args []effect.Value) []effect.Value {
	var out []effect.Value
	for _, a := range args {
		a.Path = b.named(a.Path)
		a.Bind = slices.Clone(a.Bind)
		for i, p := range a.Bind {
			a.Bind[i] = b.named(p)
		}
		out = append(out, a)
	}
	return out
}

// named says a callee's path in the caller's terms; the zero path where the
// caller has no name for it.
func (b binding) named(p effect.Path) effect.Path {
	if q, ok := b.path(p); ok {
		return q
	}
	return effect.Path{}
}

// maxDepth bounds how far functions are followed that are handed on and on.
const maxDepth = 3

// handed runs the functions handed in to a call: the threads they start or run
// in, and what they signal. The call itself runs in thread t.
func (w *walk) handed(e *effect.Event, b binding, base, t int, s state, depth int) state {
	if depth > maxDepth {
		return s
	}
	for i, d := range b.sum.pending {
		v := w.awaited(b, d)
		g := w.m.funcs[v.Func]
		if g == nil || w.summaryOf(g) == nil || g == b.callee {
			continue
		}
		in := w.bind(g, v, b.given(d.args))
		at := t
		if d.thread != 0 {
			at = base + d.thread - 1
		}
		w.joins(in, at != 0)
		run := w.runningAt(e, i, v, d.loop)
		first := w.threads(run, in, s, at)
		for l := range in.sum.left.all() {
			w.starts(s, first+l-1)
			s.live, s.now = s.live.with(first+l-1), s.now.with(first+l-1)
		}
		sends := in.counts(in.sum.sends)
		switch {
		case d.direct:
			th := w.sum.threads[at-1]
			th.sends = sends
			w.setDone(at, w.done(&effect.Event{}, in))
		case at != 0:
			th := w.sum.threads[at-1]
			th.sends = th.sends.most(sends)
		default:
			for _, c := range sends {
				s = w.signal(s, c.path, c.n, e.At)
			}
		}
		s = w.handed(run, in, first, at, s, depth+1)
	}
	return s
}

// ranMark tells that a function which is handed in was run from what it signals.
const ranMark = " ran"

// hasRun notes that a function handed in was run on every way here: what it waits for was
// waited for, whatever that is.
//
//	for !done() {
//		time.Sleep(time.Millisecond)
//	}
func (w *walk) hasRun(s state, fn effect.Path) state {
	p, _ := fn.With(ranMark)
	return w.wait(s, p, 1)
}

// waitedIn is what a callee has waited for in the frame's terms, with what the functions
// wait for that it was handed, and has run.
func (w *walk) waitedIn(b binding, waited counts) counts {
	out := b.counts(waited)
	for _, c := range waited {
		fn, mark := c.path.Base()
		if mark != ranMark {
			continue
		}
		v := w.awaited(b, &pending{path: fn})
		if g := w.m.funcs[v.Func]; g != nil && w.summaryOf(g) != nil && g != b.callee {
			in := w.bind(g, v, nil)
			out = out.most(in.counts(in.sum.waited))
		}
	}
	return out
}

// runBehind reports whether a function runs within a call through an interface that it is
// given to: by a method that is behind it, as the next events tell. Nothing else runs it.
func (w *walk) runBehind(e *effect.Event) bool {
	events := w.at.block.Events
	for i := w.at.event + 1; i < len(events) && events[i].At == e.At; i++ {
		n := slices.IndexFunc(events[i].Args, func(v effect.Value) bool { return v.Func == e.Fn.Func })
		if events[i].Method == "" || n < 0 {
			continue
		}
		runs := func(d *pending) bool { return d.path == effect.Path{Root: effect.Root{Kind: effect.Param, N: n}} }
		return slices.ContainsFunc(w.m.front(w.f, &events[i]), func(g *function) bool {
			sum := w.summaryOf(g)
			return sum != nil && slices.ContainsFunc(sum.pending, runs)
		})
	}
	return false
}

// resume runs the n-th function handed in where the callee called it.
func (w *walk) resume(in frameOf, n int, d *pending, t int) {
	v := w.awaited(in.b, d)
	s := in.s
	if d.thread != 0 {
		s = state{}
	}
	s.must = s.must.union(in.b.locks(d.state.must))
	s.may = s.may.union(in.b.locks(d.state.may))
	s.live = s.live.union(d.state.live.shift(in.base - 1))
	s.waited = s.waited.most(in.b.counts(d.state.waited))
	s.signaled = s.signaled.most(in.b.counts(d.state.signaled))
	args, after := in.b.given(d.args), in.b.counts(d.after)
	if d.thread == 0 {
		after = after.most(in.after)
	}
	if v.Bound && v.Func == "(*sync.WaitGroup).Done" && len(w.sum.relays) < maxRelays {
		w.sum.relays = append(w.sum.relays, &relay{path: w.resolve(v.Bind[0]), at: in.at, need: 1, thread: t, waits: s.waited})
		return
	}
	g := w.m.funcs[v.Func]
	if g == nil || w.summaryOf(g) == nil || g == in.b.callee || in.depth > maxDepth {
		w.pends(&pending{path: w.resolve(v.Path), args: args, fresh: d.fresh, thread: t, direct: d.direct, loop: d.loop || in.loop, state: s, after: after, trail: d.trail})
		return
	}
	b := w.bind(g, v, args)
	run := w.runningAt(in.call, n, v, d.loop)
	w.noteCall(run, g, b, s, d.fresh, t != 0)
	base := w.threads(run, b, s, t)
	w.inline(frameOf{b: b, call: run, base: base, thread: t, s: s, after: after, event: in.event, at: in.at, depth: in.depth + 1, loop: d.loop || in.loop, bound: in.bound || d.thread != 0})
}
