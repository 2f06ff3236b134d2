package race

import (
	"maps"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// Options say how Link goes about it.
type Options struct {
	// Dismissed, if not nil, is told of each two accesses that conflict and do
	// not race as far as one activation of one function tells, and why.
	Dismissed func(a, b rewrite.Span, why string)
	// Watch names places of which accesses are kept even where nothing races;
	// see the function Watch.
	Watch []string
	// Focus, if not nil, is all that is to be judged.
	Focus *Focus
}

// A Focus tells the fields and package variables that races are looked for on
// from all others. Most of the time that Link takes, it takes for accesses, and a
// change to a few functions has to do with few of them. Locks and goroutines are
// judged all the same, and so are variables of functions.
type Focus struct {
	Funcs  []string // keys of functions: what they, and all that they run, get to
	Near   bool     // of Funcs only what they name themselves, and of tests only what Tests says
	Tests  []string // keys of those that are looked at, with all that they run
	Places []string // keys of fields and package variables
}

// focus forgets candidates that are not in a focus.
func (m *Module) focus(o *Focus) {
	if o == nil {
		return
	}
	m.look = *o
	m.wanted = maps.Clone(m.watch)
	for _, key := range o.Places {
		m.wanted[key] = true
	}
	note := func(p effect.Path) {
		if key := objectKey(p); m.cands[key] {
			m.wanted[key] = true
		}
	}
	gotTo := reachable(m.named(o.Funcs), func(f *function) []*function {
		if !o.Near {
			return f.runs
		}
		return slices.DeleteFunc(slices.Clone(f.runs), func(g *function) bool { return g.Parent == "" })
	})
	for f := range gotTo {
		f.each(func(e *effect.Event) {
			watchFields(m.wanted, m.structs, e.Whole, 0)
			note(e.Path)
			for _, a := range e.Args {
				note(a.Path)
			}
		})
	}
	maps.DeleteFunc(m.cands, func(key string, _ bool) bool { return !m.wanted[key] })
}

// named lists the functions with some keys, of those that the module has.
func (m *Module) named(keys []string) (list []*function) {
	for _, key := range keys {
		if f := m.funcs[key]; f != nil {
			list = append(list, f)
		}
	}
	return list
}

// reachable finds what leads on from functions, with these themselves.
func reachable(from []*function, next func(f *function) []*function) map[*function]bool {
	out := make(map[*function]bool)
	var visit func(list []*function)
	visit = func(list []*function) {
		for _, f := range list {
			if !out[f] {
				out[f] = true
				visit(next(f))
			}
		}
	}
	visit(from)
	return out
}

// closeBy leaves out the tests that a near focus does not name, of groups of functions:
// they are half of a module, and call most of the rest. They do nothing, as far as others
// can tell.
func (m *Module) closeBy(o *Focus, groups [][]*function) [][]*function {
	if o == nil || !o.Near || len(m.watch) > 0 {
		return groups
	}
	looked := m.named(slices.Concat(o.Funcs, o.Tests))
	for _, f := range m.order {
		if !f.Test {
			looked = append(looked, f)
		}
	}
	needed := reachable(looked, func(f *function) []*function { return f.runs })
	return slices.DeleteFunc(groups, func(group []*function) bool {
		if needed[group[0]] {
			return false
		}
		for _, f := range group {
			f.sum = &summary{}
		}
		close(group[0].solved)
		return true
	})
}

// maxTests is how many tests Tests lists for one place: hundreds may do the same.
const maxTests = 4

// Tests lists some tests in which places are seen to race, by key: of those places that
// are not seen to race without tests.
func (m *Module) Tests(places []string) []string {
	var tests []string
	for _, key := range places {
		shown := m.pairs.found[key]
		if slices.ContainsFunc(shown, func(p pair) bool { return !p.a.frame.Test && !p.b.frame.Test }) {
			continue
		}
		for i := 0; i < len(shown) && i < maxTests; i++ {
			for _, f := range []*function{shown[i].a.frame, shown[i].b.frame} {
				if f.Test {
					tests = append(tests, f.Key)
				}
			}
		}
	}
	return tests
}

// Places lists what races were looked for on: fields and package variables, by
// key.
func (m *Module) Places() []string {
	if m.wanted == nil {
		return slices.Sorted(maps.Keys(m.cands))
	}
	return slices.Sorted(maps.Keys(m.wanted))
}

// Focus is what another state of the module is to be linked with for as close a look:
// the same places, in the same tests.
func (m *Module) Focus() *Focus {
	return &Focus{Near: m.look.Near, Tests: m.look.Tests, Places: m.Places()}
}

// Judges reports whether the module was linked with as close a look as a focus gives, at
// all of its places at least.
func (m *Module) Judges(f *Focus) bool {
	return m.wanted == nil || (!m.look.Near || f.Near && slices.Equal(m.look.Tests, f.Tests)) &&
		!slices.ContainsFunc(f.Places, func(key string) bool { return !m.wanted[key] })
}
