package race

import (
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite/effect"
	"github.com/go-fixer/fixer/rewrite/model"
)

// maxImpls is how many types may be behind an interface before a call through
// it says nothing about any of them.
const maxImpls = 4

// behind lists the methods that a call through an interface of the module may
// run: those of the types that implement it. Of a call of a variable, these are the
// functions it may hold.
func (m *Module) behind(e *effect.Event) []*function {
	var list []*function
	for _, v := range e.OneOf {
		if g := m.funcs[v.Func]; g != nil {
			list = append(list, g)
		}
	}
	if list != nil {
		return list
	}
	if e.Method == "" {
		return nil
	}
	return m.impls[called{e.Method, e.Iface}]
}

// front lists those of them that a function calls which doesn't belong to them.
func (m *Module) front(f *function, e *effect.Event) []*function {
	list := m.behind(e)
	if front := m.fronts[called{e.Method, e.Iface}]; len(front) > 0 && !slices.Contains(list, f) {
		return front
	}
	return list
}

// lockedOnes lists the methods behind an interface of types that have a lock, if one
// of them is there to take it for the others: it calls the same method through the
// same interface. Whoever knows only the interface has one of these.
func (m *Module) lockedOnes(c called) []*function {
	list := m.impls[c]
	if ofType(c.method) || len(list) < 2 {
		return nil
	}
	takes := func(g *function) bool { return m.ownsLock(g.Recv) }
	wraps := func(g *function) bool {
		found := false
		g.each(func(e *effect.Event) { found = found || e.Method == c.method && e.Iface == c.iface }, effect.Call)
		return found && takes(g)
	}
	if !slices.ContainsFunc(list, wraps) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(list), func(g *function) bool { return !takes(g) })
}

// A called is a method called through an interface: see effect.Event.
type called struct{ method, iface string }

// findImpls finds what is behind all calls through interfaces, once and for
// all: functions are summarised several at once.
func (m *Module) findImpls() {
	for _, f := range m.order {
		f.each(func(e *effect.Event) {
			if e.Method == "" {
				return
			}
			key := called{e.Method, e.Iface}
			if _, known := m.impls[key]; !known {
				m.impls[key] = m.implementing(e)
				m.fronts[key] = m.lockedOnes(key)
			}
		}, effect.Call, effect.Go, effect.Once)
	}
}

func (m *Module) implementing(e *effect.Event) []*function {
	switch e.Method {
	case effect.Converted:
		return m.converted(e.Iface)
	case effect.Declared:
		return slices.DeleteFunc(m.converted(e.Iface), func(f *function) bool { return f.Parent != "" })
	}
	var list, presented, meant []*function
	all := strings.Split(strings.TrimSuffix(e.Iface, ";"), ";")
	for _, t := range m.types {
		if slices.ContainsFunc(all, func(sig string) bool { return t.Methods[sig] == "" }) || model.Double(t.Key) {
			continue
		}
		if g := m.funcs[t.Methods[e.Method]]; g != nil && !g.Test {
			list = append(list, g)
			if m.presented[t.Key] {
				presented = append(presented, g)
			}
			if m.shows(t.Key, e.Iface, all) {
				meant = append(meant, g)
			}
		}
	}
	switch { // that a type happens to have such methods is not meant
	case len(meant) > 0:
		list = meant
	case len(presented) > 0:
		list = presented
	}
	if len(list) > maxImpls {
		return nil
	}
	return list
}

// shows reports whether values of a type become those of an interface: it is one that they
// are made, or has a part of its methods, or may be asserted of any other.
func (m *Module) shows(key, iface string, methods []string) bool {
	if m.asserted[iface] {
		return m.presented[key]
	}
	return slices.ContainsFunc(m.shownAs[key], func(other string) bool {
		has := strings.Split(other, ";")
		return !slices.ContainsFunc(methods, func(sig string) bool { return !slices.Contains(has, sig) })
	})
}

// ofType reports whether a call is of a value of a function type, and not of a method.
func ofType(method string) bool { return method == effect.Converted || method == effect.Declared }

// maxConverted is the same for functions converted to a function type.
const maxConverted = 40

// converted lists the functions that are converted to a function type.
func (m *Module) converted(to string) []*function {
	var list []*function
	for _, s := range m.sums {
		for _, key := range s.Conversions[to] {
			if f := m.funcs[key]; f != nil && !slices.Contains(list, f) {
				list = append(list, f)
			}
		}
	}
	if len(list) > maxConverted {
		return nil
	}
	return list
}
