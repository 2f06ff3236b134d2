package race

import (
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
	"github.com/go-fixer/fixer/rewrite/model"
)

// purposeless finds a write by callers of the API that holds no lock at all,
// where others take one for nothing else than to read what is written: a lock
// that no writer holds serves no reader, so it is the writers who forgot it.
// There may be no more of them than of readers who remember it.
func (m *Module) purposeless(field, lock string) (guarded, open *raw) {
	if m.Lends(lock) {
		return nil, nil // callers may take it themselves
	}
	readers, writers := make(map[*function]bool), make(map[*function]bool)
	for _, r := range m.proper(field) {
		if r.isFresh() || r.fn.Test || r.op == rewrite.Address {
			continue
		}
		switch _, held := r.locks()[lock]; {
		case held && !r.writes() && m.takesFor(r.fn, lock):
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

// takesFor reports whether a function takes a lock, and for nothing else than
// to read what is only ever changed without it, or not at all.
func (m *Module) takesFor(f *function, lock string) bool {
	if f.kinds&^plainKinds != 0 || !m.locks(f, lock) {
		return false
	}
	alone := true
	f.each(func(e *effect.Event) {
		place := m.placeOf(f, e.Path)
		alone = alone && place != "" && !e.Op.Writes() && (m.lock[place] || m.changedBare(place, lock))
	}, effect.Access)
	return alone
}

// changedBare reports whether nothing that holds a lock changes a place.
func (m *Module) changedBare(place, lock string) bool {
	return !slices.ContainsFunc(m.raw[place], func(r *raw) bool {
		_, may := r.perhaps()[lock]
		return may && r.writes() && !r.isFresh()
	})
}
