package race

import (
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// A latch is a member that is tested under a lock, and set there if it was not
// set yet: who comes first makes something, all others find it made, and go on
// without the lock.
//
//	c.mu.Lock()
//	if c.conn == nil {
//		c.conn = dial()
//	}
//	c.mu.Unlock()
//	c.conn.Send(m)
//
// What the first one does behind the test comes before all that anybody does who
// has seen, under the lock, that it is set. The marks tell the two from each
// other, as facts.
const (
	behindLatch = " unset"
	pastLatch   = " set"
)

// latches reports whether a fact is never true again once the member is set: all
// that it is set to, as far as that is known, differs. What is not known is taken
// to differ from nothing.
func (m *Module) latches(f fact) bool {
	s := m.settings[objectKey(f.path)]
	if s == nil {
		return false
	}
	differs := !f.not && slices.Contains([]string{"nil", `""`, "0", "false"}, f.is)
	for _, v := range s.values {
		switch {
		case v == effect.Unsure:
		case !f.fails(v):
			return false
		default:
			differs = true
		}
	}
	return differs
}

// latched adds what a test of a member tells of a latch. It takes the lock, or the
// lock of the callers: see facts.under.
func (w *walk) latched(f fact, s state) state {
	if f.path.Root.Kind == effect.NoRoot || len(s.must) == 0 && !w.f.calledLocked {
		return s
	}
	switch {
	case w.m.latches(f.opposite()):
		s.facts = s.facts.with(fact{path: marked(f.path, pastLatch), passed: true, alone: len(s.must) == 0})
	case w.m.latches(f):
		s.facts = s.facts.with(fact{path: marked(f.path, behindLatch), alone: !s.must.exclusive()})
	}
	return s
}

// latch notes that the first one has set a member.
func (s state) latch(p effect.Path) state {
	if i := s.facts.index(marked(p, behindLatch)); i >= 0 {
		s.facts = s.facts.with(fact{path: marked(p, pastLatch), passed: true, alone: s.facts[i].alone})
	}
	return s
}

// opposite is what is known on the other branch of a test.
func (f fact) opposite() fact {
	if other := effect.Opposite(f.is); other != "" {
		f.is = other
	} else {
		f.not = !f.not
	}
	return f
}

// ofLatch reports whether a fact is one of a latch, and not of the member itself.
func (f fact) ofLatch() bool {
	return strings.HasSuffix(f.path.Sel, behindLatch) || strings.HasSuffix(f.path.Sel, pastLatch)
}

// afterLatch reports whether one of two facts is of who comes first, and one of
// who comes later to the same latch.
func afterLatch(f, g fact) (of, like effect.Path, ok bool) {
	if f.alone || g.alone {
		return of, like, false
	}
	for _, marks := range [][2]string{{behindLatch, pastLatch}, {pastLatch, behindLatch}} {
		if strings.HasSuffix(f.path.Sel, marks[0]) && strings.HasSuffix(g.path.Sel, marks[1]) {
			p, _ := f.path.Base()
			q, _ := g.path.Base()
			return p, q, true
		}
	}
	return of, like, false
}
