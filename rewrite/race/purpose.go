package race

import (
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
	"github.com/go-fixer/fixer/rewrite/model"
)

// forgottenWrite finds a write by callers of the API that holds no lock at all,
// where others take one for nothing else than to read what is written: that
// serves nobody unless writers take it too. There may be no more who don't than
// readers who do.
func (m *Module) forgottenWrite(field, lock string) (guarded, open *raw) {
	if m.Lends(lock) {
		return nil, nil // callers may take it themselves
	}
	readers, writers := make(map[*function]bool), make(map[*function]bool)
	for _, r := range m.proper(field) {
		if r.isFresh() || r.fn.Test || r.op == rewrite.Address {
			continue
		}
		switch _, held := r.locks()[lock]; {
		case held && !r.writes() && m.takesFor(r, field, lock):
			readers[r.fn] = true
			if guarded == nil {
				guarded = r
			}
		case !held && r.writes():
			writers[r.fn] = true
			if open == nil && m.forgetful(r) {
				open = r
			}
		}
	}
	if guarded == nil || open == nil || len(writers) > len(readers) || !m.meets(&guarded.access, guarded.perhaps(), &open.access, open.perhaps()) {
		return nil, nil
	}
	return guarded, open
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
	if f.kinds&^plainKinds == 0 && m.locks(f, lock) {
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
