package race

import (
	"slices"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// An owing is the locks that are released from some point on, on every way and
// before anything takes them: to release what nobody holds is a fatal error, so
// they are held there, by the function's callers if it has not taken them.
type owing struct {
	locks locks
	any   bool // no way from there leads anywhere
}

func (o owing) meet(p owing) owing {
	switch {
	case o.any:
		return p
	case p.any:
		return o
	}
	return owing{locks: o.locks.meet(p.locks)}
}

// before is what is owed before an event, by what is after it.
func (o owing) before(w *walk, e *effect.Event) owing {
	switch e.Kind {
	case effect.Exit:
		return owing{any: true}
	case effect.Unlock:
		if p := w.resolve(e.Path); outside(p.Root) {
			o.locks = o.locks.add(held{p, e.Mode})
		}
	case effect.Lock:
		o.locks = o.locks.remove(w.resolve(e.Path))
	}
	return o
}

// owed finds what is owed at the end of each block.
func (w *walk) owed() map[*effect.Block]owing {
	ends := make(map[*effect.Block]owing, len(w.f.Blocks))
	for i := range w.f.Blocks {
		ends[&w.f.Blocks[i]] = owing{any: true}
	}
	for changed := true; changed; {
		changed = false
		for i := range slices.Backward(w.f.Blocks) {
			b := &w.f.Blocks[i]
			end := owing{any: len(b.Succs) > 0}
			for _, j := range b.Succs {
				if j >= 0 {
					next := &w.f.Blocks[j]
					end = end.meet(w.backward(next.Events, ends[next]))
				}
			}
			if old := ends[b]; end.any != old.any || !end.locks.equal(old.locks) {
				ends[b], changed = end, true
			}
		}
	}
	return ends
}

// backward is what is owed before some events, by what is after them.
func (w *walk) backward(events []effect.Event, end owing) owing {
	for i := range slices.Backward(events) {
		end = end.before(w, &events[i])
	}
	return end
}

// withOwed adds to a state the locks of callers that the function releases further
// on, or when it returns. What it has released already may be released twice.
func (w *walk) withOwed(s state) state {
	if len(w.sum.released) == 0 || !w.record {
		return s
	}
	if w.owes == nil {
		w.owes = w.owed()
	}
	add := func(l locks) {
		for _, h := range l {
			if w.sum.released.has(h.path) && s.may.index(h.path) < 0 && !s.given.has(h.path) {
				s.must, s.may = s.must.add(h), s.may.add(h)
			}
		}
	}
	add(w.backward(w.at.block.Events[w.at.event+1:], w.owes[w.at.block]).locks)
	for _, d := range s.defers {
		if d.Kind == effect.Unlock {
			add(locks{{w.resolve(d.Path), d.Mode}})
		}
	}
	return s
}
