package race

import (
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// before finds an access to a part of what a field holds that has the lock, and
// one in a function that a method of the API calls while it has not: a method
// that does take the lock, before or after the call, or one of the few that call
// a function which the others call under the lock.
func (m *Module) before(field, of, lock string) (guarded *raw, open *published) {
	holding := m.holding(field, of, lock)
	for _, e := range m.pairs.entries[field] {
		if e.fn == e.entry || part(e.path) != of || !m.isEntry(e.entry) || m.serial(e.entry) || m.isEntry(e.fn) {
			continue
		}
		if _, takes := e.entry.sum.takes.keys(e.entry)[lock]; !takes && !m.leftToCallers(e.fn, lock) {
			continue
		}
		held := merge(e.held, e.entry.entry.may)
		if _, may := held[lock]; may || len(e.entry.sum.threads) > 0 && len(e.live) == 0 {
			continue
		}
		for _, r := range holding {
			if (r.writes() || e.writes()) && m.meets(&r.access, r.perhaps(), e.access, held) && !m.apartInPlace(field, r, e) {
				return r, &e
			}
		}
	}
	return nil, nil
}

// apartInPlace reports whether a gate in the function that an open access is in
// keeps it apart from a guarded one: on the long way from the API the words for it
// may have got lost.
func (m *Module) apartInPlace(field string, guarded *raw, open published) bool {
	return slices.ContainsFunc(m.raw[field], func(r *raw) bool {
		return r.fn == open.fn && r.at == open.at && byGate(&r.access, &guarded.access)
	})
}

// meets reports whether nothing keeps a guarded access and an open one apart.
func (m *Module) meets(g *access, held keys, o *access, open keys) bool {
	return !m.excludes(held, open) && !m.afterSetting(o, g) && !byGate(o.calledUnder(open), g.calledUnder(held)) && !comesAfter(o, g) && !comesAfter(g, o) && !afterOnce(o, held) && !afterOnce(g, open)
}

// calledUnder is an access with what its tests tell if somebody holds these locks.
func (a *access) calledUnder(k keys) *access {
	if !a.here.anyAlone() && !a.past.anyAlone() {
		return a
	}
	for _, mode := range k {
		if mode == rewrite.Exclusive {
			c, n := *a.scene, *a
			c.here, c.past = c.here.together(), c.past.together()
			n.scene = &c
			return &n
		}
	}
	return a
}

// leftToCallers reports whether a function leaves it to its callers to hold a
// lock: two thirds of the calls in the module do, and no fewer than two. What is
// called on a new object needs none.
func (m *Module) leftToCallers(f *function, lock string) bool {
	held, bare := 0, 0
	for by, c := range f.calledAt() {
		if c.test || c.onNew() {
			continue
		}
		_, here := c.must[lock]
		_, above := by.entry.must[lock]
		if !c.spawn && (here || above) {
			held++
		} else {
			bare++
		}
	}
	return held >= 2 && held >= 2*bare
}
