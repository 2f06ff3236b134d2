package race

import (
	"slices"

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
	tokens paths                  // that the new thread has until it waits for them
	late   func(effect.Path) bool // signals of the new thread that count for nothing
	turn   int                    // the loop around the call
	turns  counts                 // waited for in every turn of the loop around the call
	event  int
	at     effect.Pos
	loop   bool
	bound  bool // the frame gave it the function, see access.bound
}

// number is the number in the caller of one of the callee's threads.
func (in *frameOf) number(t int) int {
	if t == 0 {
		return in.thread
	}
	return in.base + t - 1
}

// inline adds the callee's accesses and relays, and resolves the function
// arguments it calls.
func (w *walk) inline(in frameOf) {
	if n := len(in.b.sum.accesses); n > 0 && w.pass != outline && (n <= manyAccesses || w.inlined <= maxInlined) {
		w.inlined += n
		w.inlineAccesses(&in)
	}
	for _, r := range in.b.sum.relays {
		if len(w.sum.relays) >= maxRelays {
			break
		}
		p, ok := in.b.path(r.path)
		if !ok || in.late != nil && r.thread == 0 && in.late(p) {
			continue
		}
		n := &relay{path: p, at: r.at, need: r.need, thread: in.number(r.thread), waits: in.b.counts(r.waits)}
		if r.thread == 0 {
			n.waits = n.waits.most(in.s.waited)
		}
		w.sum.relays = append(w.sum.relays, n)
	}
	for i, d := range in.b.sum.pending {
		w.resume(in, i, d, in.number(d.thread))
	}
}

// inlineAccesses adds the callee's accesses. What the callee's own goroutine
// does, it does with all that holds at the call; what it starts, without.
func (w *walk) inlineAccesses(in *frameOf) {
	b := in.b.resolved()
	own := lens{in: in, b: b, base: in.base, s: in.s, after: in.after, own: true}
	inner := lens{in: in, b: b, base: in.base}
	names := &namings{b: b, list: make([]naming, b.sum.paths)}
	var way *trail // of the access before: neighbours often share it
	for _, a := range b.sum.accesses {
		if w.needless(in, names, a) || in.never(a) {
			continue
		}
		name := names.of(a)
		p := name.path
		if !name.ok || a.field == "" && !w.m.racy(p) || p.IsAnswer() && !w.toRequest(p) {
			continue
		}
		unnamed := a.field == "" && a.path.Root.Kind != effect.Global && w.pass == final
		if !unnamed && w.alone(p.Root) {
			continue
		}
		n := *a
		n.path, n.thread, n.event = p, in.number(a.thread), in.event
		n.deed = in.deed(w, a, p)
		lens := &inner
		if a.thread == 0 {
			lens = &own
		}
		n.scene = lens.scene(a)
		in.place(&n, a)
		if way == nil || way.next != a.trail {
			way = &trail{at: in.at, fn: b.callee, handed: in.depth > 0, next: a.trail}
		}
		n.trail = way
		if unnamed {
			w.addRaw(&n, w.fresh(p.Root) && !in.s.escaped.has(w.number(p.Root)))
		}
		if w.alone(p.Root) {
			continue
		}
		if name.id == 0 {
			name.id = w.id(p) + 1
		}
		n.id = name.id - 1
		w.keep(&n)
	}
}

// A naming is what a callee's path is in the frame: many accesses share it.
type naming struct {
	path      effect.Path
	known, ok bool
	id        int // walk.id plus 1; 0 if it has none yet
}

// namings are those of a callee's paths, by number.
type namings struct {
	b    binding
	list []naming
}

// of names the path of a callee's access.
func (n *namings) of(a *access) *naming {
	name := &n.list[a.id]
	if !name.known {
		name.known = true
		name.path, name.ok = n.b.path(a.path)
	}
	return name
}

// deed is what a callee's access does in the caller's terms.
func (in *frameOf) deed(w *walk, a *access, p effect.Path) *deed {
	field, index := a.field, in.b.index(a)
	if field == "" {
		field = lasting(p)
	}
	if field == a.field && index == a.index {
		return a.deed
	}
	d := *a.deed
	d.field, d.place, d.index = field, w.m.numbers[field], index
	return d.identify()
}

// place says of a callee's access what the place of the call says.
func (in *frameOf) place(n, a *access) {
	n.loop = a.loop || a.thread == 0 && in.loop
	n.turn = in.turn
	n.later, n.bound = a.later || in.later, in.bound
	n.adapted = a.adapted || in.call.Note == effect.Converted
	n.parallel = a.parallel || a.thread == 0 && in.s.parallel
}

// A lens turns the scenes of a callee's accesses into its caller's.
type lens struct {
	in        *frameOf
	b         binding
	base      int
	s         state
	after     counts
	own       bool // of accesses by the callee's own goroutine
	scenes    map[*scene]*scene
	last, out *scene // neighbours mostly share one
	must, may memo[held]
	live, now memo[uint64]
	waited    memo[count]
	before    memo[count]
}

func (l *lens) scene(a *access) *scene {
	if l.last == a.scene {
		return l.out
	}
	out := l.scenes[a.scene]
	if out == nil {
		out = l.turn(a.scene)
		if l.scenes == nil {
			l.scenes = make(map[*scene]*scene)
		}
		l.scenes[a.scene] = out
	}
	l.last, l.out = a.scene, out
	return out
}

func (l *lens) turn(a *scene) *scene {
	n := scene{
		must:   l.must.of(a.must, func(s []held) []held { return l.b.locks(s).union(l.s.must) }),
		may:    l.may.of(a.may, func(s []held) []held { return l.b.locks(s).union(l.s.may) }),
		live:   l.live.of(a.live, func(s []uint64) []uint64 { return bits(s).shift(l.base - 1).union(l.s.live) }),
		now:    l.now.of(a.live, func(s []uint64) []uint64 { return bits(s).shift(l.base - 1).union(l.s.now) }),
		waited: l.waited.of(a.waited, func(s []count) []count { return l.b.counts(s).most(l.s.waited) }),
		before: l.before.of(a.before, l.signals),
		turns:  l.b.counts(a.turns),
	}
	if l.own && len(l.in.tokens) > 0 {
		back := func(h held) bool { return l.in.tokens.has(h.path) && n.waited.of(h.path) > 0 }
		n.must, n.may = slices.DeleteFunc(slices.Clone(n.must), back), slices.DeleteFunc(slices.Clone(n.may), back)
	}
	if l.own && l.in.late != nil {
		n.before = n.before.drop(l.in.late)
	}
	if l.own && l.in.turns != nil {
		n.turns = n.turns.most(l.in.turns)
	}
	n.past, n.here = l.reach(a)
	return l.b.w.stage.set(n)
}

// signals says the signals after a callee's access as the caller counts them:
// its own come before and after the call.
func (l *lens) signals(before []count) []count {
	own := l.b.countsAnd(before, len(l.after))
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
