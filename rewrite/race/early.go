package race

import (
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// A shelf is where a function puts a new object for others to find it, and the locks it
// holds while it does: who finds it there under one of them may come as soon as that is
// released.
type shelf struct {
	at    effect.Path
	locks keys
}

// An early is a write to an object that was put on a shelf before, without a lock.
type early struct {
	raw   *raw
	shelf shelf
}

// shelves notes that an object is put where others find it under a lock of what they have
// for it.
//
//	m.mu.Lock()
//	m.conns[id] = c
//	m.mu.Unlock()
func (w *walk) shelves(e *effect.Event, s state) {
	if !w.record || w.pass != final || len(e.Args) == 0 || w.f.Test || w.f.Parent != "" {
		return
	}
	object := w.origin(e.Path)
	if object.Sel != "" || !w.fresh(object.Root) {
		return
	}
	at := w.resolve(e.Args[0].Path)
	locks := slices.DeleteFunc(slices.Clone(s.must), func(h held) bool { return h.path.Root != at.Root || !outside(at.Root) })
	if !locks.exclusive() {
		return
	}
	if w.shelf == nil {
		w.shelf = make(map[effect.Root]shelf)
	}
	w.shelf[object.Root] = shelf{at, locks.keys(w.f)}
}

// early notes a write to a field of an object that is on a shelf.
func (w *walk) early(a *access, place string) {
	at, ok := w.shelf[a.path.Root]
	if ok && place != "" && a.thread == 0 && a.writes() && !a.whole && a.called == "" && len(a.may) == 0 {
		w.out.early = append(w.out.early, early{newRaw(w.f, a, false), at})
	}
}

// voteEarly finds a write to an object that its maker has put on a shelf already, and one
// who takes it from there under the lock that the maker had, and looks while it holds that.
func (m *Module) voteEarly(field string) {
	for _, e := range m.early[field] {
		for _, g := range m.telling(field) {
			if g.fn == e.raw.fn || !e.shelf.holds(g) || part(g.path) != part(e.raw.path) {
				continue
			}
			if m.meets(&g.access, g.perhaps(), &e.raw.access, nil) && !gated(&g.access, &e.raw.access) {
				m.pairs.add(field, pair{a: apiSide(g), b: apiSide(e.raw)})
				return
			}
		}
	}
}

// holds reports whether an access is to an object taken from the shelf, with its lock held.
func (s shelf) holds(r *raw) bool {
	field := s.at.Field()
	_, rest, ok := strings.Cut(r.path.Sel, ";"+field+";")
	if !ok || field == "" || !strings.Contains(rest, effect.Deref) {
		return false
	}
	for lock := range r.locks() {
		if s.locks[lock] != 0 {
			return true
		}
	}
	return false
}
