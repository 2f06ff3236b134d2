package race

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
	"github.com/go-fixer/fixer/rewrite/model"
)

// judgeReaders finds what callers of the API change while they hold a lock for
// reading only, which others hold for themselves to do so, or all that have to do
// with it hold, or to set what is found to be missing. Who takes it for reading
// says that several come at once, and all of them write.
func (ps *pairs) judgeReaders() {
	ps.withItself(ps.entries, func(field string) func(published) bool {
		alone := sync.OnceValue(func() keys { return ps.heldAlone(field) })
		always := sync.OnceValue(func() keys { return ps.m.heldByAll(field) })
		return func(e published) bool {
			return ps.writesAsReader(e, func(lock string) bool {
				return alone()[lock] != 0 || e.index == "" && always()[lock] != 0 || e.lazy && !ps.m.keepsEnd(lock)
			})
		}
	})
}

// heldAlone lists the locks that are held for writing at some access to a field:
// those that do not only keep what is around the field in its place.
func (ps *pairs) heldAlone(field string) keys {
	out := make(keys)
	for _, e := range ps.entries[field] {
		for k, mode := range e.must.keys(e.frame) {
			if mode == rewrite.Exclusive {
				out[k] = mode
			}
		}
	}
	return out
}

// heldByAll lists the locks that every access to a field holds, in one mode or the
// other, where two functions or more do.
func (m *Module) heldByAll(field string) keys {
	var all keys
	in := make(map[*function]bool)
	for _, r := range m.telling(field) {
		if in[r.fn] = true; all == nil {
			all = maps.Clone(r.locks())
		}
		maps.DeleteFunc(all, func(k string, _ rewrite.Mode) bool { return r.locks()[k] == 0 })
	}
	if len(in) < 2 {
		return nil
	}
	for _, s := range m.sums { // what takes it for one and releases it for the other may mean either
		for _, u := range s.Locks {
			if slices.ContainsFunc(u.Misuses, func(x effect.Misuse) bool { return x.Op == rewrite.Release }) {
				delete(all, u.Key)
			}
		}
	}
	maps.DeleteFunc(all, func(k string, _ rewrite.Mode) bool { return m.keepsEnd(k) })
	return all
}

// keepsEnd reports whether a lock keeps the end of an object away from the use of
// it: only those who end it take it for writing. That says nothing of two users.
func (m *Module) keepsEnd(lock string) bool {
	ends := false
	for _, f := range m.order {
		other := false
		f.each(func(e *effect.Event) {
			if e.Mode == rewrite.Exclusive && (held{e.Path, e.Mode}).key(f) == lock {
				ends = true
				other = other || !model.Ends(f.Key)
			}
		}, effect.Lock)
		if other {
			return false
		}
	}
	return ends
}

// writesAsReader reports whether an access of callers is a write under nothing
// but a read lock of the object they call that guards it.
func (ps *pairs) writesAsReader(e published, guards func(lock string) bool) bool {
	if e.op != rewrite.Write && e.op != rewrite.WriteElem || !ps.m.isEntry(e.entry) || ps.m.excludes(e.held, e.held) {
		return false
	}
	if strings.HasPrefix(e.index, "p") {
		return false // one who is given a number may be the only one to write to its place
	}
	if e.entry.onNew() || e.entry.Turns {
		return false // the module calls it on new objects only, or callers come one by one
	}
	reads := slices.ContainsFunc(e.must, func(h held) bool {
		return h.mode == rewrite.Shared && keptWith(h.path, e.path) && guards(h.key(e.frame))
	})
	return reads && !ps.m.handedOut(e.may.keys(e.frame))
}

// keptWith reports whether the object that a lock is a field of holds a place, or leads
// to it: who shares what the place leads to does not share the place.
func keptWith(lock, place effect.Path) bool {
	owner := strings.TrimSuffix(lock.Sel, ";"+effect.Deref)
	owner = owner[:max(strings.LastIndexByte(owner, ';'), 0)]
	if i := strings.LastIndex(owner, ";"+effect.Deref); i >= 0 {
		owner = owner[:i+len(";"+effect.Deref)]
	} else {
		owner = ""
	}
	return lock.Root == place.Root && strings.HasPrefix(place.Sel, owner)
}
