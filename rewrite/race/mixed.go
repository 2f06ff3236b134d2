package race

import (
	"slices"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/model"
)

// mixed looks for a field that one method of the API changes atomically, and
// another one reads, or sets, as if nobody did: who changes it so expects company.
// A method that changes it as well may be the only one that does; it knows what it
// wrote.
func (m *Module) mixed(field string) {
	var atomics, reads, sets []published
	changes := make(map[*function]bool) // entries
	for _, e := range m.pairs.entries[field] {
		switch {
		case !m.isEntry(e.entry) || m.serial(e.entry) || m.serial(e.fn):
		case e.op == rewrite.Atomic && e.changes():
			atomics = append(atomics, e)
			changes[e.entry] = true
		case e.writes():
			if changes[e.entry] = true; e.op == rewrite.Write && len(e.waited) == 0 && !model.Starts(e.entry.Key) && !model.Resets(e.entry.Key) {
				sets = append(sets, e)
			}
		case e.op == rewrite.Read && len(e.waited) == 0:
			reads = append(reads, e)
		}
	}
	reads = slices.DeleteFunc(reads, func(r published) bool { return changes[r.entry] })
	sets = slices.DeleteFunc(sets, func(s published) bool {
		return slices.ContainsFunc(atomics, func(a published) bool { return a.entry == s.entry })
	})
	first := func(a, b published) int { return comparePos(a.at, b.at) }
	for _, list := range [][]published{atomics, reads, sets} {
		slices.SortFunc(list, first)
	}
	for _, p := range slices.Concat(reads, sets) {
		for _, a := range atomics {
			if sameObject(a.typed, p.typed) && !m.excludes(a.held, p.held) && !m.afterSetting(p.access, a.access) {
				m.pairs.add(field, pair{a: a.side, b: p.side})
				return
			}
		}
	}
}
