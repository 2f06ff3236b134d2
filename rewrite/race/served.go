package race

import (
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
	"github.com/go-fixer/fixer/rewrite/model"
)

// judgeServed finds what a method changes that a server calls for each request,
// each time in a goroutine of its own: that is what the method is for, whoever
// registers the object.
func (ps *pairs) judgeServed() {
	served := make(map[string][]published)
	for field, entries := range ps.entries {
		for _, e := range entries {
			if model.Answers(e.entry.Key) {
				f := e.entry
				e.ctx = rewrite.Context{Start: f.At.Span(), Func: f.Name, Runs: f.Name, Many: true, Request: true}
				served[field] = append(served[field], e)
			}
		}
	}
	ps.withItself(served, func(string) func(published) bool { return ps.perRequest })
}

// perRequest reports whether an access is a write to the object itself that
// serves requests, and nothing keeps those of two requests apart.
func (ps *pairs) perRequest(e published) bool {
	switch {
	case e.op != rewrite.Write && e.op != rewrite.WriteElem, e.konst, e.whole, !ps.m.isEntry(e.entry):
		return false
	case e.path.Root != effect.Root{Kind: effect.Param}, e.index != "", ps.m.unstable(e.path):
		return false
	case len(e.must) > 0, ps.m.excludes(e.held, e.held), byGate(e.access, e.access):
		return false
	case len(e.waited.drop(isOnce)) > 0, slices.ContainsFunc(e.before, func(c count) bool { return isOnce(c.path) }):
		return false // it waits for its turn, or is the first to come
	case e.entry.onNew():
		return false // the module calls it on new objects only
	case e.entry.Serial, e.excused(), ps.m.single(e.owner()):
		return false
	}
	base, _ := e.path.Base()
	return !base.HasElem() // each may have its own element
}

// isOnce reports whether a path is the end of a sync.Once.
func isOnce(p effect.Path) bool { return strings.HasSuffix(p.Sel, onceMark) }
