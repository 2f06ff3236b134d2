package race

import (
	"strconv"
	"strings"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// A frameOf is where a callee's summary is put into its caller's.
type frameOf struct {
	b      binding
	call   *effect.Event
	depth  int                    // how many functions handed in are between the call and this one
	later  bool                   // after the frame has returned
	base   int                    // number of the callee's first thread
	thread int                    // thread the callee runs in
	s      state                  // at the call; zero for a new thread
	after  counts                 // the caller's signals after the call, with the number of the first
	late   func(effect.Path) bool // signals of the new thread that count for nothing
	turn   int                    // the loop around the call
	turns  counts                 // waited for in every turn of the loop around the call
	event  int
	at     effect.Pos
	loop   bool
}

// inline adds the callee's accesses, and resolves the function arguments it
// calls.
func (w *walk) inline(in frameOf) {
	g, sum := in.b.callee, in.b.sum
	number := func(t int) int {
		if t == 0 {
			return in.thread
		}
		return in.base + t - 1
	}
	// What the callee's own goroutine does, it does with all that holds at the
	// call; what it starts, without.
	named := in.b
	if len(sum.accesses) > 0 {
		named = in.b.resolved()
	}
	own := newLens(named, in.base, in.s, in.after)
	inner := newLens(named, in.base, state{}, nil)
	var way *trail // of the access before: neighbours often share it
	for _, a := range sum.accesses {
		if in.thread == 0 && a.thread == 0 && w.needless(named, a) {
			continue
		}
		p, ok := named.path(a.path)
		if !ok || a.field == "" && !w.m.racy(p) {
			continue
		}
		unnamed := a.field == "" && a.path.Root.Kind != effect.Global && w.last
		if !unnamed && w.alone(p.Root) {
			continue
		}
		n := *a
		n.path, n.thread, n.event = p, number(a.thread), in.event
		if n.field == "" {
			n.field = lasting(p)
			n.place = w.m.numbers[n.field]
		}
		lens := &inner
		if a.thread == 0 {
			lens = &own
		}
		lens.turn(&n, a)
		if in.late != nil && a.thread == 0 {
			n.before = n.before.drop(in.late)
		}
		n.index = in.b.index(a.index)
		if n.turns = named.counts(a.turns); a.thread == 0 && in.turns != nil {
			n.turns = n.turns.most(in.turns)
		}
		n.loop = a.loop || a.thread == 0 && in.loop
		n.turn = in.turn
		n.later = a.later || in.later
		n.parallel = a.parallel || a.thread == 0 && in.s.parallel
		if way == nil || way.next != a.trail {
			way = &trail{at: in.at, fn: g, handed: in.depth > 0, next: a.trail}
		}
		n.trail = way
		if unnamed {
			w.addRaw(&n, w.fresh(p.Root) && !in.s.escaped.has(w.number(p.Root)))
		}
		w.keep(&n)
	}
	for _, r := range sum.relays {
		p, ok := in.b.path(r.path)
		if !ok || len(w.sum.relays) >= maxRelays || in.late != nil && r.thread == 0 && in.late(p) {
			continue
		}
		n := &relay{path: p, at: r.at, need: r.need, thread: number(r.thread), waits: in.b.counts(r.waits)}
		if r.thread == 0 {
			n.waits = n.waits.most(in.s.waited)
		}
		w.sum.relays = append(w.sum.relays, n)
	}
	for i, d := range sum.pending {
		w.resume(in, i, d, number(d.thread))
	}
}

// index says which element an access is to in the caller's terms.
func (b binding) index(index string) string {
	if !strings.Contains(index, "p") {
		return index
	}
	words := strings.Split(index, ",")
	for i, word := range words {
		if n, err := strconv.Atoi(strings.TrimPrefix(word, "p")); err == nil && word[0] == 'p' {
			words[i] = "?"
			if n < len(b.args) && b.args[n].Const != "" {
				words[i] = "=" + b.args[n].Const
			}
		}
	}
	return strings.Join(words, ",")
}

// A lens turns the sets of a callee's accesses into its caller's.
type lens struct {
	b         binding
	base      int
	s         state
	after     counts
	must, may memo[held]
	live, now memo[int]
	waited    memo[count]
	before    memo[count]
}

func newLens(b binding, base int, s state, after counts) lens {
	return lens{b: b, base: base, s: s, after: after}
}

func (l *lens) turn(n, a *access) {
	n.must = l.must.of(a.must, func(s []held) []held { return l.b.locks(s).union(l.s.must) })
	n.may = l.may.of(a.may, func(s []held) []held { return l.b.locks(s).union(l.s.may) })
	n.live = l.live.of(a.live, func(s []int) []int { return shift(s, l.base-1).union(l.s.live) })
	n.now = l.now.of(a.live, func(s []int) []int { return shift(s, l.base-1).union(l.s.now) })
	n.waited = l.waited.of(a.waited, func(s []count) []count { return l.b.counts(s).most(l.s.waited) })
	n.before = l.before.of(a.before, l.signals)
}

// signals says the signals after a callee's access as the caller counts them:
// its own come before and after the call.
func (l *lens) signals(before []count) []count {
	own := l.b.counts(before)
	for i, c := range own {
		own[i].n = sum(c.n, l.s.signaled.of(c.path))
	}
	out := own
	for _, c := range l.after {
		if own.of(c.path) == 0 {
			out = append(out, c)
		}
	}
	return out
}
