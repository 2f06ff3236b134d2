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
	m.wanted = maps.Clone(m.watch)
	for _, key := range o.Places {
		m.wanted[key] = true
	}
	note := func(p effect.Path) {
		if key := objectKey(p); m.cands[key] {
			m.wanted[key] = true
		}
	}
	seen := make(map[*function]bool)
	var visit func(f *function)
	visit = func(f *function) {
		if f == nil || seen[f] {
			return
		}
		seen[f] = true
		f.each(func(e *effect.Event) {
			watchFields(m.wanted, m.structs, e.Whole, 0)
			note(e.Path)
			for _, a := range e.Args {
				note(a.Path)
			}
		})
		for _, g := range f.runs {
			if !o.Near || g.Parent != "" {
				visit(g)
			}
		}
	}
	for _, key := range o.Funcs {
		visit(m.funcs[key])
	}
	maps.DeleteFunc(m.cands, func(key string, _ bool) bool { return !m.wanted[key] })
}

// closeBy leaves out the tests that a near focus does not name, of groups of functions:
// they are half of a module, and call most of the rest. They do nothing, as far as others
// can tell.
func (m *Module) closeBy(o *Focus, groups [][]*function) [][]*function {
	if o == nil || !o.Near || len(m.watch) > 0 {
		return groups
	}
	needed := make(map[*function]bool)
	var visit func(f *function)
	visit = func(f *function) {
		if f == nil || needed[f] {
			return
		}
		needed[f] = true
		for _, g := range f.runs {
			visit(g)
		}
	}
	for _, key := range slices.Concat(o.Funcs, o.Tests) {
		visit(m.funcs[key])
	}
	for _, f := range m.order {
		if !f.Test {
			visit(f)
		}
	}
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

// Judges reports whether races were looked for on all of some places.
func (m *Module) Judges(places []string) bool {
	return m.wanted == nil || !slices.ContainsFunc(places, func(key string) bool { return !m.wanted[key] })
}
