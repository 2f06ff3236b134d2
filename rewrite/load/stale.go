package load

import (
	"slices"

	"golang.org/x/tools/go/packages"
)

// without returns the world less the packages that hold the changed files and,
// if api is set, those that import these. If it is not, those go too through which
// a changed package comes to see one that has changed, now or before: they know
// its types by what it was.
func (w *world) without(prog *Program, changed map[string]bool, api bool) *world {
	next := &world{prog: prog, root: w.root, own: w.own, paths: w.paths, named: w.named, nodes: make(map[string]*node, len(w.nodes)),
		deps: w.deps, ssa: w.ssa, reading: w.reading.without(changed), lean: w.lean}
	holds := func(p *packages.Package) bool {
		return slices.ContainsFunc(p.CompiledGoFiles, func(f string) bool { return changed[f] })
	}
	held := func(p *packages.Package) bool {
		return slices.ContainsFunc(p.CompiledGoFiles, func(f string) bool { return prog.files[f] != nil })
	}
	above := make(map[string]bool) // has changed, or an import leads to one that has
	done := make(map[string]bool)
	var visit func(p *packages.Package) bool
	visit = func(p *packages.Package) bool {
		if !done[p.ID] {
			done[p.ID] = true
			above[p.ID] = holds(p) || !api && held(p)
			for _, q := range p.Imports {
				above[p.ID] = visit(q) || above[p.ID]
			}
		}
		return above[p.ID]
	}
	stale := make(map[string]bool)
	var drop func(p *packages.Package)
	drop = func(p *packages.Package) {
		if above[p.ID] && !stale[p.ID] {
			stale[p.ID] = true
			for _, q := range p.Imports {
				drop(q)
			}
		}
	}
	for _, n := range w.nodes {
		if visit(n.meta) && (api || holds(n.meta)) {
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
