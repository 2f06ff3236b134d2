package race

import (
	"maps"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// voteHeld looks for a field of objects that another one holds, in a map, a
// slice or a field of its own, and whose lock guards what they are: who looks
// one up under the lock and goes on with it without forgets that. Only accesses
// that reach the object through its holder count, or those of its own methods if
// all are called under the lock, and none of functions that take objects out:
// these are theirs.
func (m *Module) voteHeld(field string) {
	i := strings.LastIndexByte(field, '.')
	if _, variable := m.variables[field]; variable || i < 0 || m.hasLock(field[:i]) {
		return
	}
	count := make(map[string]int)
	for _, r := range m.raw[field] {
		for k := range r.locks() {
			if r.through(k) || r.own() {
				count[k]++
			}
		}
	}
	for _, lock := range slices.Sorted(maps.Keys(count)) {
		if !m.lock[lock] || m.handed[lock] {
			continue
		}
		if guarded, open := m.forgets(field, lock); guarded != nil {
			m.pairs.add(field, pair{a: m.runSide(guarded), b: m.runSide(open)})
			return
		}
	}
}

// ownsLock reports whether a struct has a field that is a lock.
func (m *Module) ownsLock(key string) bool {
	s := m.structs[key]
	return s != nil && slices.ContainsFunc(s.Fields, func(f effect.FieldInfo) bool { return f.Lock })
}

// hasLock reports whether a struct has a lock or atomics of its own.
func (m *Module) hasLock(key string) bool {
	s := m.structs[key]
	return s != nil && slices.ContainsFunc(s.Fields, func(f effect.FieldInfo) bool { return f.Lock || f.Atomic || m.hasLock(f.Struct) })
}

// through reports whether an access reaches its place through the struct that
// has a lock, and an object that it holds.
func (r *raw) through(lock string) bool {
	i := strings.LastIndexByte(lock, '.')
	if i < 0 {
		return false
	}
	_, rest, ok := strings.Cut(r.path.Sel, ";"+lock[:i]+".")
	return ok && strings.Contains(rest, ";"+effect.Deref+";")
}

// forgets finds an access that holds the lock of the object's holder and one
// that doesn't, if most do: every write, or three times as many as don't.
func (m *Module) forgets(field, lock string) (guarded, open *raw) {
	with := m.calledUnder(field, lock)
	var without []*raw
	bareWrite := false
	at := make(map[effect.Pos]bool)
	held, bare := len(with), 0
	for _, r := range m.raw[field] {
		if !r.tells() || r.whole || !r.through(lock) || r.fn.takesOut(r.path) {
			continue
		}
		_, must := r.locks()[lock]
		_, may := r.perhaps()[lock]
		switch first := !at[r.at]; {
		case must:
			if with = append(with, r); first {
				held++
			}
		case may || !m.reachable(r) && !m.getsThere(r):
			return nil, nil // there is more to it
		default:
			if without = append(without, r); first {
				bare++
			}
			bareWrite = bareWrite || r.writes() || !m.reachable(r) && !m.onRequest(r.fn)
		}
		at[r.at] = true
	}
	if bare == 0 || bare > 2*held || bareWrite && (held < 3 || held < 3*bare) {
		return nil, nil
	}
	for _, g := range with {
		for _, o := range without {
			if g.writes() && !g.lazy && !o.fn.asks(g.fn) && part(g.path) == part(o.path) && !m.excludes(g.perhaps(), o.perhaps()) && !waitsByField(&o.access, &g.access) && !waitsByField(&g.access, &o.access) {
				return g, o
			}
		}
	}
	return nil, nil
}

// getsThere reports whether callers of the API, or goroutines, run an access to what they have
// from elsewhere.
func (m *Module) getsThere(r *raw) bool {
	if r.thread != 0 {
		return false
	}
	return r.param >= 0 && m.asked(r.fn) || (r.param >= 0 || r.path.Root.Kind == effect.Free) && len(m.beginnings(r.fn)) > 0
}

// onRequest reports whether all who run a function do so for a request each.
func (m *Module) onRequest(f *function) bool {
	from := m.beginnings(f)
	return len(from) > 0 && !slices.ContainsFunc(from, func(b beginning) bool {
		i := b.by.threadOf(b.call.to)
		return i < 0 || !b.by.sum.threads[i].handler
	})
}

// calledUnder lists the accesses of functions that are given the object itself,
// if all of these are called under the lock.
func (m *Module) calledUnder(field, lock string) []*raw {
	var list []*raw
	for _, r := range m.telling(field) {
		if !r.own() || r.whole {
			continue
		}
		if _, held := r.fn.entry.must[lock]; !held {
			return nil
		}
		list = append(list, r)
	}
	return list
}

// own reports whether an access is to a field of what the function is given.
func (r *raw) own() bool {
	return r.thread == 0 && r.param >= 0 && strings.HasPrefix(r.path.Sel, ";"+r.field) && r.fn == r.deed.fn
}

// takesOut reports whether a function, or one that it calls, takes objects out of
// what a path goes through.
func (f *function) takesOut(p effect.Path) bool {
	return f.takesFrom(p) || slices.ContainsFunc(f.calls, func(c *callSite) bool { return !c.spawn && c.to.takesFrom(p) })
}

func (f *function) takesFrom(p effect.Path) bool {
	found := false
	f.each(func(e *effect.Event) {
		if k := e.Path.Field(); k != "" && k != p.Field() {
			found = found || strings.Contains(p.Sel, ";"+k+";")
		}
	}, effect.Take)
	return found
}
