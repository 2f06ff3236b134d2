package load

import (
	"slices"

	"golang.org/x/tools/go/packages"
)

// without returns the world less the packages that hold the changed files and,
// if api is set, those that import these. Those go too through which one of them
// comes to see a package that has changed, now or before: they know its types by
// what it was.
func (w *world) without(prog *Program, changed map[string]bool, api bool) *world {
	next := &world{prog: prog, root: w.root, own: w.own, paths: w.paths, named: w.named, nodes: make(map[string]*node, len(w.nodes)),
		deps: w.deps, ssa: w.ssa, reading: w.reading.without(changed), lean: w.lean}
	holds := func(p *packages.Package) bool {
		return slices.ContainsFunc(p.CompiledGoFiles, func(f string) bool { return changed[f] })
	}
	sees := importing(holds)
	knows := importing(func(p *packages.Package) bool {
		return slices.ContainsFunc(p.CompiledGoFiles, func(f string) bool { return changed[f] || prog.files[f] != nil })
	})
	stale := make(map[string]bool)
	var drop func(p *packages.Package)
	drop = func(p *packages.Package) {
		if knows(p) && !stale[p.ID] {
			stale[p.ID] = true
			for _, q := range p.Imports {
				drop(q)
			}
		}
	}
	for _, n := range w.nodes {
		if holds(n.meta) || api && sees(n.meta) {
			drop(n.meta)
		}
	}
	for id, n := range w.nodes {
		if stale[id] {
			n = &node{meta: n.meta, bodies: n.bodies}
		}
		next.nodes[id] = n
	}
	return next
}

// importing returns whether something holds of a package, or of one to which its
// imports lead.
func importing(is func(*packages.Package) bool) func(*packages.Package) bool {
	known := make(map[string]bool)
	var visit func(p *packages.Package) bool
	visit = func(p *packages.Package) bool {
		if _, ok := known[p.ID]; !ok {
			known[p.ID] = is(p)
			for _, q := range p.Imports {
				known[p.ID] = visit(q) || known[p.ID]
			}
		}
		return known[p.ID]
	}
	return visit
}
