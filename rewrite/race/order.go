package race

import (
	"slices"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// What orders two goroutines is counted: a receive waits for one send, and
// where several goroutines send it may be anybody's (Go memory model: the k-th
// receive on a channel of capacity C comes before the k+C-th send completes).

// A count says how often an object was signalled or waited for, or the number
// of the signal that is needed.
type count struct {
	path effect.Path
	n    uint8
}

// Counts above plenty are not known: a loop made them.
const (
	plenty = 100 // enough for any signals but those of loops: the load of an atomic
	many   = 200
)

// counts is an immutable set of counts, one for each object; what is not in it
// counts 0.
type counts []count

func (c counts) index(p effect.Path) int {
	for i := range c {
		if c[i].path == p {
			return i
		}
	}
	return -1
}

func (c counts) of(p effect.Path) uint8 {
	if i := c.index(p); i >= 0 {
		return c[i].n
	}
	return 0
}

func (c counts) with(p effect.Path, n uint8) counts {
	if i := c.index(p); i >= 0 {
		if c[i].n == n {
			return c
		}
		c = slices.Clone(c)
		c[i].n = n
		return c
	}
	return with(c, count{p, n})
}

func (c counts) plus(p effect.Path, n uint8) counts {
	if p.Root.Kind == effect.NoRoot {
		return c
	}
	return c.with(p, sum(c.of(p), n))
}

// put is plus for counts that nobody else has yet.
func (c counts) put(p effect.Path, n uint8) counts {
	if p.Root.Kind == effect.NoRoot {
		return c
	}
	if i := c.index(p); i >= 0 {
		c[i].n = sum(c[i].n, n)
		return c
	}
	return append(c, count{p, n})
}

func sum(a, b uint8) uint8 {
	switch n := int(a) + int(b); {
	case a == many || b == many, n > plenty && a < plenty && b < plenty:
		return many
	case a >= plenty && b >= plenty: // loads of an atomic
		return uint8(min(n-plenty+1, many-1))
	default:
		return uint8(min(n, many-1))
	}
}

// loads reports whether it is atomics that were loaded.
func (c count) loads() bool { return c.n >= plenty && c.n < many }

// rest is how many loads a are more than b.
func rest(a, b uint8) uint8 {
	switch {
	case b < plenty:
		return a
	case a <= b:
		return 0
	}
	return plenty + a - b - 1
}

// behind is what was waited for in all where c comes behind d: loads add up, of
// the rest what either has.
func (c counts) behind(d counts) counts {
	for _, e := range d {
		if e.loads() {
			c = c.plus(e.path, e.n)
		}
	}
	return c.most(d)
}

// most is what either has, the larger counts.
func (c counts) most(d counts) counts {
	own := false
	for j, e := range d {
		i := c.index(e.path)
		if e.n == 0 || i >= 0 && e.n <= c[i].n {
			continue
		}
		if !own {
			c, own = append(make(counts, 0, len(c)+len(d)-j), c...), true
		}
		if i < 0 {
			c = append(c, e)
		} else {
			c[i].n = e.n
		}
	}
	return c
}

// least is what both have, the smaller counts.
func (c counts) least(d counts) counts {
	var out counts
	for _, e := range c {
		if n := d.of(e.path); n > 0 {
			out = append(out, count{e.path, min(n, e.n)})
		}
	}
	return out
}

// widen is c with the counts unknown that grew since old.
func (c counts) widen(old counts) counts {
	for _, e := range c {
		if e.n > old.of(e.path) {
			c = c.with(e.path, many)
		}
	}
	return c
}

func (c counts) equal(d counts) bool {
	return len(c) == len(d) && !slices.ContainsFunc(c, func(e count) bool { return d.of(e.path) != e.n })
}

// first keeps the first n.
func (c counts) first(n int) counts { return c[:min(n, len(c)):min(n, len(c))] }

func (c counts) drop(fn func(effect.Path) bool) counts {
	if !slices.ContainsFunc(c, func(e count) bool { return fn(e.path) }) {
		return c
	}
	return slices.DeleteFunc(slices.Clone(c), func(e count) bool { return fn(e.path) })
}

// ordered reports whether a, and all that is after it, comes before b; and by
// which object.
func (w *walk) ordered(a, b *access) (effect.Path, bool) {
	if len(a.before) == 0 {
		return effect.Path{}, false
	}
	key := orderKey{backingOf(a.before), backingOf(b.waited), a.thread, b.thread}
	p := lazily(&w.orders, key, func() effect.Path { return w.order(a, b) })
	return p, p.Root.Kind != effect.NoRoot
}

// An orderKey is all that the order of two accesses depends on.
type orderKey struct {
	before, waited backing[count]
	a, b           int // threads
}

func (w *walk) order(a, b *access) effect.Path {
	r := w.relayed(a, b.thread)
	for _, n := range r.rounds {
		if p, ok := w.await(r.have[:n], b.thread, b.waited); ok {
			return p
		}
	}
	return effect.Path{}
}

// await reports whether a thread, by what it has waited for or by what was
// waited for before it started, comes after one of the signals.
func (w *walk) await(have []relay, thread int, waits counts) (effect.Path, bool) {
	for t := thread; ; t, waits = w.sum.threads[t-1].parent, w.sum.threads[t-1].waited {
		if p, ok := w.met(have, waits, t, thread); ok || t == 0 {
			return p, ok
		}
	}
}

// met reports whether what a thread waited for is one of the signals, as the one
// that is started by it, if not the same, sees it.
func (w *walk) met(have []relay, waits counts, in, by int) (effect.Path, bool) {
	for _, e := range waits {
		if e.path == something {
			continue
		}
		if e.path.Root.Kind != effect.Either {
			for _, h := range have {
				if h.path == e.path && w.enough(h, e.n, by) && !w.raced(h.path) && !w.foregone(h, e, in) {
					return h.path, true
				}
			}
			continue
		}
		var last effect.Path
		missing := false
		for _, p := range w.m.eithers.of(e.path.Root.N) {
			if w.silent(p) {
				continue
			}
			last = p
			missing = missing || !slices.ContainsFunc(have, func(h relay) bool { return h.path == p && w.enough(h, e.n, by) })
		}
		if last.Root.Kind != effect.NoRoot && !missing {
			return last, true
		}
	}
	return effect.Path{}, false
}

// foregone reports whether a thread had waited before it started the one that
// signals, and hasn't since: that was for somebody else.
func (w *walk) foregone(h relay, waited count, in int) bool {
	if h.thread == 0 {
		return false
	}
	t := w.sum.threads[h.thread-1]
	return t.parent == in && !t.many && t.loop == 0 && waited.n < many-1 && t.waited.of(waited.path) >= waited.n
}

// raced reports whether a path is a value of a variable that goroutines set and
// read without a lock: it orders nothing.
func (w *walk) raced(p effect.Path) bool {
	v, flag := p.IsFlag()
	if !flag {
		return false
	}
	var list []*access
	for _, a := range w.sum.accesses {
		if a.path == v {
			list = append(list, a)
		}
	}
	for i, a := range list {
		for _, b := range list[i:] {
			if (a.thread > 0 || b.thread > 0) && a.thread != b.thread && conflict(a, b) && concurrent(w, a, b) && !w.protected(a, b) {
				return true
			}
		}
	}
	return false
}

// silent reports whether nobody ever signals a channel that was made in this
// frame: a case of a select that never comes.
func (w *walk) silent(p effect.Path) bool {
	if p.Root.Kind != effect.Local || w.f.Locals[p.Root.N].Cap == 0 || w.leaked[p.Root] {
		return false
	}
	return w.sum.sends.of(p) == 0 && !slices.ContainsFunc(w.sum.threads, func(t *thread) bool { return t.sends.of(p) > 0 })
}

// enough reports whether having waited n times for an object makes sure of one
// signal of a thread, whoever else signals it.
func (w *walk) enough(h relay, n uint8, by int) bool {
	if n == many {
		return true
	}
	if _, signals := slices.BinarySearch(w.signallers(h.path), by); !signals {
		by = 0 // it makes no difference
	}
	return n >= lazily(&w.needs, needKey{h.path, h.need, h.thread, by}, func() uint8 { return w.needed(h, by) })
}

// A needKey is a signal, and who waits for it.
type needKey struct {
	path       effect.Path
	need       uint8
	thread, by int
}

// needed is how often an object must be waited for to be sure of a signal;
// never often enough if several goroutines of one start give it.
func (w *walk) needed(h relay, by int) uint8 {
	if h.thread > 0 && w.shares(w.sum.threads[h.thread-1], h.path) {
		return many
	}
	need := sum(h.need, w.room(h.path))
	for _, i := range w.signallers(h.path) {
		if i != h.thread && i != by && w.beside(i, h.thread) {
			if t := w.sum.threads[i-1]; w.shares(t, h.path) {
				need = many
			} else {
				need = sum(need, t.sends.of(h.path))
			}
		}
	}
	return need
}

// signallers lists the threads that signal an object.
func (w *walk) signallers(p effect.Path) []int {
	if w.senders == nil {
		w.senders = make(map[effect.Path][]int)
		for i, t := range w.sum.threads {
			for _, c := range t.sends {
				w.senders[c.path] = append(w.senders[c.path], i+1)
			}
		}
	}
	return w.senders[p]
}

// shares reports whether several goroutines of one start may use the same
// object at once; what the loop that starts them makes anew, they don't.
func (w *walk) shares(t *thread, p effect.Path) bool {
	if l := w.loop(p.Root); l != 0 && l == t.loop {
		return false
	}
	return t.overlaps()
}

// beside reports whether two threads may run at once; 0 is the frame's own.
func (w *walk) beside(t, u int) bool {
	if t == 0 || u == 0 {
		return true
	}
	return w.sum.threads[t-1].live.has(u) || w.sum.threads[u-1].live.has(t)
}

// room is how many sends on a channel complete before a receive, if p is the
// way back on it: its capacity.
func (w *walk) room(p effect.Path) uint8 {
	ch, back := p.IsBack()
	if !back || ch.Root.Kind != effect.Local {
		return 0
	}
	if ch.Sel != "" {
		if v := w.f.Locals[ch.Root.N]; ch.Sel == ";"+effect.Deref && !v.Stays {
			return many // now one channel, now another
		}
		return 0
	}
	switch c := w.f.Locals[ch.Root.N].Cap; {
	case c < 0 || c > plenty:
		return many
	case c == 0:
		return 0
	default:
		return uint8(c - 1)
	}
}

// overlaps reports whether several goroutines of one start may run at once.
func (t *thread) overlaps() bool { return t.many && (t.loop == 0 || t.again) }
