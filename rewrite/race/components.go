package race

import (
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// allTargets lists the functions that the events of a function may run, each
// once: those given or returned included.
func (m *Module) allTargets(f *function) []*function {
	var out []*function
	add := func(g *function) {
		if g != nil && g.listed != f {
			g.listed = f
			out = append(out, g)
		}
	}
	f.eachOf(^kindsOf(effect.Access), func(e *effect.Event) {
		if e.Fn.Func != "" {
			add(m.funcs[e.Fn.Func])
		}
		for _, list := range [2][]effect.Value{e.Args, e.Results} {
			for i := range list {
				if list[i].Func != "" {
					add(m.funcs[list[i].Func])
				}
			}
		}
		for _, g := range m.behind(e) {
			add(g)
		}
	})
	return out
}

// components groups functions that call each other, callees first (Tarjan).
func (m *Module) components() [][]*function {
	var (
		groups [][]*function
		stack  []*function
		count  int
		visit  func(f *function) *visited
	)
	visit = func(f *function) *visited {
		count++
		v := &visited{index: count, low: count, on: true}
		f.visited = v
		stack = append(stack, f)
		f.runs = m.allTargets(f)
		for _, g := range f.runs {
			g.run = true
			if g.visited == nil {
				v.low = min(v.low, visit(g).low)
			} else if g.visited.on {
				v.low = min(v.low, g.visited.index)
			}
		}
		if v.low != v.index {
			return v
		}
		i := slices.Index(stack, f)
		group := slices.Clone(stack[i:])
		solved := make(chan struct{})
		stack = stack[:i]
		for _, g := range group {
			g.visited.on = false
			g.scc, g.together, g.solved = len(groups), len(group), solved
		}
		slices.SortFunc(group, func(a, b *function) int { return strings.Compare(a.Key, b.Key) })
		groups = append(groups, group)
		return v
	}
	for _, f := range m.order {
		if f.visited == nil {
			visit(f)
		}
	}
	return groups
}

// A visited is how components came by a function: as which one, and to which of
// those before leads what it calls.
type visited struct {
	index, low int
	on         bool // on the stack
}
