package race

import (
	"strings"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// What a frame's own goroutine does to objects that callers don't know matters
// only where the goroutines it starts touch the same. Most tests, and most of
// what they call, never do: such accesses are left out before any work is done
// for them. Which places the goroutines touch is guessed from their summaries;
// where that proves wrong, the frame is summarised again without the guess.

// touches is what goroutines do, by the numbers of fields: see Module.number.
type touches struct {
	fields bits // accessed
	covers bits // accessed with all they hold
	vague  bool // something that has no field covers what it holds
}

func (t *touches) union(u touches) {
	t.fields, t.covers, t.vague = t.fields.union(u.fields), t.covers.union(u.covers), t.vague || u.vague
}

func (t *touches) note(a *access) {
	if a.place != 0 {
		t.fields = t.fields.with(a.place)
	}
	switch {
	case !a.covers:
	case a.place != 0:
		t.covers = t.covers.with(a.place)
	default:
		t.vague = true
	}
}

// touching sums up what a function does itself, and what the goroutines do that
// it starts.
func (s *summary) touching() {
	for _, a := range s.accesses {
		if a.thread > 0 {
			s.beside.note(a)
		}
		s.all.note(a)
	}
}

// joins notes that a callee's goroutines run beside the frame, and the callee
// itself if it runs in one. What has no field there may have one here.
func (w *walk) joins(b binding, thread bool) {
	if b.sum == nil || w.record {
		return
	}
	if thread {
		w.touched.union(b.sum.all)
	} else {
		w.touched.union(b.sum.beside)
	}
	if !thread && len(b.sum.threads) == 0 {
		return
	}
	for i := range b.args {
		w.touched.fields = w.touched.fields.with(w.m.number(w.resolve(b.args[i].Path)))
	}
	for _, p := range b.free {
		w.touched.fields = w.touched.fields.with(w.m.number(w.resolve(p)))
	}
}

// needless reports whether a callee's access by the frame's own goroutine is to
// an object that callers don't know, and that no goroutine touches there. The
// binding is resolved.
func (w *walk) needless(b binding, a *access) bool {
	if a.place == 0 || a.covers || w.entire || w.touched.vague || w.touched.fields.has(a.place) {
		return false
	}
	to := b.known(a.path.Root)
	if to.Root.Kind == effect.NoRoot || outside(to.Root) {
		return false
	}
	if to.Root.Kind == effect.Local && to.Sel == "" && strings.HasPrefix(a.path.Sel, ";"+effect.Deref) {
		return false // a name for something else, perhaps
	}
	if w.shared[to.Root] != nil || len(w.results[to.Root].shares) > 0 {
		return false // a copy, which may have something in common with what callers know
	}
	if len(w.touched.covers) > 0 && (w.covered(to) || w.covered(a.path)) {
		return false
	}
	if w.leftOut == nil {
		w.leftOut = make(map[effect.Root]bool)
	}
	w.leftOut[to.Root] = true
	return true
}

// check compares an access in a goroutine with what was guessed.
func (w *walk) check(a *access) {
	t := &w.touched
	if a.place != 0 && !t.fields.has(a.place) || a.covers && !t.vague && (a.place == 0 || !t.covers.has(a.place)) {
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

// covered reports whether a path goes through a field that goroutines access
// with all it holds.
func (w *walk) covered(p effect.Path) bool {
	for base, sel := p.Base(); sel != ""; base, sel = base.Base() {
		if w.touched.covers.has(w.m.numbers[sel]) {
			return true
		}
	}
	return false
}
