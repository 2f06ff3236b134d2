package race

import (
	"maps"
	"slices"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// A state is what holds at one point of a function.
type state struct {
	must     locks
	may      locks
	given    paths  // locks released on some way here, and not taken again
	waited   counts // objects waited for on every way here
	signaled counts // objects signalled on some way here
	added    paths  // objects told on some way to wait for one more
	live     bits   // threads that may be running
	now      bits   // those of them started in this turn of their loop
	escaped  bits   // variables others may see, by walk.number
	defers   []*effect.Event
	facts    facts // known of members
	parallel bool  // the test may run beside others
	idle     bool  // on every way here; see idleWays
	reached  bool
}

func (s state) join(t state) state {
	if !s.reached {
		return t
	}
	if !t.reached {
		return s
	}
	both := s.awaited().and(t.awaited())
	out := state{
		must: s.must.meet(t.must), may: s.may.union(t.may), given: s.given.union(t.given), waited: both.counts, idle: both.idle,
		signaled: s.signaled.most(t.signaled), added: s.added.union(t.added), live: s.live.union(t.live), now: s.now.union(t.now),
		escaped: s.escaped.union(t.escaped), parallel: s.parallel || t.parallel, reached: true, facts: s.facts.meet(t.facts),
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
	return s.reached == t.reached && s.parallel == t.parallel && s.idle == t.idle && s.must.equal(t.must) && s.may.equal(t.may) && len(s.given) == len(t.given) &&
		s.waited.equal(t.waited) && s.signaled.equal(t.signaled) && len(s.added) == len(t.added) &&
		s.live.size() == t.live.size() && s.now.size() == t.now.size() && s.escaped.equal(t.escaped) && s.facts.equal(t.facts) && len(s.defers) == len(t.defers)
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
	in := w.fixpoint()
	if w.idle = w.idleWays(); w.idle != nil {
		return w.fixpoint()
	}
	return in
}

func (w *walk) fixpoint() []state {
	f := w.f
	in := make([]state, len(f.Blocks))
	in[0].reached = true
	// Locks and waits only shrink at joins and the rest only grows, so this
	// ends; the bound is for defers in loops, whose lists would grow.
	work := []int{0}
	visits := make([]int, len(f.Blocks))
	late := make(map[int]bool) // blocks that leave a loop of which no turn is known yet
	for len(work) > 0 || len(late) > 0 {
		if len(work) == 0 {
			work = slices.Sorted(maps.Keys(late))
		}
		i := work[0]
		work = work[1:]
		forced := late[i]
		delete(late, i)
		if visits[i]++; visits[i] > 20 {
			continue
		}
		b := &f.Blocks[i]
		out := w.run(b, in[i])
		if !out.reached {
			continue
		}
		for edge, succ := range b.Succs {
			if succ < 0 {
				continue
			}
			next := out
			if loop := b.Exits[edge]; loop != 0 {
				if !forced && w.turns[loop] == nil {
					late[i] = true
					continue
				}
				next = w.ended(w.drained(loop, i, in, out), next)
				next.now = w.without(next.now, loop)
			}
			for _, c := range b.Conds {
				if c.Edge == edge {
					next = w.known(c, next)
				}
			}
			next.idle = next.idle || w.idle[way{i, edge}]
			joined := in[succ].join(next)
			if loop := b.Backs[edge]; loop != 0 {
				joined = in[succ].join(w.turn(next, loop))
				joined.signaled = joined.signaled.widen(in[succ].signaled)
				if w.turned(loop, i, succ, next.waited) {
					work = append(work, w.leaving(loop)...)
				}
			}
			if !joined.equal(in[succ]) {
				in[succ] = joined
				work = append(work, succ)
			}
		}
	}
	return in
}

// leaving lists the blocks from which a loop is left.
func (w *walk) leaving(loop int) []int {
	var out []int
	for i := range w.f.Blocks {
		if slices.Contains(w.f.Blocks[i].Exits, loop) {
			out = append(out, i)
		}
	}
	return out
}

// known applies what is known on one way out of a block.
func (w *walk) known(c effect.Cond, s state) state {
	p := w.resolve(c.Path)
	switch {
	case c.Mode != 0:
		return w.take(s, held{p, c.Mode})
	case c.Stops:
		s.live = s.live.drop(func(t int) bool {
			timer := w.sum.threads[t-1].timer
			return timer == p && timer.Root.Kind != effect.NoRoot
		})
		return s
	case c.Closed:
		if f, ok := w.closed(p); ok {
			s.facts = s.facts.with(f)
		}
		return s
	case c.Polled && !c.Case:
		return w.unclosed(p, s)
	case c.Last:
		return w.lastOf(c, s)
	case c.First:
		return w.firstOf(c, s)
	case c.Never:
		return w.wait(s, p, many)
	case c.Is != "":
		return w.told(c, s)
	case !c.Case:
		return w.sees(w.wait(s, p, plenty), p)
	case c.Send:
		return w.wait(w.signal(w.passes(s, p, true), p, 1, c.At), p.Back(), 1)
	case p.Root.Kind == effect.NoRoot:
		return w.wait(s, something, 1)
	default:
		if !c.Polled {
			s = w.seenClosed(s, p)
		}
		return w.signal(w.wait(w.passes(s, p, false), p, 1), p.Back(), 1, c.At)
	}
}

// ended is the state when a loop has ended that waited for so much.
func (w *walk) ended(waited counts, s state) state {
	old := s.waited
	s.waited = waited
	for _, c := range waited {
		if c.n > old.of(c.path) {
			s = w.settle(s, c.path, c.n)
		}
	}
	return s
}

// without drops the threads that a loop started.
func (w *walk) without(now bits, loop int) bits {
	return now.drop(func(t int) bool { return w.sum.threads[t-1].loop == loop })
}

// turn drops what belongs to the turn of a loop that ends: the threads it
// started, and the objects it made.
func (w *walk) turn(s state, loop int) state {
	s.now = w.without(s.now, loop)
	made := func(p effect.Path) bool { return w.loop(p.Root) == loop }
	s.waited, s.signaled = s.waited.drop(made), s.signaled.drop(made)
	return s
}

func (w *walk) take(s state, h held) state {
	if h.path.Root.Kind == effect.NoRoot {
		return s
	}
	s.must = s.must.add(h)
	s.may = s.may.add(h)
	s.given = s.given.without(h.path)
	return s
}

func (w *walk) release(s state, p effect.Path) state {
	known := s.facts
	i := s.must.index(p)
	outer := i > 0 && s.must[:i].exclusive() // taken before, and held on
	s.must = s.must.remove(p)
	s.may = s.may.remove(p)
	s.given = s.given.add(p)
	s.facts = w.unlocked(s.facts)
	for _, f := range known {
		if outer && f.ofGate() && s.facts.index(f.path) < 0 {
			s.facts = s.facts.with(f)
		}
	}
	return w.unseen(s)
}

// wait notes that an object was waited for; threads that are sure to have
// signalled it last are over, and what they waited for is too.
func (w *walk) wait(s state, p effect.Path, n uint8) state {
	if p.Root.Kind == effect.NoRoot {
		return s
	}
	w.awaits = w.awaits || outside(p.Root)
	s.waited = s.waited.plus(p, n)
	return w.settle(s, p, s.waited.of(p))
}

// settle takes out the threads that are over when an object was waited for n
// times.
func (w *walk) settle(s state, p effect.Path, n uint8) state {
	var gone bits
	for _, t := range w.ending(p) {
		if s.live.has(t) && w.over(s, t, p, n) {
			gone = gone.with(t).union(w.sum.threads[t-1].inner)
		}
	}
	if len(gone) > 0 {
		s.live = s.live.less(gone)
	}
	return s
}

// over reports whether a thread has ended when an object was waited for n
// times.
func (w *walk) over(s state, t int, p effect.Path, n uint8) bool {
	th := w.sum.threads[t-1]
	need := th.done.of(p)
	if need == 0 {
		return false
	}
	if n == many {
		return true
	}
	if th.many && (th.loop == 0 || th.again || !s.now.has(t)) {
		return false
	}
	need = sum(need, w.room(p))
	for u := range s.live.all() {
		if k := w.sum.threads[u-1].sends.of(p); u != t && k > 0 {
			if need = sum(need, k); w.sum.threads[u-1].overlaps() {
				need = many
			}
		}
	}
	return n >= need
}
