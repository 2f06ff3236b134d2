package race

import (
	"maps"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
	"github.com/go-fixer/fixer/rewrite/model"
)

// judgeEvents finds what the goroutines race on that a method starts anew for
// each thing it is given: those of two calls run at once.
func (ps *pairs) judgeEvents() {
	ps.withItself(ps.threads, func(field string) func(published) bool {
		return func(p published) bool { return ps.perEvent(field, p) }
	})
}

// withItself pairs, for each field without a pair, the first access that races
// with another run of itself. What that takes is asked for once a field.
func (ps *pairs) withItself(by map[string][]published, races func(field string) func(published) bool) {
	for _, field := range slices.Sorted(maps.Keys(by)) {
		if len(ps.found[field]) > 0 {
			continue
		}
		if i := slices.IndexFunc(by[field], races(field)); i >= 0 {
			p := by[field][i]
			ps.add(field, pair{a: p.side, b: p.side})
		}
	}
}

// perEvent reports whether an access is a write to a field of the receiver, in
// a goroutine for what a method is given. That several may come at once is told
// by a lock of the receiver that the method or the goroutine takes.
func (ps *pairs) perEvent(field string, p published) bool {
	f, own := p.frame, p.frame.Recv+"."
	switch {
	case p.op != rewrite.Write && p.op != rewrite.WriteElem, p.konst, p.runs == nil, p.runs.sum == nil:
		return false
	case !strings.HasPrefix(field, own), p.path.Root != effect.Root{Kind: effect.Param}, strings.ContainsAny(p.index, "?p"):
		return false
	case !ps.m.isEntry(f), model.Starts(f.Key), !f.handsOn(p.ctx.Start):
		return false
	case len(p.waited) > 0, ps.m.excludes(p.held, p.held), ps.m.unstable(p.path):
		return false
	}
	if base, _ := p.path.Base(); base.HasElem() {
		return false // each may have its own element
	}
	takes := func(g *function) bool {
		return slices.ContainsFunc(g.sum.takes, func(h held) bool { return strings.HasPrefix(h.key(g), own) })
	}
	return takes(f) || takes(p.runs)
}

// handsOn reports whether a go statement of a method gives the goroutine what
// the method is given, contexts apart.
func (f *function) handsOn(start rewrite.Span) bool {
	given := func(p effect.Path) bool {
		switch p.Root.Kind {
		case effect.Param:
			return p.Root.N > 0 && f.Inputs[p.Root.N].Name != "ctx"
		case effect.Local:
			name := f.Locals[p.Root.N].Name
			return name != "ctx" && slices.ContainsFunc(f.Inputs[1:], func(v effect.Variable) bool { return v.Name == name })
		}
		return false
	}
	found := false
	f.each(func(e *effect.Event) {
		if e.Kind == effect.Go && e.At.Span() == start {
			found = slices.ContainsFunc(e.Fn.Bind, given) || slices.ContainsFunc(e.Args, func(v effect.Value) bool { return given(v.Path) })
		}
	})
	return found
}
