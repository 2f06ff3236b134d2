package race

import (
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// lastMark marks, as a fact, that a count of references has come to its end.
// Whoever finds that has the object for itself: all others have given theirs back
// before, and are done with it.
const lastMark = " last"

// firstMark marks, likewise, that a count is at its beginning: one caller finds that,
// and what it does happens once.
const firstMark = " first"

// lastOf adds that the last reference is given back. Without an atomic number that
// takes a lock, or the lock of the callers: see facts.under.
func (w *walk) lastOf(c effect.Cond, s state) state {
	if p := w.resolve(c.Path); p.Root.Kind != effect.NoRoot {
		s.facts = s.facts.with(fact{path: marked(p, lastMark), passed: true, alone: c.Plain && !s.must.exclusive()})
	}
	return s
}

// firstOf adds that a count is at its beginning. Without an atomic number, the
// function counts under a lock, or its callers hold one.
func (w *walk) firstOf(c effect.Cond, s state) state {
	if p := w.resolve(c.Path); p.Root.Kind != effect.NoRoot {
		locks := s.must.exclusive() || w.f.has.has(effect.Lock)
		s.facts = s.facts.with(fact{path: marked(p, firstMark), passed: true, alone: c.Plain && !locks})
	}
	return s
}

// behindLast reports whether an access is one of those who have given the last
// reference back.
func (a *access) behindLast() bool {
	is := func(f fact) bool { return !f.alone && strings.HasSuffix(f.path.Sel, lastMark) }
	return slices.ContainsFunc(a.past, is) || slices.ContainsFunc(a.here, is)
}
