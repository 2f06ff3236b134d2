package race

import (
	"hash/maphash"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// A deed is what an access does, and where in the source. It is the same in
// nearly all frames that see it, which share it; nobody changes one.
type deed struct {
	field  string // the last field on the path, which calls keep; "" if there is none
	place  int    // the number of that field; see Module.number
	op     rewrite.Op
	whole  bool
	deref  bool   // whole, through a pointer: not a field that is one value with what holds it
	konst  bool   // writes a constant
	lazy   bool   // writes a member that was just found to be nil
	loads  bool   // atomically, and changes nothing
	called string // the library's function that writes; "" for the code itself
	covers bool   // all that the value at its path holds
	index  string
	leak   string // made by callers, on what the function returned: the lock it released
	bare   bool   // of leak: it never took it
	at     effect.Pos
	fn     *function // whose source holds it
	kind   uint64    // the same for deeds that are one to a caller
}

// identify sets the kind of a deed that is complete.
func (d deed) identify() *deed {
	d.kind = maphash.Comparable(seed, struct {
		op                                      rewrite.Op
		index                                   string
		whole, konst, lazy, loads, covers, test bool
	}{d.op, d.index, d.whole, d.konst, d.lazy, d.loads, d.covers, d.fn.Test})
	return &d
}

// in is a deed as one of another function.
func (d *deed) in(f *function) *deed {
	if d.fn == f {
		return d
	}
	c := *d
	c.fn = f
	return &c
}

// A scene is what holds when an access is made, in the terms of a frame.
// Neighbours mostly share it; nobody changes one.
type scene struct {
	must   locks  // held for sure
	may    locks  // held perhaps; includes must
	live   bits   // threads that may run by then
	now    bits   // those started in the same turn of their loop
	waited counts // waited for before it
	turns  counts // waited for in every turn of the loop around it
	before counts // signalled after it: the number of the first such signal
	past   facts  // known of members below the frame
	here   facts  // and in it

	kind    uint64 // the same where all is, but for the threads and signals that precede and follow
	shared  uint64 // and for the facts of use to one goroutine alone
	variant uint64 // the same where those are
}

// A stage makes the scenes of one frame. It keeps equal ones and equal sets
// once: what is worked out for one is found again by the memory it is.
type stage struct {
	locks   pool[held]
	threads pool[uint64]
	counts  pool[count]
	facts   pool[fact]
	scenes  map[parts]*scene
	last    parts // of the scene set last: neighbours often share it
	lastSet *scene
}

// parts are the sets of a scene by the memory they are.
type parts struct {
	must, may             backing[held]
	live, now             backing[uint64]
	waited, turns, before backing[count]
	past, here            backing[fact]
}

// set is a scene of the frame.
func (g *stage) set(s scene) *scene {
	var kind [4]uint64
	var variant [3]uint64
	s.must, kind[0] = g.locks.of(s.must, hash)
	s.may, kind[1] = g.locks.of(s.may, hash)
	s.past, kind[2] = g.facts.of(s.past, hash)
	s.here, kind[3] = g.facts.of(s.here, hash)
	s.live, variant[0] = g.threads.of(s.live, hashWords)
	s.waited, variant[1] = g.counts.of(s.waited, hash)
	s.before, variant[2] = g.counts.of(s.before, hash)
	s.now, _ = g.threads.of(s.now, hashWords)
	s.turns, _ = g.counts.of(s.turns, hash)
	key := parts{backingOf(s.must), backingOf(s.may), backingOf(s.live), backingOf(s.now),
		backingOf(s.waited), backingOf(s.turns), backingOf(s.before), backingOf(s.past), backingOf(s.here)}
	if g.lastSet != nil && g.last == key {
		return g.lastSet
	}
	out := g.scenes[key]
	if out == nil {
		if g.scenes == nil {
			g.scenes = make(map[parts]*scene)
		}
		s.kind, s.variant = maphash.Comparable(seed, kind), maphash.Comparable(seed, variant)
		if s.past.anyAlone() || s.here.anyAlone() {
			kind[2], kind[3] = hash(s.past.shared()), hash(s.here.shared())
		}
		s.shared = maphash.Comparable(seed, kind)
		out = &s
		g.scenes[key] = out
	}
	g.last, g.lastSet = key, out
	return out
}

// holding is the scene with other locks.
func (s *scene) holding(must, may locks) *scene {
	c := *s
	c.must, c.may = must, may
	return &c
}
