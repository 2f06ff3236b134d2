package race

import (
	"hash/maphash"
	"strings"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// access records one of the function's own accesses.
func (w *walk) access(e *effect.Event, s state) {
	p := w.resolve(e.Path)
	whole := e.Whole != "" && w.m.structs[e.Whole] != nil
	if !whole && !w.m.racy(p) {
		return // most are to what nobody writes later
	}
	s = w.withOwed(s)
	d := deed{op: e.Op, index: e.Index, covers: e.Covers, deref: e.Deref, konst: e.Const, loads: e.Loads, lazy: e.Lazy, called: e.Note, at: e.At, fn: w.f}
	a := access{path: p, turn: e.Loop, parallel: s.parallel, loop: e.Loop != 0}
	a.scene = w.stage.set(scene{must: s.must, may: s.may, live: s.live, now: s.now, waited: s.waited, turns: w.everyTurn(e.Loop), before: w.after(s, nil), here: s.facts})
	fresh := w.fresh(p.Root) && !s.escaped.has(w.number(p.Root))
	if whole {
		w.whole(a, d, e.Whole, fresh, 0)
		if p.Sel == "" {
			return
		}
	}
	w.add(a, d, fresh)
}

// whole records an access to every field of a struct.
func (w *walk) whole(a access, d deed, key string, fresh bool, depth int) {
	s := w.m.structs[key]
	if s == nil || depth > 3 {
		return
	}
	d.whole, d.covers = true, true
	for _, f := range s.Fields {
		p, ok := a.path.With(f.Key)
		if !ok || f.Lock || f.Atomic {
			continue
		}
		b := a
		b.path = p
		if w.m.cands[f.Key] {
			w.add(b, d, fresh)
		}
		if f.Struct != "" {
			w.whole(b, d, f.Struct, fresh, depth+1)
		}
	}
}

func (w *walk) add(a access, d deed, fresh bool) {
	if !w.m.racy(a.path) || a.path.IsAnswer() && !w.toRequest(a.path) {
		return
	}
	d.field = lasting(a.path)
	d.place = w.m.numbers[d.field]
	a.deed = d.identify()
	if w.pass == final {
		w.addRaw(&a, fresh)
		if !fresh {
			w.early(&a, d.field)
		}
	}
	if !w.alone(a.path.Root) && !w.m.settled(a.path) {
		a.id = w.id(a.path)
		w.keep(&a)
	}
}

// keep stores a copy of an access, once.
func (w *walk) keep(a *access) {
	w.check(a)
	if a.neverRuns() {
		return
	}
	kind := maphash.Comparable(seed, a.identity())
	last, n := w.variants[kind], 0
	least := -1 // of the variants there are, the one beside the fewest threads; the first of several
	for i := last; i > 0; i = w.sum.accesses[i-1].variants {
		old := w.sum.accesses[i-1]
		if old.variant == a.variant {
			return
		}
		if least < 0 || old.live.size() <= w.sum.accesses[least].live.size() {
			least = i - 1
		}
		n++
	}
	switch {
	case n == maxVariants: // those beside the most threads say the most
		if old := w.sum.accesses[least]; old.live.size() < a.live.size() {
			a.variants = old.variants
			w.sum.accesses[least] = clone(a)
		}
	case len(w.sum.accesses) < w.f.spare() && (last > 0 || w.another(a)):
		a.variants = last
		w.sum.accesses = append(w.sum.accesses, clone(a))
		w.variants[kind] = len(w.sum.accesses)
	}
}

// A crossing is all accesses of one goroutine to a path by one statement, whatever keeps
// others out.
type crossing struct {
	seen int
	open int // the least that any of them is kept apart by: locks, and tests that were passed
}

// another reports whether an access is one of the first maxAlone that differ by nothing
// but what their goroutine alone knows, and counts it: code that asks for many members on
// its way has some hundred ways to a place. Of those that differ by locks and tests only
// it is one of the first maxScenes, or has less of these than any before: a counter of
// the module is under any lock that somebody may hold.
func (w *walk) another(a *access) bool {
	like := a.identity()
	like.scene = a.scene.shared
	way := maphash.Comparable(seed, like)
	like.scene, like.turn = 0, 0
	across := maphash.Comparable(seed, like)
	c, apart := w.crossings[across], len(a.may)+len(a.past)
	if w.ways[way] >= maxAlone || c.seen >= maxScenes && apart >= c.open {
		return false
	}
	if c.seen == 0 || apart < c.open {
		c.open = apart
	}
	c.seen++
	w.ways[way]++
	w.crossings[across] = c
	return true
}

// id numbers the paths of the frame's accesses.
func (w *walk) id(p effect.Path) int {
	id, ok := w.ids[p]
	if !ok {
		id = len(w.ids)
		w.ids[p] = id
	}
	return id
}

// lasting is the last field on a path, if it stays that in the callers' terms;
// else "".
func lasting(p effect.Path) string {
	if strings.HasSuffix(p.Sel, condLock) {
		return "" // see behindCond
	}
	return p.Field()
}

// toRequest reports whether an answer is one to a request, as far as the frame
// tells: its writer was handed in, and not made by code that may know more of it.
func (w *walk) toRequest(p effect.Path) bool {
	return p.Root.Kind == effect.Free || p.Root.Kind == effect.Param && p.Sel == ";"+effect.Answer
}

// alone reports whether nobody else has what starts at a root, and nothing in
// this frame runs beside it.
func (w *walk) alone(r effect.Root) bool { return !outside(r) && len(w.sum.threads) == 0 }

// outside reports whether a root means something to a function's caller.
func outside(r effect.Root) bool {
	return r.Kind == effect.Param || r.Kind == effect.Free || r.Kind == effect.Global
}

// fresh reports whether the root is an object made by this activation.
func (w *walk) fresh(r effect.Root) bool {
	switch r.Kind {
	case effect.Local:
		return w.f.Locals[r.N].Fresh
	case effect.Result:
		return w.results[r].fresh
	}
	return false
}

// loop returns the innermost loop in which a root is made anew each turn.
func (w *walk) loop(r effect.Root) int {
	switch r.Kind {
	case effect.Local:
		return w.f.Locals[r.N].Loop
	case effect.Result:
		return w.loops[r.N]
	}
	return 0
}

// after lists the signals after a point and what is called there, with the
// number of the first.
func (w *walk) after(s state, called counts) counts {
	if len(w.sum.sends) == 0 {
		return nil
	}
	if !w.record {
		return w.afterwards(s, called)
	}
	if len(called) > 0 {
		return w.following(w.afterwards(s, called), w.at.event+1)
	}
	out := w.afters.of(s.signaled, func([]count) []count { return w.afterwards(s, nil) })
	key := afterKey{backingOf(out), w.at.block, w.nextSignal(w.at.event + 1)}
	set, known := w.followed[key]
	if !known {
		set = w.following(out, key.next)
		w.followed[key] = set
	}
	return set
}

// An afterKey is all that the signals after a point depend on.
type afterKey struct {
	set   backing[count]
	block *effect.Block
	next  int // event that signals
}

// nextSignal is the first event of the block that signals, from one on.
func (w *walk) nextSignal(from int) int {
	if w.at.block == nil {
		return 0
	}
	for i := from; i < len(w.at.block.Events); i++ {
		if len(w.signals(&w.at.block.Events[i])) > 0 {
			return i
		}
	}
	return len(w.at.block.Events)
}

// following is a set less what loops signal, but not from an event on.
func (w *walk) following(set counts, event int) counts {
	at := point{w.at.block, event}
	return set.drop(func(p effect.Path) bool { return set.of(p) == many && !w.follows(at, p) })
}

func (w *walk) afterwards(s state, called counts) counts {
	var out counts
	for _, c := range w.sum.sends {
		if k := sum(s.signaled.of(c.path), called.of(c.path)); k < c.n || c.n == many {
			out = append(out, count{c.path, sum(k, 1)})
		}
	}
	return out
}
