package race

import (
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// variable returns the variable a path of the function starts at; the zero
// one for roots that are none.
func (f *function) variable(r effect.Root) effect.Variable {
	var list []effect.Variable
	switch r.Kind {
	case effect.Local:
		list = f.Locals
	case effect.Param:
		list = f.Inputs
	case effect.Free:
		list = f.Frees
	case effect.Result: // what a variable is set to once
		for _, v := range f.Locals {
			if v.Holds.Path == (effect.Path{Root: r}) {
				return v
			}
		}
	}
	if r.N < len(list) {
		return list[r.N]
	}
	return effect.Variable{}
}

// field returns the key of the last field on a path that the module declares;
// fields of other modules' types belong to what holds them.
func (m *Module) field(p effect.Path) string {
	for base, sel := p.Base(); sel != ""; base, sel = base.Base() {
		if _, declared := m.lock[sel]; declared {
			return sel
		}
	}
	return ""
}

// placeOf returns the key of the place that memory belongs to: a field, else
// the variable at which the path starts.
func (m *Module) placeOf(f *function, p effect.Path) string {
	if field := m.field(p); field != "" {
		return field
	}
	if p.Root.Kind == effect.Global {
		return p.Root.Key
	}
	return f.variable(p.Root).Key
}

// place returns the key of the place at which two accesses meet. An object
// that one function makes and shares with its own literals only is that
// function's variable, whatever its type.
func (w *walk) place(a, b *access) string {
	p := a.path
	if len(b.path.Sel) < len(p.Sel) {
		p = b.path
	}
	key := w.placeKey(p, a, b)
	if v := w.f.variable(p.Root); v.Key == key {
		w.addVariable(v, p.Root)
	}
	return key
}

func (w *walk) placeKey(p effect.Path, a, b *access) string {
	elsewhere := func(o *access) bool { return o.path == p && !w.within(o.fn) }
	if p.Root.Kind == effect.Local && w.within(a.fn) && w.within(b.fn) && !w.leaked[p.Root] && !slices.ContainsFunc(w.sum.accesses, elsewhere) {
		return w.f.variable(p.Root).Key
	}
	return w.m.placeOf(w.f, p)
}

// addVariable notes all accesses to a variable of a frame, once.
func (w *walk) addVariable(v effect.Variable, r effect.Root) {
	w.wrong = w.wrong || w.leftOut[r]
	if slices.ContainsFunc(w.out.variables, func(o raced) bool { return o.variable.Key == v.Key }) {
		return
	}
	o := raced{variable: v}
	for _, a := range w.sum.accesses {
		if a.path.Root == r && !(a.fn == w.f && w.m.watches(w.f, v.Key)) { // see addRaw
			o.raw = append(o.raw, newRaw(w.f, a, false))
		}
	}
	w.out.variables = append(w.out.variables, o)
}

// within reports whether a function is the frame's own or a literal in it.
func (w *walk) within(f *function) bool {
	for ; f != nil; f = w.m.funcs[f.Parent] {
		if f == w.f {
			return true
		}
	}
	return false
}

// settled reports whether memory is that of a package variable which is only
// read once packages are initialised: nothing can race with that, and whole
// programs read it.
func (m *Module) settled(p effect.Path) bool {
	return p.Root.Kind == effect.Global && !m.unsettled[p.Root.Key] && !strings.Contains(p.Sel, ";"+effect.Deref)
}

// racy reports whether memory could be raced on at all, as far as its last
// field tells.
func (m *Module) racy(p effect.Path) bool {
	field := p.Field()
	if field == "" {
		field = p.Root.Key
	}
	if field == "" || strings.HasPrefix(field, ".") {
		return true
	}
	return m.cands[field] && !m.lock[field]
}

// proper lists the accesses to a field itself. Those to fields of a library's
// structs that it leads to are counted with it, since nothing else here has a
// name; they say nothing of it where other locks are held at them, or none.
func (m *Module) proper(field string) []*raw {
	guards := make(keys)
	for _, r := range m.raw[field] {
		if !m.beyond(field, r) {
			guards = merge(guards, r.locks())
		}
	}
	return slices.DeleteFunc(slices.Clone(m.raw[field]), func(r *raw) bool {
		if !m.beyond(field, r) {
			return false
		}
		for k := range r.locks() {
			if _, ok := guards[k]; ok {
				return false
			}
		}
		return true
	})
}

// beyond reports whether an access is to a field of a library's struct that a
// field leads to.
func (m *Module) beyond(field string, r *raw) bool {
	_, declared := m.lock[field]
	last := r.path.Field()
	return declared && last != field && strings.Contains(last, ".")
}
