package race

import (
	"maps"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite/effect"
	"github.com/go-fixer/fixer/rewrite/model"
)

// voteLodged looks for a field of an object without a lock that a field of
// another struct holds, and whose methods are called under the lock of that
// one: a method of the API that calls one without it forgets that.
//
//	func (s *Store) Has(id int) bool { s.mu.Lock(); defer s.mu.Unlock(); return s.cache.has(id) }
//	func (s *Store) Drop(id int)     { s.cache.drop(id) }
func (m *Module) voteLodged(field string) {
	i := strings.LastIndexByte(field, '.')
	if _, variable := m.variables[field]; variable || i < 0 || m.hasLock(field[:i]) {
		return
	}
	visits := make(map[string][]published) // by the field through which they go
	for _, e := range m.pairs.entries[field] {
		if holder, ok := e.through(field); ok && e.thread == 0 && !e.fn.Test {
			visits[holder] = append(visits[holder], e)
		}
	}
	for _, holder := range slices.Sorted(maps.Keys(visits)) {
		for _, lock := range m.locksOf(ownerOf(holder)) {
			if guarded, open, ok := m.visitsWithout(visits[holder], lock); ok {
				m.pairs.add(field, pair{a: guarded.side, b: open.side})
				return
			}
		}
	}
}

// locksOf lists the locks of a struct that nobody else is given.
func (m *Module) locksOf(key string) []string {
	s := m.structs[key]
	if s == nil {
		return nil
	}
	var out []string
	for _, f := range s.Fields {
		if lock := f.Key; f.Lock && !m.handed[lock] {
			out = append(out, lock)
		}
	}
	return out
}

// through is the field of what a caller of the API has by which it gets to the
// object whose field this is.
func (e *published) through(field string) (holder string, ok bool) {
	sel, ok := strings.CutSuffix(strings.TrimPrefix(e.path.Sel, ";"+effect.Deref), ";"+effect.Deref+";"+field+part(e.path))
	holder = strings.TrimPrefix(sel, ";")
	i := strings.LastIndexByte(holder, '.')
	return holder, ok && i > 0 && holder[:i] == e.entry.Recv && strings.HasPrefix(field, e.fn.Recv+".")
}

// visitsWithout finds one of several visits that holds the lock and one that does
// not, if nearly all do.
func (m *Module) visitsWithout(list []published, lock string) (guarded, open published, ok bool) {
	type call struct {
		entry *function
		at    effect.Pos
	}
	with, without := make(map[call]bool), make(map[call]bool)
	var held, bare []published
	for _, e := range list {
		c := call{e.entry, e.from()}
		_, must := e.must.keys(e.frame)[lock]
		_, may := merge(e.held, e.entry.entry.may)[lock]
		switch {
		case must || e.entry.entry.must[lock] != 0:
			with[c] = true
			held = append(held, e)
		case may:
			return guarded, open, false // there is more to it
		case !m.isEntry(e.entry), m.serial(e.entry), model.Starts(e.entry.Key), model.Ends(e.entry.Key), e.entry.onNew(), e.excused(),
			len(e.entry.sum.threads) > 0 && len(e.live) == 0, e.entry.takesOut(e.path):
			// a caller that knows it is alone
		default:
			without[c] = true
			bare = append(bare, e)
		}
	}
	if len(with) < 3 || len(with) < 3*len(without) {
		return guarded, open, false
	}
	for _, g := range held {
		for _, o := range bare {
			if (g.writes() || o.writes()) && part(g.path) == part(o.path) && m.meets(g.access, g.held, o.access, o.held) {
				return g, o, true
			}
		}
	}
	return guarded, open, false
}

// from is where the entry calls what leads to the access.
func (e *published) from() effect.Pos {
	if e.trail == nil {
		return e.at
	}
	return e.trail.at
}
