package race

import (
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// mixed looks for a field that one method of the API changes atomically, and
// another one reads as if nobody did: who changes it so expects company. A method
// that changes it as well may be the only one that does; it knows what it wrote.
func (m *Module) mixed(field string) {
	var atomics, reads []published
	changes := make(map[*function]bool) // entries
	for _, e := range m.pairs.entries[field] {
		switch {
		case !m.isEntry(e.entry) || m.serial(e.entry) || m.serial(e.fn):
		case e.op == rewrite.Atomic && e.changes():
			atomics = append(atomics, e)
			changes[e.entry] = true
		case e.writes():
			changes[e.entry] = true
		case e.op == rewrite.Read && len(e.waited) == 0:
			reads = append(reads, e)
		}
	}
	first := func(a, b published) int { return comparePos(a.at, b.at) }
	slices.SortFunc(atomics, first)
	slices.SortFunc(reads, first)
	for _, r := range reads {
		for _, a := range atomics {
			if !changes[r.entry] && sameObject(a.typed, r.typed) && !protected(a.access, r.access, a.frame, r.frame) && !m.afterSetting(r.access, a.access) {
				m.pairs.add(field, pair{a: a.side, b: r.side})
				return
			}
		}
	}
}
