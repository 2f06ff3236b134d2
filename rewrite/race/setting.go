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
	alone  []string // those set by a function that neither waits for an end nor is one, nor takes back what it has set
	late   []setter // those set by literals
	all    []setter
}

// A setter is a function that sets a member to a value.
type setter struct {
	fn      *function
	value   string
	starts  bool // goroutines, or calls what does
	spawned bool // it is what a goroutine runs
}

// findSettings looks for what members are set to.
func (m *Module) findSettings() {
	starts, spawned := m.starting(), make(map[string]bool)
	for _, f := range m.order {
		f.each(func(e *effect.Event) { spawned[e.Fn.Func] = true }, effect.Go)
	}
	for _, f := range m.order {
		if f.Test {
			continue
		}
		waits := f.waitsForEnd(m.room)
		set := func(e *effect.Event, key, value string) {
			p := e.Path
			if r := p.Root; key == "" || f.initial() || r.Kind == effect.Local && f.Locals[r.N].Fresh {
				return
			}
			s := m.settings[key]
			if s == nil {
				s = &setting{}
				m.settings[key] = s
			}
			s.values, s.all = append(s.values, value), append(s.all, setter{f, value, starts(f), spawned[f.Key]})
			switch {
			case waits, e.Kind == effect.Set && f.takesBack(e):
			case f.Parent != "":
				s.late = append(s.late, setter{fn: f, value: value})
			default:
				s.alone = append(s.alone, value)
			}
		}
		f.each(func(e *effect.Event) {
			switch {
			case e.Kind == effect.Set:
				set(e, objectKey(e.Path), e.Is)
			case e.Op == rewrite.Address:
				set(e, objectKey(e.Path), effect.Unsure)
			case e.Op.Writes() && m.structs[e.Whole] != nil:
				for _, field := range m.structs[e.Whole].Fields {
					set(e, field.Key, effect.Unsure)
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

// takesBack reports whether a function sets a member to what it was before the
// function itself set it, with nothing started in between or after that: it has
// failed to begin what the member stands for.
func (f *function) takesBack(back *effect.Event) bool {
	took, starts := false, false
	f.each(func(e *effect.Event) {
		took = took || e.Kind == effect.Set && e.Path == back.Path && e.Is != back.Is && f.leads(e, back)
		starts = starts || e.Kind == effect.Go && (f.leads(e, back) || f.leads(back, e))
	}, effect.Set, effect.Go)
	return took && !starts
}

// leads reports whether an event may come after another one in the same call.
func (f *function) leads(from, to *effect.Event) bool {
	seen := make([]bool, len(f.Blocks))
	var visit func(block, i int) bool
	visit = func(block, i int) bool {
		for events := f.Blocks[block].Events; i < len(events); i++ {
			if &events[i] == to {
				return true
			}
		}
		for _, next := range f.Blocks[block].Succs {
			if next >= 0 && !seen[next] {
				if seen[next] = true; visit(next, 0) {
					return true
				}
			}
		}
		return false
	}
	for b := range f.Blocks {
		for i := range f.Blocks[b].Events {
			if &f.Blocks[b].Events[i] == from {
				return visit(b, i+1)
			}
		}
	}
	return false
}

// findRoom notes, of fields that hold channels, what effect.Variable.Cap says of those
// that are put into them; -1 if they differ, or one is not made there.
func (m *Module) findRoom() {
	m.room = make(map[string]int)
	for _, f := range m.order {
		f.each(func(e *effect.Event) {
			if len(e.Args) == 0 || e.Path.HasElem() {
				return
			}
			room := m.roomOf(f, e.Args[0].Path.Root)
			if old, known := m.room[e.Path.Field()]; known && old != room {
				room = -1
			}
			m.room[e.Path.Field()] = room
		}, effect.Keep)
	}
}

// roomOf is effect.Variable.Cap of a channel that a function makes, or gets from one
// that makes it and does nothing else; -1 for others.
func (m *Module) roomOf(f *function, r effect.Root) int {
	switch r.Kind {
	case effect.Local:
		return f.Locals[r.N].Cap
	case effect.Result:
		room := -1
		f.each(func(e *effect.Event) {
			g := m.funcs[e.Fn.Func]
			if e.ID != r.N || g == nil || len(g.Blocks) > 1 {
				return
			}
			g.each(func(e *effect.Event) {
				if r.I < len(e.Results) && e.Results[r.I].Path.Root.Kind == effect.Local {
					room = g.Locals[e.Results[r.I].Path.Root.N].Cap
				}
			}, effect.Return)
		}, effect.Call)
		return room
	}
	return -1
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
		if slices.ContainsFunc(s.all, func(other setter) bool { return other.fn == f && other.value != l.value }) {
			return true
		}
	}
	return false
}

// waitsForEnd reports whether a function waits for something that may be the end
// of a goroutine: it receives, or sends where somebody must receive, or waits
// for a group.
func (f *function) waitsForEnd(room map[string]int) bool {
	unbuffered := func(field string) bool {
		n, known := room[field]
		return !known || n == 1
	}
	found := false
	f.each(func(e *effect.Event) {
		if e.Op == rewrite.Atomic || len(e.Either) > 0 {
			return
		}
		found = found || !e.Send || e.Path.Field() != "" && unbuffered(e.Path.Field())
	}, effect.Wait)
	return found
}
