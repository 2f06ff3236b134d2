package race

import (
	"github.com/go-fixer/fixer/rewrite/effect"
)

// A state is what holds at one point of a function.
type state struct {
	must     locks
	may      locks
	waited   paths // objects waited for on every way here
	signaled paths // objects signalled on some way here
	live     ints  // threads that may be running
	now      ints  // those of them started in this turn of their loop
	escaped  paths // variables others may see
	defers   []*effect.Event
	reached  bool
}

func (s state) join(t state) state {
	if !s.reached {
		return t
	}
	if !t.reached {
		return s
	}
	out := state{
		must: s.must.meet(t.must), may: s.may.union(t.may), waited: s.waited.meet(t.waited),
		signaled: s.signaled.union(t.signaled), live: s.live.union(t.live), now: s.now.union(t.now),
		escaped: s.escaped.union(t.escaped), reached: true,
	}
	out.defers = s.defers[:len(s.defers):len(s.defers)]
	for _, d := range t.defers {
		if !containsEvent(out.defers, d) {
			out.defers = append(out.defers, d)
		}
	}
	return out
}

func (s state) equal(t state) bool {
	return s.reached == t.reached && s.must.equal(t.must) && s.may.equal(t.may) &&
		len(s.waited) == len(t.waited) && len(s.signaled) == len(t.signaled) &&
		len(s.live) == len(t.live) && len(s.now) == len(t.now) && len(s.escaped) == len(t.escaped) && len(s.defers) == len(t.defers)
}

func containsEvent(list []*effect.Event, e *effect.Event) bool {
	for _, d := range list {
		if d == e {
			return true
		}
	}
	return false
}

// flow runs the states of a function to their fixpoint and returns the one at
// the start of each block.
func (w *walk) flow() []state {
	f := w.f
	in := make([]state, len(f.Blocks))
	in[0].reached = true
	// Locks and waits only shrink at joins and the rest only grows, so this
	// ends; the bound is for defers in loops, whose lists would grow.
	work := []int{0}
	visits := make([]int, len(f.Blocks))
	for len(work) > 0 {
		i := work[0]
		work = work[1:]
		if visits[i]++; visits[i] > 20 {
			continue
		}
		b := &f.Blocks[i]
		out := w.run(b, in[i])
		for edge, succ := range b.Succs {
			next := out
			next.now = w.turn(out.now, b.Backs[edge])
			for _, c := range b.Conds {
				if c.Edge != edge {
					continue
				}
				if c.Mode != 0 {
					next = w.take(next, held{w.resolve(c.Path), c.Mode})
				} else {
					next = w.wait(next, w.resolve(c.Path))
				}
			}
			if joined := in[succ].join(next); !joined.equal(in[succ]) {
				in[succ] = joined
				work = append(work, succ)
			}
		}
	}
	return in
}

// turn drops the threads that a loop started in the turn that ends.
func (w *walk) turn(now ints, loop int) ints {
	if loop == 0 {
		return now
	}
	var out ints
	for _, t := range now {
		if w.sum.threads[t-1].loop != loop {
			out = append(out, t)
		}
	}
	return out
}

func (w *walk) take(s state, h held) state {
	if h.path.Root.Kind == effect.NoRoot {
		return s
	}
	s.must = s.must.add(h)
	s.may = s.may.add(h)
	return s
}

func (w *walk) release(s state, p effect.Path) state {
	s.must = s.must.remove(p)
	s.may = s.may.remove(p)
	return s
}

// wait notes that an object was waited for; threads that signal it last are
// over.
func (w *walk) wait(s state, p effect.Path) state {
	if p.Root.Kind == effect.NoRoot {
		return s
	}
	s.waited = s.waited.add(p)
	var live ints
	for _, t := range s.live {
		if !w.sum.threads[t-1].done.has(p) {
			live = append(live, t)
		}
	}
	s.live = live
	return s
}
