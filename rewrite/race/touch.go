package race

import (
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// Two accesses race only if one of them changes the place, and one is in a
// goroutine that the frame starts. Of objects that callers don't know, most
// places are only ever read there, or only by the frame itself: such accesses are
// left out before any work is done for them. What becomes of a place is guessed
// from the summaries of what is called; where that proves wrong, the frame is
// summarised again without the guess.

// touches is what is done, by the numbers of fields: see Module.number.
type touches struct {
	fields  bits // accessed
	changed bits // changed
	covers  bits // accessed with all they hold
	unnamed bool // something that has no field is changed
	vague   bool // something that has no field covers what it holds
}

func (t *touches) union(u *touches) {
	t.fields, t.changed, t.covers = t.fields.union(u.fields), t.changed.union(u.changed), t.covers.union(u.covers)
	t.unnamed, t.vague = t.unnamed || u.unnamed, t.vague || u.vague
}

// note adds an access to a place.
func (t *touches) note(place int, changes, covers bool) {
	if place == 0 {
		t.unnamed, t.vague = t.unnamed || changes, t.vague || covers
		return
	}
	t.fields = t.fields.with(place)
	if changes {
		t.changed = t.changed.with(place)
	}
	if covers {
		t.covers = t.covers.with(place)
	}
}

// knows reports whether an access was noted.
func (t *touches) knows(a *access) bool {
	if a.place == 0 {
		return t.vague || !a.covers
	}
	return t.fields.has(a.place) && (!a.changes() || t.changed.has(a.place)) && (!a.covers || t.vague || t.covers.has(a.place))
}

// touching sums up what a function does itself, and what the goroutines do that
// it starts.
func (s *summary) touching() {
	for _, a := range s.accesses {
		if a.thread > 0 {
			s.beside.note(a.place, a.changes(), a.covers)
		}
		s.all.note(a.place, a.changes(), a.covers)
	}
}

// joins notes what a callee does, and that its goroutines run beside the frame,
// and the callee itself if it runs in one. What has no field there may have one
// here.
func (w *walk) joins(b binding, thread bool) {
	if b.sum == nil || w.record {
		return
	}
	beside := &b.sum.beside
	if thread {
		beside = &b.sum.all
	}
	w.touched.union(beside)
	w.does.union(&b.sum.all)
	if started := thread || len(b.sum.threads) > 0; started || b.sum.all.unnamed {
		for i := range b.args {
			w.joined(b.args[i].Path, started, b.sum.all.unnamed)
		}
		for _, p := range b.free {
			w.joined(p, started, b.sum.all.unnamed)
		}
	}
}

// joined notes that a callee was given what a path names.
func (w *walk) joined(p effect.Path, started, changes bool) {
	n := w.m.number(w.resolve(p))
	if n == 0 {
		return
	}
	w.does.note(n, changes, false)
	if started {
		w.touched.note(n, changes, false)
	}
}

// foresee notes what the frame will do itself.
func (w *walk) foresee() {
	if len(w.sum.threads) == 0 || w.entire {
		return
	}
	w.f.each(func(e *effect.Event) {
		p := w.resolve(e.Path)
		changes := e.Op.Writes() || e.Op == rewrite.Atomic && !e.Loads
		w.does.note(w.m.number(p), changes, e.Covers)
		if e.Whole != "" {
			w.does.union(w.m.parts(e.Whole, changes))
		}
	}, effect.Access, effect.Show)
}

// needless reports whether a callee's access is to an object that callers don't
// know, and to a place that is not both changed and accessed in a goroutine
// here. Where nobody calls the frame, as tests and main, that is every object, but for
// package variables while other tests run.
func (w *walk) needless(in *frameOf, names *namings, a *access) bool {
	if a.place == 0 || a.covers || w.entire || w.touched.fields.has(a.place) && w.does.changed.has(a.place) {
		return false
	}
	root, own := w.ownRoot(names, a)
	if !own && (!w.f.onTop() || root.Kind == effect.NoRoot || root.Kind == effect.Global && (a.parallel || in.s.parallel)) {
		return false
	}
	others, thread := &w.touched, in.number(a.thread)
	if thread > 0 {
		others = &w.does
	}
	switch {
	case others.vague:
		return false
	case len(others.covers) > 0 && (w.covered(names.b.known(a.path.Root), others) || w.covered(a.path, others)):
		return false
	case thread > 0 && w.sum.threads[thread-1].home == w.f && !w.keepsToItself(root):
		return false // others may meet it
	}
	if w.leftOut == nil {
		w.leftOut = make(map[effect.Root]bool)
	}
	w.leftOut[root] = true
	return true
}

// ownRoot is what a callee's path starts at in the frame, if callers don't know
// that.
func (w *walk) ownRoot(names *namings, a *access) (effect.Root, bool) {
	to := names.b.known(a.path.Root)
	renamed := to.Root.Kind == effect.Local && to.Sel == "" && strings.HasPrefix(a.path.Sel, ";"+effect.Deref) || len(w.results[to.Root].shares) > 0
	if renamed && !outside(to.Root) { // a name for something else, perhaps
		to = names.of(a).path
	}
	return to.Root, to.Root.Kind != effect.NoRoot && !outside(to.Root)
}

// onTop reports whether nobody in the module runs a function, and of others only go
// test or the runtime.
func (f *function) onTop() bool { return !f.run && f.Parent == "" && (f.Test || !f.Exported) }

// keepsToItself reports whether nobody but the frame and its goroutines has an
// object.
func (w *walk) keepsToItself(r effect.Root) bool {
	if r.Kind != effect.Local || !w.f.Locals[r.N].Fresh {
		return false
	}
	return lazily(&w.itsOwn, r, func() bool { return !w.leaves(r) })
}

// check compares an access with what was guessed.
func (w *walk) check(a *access) {
	if len(w.sum.threads) > 0 && (!w.does.knows(a) || a.thread > 0 && !w.touched.knows(a)) {
		w.wrong = true
	}
}

// known is what a callee's root is in the frame: the binding is resolved.
func (b binding) known(r effect.Root) effect.Path {
	switch {
	case r.Kind == effect.Param && r.N < len(b.args):
		return b.args[r.N].Path
	case r.Kind == effect.Free && r.N < len(b.free):
		return b.free[r.N]
	}
	return effect.Path{}
}

// number numbers the last field of a path; 0 if it has none that could race.
func (m *Module) number(p effect.Path) int { return m.numbers[lasting(p)] }

// covered reports whether a path goes through a field that others access with all
// it holds.
func (w *walk) covered(p effect.Path, others *touches) bool {
	for base, sel := p.Base(); sel != ""; base, sel = base.Base() {
		if others.covers.has(w.m.numbers[sel]) {
			return true
		}
	}
	return false
}

// parts is what an access to all fields of a struct touches.
func (m *Module) parts(key string, changes bool) *touches {
	t := new(touches)
	m.addParts(t, key, changes, 0)
	return t
}

func (m *Module) addParts(t *touches, key string, changes bool, depth int) {
	s := m.structs[key]
	if s == nil || depth > 3 {
		return
	}
	for _, f := range s.Fields {
		if f.Lock || f.Atomic {
			continue
		}
		if n := m.numbers[f.Key]; n != 0 {
			t.note(n, changes, true)
		}
		if f.Struct != "" {
			m.addParts(t, f.Struct, changes, depth+1)
		}
	}
}
