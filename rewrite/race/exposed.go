package race

import (
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// exposes reports whether it is a function's own doing that somebody who
// brings it about that others go on may now wait for them: a goroutine that
// takes the lock nowhere else, a method of a type whose others don't take it,
// or what a hook runs that is called under the lock. Where the lock is taken
// in this way already, one more function makes no difference.
func (m *Module) exposes(f *function, s stalled) bool {
	if field, ok := strings.CutPrefix(s.note, hook); ok && m.calledBack(f, field) {
		return true
	}
	for g, spawned := range m.starters(f) {
		if g.taken()[s.lock] == 0 && (spawned || !m.siblingTakes(g, s)) {
			return true
		}
	}
	return false
}

// above are the functions that lead to one, with itself. The function may be of
// another state of the module.
func (m *Module) above(f *function) map[*function]bool {
	return reachable(m.named([]string{f.Key}), func(g *function) []*function { return g.callers })
}

// starters finds the functions that goroutines begin with, or that callers of
// the API call, and from which a function is reached; goroutines are marked.
// The function is given in terms of another state of the module: it may not be
// there.
func (m *Module) starters(f *function) map[*function]bool {
	f = m.funcs[f.Key]
	if f == nil {
		return nil
	}
	out := make(map[*function]bool)
	seen := map[*function]bool{f: true}
	for work := []*function{f}; len(work) > 0; {
		g := work[0]
		work = work[1:]
		if m.isRoot(g) {
			out[g] = g.Served != "" // a library runs it, whoever else may
		}
		for _, c := range g.callers {
			for _, call := range c.calls {
				if call.to != g {
					continue
				}
				if call.spawn {
					out[g] = true
				} else if !seen[c] && !c.Test {
					seen[c] = true
					work = append(work, c)
				}
			}
		}
	}
	return out
}

// siblingTakes reports whether callers that may call a function may also call
// one that takes the lock already: another exported method of its type, or
// function of its package.
func (m *Module) siblingTakes(f *function, s stalled) bool {
	return m.isEntry(f) && slices.ContainsFunc(m.order, func(g *function) bool {
		return g != f && g.Recv == f.Recv && g.Pkg == f.Pkg && g.Name != s.fn && m.isEntry(g) && g.taken()[s.lock] != 0
	})
}

// calledBack reports whether a function that is kept in a field leads to
// another one.
func (m *Module) calledBack(to *function, field string) bool {
	var work []*function
	seen := make(map[*function]bool)
	add := func(f *function) {
		if f != nil && !seen[f] {
			seen[f] = true
			work = append(work, f)
		}
	}
	for _, f := range m.order {
		f.each(func(e *effect.Event) {
			if e.Fn.Func != "" && e.Path.Field() == field {
				add(m.funcs[e.Fn.Func])
			}
		}, effect.Keep)
	}
	for len(work) > 0 {
		f := work[0]
		work = work[1:]
		if f.Key == to.Key {
			return true
		}
		for _, c := range f.calls {
			if !c.spawn {
				add(c.to)
			}
		}
	}
	return false
}
