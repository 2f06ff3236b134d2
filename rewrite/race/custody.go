package race

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// Custodies lists the locks of the module with all that is done with them, by
// position of their declarations.
func (m *Module) Custodies() []*rewrite.Custody {
	guards := m.guarded()
	wrong := make(map[string][]*rewrite.Finding)
	for _, f := range m.misuses() {
		lock, _, _ := strings.Cut(f.Place.Key, " ")
		wrong[lock] = append(wrong[lock], f)
	}
	var out []*rewrite.Custody
	for key, c := range m.custodies() {
		u := c.uses[0]
		r := &rewrite.Custody{Guards: guards[key], Wrong: wrong[key],
			Lock: rewrite.Place{Key: key, Name: u.Name, Type: u.Type, Decl: u.Decl}}
		for _, u := range c.uses {
			for _, t := range u.Takes {
				op := rewrite.Acquire
				if t.Try {
					op = rewrite.Try
				}
				r.Calls = append(r.Calls, m.lockAccess(op, t, key))
			}
			for _, t := range u.Gives {
				r.Calls = append(r.Calls, m.lockAccess(rewrite.Release, t, key))
			}
		}
		slices.SortFunc(r.Calls, func(a, b rewrite.Access) int { return a.At.Compare(b.At) })
		r.Calls = slices.CompactFunc(r.Calls, func(a, b rewrite.Access) bool { return a.At == b.At })
		if len(r.Calls) > 0 {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b *rewrite.Custody) int {
		return cmp.Or(a.Lock.Decl.Compare(b.Lock.Decl), strings.Compare(a.Lock.Key, b.Lock.Key))
	})
	return out
}

func (m *Module) lockAccess(op rewrite.Op, c effect.LockCall, key string) rewrite.Access {
	a := m.lockSide(op, c.At, key, 0).Access
	a.Locks = []rewrite.Lock{{Key: key, Mode: c.Mode}}
	return a
}

// guarded tells what each lock guards: the places of whose accesses most hold
// it.
func (m *Module) guarded() map[string][]rewrite.Vote {
	out := make(map[string][]rewrite.Vote)
	for _, place := range slices.Sorted(maps.Keys(m.raw)) {
		for _, v := range m.votes(m.accesses(place)) {
			if 2*v.Held > v.Of {
				lock := v.Lock
				v.Lock = place
				out[lock] = append(out[lock], v)
			}
		}
	}
	return out
}

// Accesses lists all accesses to a field or package variable, by position, and
// how often which lock is held at them.
func (m *Module) Accesses(place string) ([]rewrite.Access, []rewrite.Vote) {
	list := m.accesses(place)
	return list, m.votes(list)
}
