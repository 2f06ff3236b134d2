package race

import (
	"slices"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// A setting is all that the module sets a member to, other than who makes its
// object.
type setting struct {
	values []string
	alone  []string        // those set by a function that neither waits for an end nor is one
	late   []setter        // those set by literals
	by     map[string]bool // the functions that do, followed by the value
}

// A setter is a function that sets a member to a value.
type setter struct {
	fn    *function
	value string
}

// findSettings looks for what members are set to.
func (m *Module) findSettings() {
	buffered := m.bufferedFields()
	for _, f := range m.order {
		if f.Test {
			continue
		}
		waits := f.waitsForEnd(buffered)
		set := func(p effect.Path, key, value string) {
			if r := p.Root; key == "" || f.initial() || r.Kind == effect.Local && f.Locals[r.N].Fresh {
				return
			}
			s := m.settings[key]
			if s == nil {
				s = &setting{by: make(map[string]bool)}
				m.settings[key] = s
			}
			s.by[f.Key+" "+value] = true
			s.values = append(s.values, value)
			switch {
			case waits:
			case f.Parent != "":
				s.late = append(s.late, setter{f, value})
			default:
				s.alone = append(s.alone, value)
			}
		}
		f.each(func(e *effect.Event) {
			switch {
			case e.Kind == effect.Set:
				set(e.Path, objectKey(e.Path), e.Is)
			case e.Op == rewrite.Address:
				set(e.Path, objectKey(e.Path), effect.Unsure)
			case e.Op.Writes() && m.structs[e.Whole] != nil:
				for _, field := range m.structs[e.Whole].Fields {
					set(e.Path, field.Key, effect.Unsure)
				}
			}
		}, effect.Set, effect.Access)
	}
	for _, s := range m.settings {
		for _, l := range s.late {
			if !m.setsBack(l, s) {
				s.alone = append(s.alone, l.value)
			}
		}
		for _, list := range []*[]string{&s.values, &s.alone} {
			slices.Sort(*list)
			*list = slices.Compact(*list)
		}
	}
}

// bufferedFields finds the fields that hold channels which may have a buffer.
func (m *Module) bufferedFields() map[string]bool {
	buffered := make(map[string]bool)
	for _, f := range m.order {
		f.each(func(e *effect.Event) {
			if len(e.Args) == 0 {
				return
			}
			if r := e.Args[0].Path.Root; r.Kind != effect.Local || f.Locals[r.N].Cap != 1 {
				buffered[e.Path.Field()] = true
			}
		}, effect.Keep)
	}
	return buffered
}

// chains reports whether a method returns its receiver, for the next call of one:
// so objects are made.
func (f *function) chains() bool {
	chained, other := false, false
	f.each(func(e *effect.Event) {
		if e.Kind == effect.Return {
			own := f.Recv != "" && slices.ContainsFunc(e.Results, func(v effect.Value) bool { return v.Path.Root == effect.Root{Kind: effect.Param} && v.Path.Sel == "" })
			chained, other = chained || own, other || !own
		}
	})
	return chained && !other
}

// setsBack reports whether a literal sets a member back at the end of what the
// function around it has set it for.
func (m *Module) setsBack(l setter, s *setting) bool {
	for f := m.funcs[l.fn.Parent]; f != nil; f = m.funcs[f.Parent] {
		if slices.ContainsFunc(s.values, func(v string) bool { return v != l.value && s.by[f.Key+" "+v] }) {
			return true
		}
	}
	return false
}

// waitsForEnd reports whether a function waits for something that may be the end
// of a goroutine: it receives, or sends where somebody must receive, or waits
// for a group.
func (f *function) waitsForEnd(buffered map[string]bool) bool {
	found := false
	f.each(func(e *effect.Event) {
		if e.Op == rewrite.Atomic || len(e.Either) > 0 {
			return
		}
		found = found || !e.Send || e.Path.Field() != "" && !buffered[e.Path.Field()]
	}, effect.Wait)
	return found
}
