package race

import "github.com/go-fixer/fixer/rewrite/effect"

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
func (w *walk) owed() []owing {
	ends := make([]owing, len(w.f.Blocks))
	for i := range ends {
		ends[i].any = true
	}
	for changed := true; changed; {
		changed = false
		for i := len(w.f.Blocks) - 1; i >= 0; i-- {
			end := owing{any: true}
			for _, j := range w.f.Blocks[i].Succs {
				if j >= 0 {
					end = end.meet(w.backward(j, 0, ends[j]))
				}
			}
			if len(w.f.Blocks[i].Succs) == 0 {
				end.any = false
			}
			if end.any != ends[i].any || !end.locks.equal(ends[i].locks) {
				ends[i], changed = end, true
			}
		}
	}
	return ends
}

// backward is what is owed before the i-th event of a block.
func (w *walk) backward(block, i int, end owing) owing {
	events := w.f.Blocks[block].Events
	for j := len(events) - 1; j >= i; j-- {
		end = end.before(w, &events[j])
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
	for i := range w.f.Blocks {
		if &w.f.Blocks[i] == w.at.block {
			add(w.backward(i, w.at.event+1, w.owes[i]).locks)
		}
	}
	for _, d := range s.defers {
		if d.Kind == effect.Unlock {
			add(locks{{w.resolve(d.Path), d.Mode}})
		}
	}
	return s
}
