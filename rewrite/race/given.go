package race

import "github.com/go-fixer/fixer/rewrite/effect"

// A given is a parameter of a function that holds more than a field of a struct
// that it leads to: a map, a slice, or what a pointer to a plain value refers to.
type given struct {
	fn *function
	n  int
}

// changedGiven marks the fields and package variables of which what they hold
// is handed to a function that changes it, as set.add(k) changes a map: the
// function itself names none.
func (m *Module) changedGiven() {
	takers := make(map[given][]given) // who hands a parameter of his own on
	var work []given
	changed := make(map[given]bool)
	note := func(g given) {
		if !changed[g] {
			changed[g] = true
			work = append(work, g)
		}
	}
	for _, f := range m.order {
		f.each(func(e *effect.Event) {
			switch n, ok := bareParam(e.Path); {
			case e.Kind == effect.Access:
				if ok && e.Op.Writes() {
					note(given{f, n})
				}
			default:
				if g := m.funcs[e.Fn.Func]; g != nil {
					for i, a := range e.Args {
						if n, ok := bareParam(a.Path); ok {
							takers[given{g, i}] = append(takers[given{g, i}], given{f, n})
						}
					}
				}
			}
		}, effect.Access, effect.Call, effect.Go)
	}
	for ; len(work) > 0; work = work[1:] {
		for _, g := range takers[work[0]] {
			note(g)
		}
	}
	for _, f := range m.order {
		f.each(func(e *effect.Event) {
			g := m.funcs[e.Fn.Func]
			for i, a := range e.Args {
				if r := a.Path.Root; changed[given{g, i}] && (r.Kind != effect.Local || !f.Locals[r.N].Fresh) {
					m.candidate(f, a.Path)
				}
			}
		}, effect.Call, effect.Go)
	}
}

// bareParam is the parameter that a path starts at, if it names no field.
func bareParam(p effect.Path) (n int, ok bool) {
	return p.Root.N, p.Root.Kind == effect.Param && p.Field() == ""
}
