package race

import (
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// solely reports whether one of two accesses is to an object that belongs to one
// goroutine at a time: its kind is taken from a sync.Pool and put back, or its
// documentation says so. What the type's own goroutine does, callers can do
// nothing about.
func (m *Module) solely(p, q published) bool {
	own := func(t published, owner string) bool { return !t.ctx.Entry && t.frame.Recv == owner }
	for _, a := range []published{p, q} {
		if owner := a.owner(); m.single(owner) && !own(p, owner) && !own(q, owner) {
			return true
		}
	}
	return false
}

// eitherStarts reports whether two goroutines are started by the only run of one sync.Once
// of the object that they meet at: whoever comes first starts one, and nobody the other.
func (m *Module) eitherStarts(t, u published) bool {
	mine := slices.DeleteFunc(m.onces(t.frame, nil), func(once string) bool { return ownerOf(once) != ownerOf(t.path.Field()) })
	if len(mine) == 0 {
		return false
	}
	others := m.onces(u.frame, nil)
	return slices.ContainsFunc(mine, func(once string) bool { return slices.Contains(others, once) })
}

// onces lists the sync.Onces, by their fields, outside of whose only run nobody calls a
// function.
func (m *Module) onces(f *function, within []*function) []string {
	var out []string
	called := false
	if m.isEntry(f) || slices.Contains(within, f) {
		return nil
	}
	for by, c := range f.calledAt() {
		if c.test {
			continue
		}
		here := append(slices.Clip(c.onces), m.onces(by, append(within, f))...)
		if called {
			here = slices.DeleteFunc(out, func(k string) bool { return !slices.Contains(here, k) })
		}
		if out, called = here, true; len(out) == 0 {
			return nil
		}
	}
	return out
}

// owner is the type of the object at which the way to an access starts; "" for
// what is not reached through one.
func (p published) owner() string {
	if p.path.Root.Kind == effect.Global {
		return ""
	}
	first, _, _ := strings.Cut(strings.TrimLeft(strings.ReplaceAll(p.path.Sel, ";"+effect.Deref, ""), ";"), ";")
	return ownerOf(first)
}

// single reports whether an object of a type belongs to one goroutine at a time.
// One that comes from a pool and has a lock is meant to be shared meanwhile.
func (m *Module) single(owner string) bool {
	s := m.structs[owner]
	return s != nil && (s.Serial || m.pooled[owner] && !slices.ContainsFunc(s.Fields, func(f effect.FieldInfo) bool { return f.Lock || f.Atomic }))
}

// serial reports whether the documentation of a function, or of its receiver's
// type, says that callers don't come at once.
func (m *Module) serial(f *function) bool {
	s := m.structs[f.Recv]
	return f.Serial || s != nil && s.Serial
}

// findKinds notes which types are pooled, and which become interfaces: those
// that such a type embeds do so with it; and which package variables change.
func (m *Module) findKinds() {
	var present func(key string)
	present = func(key string) {
		if m.presented[key] {
			return
		}
		m.presented[key] = true
		if s := m.structs[key]; s != nil {
			for _, f := range s.Fields {
				if f.Embeds != "" {
					present(f.Embeds)
				}
			}
		}
	}
	for _, s := range m.sums {
		for _, key := range s.Pooled {
			m.pooled[key] = true
		}
		for _, p := range s.Presented {
			present(p.Type)
			m.shownAs[p.Type] = append(m.shownAs[p.Type], p.As...)
		}
		for _, iface := range s.Asserted {
			m.asserted[iface] = true
		}
		for _, key := range s.Changed {
			m.unsettled[key] = true
		}
	}
}

// showsUse reports whether a goroutine belongs to a program below the package of
// a function that callers call: an example of how to use it, which says nothing
// of what other callers do meanwhile.
func (t published) showsUse(e published) bool {
	return t.frame.pkg.Main && strings.HasPrefix(t.frame.Pkg, e.entry.Pkg+"/")
}
