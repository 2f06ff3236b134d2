package race

import (
	"slices"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/model"
)

// mixed looks for a field that one method of the API changes atomically, and
// another one reads, or sets, as if nobody did: who changes it so expects company.
// A method that changes it as well may be the only one that does; it knows what it
// wrote. One that prints it may be for those who are through with it, and an object
// that another one changes under its own lock is another one.
func (m *Module) mixed(field string) {
	owner := ownerOf(field)
	var atomics, reads, sets []published
	changes := make(map[*function]bool) // entries
	for _, e := range m.pairs.entries[field] {
		switch {
		case !m.isEntry(e.entry) || m.serial(e.entry) || m.serial(e.fn):
		case e.op == rewrite.Atomic && e.changes():
			atomics = append(atomics, e)
			changes[e.entry] = true
		case e.writes():
			if changes[e.entry] = true; e.op == rewrite.Write && len(e.waited) == 0 && !e.entry.aloneByName() && !e.entry.calledApart() {
				sets = append(sets, e)
			}
		case e.op == rewrite.Read && len(e.waited) == 0 && (m.hasLock(owner) || !model.Prints(e.fn.Key)):
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
			if sameObject(a.typed, p.typed) && (a.typed == p.typed || len(p.must) == 0) && !m.excludes(a.held, p.held) && !m.afterSetting(p.access, a.access) {
				m.pairs.add(field, pair{a: a.side, b: p.side})
				return
			}
		}
	}
	m.mixedWithin(field)
}

// mixedWithin is mixed for objects that callers of the API do not have themselves, as
// those in a map or behind an interface: one of their methods accesses the field
// atomically, and another one sets it.
func (m *Module) mixedWithin(field string) {
	var atomics, sets []*raw
	for _, r := range m.telling(field) {
		switch {
		case !r.own() || r.whole || !m.askedBy(r.fn, inAnyType) || m.serial(r.fn) || r.fn.calledApart():
		case r.op == rewrite.Atomic:
			atomics = append(atomics, r)
		case r.op == rewrite.Write && len(r.waited) == 0 && !r.fn.aloneByName():
			sets = append(sets, r)
		}
	}
	for _, s := range sets {
		for _, a := range atomics {
			if a.fn != s.fn && !m.excludes(a.perhaps(), s.perhaps()) && !m.afterSetting(&s.access, &a.access) {
				m.pairs.add(field, pair{a: apiSide(a), b: apiSide(s)})
				return
			}
		}
	}
}

// aloneByName reports whether a function is one that nobody calls, by custom, while others
// have its receiver: it makes that, sets it up, starts or resets it.
func (f *function) aloneByName() bool {
	return model.Builds(f.Key) || model.SetsUp(f.Key) || model.Starts(f.Key) || model.Resets(f.Key)
}

// inAnyType reports whether a function is an exported method, of whatever type.
func inAnyType(f *function) bool {
	return f.Exported && f.Recv != "" && f.Parent == "" && !model.Builds(f.Key) && !model.SetsUp(f.Key)
}

// calledApart reports whether the module calls a function on new objects or with a lock
// held, and not otherwise.
func (f *function) calledApart() bool {
	called := false
	for by, c := range f.calledAt() {
		if c.test {
			continue
		}
		if !c.onNew() && (c.spawn || len(c.must)+len(by.entry.must) == 0) {
			return false
		}
		called = true
	}
	return called
}
