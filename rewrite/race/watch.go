package race

import (
	"maps"
	"slices"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// Watch lists the keys of what the accesses of sightings may touch, for Link:
// fields and package variables named on their lines, and the functions on
// their stacks, for their variables.
func Watch(sums []*effect.Summary, seen []Sighting) []string {
	lines, within := make(map[string][]Line), make(map[string][]Sighted) // by file
	for _, s := range seen {
		for _, side := range s {
			for _, l := range slices.Concat(side.Calls, side.Start) {
				lines[l.File] = append(lines[l.File], l)
			}
			if side.In != "" && len(side.Calls) > 0 {
				file := side.Calls[0].File
				within[file] = append(within[file], side)
			}
		}
	}
	keys := make(map[string]bool)
	structs := make(map[string]*effect.Struct)
	for _, s := range sums {
		for _, t := range s.Structs {
			structs[t.Key] = t
		}
	}
	funcs := make(map[string]*function)
	for _, s := range sums {
		for _, f := range s.Funcs {
			funcs[f.Key] = newFunction(f, s)
		}
	}
	var watch func(f *function, from, to, depth int)
	watch = func(f *function, from, to, depth int) {
		f.each(func(e *effect.Event) {
			if e.At.Line < from || to < e.At.Line {
				return
			}
			if g := funcs[e.Fn.Func]; e.Kind == effect.Call && g != nil && g.inlines() && depth < 3 {
				watch(g, g.At.Line, g.End.Line, depth+1)
			}
			if e.Kind != effect.Access {
				return
			}
			for p, sel := e.Path.Base(); sel != ""; p, sel = p.Base() {
				keys[sel] = true
			}
			keys[e.Path.Root.Key] = true
			watchFields(keys, structs, e.Whole, 0)
		})
	}
	for _, f := range funcs {
		for _, l := range lines[f.At.File] {
			if f.At.Line <= l.To && l.From <= f.End.Line {
				keys[f.Key] = true
				watch(f, l.From, l.To, 0)
			}
		}
		for _, s := range within[f.At.File] {
			watchUses(keys, f, s)
		}
	}
	delete(keys, "")
	return slices.Sorted(maps.Keys(keys))
}

func watchFields(keys map[string]bool, structs map[string]*effect.Struct, key string, depth int) {
	if t := structs[key]; t != nil && depth < 3 {
		for _, f := range t.Fields {
			keys[f.Key] = true
			watchFields(keys, structs, f.Struct, depth+1)
		}
	}
}

// watched notes the accesses to a function's variables that are watched.
func (w *walk) watched() {
	if len(w.m.watch) == 0 {
		return
	}
	for i, v := range w.f.Locals {
		if v.Key != "" && w.m.watches(w.f, v.Key) {
			w.addVariable(v, effect.Root{Kind: effect.Local, N: i})
		}
	}
}

// watches reports whether a variable is watched, by its own key or by that of
// a function around it.
func (m *Module) watches(f *function, key string) bool {
	for ; f != nil; f = m.funcs[f.Parent] {
		if m.watch[f.Key] {
			return true
		}
	}
	return m.watch[key]
}
