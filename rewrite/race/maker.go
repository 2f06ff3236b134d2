package race

import (
	"maps"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
	"github.com/go-fixer/fixer/rewrite/model"
)

// judgeMakers finds what functions of the API do, without any lock, to a package
// variable that nobody expects behind them: who makes an object, or asks for a
// random number, need not know of others who do so at the same time.
//
//	func NewClient() *Client { all = append(all, c); nextID++; ... }
func (ps *pairs) judgeMakers() {
	for _, field := range slices.Sorted(maps.Keys(ps.entries)) {
		if len(ps.found[field]) > 0 || ps.m.guards[field] != "" {
			continue
		}
		list := ps.entries[field]
		if slices.ContainsFunc(list, func(e published) bool { return len(e.must) > 0 }) {
			continue // who takes a lock for it, and who forgets that, is counted elsewhere
		}
		for _, e := range list {
			if ps.makesAlone(e, list) {
				ps.add(field, pair{a: e.side, b: e.side, made: true})
				break
			}
		}
	}
}

// makesAlone reports whether an access is one of a function that makes objects, or
// draws random numbers, to a variable of a package that others import.
func (ps *pairs) makesAlone(e published, list []published) bool {
	f := e.entry
	switch {
	case e.path.Root.Kind != effect.Global, f.Test, e.fn.Test, f.Recv != "" && e.called == "", f.Parent != "", !ps.m.public[f.Pkg]:
		return false
	case e.thread != 0, e.konst, len(e.held) > 0, len(f.entry.may) > 0, e.entry.Serial, e.excused():
		return false
	case len(e.waited) > 0, byGate(e.access, e.access), e.onceOver():
		return false // it waits for its turn, or comes once
	case e.called != "": // unless it sorts what it has added to, as who registers something does
		return e.op == rewrite.WriteElem && !slices.ContainsFunc(list, func(o published) bool {
			return o.entry == f && o.op == rewrite.Write && o.path.Root == e.path.Root
		})
	case !model.Makes(f.Key):
		return false
	}
	// It adds to what is there: sets it in view of itself.
	return e.op == rewrite.Write && slices.ContainsFunc(list, func(r published) bool {
		return r.entry == f && r.fn == e.fn && r.path == e.path && !r.writes()
	})
}
