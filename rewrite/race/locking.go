package race

import (
	"cmp"
	"slices"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// findCalledLocked marks the functions that may be called while a lock is held, as far as
// that can be told before they are summarised: those that a function calls that takes one,
// or that are handed to what calls them there. What a goroutine alone knows of a member is
// of use to others only by a lock of its callers: see facts.under. Tests seldom hold locks
// of the code.
func (m *Module) findCalledLocked() {
	var mark func(f *function)
	mark = func(f *function) {
		if !f.calledLocked {
			f.calledLocked = true
			m.calls(f, mark)
		}
	}
	taking := make(map[*function]bool)
	for _, f := range m.order {
		taking[f] = !f.Test && m.takesLocks(f)
	}
	for _, f := range m.order {
		if taking[f] || slices.ContainsFunc(f.runs, func(g *function) bool { return taking[g] && g.leavesLocked() }) {
			m.calls(f, mark)
		}
	}
	for marked := true; marked; {
		marked = false
		known := make(map[*function]bool)
		locked := func(g *function) bool { return m.runsLocked(g, taking, known) }
		for _, f := range m.order {
			if f.Test {
				continue
			}
			some := false // of what it calls
			f.each(func(e *effect.Event) {
				if len(e.Args) == 0 && f.has&kindsOf(effect.Keep) == 0 || !m.anyBehind(e, locked) {
					return
				}
				some = true
				for _, a := range e.Args {
					if h := m.funcs[a.Func]; h != nil && !h.calledLocked {
						mark(h)
						marked = true
					}
				}
			}, effect.Call)
			if some {
				m.keptIn(f, func(h *function) {
					if !h.calledLocked {
						mark(h)
						marked = true
					}
				})
			}
		}
	}
}

// calls lists the functions that a function may call, those that it hands over included,
// and goroutines that release a lock which they have not taken.
func (m *Module) calls(f *function, yield func(*function)) {
	f.each(func(e *effect.Event) {
		g := m.funcs[e.Fn.Func]
		if e.Kind == effect.Go {
			if g != nil && g.has&kindsOf(effect.Unlock) != 0 && g.has&kindsOf(effect.Lock) == 0 {
				yield(g)
			}
			return
		}
		for _, v := range append(slices.Clip(e.Args), e.Fn) {
			if h := m.funcs[v.Func]; h != nil {
				yield(h)
			}
		}
		for _, h := range m.behind(e) {
			yield(h)
		}
	}, effect.Call, effect.Once, effect.Go)
	m.keptIn(f, yield)
}

// keptIn lists the functions that a function puts into fields and variables.
func (m *Module) keptIn(f *function, yield func(*function)) {
	f.each(func(e *effect.Event) {
		if g := m.funcs[e.Fn.Func]; g != nil {
			yield(g)
		}
	}, effect.Keep)
	for _, v := range f.Locals {
		if g := m.funcs[v.Holds.Func]; g != nil {
			yield(g)
		}
	}
}

// anyBehind asks of the functions that an event may run, but for those handed to them.
func (m *Module) anyBehind(e *effect.Event, is func(*function) bool) bool {
	if g := m.funcs[e.Fn.Func]; g != nil && is(g) {
		return true
	}
	return slices.ContainsFunc(m.behind(e), is)
}

// runsLocked reports whether a function may call what it is given while a lock is held:
// itself, or by what it hands it to.
func (m *Module) runsLocked(f *function, taking, known map[*function]bool) bool {
	out, seen := known[f]
	if seen {
		return out
	}
	known[f] = false // of those that call each other, one tells
	given := func(v effect.Value) bool {
		return v.Func == "" && (v.Path.Root.Kind == effect.Param || v.Path.Root.Kind == effect.Free)
	}
	f.each(func(e *effect.Event) {
		switch {
		case out:
		case e.Fn.Func == "" && e.Method == "":
			out = taking[f] || f.calledLocked
		case slices.ContainsFunc(e.Args, given), slices.ContainsFunc(e.Args, func(v effect.Value) bool { return len(v.Bind) > 0 }):
			out = m.anyBehind(e, func(g *function) bool { return m.runsLocked(g, taking, known) })
		}
	}, effect.Call)
	for _, g := range f.runs {
		out = out || g.Parent == f.Key && m.runsLocked(g, taking, known)
	}
	known[f] = out
	return out
}

// takesLocks reports whether a function takes a lock, or what may serve as one.
func (m *Module) takesLocks(f *function) bool {
	if len(f.itsLocks()) > 0 {
		return true
	}
	found, literal := false, false
	var sends, receives paths
	channels := func(p effect.Path, send bool, _ effect.Pos) {
		if _, ok := m.tokens[cmp.Or(objectKey(p), f.channel(p))]; ok {
			found = true
		} else if f.holdsOne(p) && send {
			sends = sends.add(p)
		} else if f.holdsOne(p) {
			receives = receives.add(p)
		}
	}
	f.transfers(channels)
	f.each(func(e *effect.Event) {
		if g := m.funcs[e.Fn.Func]; g != nil && g.Parent == f.Key {
			g.transfers(func(effect.Path, bool, effect.Pos) { literal = true })
		}
	}, effect.Call)
	return found || literal || slices.ContainsFunc(sends, receives.has)
}

// itsLocks lists the locks that a function itself takes.
func (f *function) itsLocks() []effect.Path {
	var out []effect.Path
	f.each(func(e *effect.Event) { out = append(out, e.Path) }, effect.Lock, effect.Once)
	for i := range f.Blocks {
		for _, c := range f.Blocks[i].Conds {
			if c.Mode != 0 || c.Sets != "" {
				out = append(out, c.Path)
			}
		}
	}
	return out
}

// leavesLocked reports whether a function that takes locks may leave one held.
func (f *function) leavesLocked() bool {
	taken := f.itsLocks()
	f.each(func(e *effect.Event) {
		taken = slices.DeleteFunc(taken, func(p effect.Path) bool { return p == e.Path })
	}, effect.Unlock, effect.Once)
	return len(taken) > 0 || f.has&kindsOf(effect.Lock, effect.Once) == 0
}
