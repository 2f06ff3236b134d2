package race

import (
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// initial reports whether a function runs before all others of its package:
// its own init functions, and what sets its variables where they are declared.
func (f *function) initial() bool { return f.Name == "init" || strings.HasPrefix(f.Name, "init#") }

// isOption reports whether a function is a literal that another one returns to set up an
// object that is just being made:
//
//	func WithName(name string) Option { return func(s *Server) { s.name = name } }
func (m *Module) isOption(f *function) bool {
	by := m.funcs[f.Parent]
	if by == nil || by.Recv != "" || len(f.Types) != 1 || f.Types[0] == "" {
		return false
	}
	found := false
	by.each(func(e *effect.Event) {
		found = found || len(e.Results) == 1 && e.Results[0].Func == f.Key
	}, effect.Return)
	return found
}

// initialises tells which of a function's events come before anything that
// lets others have the given object, which it makes.
func (f *function) initialises(r effect.Root) map[*effect.Event]bool {
	names := []effect.Root{r} // and the variables that hold it
	for i, v := range f.Locals {
		if v.Holds.Path.Root == r {
			names = append(names, effect.Root{Kind: effect.Local, N: i})
		}
	}
	shares := func(e *effect.Event) bool {
		return slices.ContainsFunc(names, func(r effect.Root) bool { return mentions(e, r) })
	}
	out := make(map[*effect.Event]bool)
	late := make([]bool, len(f.Blocks)) // others may have it when the block begins
	var work []int
	for i := range f.Blocks {
		if slices.ContainsFunc(f.Blocks[i].Events, func(e effect.Event) bool { return shares(&e) }) {
			work = append(work, i)
		}
	}
	for len(work) > 0 {
		b := &f.Blocks[work[0]]
		work = work[1:]
		for edge, succ := range b.Succs {
			anew := b.Backs[edge] != 0 && b.Backs[edge] == f.Locals[r.N].Loop
			if succ >= 0 && !late[succ] && !anew {
				late[succ] = true
				work = append(work, succ)
			}
		}
	}
	for i := range f.Blocks {
		for j := range f.Blocks[i].Events {
			e := &f.Blocks[i].Events[j]
			if late[i] || shares(e) {
				break
			}
			out[e] = true
		}
	}
	return out
}
