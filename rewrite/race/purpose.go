package race

import (
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite/effect"
	"github.com/go-fixer/fixer/rewrite/model"
)

// forgottenWrite finds a write by callers of the API that holds no lock at all, where
// others take one for nothing else than to read what is written: that serves
// nobody unless writers take it too. There may be no more who don't than readers
// who do. The write may be in a function that a method of the API calls while it
// doesn't have the lock, which it takes for something else.
func (m *Module) forgottenWrite(field, lock string) (guarded *raw, open side, ok bool) {
	guarded, writes := m.purposeOf(field, lock)
	if guarded == nil {
		return nil, side{}, false
	}
	if i := slices.IndexFunc(writes, m.forgetful); i >= 0 && m.meets(&guarded.access, guarded.perhaps(), &writes[i].access, writes[i].perhaps()) {
		return guarded, apiSide(writes[i]), true
	}
	for _, part := range m.changed(field) {
		if g, o := m.before(field, part, lock); g != nil && o.writes() && !model.Starts(o.entry.Key) {
			return g, o.side, true
		}
	}
	return nil, side{}, false
}

// purposeOf finds an access that a lock is taken for alone, to read a field, and
// the writes without it; none if more functions write so than read.
func (m *Module) purposeOf(field, lock string) (guarded *raw, writes []*raw) {
	if m.Lends(lock) {
		return nil, nil // callers may take it themselves
	}
	readers, writers := make(map[*function]bool), make(map[*function]bool)
	for _, r := range m.telling(field) {
		switch _, held := r.locks()[lock]; {
		case held && !r.writes() && m.takesFor(r, field, lock):
			readers[r.fn] = true
			if guarded == nil {
				guarded = r
			}
		case !held && r.writes():
			writers[r.fn] = true
			writes = append(writes, r)
		}
	}
	if len(writers) > len(readers) {
		return nil, nil
	}
	return guarded, writes
}

// forgetful reports whether an access is one that callers may make at any time,
// and holds nothing. What starts or sets up its object comes before all others.
func (m *Module) forgetful(r *raw) bool {
	inner := r.fn.inner
	madeByUs := inner.reached && r.param >= 0 && r.param < len(inner.fresh) && inner.fresh[r.param]
	starts := model.Starts(r.fn.Key) && !strings.Contains(r.fn.Key, ").Set")
	return m.reachable(r) && len(r.perhaps()) == 0 && !madeByUs && !starts && !r.fn.chains()
}

// plainKinds are the kinds of events of functions that do nothing but read and
// write, and hold a lock meanwhile.
var plainKinds = kindsOf(effect.Access, effect.Lock, effect.Unlock, effect.Defers, effect.Return, effect.Escape, effect.Share)

// takesFor reports whether a function takes a lock for an access to a field, and
// for nothing else than to read what is only ever changed without it, or not at all.
func (m *Module) takesFor(r *raw, field, lock string) bool {
	f := r.fn
	if f.has&^plainKinds == 0 && m.locks(f, lock) {
		only := true
		f.each(func(e *effect.Event) { only = only && m.onlyReads(f, e, field, lock) }, effect.Access)
		return only
	}
	for _, b := range f.Blocks {
		if m.sectionFor(r, b.Events, field, lock) {
			return true
		}
	}
	return false
}

// sectionFor reports whether a straight run of events has a section that holds a
// lock for an access to a field alone.
func (m *Module) sectionFor(r *raw, events []effect.Event, field, lock string) bool {
	within, found := false, false
	for i := range events {
		e := &events[i]
		own := held{path: e.Path}.key(r.fn) == lock
		switch {
		case e.Kind == effect.Lock && own:
			within, found = true, false
		case e.Kind == effect.Unlock && own && within && found:
			return true
		default:
			within = within && (e.Kind == effect.Share || e.Kind == effect.Access && m.onlyReads(r.fn, e, field, lock))
			found = found || e.At == r.at
		}
	}
	return false
}

// onlyReads reports whether an access reads a field, or what nothing changes under
// a lock.
func (m *Module) onlyReads(f *function, e *effect.Event, field, lock string) bool {
	place := m.placeOf(f, e.Path)
	return place != "" && !e.Op.Writes() && (place == field || m.changedBare(place, lock))
}

// changedBare reports whether nothing that holds a lock changes a place.
func (m *Module) changedBare(place, lock string) bool {
	return !slices.ContainsFunc(m.raw[place], func(r *raw) bool {
		_, may := r.perhaps()[lock]
		return may && r.writes() && !r.isFresh()
	})
}
