package race

import (
	"maps"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// judgeServed finds what a method changes that a library calls from many
// goroutines at once, as a server does for each request: that is what the method
// is for, whoever registers the object.
func (ps *pairs) judgeServed() {
	for _, field := range slices.Sorted(maps.Keys(ps.entries)) {
		if len(ps.found[field]) > 0 {
			continue
		}
		var served []published
		for _, e := range ps.entries[field] {
			if ps.m.isServed(e.entry) {
				f := e.entry
				e.ctx = rewrite.Context{Start: f.At.Span(), Func: f.Name, Runs: f.Name, Many: true, Request: true}
				if f.Served != effect.Requests {
					e.ctx.Through = f.Served
				}
				served = append(served, e)
			}
		}
		if p, ok := ps.amongServed(thin(served)); ok {
			ps.add(field, p)
		}
	}
}

// amongServed finds a write and another access, or the same in another call, that
// nothing keeps apart.
func (ps *pairs) amongServed(list []published) (pair, bool) {
	for i, e := range list {
		if e.op != rewrite.Write && e.op != rewrite.WriteElem || !ps.perRequest(e) {
			continue
		}
		if len(e.must) == 0 && !ps.m.excludes(e.held, e.held) && !byGate(e.access, e.access) && alone(e) {
			return pair{a: e.side, b: e.side}, true
		}
		for j, o := range list {
			if i != j && len(o.must) == 0 && o.path == e.path && o.entry.Recv == e.entry.Recv && alone(o) && ps.perRequest(o) && conflict(e.access, o.access) &&
				!ps.m.excludes(e.held, o.held) && !byGate(e.access, o.access) && !waitsByField(o.access, e.access) {
				return pair{a: e.side, b: o.side}, true
			}
		}
	}
	return pair{}, false
}

// isServed reports whether a library calls a method, by what it is for, and the
// module itself doesn't.
func (m *Module) isServed(f *function) bool {
	if f.Served == "" || f.Parent != "" {
		return false
	}
	return m.isEntry(f) || !f.Public && !slices.ContainsFunc(f.callers, func(g *function) bool { return !g.Test })
}

// perRequest reports whether an access is to the object itself that serves
// requests.
func (ps *pairs) perRequest(e published) bool {
	switch {
	case e.konst, e.whole, e.path.Root != effect.Root{Kind: effect.Param}, e.index != "", ps.m.unstable(e.path):
		return false
	case e.entry.onNew():
		return false // the module calls it on new objects only
	case e.entry.Serial, e.excused(), ps.m.single(e.owner()):
		return false
	}
	base, _ := e.path.Base()
	return !base.HasElem() // each may have its own element
}

// alone reports whether an access neither waits for its turn nor is the first to
// come.
func alone(e published) bool {
	return len(e.waited.drop(isOnce)) == 0 && !e.onceOver()
}

// isOnce reports whether a path is the end of a sync.Once.
func isOnce(p effect.Path) bool { return strings.HasSuffix(p.Sel, onceMark) }
