package race

import (
	"slices"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// spawn starts the callee's summary as a thread.
func (w *walk) spawn(e *effect.Event, s state) state {
	for _, v := range append(e.Args, e.Fn) {
		for _, p := range append(v.Bind, v.Path) {
			p = w.origin(p)
			s.escaped = w.escape(s.escaped, p, everywhere)
			if q, ok := p.With(effect.Deref); ok { // and what a captured variable refers to
				s.escaped = w.escape(s.escaped, w.origin(q), everywhere)
			}
		}
	}
	if v := w.function(w.resolve(e.Fn.Path)); e.Fn.Func == "" && v.Func != "" {
		run := w.resolved(e, v)
		run.Kind = effect.Go
		e = run
	}
	g := w.m.funcs[e.Fn.Func]
	b := w.bind(g, e.Fn, e.Args)
	if g != nil {
		w.noteCall(e, g, b, s, nil, true)
	}
	w.joins(b, true)
	t := w.newThread(e, g, s)
	w.starts(s, t)
	s.live, s.now = s.live.with(t), s.now.with(t)
	if b.sum == nil {
		w.pends(&pending{path: w.resolve(e.Fn.Path), args: w.args(e.Args), thread: t, direct: true, trail: &trail{at: e.At}})
		return s
	}
	base := w.threads(e, b, state{}, t)
	th := w.sum.threads[t-1]
	for i := range b.sum.threads {
		s.live, s.now = s.live.with(base+i), s.now.with(base+i)
		if !b.sum.left.has(i + 1) {
			th.inner = th.inner.with(base + i)
		}
	}
	tokens := w.handsToken(b, s)
	for _, p := range slices.Concat(w.releases(b, 0), tokens) { // it unlocks what was locked for it here
		if i := s.must.index(p); i >= 0 {
			th.held = th.held.add(s.must[i])
			s = w.release(s, p)
		}
	}
	th.sends = th.sends.most(b.counts(b.sum.sends))
	done := w.done(e, b)
	s = w.handed(e, b, base, t, s, 0)
	late := w.late(s, b.paths(b.sum.adds))
	if late != nil {
		th.sends, done = th.sends.drop(late), done.drop(late)
		th.late = slices.DeleteFunc(b.paths(g.sum.adds), func(p effect.Path) bool { return !late(p) })
	}
	w.setDone(t, done)
	var after counts
	if e.Joined { // the library tells who waits, after all it runs
		after = counts{{w.resolve(e.Path), 1}}
		th.sends = th.sends.most(after)
	}
	if w.record {
		w.inline(frameOf{b: b, call: e, after: after, base: base, thread: t, s: state{must: th.held, may: th.held, facts: s.facts}, tokens: tokens, late: late, event: e.ID, at: e.At})
	}
	return s
}

// releases lists the locks that a call releases without having taken them, by
// the functions handed to it as well.
func (w *walk) releases(b binding, depth int) paths {
	out := b.paths(b.sum.released)
	if depth > maxDepth {
		return out
	}
	for _, d := range b.sum.pending {
		if d.thread != 0 {
			continue
		}
		v := w.awaited(b, d)
		if g := w.m.funcs[v.Func]; g != nil && w.summaryOf(g) != nil && g != b.callee {
			for _, p := range w.releases(w.bind(g, v, b.given(d.args)), depth+1) {
				out = out.add(p)
			}
		}
	}
	return out
}

// late tells which of the objects a goroutine adds itself to come too late:
// nobody has added it by the time it starts, so nobody waits for it.
func (w *walk) late(s state, adds paths) func(effect.Path) bool {
	var out paths
	for _, p := range adds {
		if p.Root.Kind == effect.Local && p.Sel == "" && !s.added.has(p) && !w.leaked[p.Root] {
			out = out.add(p)
		}
	}
	if out == nil {
		return nil
	}
	return out.has
}

// starts notes that a thread starts, perhaps while one of an earlier turn of
// the loop around it still runs.
func (w *walk) starts(s state, t int) {
	if s.live.has(t) {
		w.sum.threads[t-1].again = true
	}
}

// done lists the signals that come after all a thread does, with the number of
// the first that is sure to.
func (w *walk) done(e *effect.Event, b binding) counts {
	var done counts
	for _, c := range b.sum.sends {
		if _, flag := c.path.IsFlag(); flag {
			continue // it may be raced on itself
		}
		need := uint8(1)
		for _, a := range b.sum.accesses {
			if a.thread != 0 {
				continue
			}
			n := a.before.of(c.path)
			if need = max(need, n); n == 0 {
				need = 0
				break
			}
		}
		if need > 0 {
			done = append(done, count{c.path, need})
		}
	}
	out := b.counts(done)
	if e.Joined {
		out = out.with(w.resolve(e.Path), 1)
	}
	return out
}

// setDone notes which signals come after all that a thread does.
func (w *walk) setDone(t int, done counts) {
	th := w.sum.threads[t-1]
	if t <= w.listed && !th.done.equal(done) {
		w.endings, w.listed = nil, 0
	}
	th.done = done
}

// ending lists the threads that are sure to signal an object last.
func (w *walk) ending(p effect.Path) []int {
	for ; w.listed < len(w.sum.threads); w.listed++ {
		for _, c := range w.sum.threads[w.listed].done {
			if w.endings == nil {
				w.endings = make(map[effect.Path][]int)
			}
			w.endings[c.path] = append(w.endings[c.path], w.listed+1)
		}
	}
	return w.endings[p]
}

// newThread numbers the thread of a go statement; the same one each time.
func (w *walk) newThread(e *effect.Event, g *function, s state) int {
	t, ok := w.own[e]
	if !ok {
		th := &thread{site: e.At, number: w.m.starts[e.At], home: w.f, note: e.Note, event: e.ID, many: e.Many || e.Loop != 0, loop: e.Loop, after: e.Subtest, handler: e.Request, typed: e.Typed, timer: w.resolve(e.Timer)}
		if e.Queue != 0 {
			th.queue = effect.Pos{File: w.f.Key, Line: e.Queue}
		}
		if e.Many {
			th.loop = 0
		}
		if g != nil {
			th.runs, th.body = g.Name, g
			th.handler = th.handler || g.Accepts
		}
		w.sum.threads = append(w.sum.threads, th)
		t = len(w.sum.threads)
		w.own[e] = t
	}
	th := w.sum.threads[t-1]
	th.live = th.live.union(s.live)
	th.waited, th.behind = s.waited, w.gatesOf(s.facts)
	return t
}

// threads numbers the threads a callee starts below parent and returns the
// number of its first; the same one each time.
func (w *walk) threads(e *effect.Event, b binding, s state, parent int) int {
	base, ok := w.below[e]
	if !ok {
		base = len(w.sum.threads) + 1
		w.below[e] = base
		for _, t := range b.sum.threads {
			n := *t
			n.live, n.inner = t.live.shift(base-1), t.inner.shift(base-1)
			n.parent = parent
			if t.parent != 0 {
				n.parent = t.parent + base - 1
			}
			n.done, n.waited, n.sends, n.held, n.event = b.counts(t.done), b.counts(t.waited), b.counts(t.sends), b.locks(t.held), e.ID
			n.behind = b.facts(t.behind)
			n.timer = b.named(t.timer)
			n.below = t.overlaps()
			if n.many {
				n.many, n.loop = t.overlaps(), 0
			}
			if n.many {
			} else if e.Loop == anyLoop {
				n.many, n.loop = b.sum.left.has(len(w.sum.threads)-base+2), 0
			} else if e.Loop != 0 {
				n.many, n.loop = true, e.Loop
			}
			if parent != 0 && w.sum.threads[parent-1].many {
				n.many, n.loop = true, w.sum.threads[parent-1].loop
			}
			w.sum.threads = append(w.sum.threads, &n)
		}
	}
	if parent != 0 || len(b.sum.threads) == 0 {
		return base
	}
	known := w.gatesOf(s.facts)
	for i, t := range b.sum.threads {
		if t.parent == 0 && base-1+i < len(w.sum.threads) {
			n := w.sum.threads[base-1+i]
			n.live = n.live.union(s.live)
			n.waited = n.waited.behind(s.waited)
			n.behind = b.facts(t.behind).union(known)
		}
	}
	return base
}
