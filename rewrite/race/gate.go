package race

import (
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// A gate lets who comes first through: a member is tested and set in one step,
// under a lock or by CompareAndSwap, to a value with which the test fails. What
// is behind it happens once for an object, or not again before who sets the
// member back has waited for its end. So of two that got there by different
// calls, one came before the other. Without a lock that holds for the calls of
// one goroutine alone.

// A fact is what is known of a member: by a test, and for as long as the lock is
// held under which it was made.
type fact struct {
	path   effect.Path
	is     string // the value it has; or, separated by |, those it has not
	not    bool
	passed bool // it was set since to what the next test fails with
	alone  bool // tested without a lock: of use to one goroutine
}

// facts is an immutable set of facts, one for each member.
type facts []fact

func (s facts) index(p effect.Path) int {
	return slices.IndexFunc(s, func(f fact) bool { return f.path == p })
}

func (s facts) with(f fact) facts {
	if i := s.index(f.path); i >= 0 {
		s = slices.Clone(s)
		s[i] = f
		return s
	}
	return with(s, f)
}

// meet keeps what both say.
func (s facts) meet(t facts) facts {
	if len(s) == 0 || len(t) == 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(s), func(f fact) bool { return !slices.Contains(t, f) })
}

func (s facts) equal(t facts) bool {
	return len(s) == len(t) && !slices.ContainsFunc(s, func(f fact) bool { return !slices.Contains(t, f) })
}

// union is what either says, the first where both do, unless that is of use to
// one goroutine alone.
func (s facts) union(t facts) facts {
	for _, f := range t {
		if i := s.index(f.path); i < 0 || s[i].alone && !f.alone {
			s = s.with(f)
		}
	}
	return s
}

// ofOne reports whether a fact is of use to one goroutine alone.
func (f fact) ofOne() bool { return f.alone }

func (s facts) anyAlone() bool { return slices.ContainsFunc(s, fact.ofOne) }

// shared drops what is of use to one goroutine alone.
func (s facts) shared() facts {
	if !s.anyAlone() {
		return s
	}
	return slices.DeleteFunc(slices.Clone(s), fact.ofOne)
}

// lasting leaves out what a goroutine alone knows of latches, where no caller has a lock
// by which others know it, too: code that asks for many members on its way has hundreds of
// ways to a place, all different by that.
func (s facts) lasting() facts {
	lone := func(f fact) bool { return f.alone && f.ofLatch() }
	if !slices.ContainsFunc(s, lone) {
		return s
	}
	return slices.DeleteFunc(slices.Clone(s), lone)
}

// under is what tests tell that were made while the caller held locks.
func (s facts) under(l locks) facts {
	if !l.exclusive() {
		return s
	}
	return s.together()
}

// together says of tests that were made without a lock that all callers held one.
func (s facts) together() facts {
	if !s.anyAlone() {
		return s
	}
	out := slices.Clone(s)
	for i := range out {
		out[i].alone = false
	}
	return out
}

// fails reports whether a test that told a fact fails once the member has a
// value.
func (f fact) fails(value string) bool {
	if value == effect.Unsure {
		return false
	}
	return f.not == slices.Contains(strings.Split(f.is, "|"), value)
}

// gates reports whether a fact once passed stays so: nobody sets the member back
// without waiting for what is behind the gate.
func (m *Module) gates(f fact) bool {
	s := m.settings[objectKey(f.path)]
	return s != nil && slices.ContainsFunc(s.values, f.fails) && !slices.ContainsFunc(s.alone, func(v string) bool { return !f.fails(v) }) &&
		!slices.Contains(s.values, effect.Unsure)
}

// lasts reports whether a member that has a value has it for good.
func (m *Module) lasts(f fact) bool {
	s := m.settings[objectKey(f.path)]
	return s != nil && !f.not && !slices.ContainsFunc(s.values, func(v string) bool { return v != f.is })
}

// told adds what a test tells.
func (w *walk) told(c effect.Cond, s state) state {
	if c.Path.Root.Kind == effect.Result && c.Path.Sel == "" {
		for _, a := range w.answers[c.Path.Root] {
			if a.value == c.Is && !c.Not {
				s.facts = a.facts.union(s.facts)
				s.live, s.now = s.live.less(a.left), s.now.less(a.left)
				for _, c := range a.waited.counts {
					s.waited = s.waited.most(counts{c})
					s = w.settle(s, c.path, s.waited.of(c.path))
				}
			}
		}
		return s
	}
	f := fact{path: w.resolve(c.Path), is: c.Is, not: c.Not}
	if f.ofVariable() {
		f.alone = true
		s.facts = s.facts.with(f)
		return s
	}
	s = w.latched(f, s)
	locked := s.must.exclusive()
	if i := s.facts.index(f.path); i >= 0 && !(locked && s.facts[i].alone) {
		if old := s.facts[i]; old.passed || !old.not {
			return s
		} else if f.not && !strings.Contains("|"+old.is+"|", "|"+f.is+"|") {
			list := append(strings.Split(old.is, "|"), f.is)
			slices.Sort(list)
			f.is = strings.Join(list, "|")
		}
	}
	switch {
	case f.path.Root.Kind == effect.NoRoot || w.m.settings[objectKey(f.path)] == nil:
	case c.Sets != "":
		s = w.swaps(s, f, c.Sets)
		if f.passed = f.fails(c.Sets); f.passed && w.m.gates(f) {
			s.facts = s.facts.with(f)
		}
	case w.m.lasts(f) && len(s.must) > 0, locked && (f.not || w.m.gates(f)):
		s.facts = s.facts.with(f)
	case len(s.must) == 0 && w.m.gates(f):
		f.alone = true
		s.facts = s.facts.with(f)
	}
	return s
}

// sets notes that a member is set.
func (w *walk) sets(s state, p effect.Path, value string) state {
	if f := (fact{path: p, is: value, alone: true}); f.ofVariable() && value != effect.Unsure {
		s.facts = s.facts.with(f)
		return s
	}
	s = w.setsBack(s.latch(p), p)
	i := s.facts.index(p)
	if i < 0 {
		return s
	}
	f := s.facts[i]
	switch {
	case f.passed && f.fails(value):
	case f.fails(value) && w.m.gates(f) && (f.alone || s.must.exclusive()):
		f.passed = true
		s.facts = s.facts.with(f)
		w.passing = w.passing.with(f)
	default:
		s.facts = slices.Delete(slices.Clone(s.facts), i, i+1)
	}
	return s
}

// unlocked drops what is known only while a lock is held.
func (w *walk) unlocked(s facts) facts {
	drop := func(f fact) bool { return !f.passed && !f.ofVariable() && !(f.alone && f.ofGate()) && !w.m.lasts(f) }
	if !slices.ContainsFunc(s, drop) {
		return s
	}
	return slices.DeleteFunc(slices.Clone(s), drop)
}

// carried is what a goroutine has passed that starts now, or is about to be
// passed under the lock that is held.
func (w *walk) carried(s facts) facts {
	var out facts
	for _, f := range s {
		if !f.passed {
			f.passed = true
			if !slices.Contains(w.passing, f) {
				continue
			}
		}
		out = append(out, f)
	}
	return out
}

func (b binding) facts(s facts) facts {
	var out facts
	for _, f := range s {
		if p, ok := b.path(f.path); ok {
			f.path = p
			out = append(out, f)
		}
	}
	return out
}

// reach says what is known at a callee's access, below the frame and in it.
func (l *lens) reach(a *scene) (past, here facts) {
	if len(a.past)+len(a.here) > 0 {
		past = a.here.union(a.past)
		if l.own {
			past = past.under(l.in.s.must)
		}
		if !l.b.w.f.calledLocked {
			past = past.lasting()
		}
		past = l.in.b.facts(past)
		if l.in.thread != 0 {
			past = past.shared()
		}
	}
	if here = l.in.s.facts; !l.own || l.in.thread != 0 {
		here = l.b.w.carried(here)
	}
	return past, here
}

// resets notes for callers that a member is set on some way.
func (w *walk) resets(p effect.Path, value string) {
	f := fact{path: p, is: value}
	if outside(p.Root) && (len(w.sum.sets) < maxSets || f.ofGate()) && !slices.Contains(w.sum.sets, f) {
		w.sum.sets = append(w.sum.sets, f)
	}
}

// maxSets bounds the members a summary says are set.
const maxSets = 50

// gatesOf lists what is known of gates, of those that stay closed once passed.
func (w *walk) gatesOf(s facts) facts {
	var out facts
	for _, f := range s {
		if !f.ofVariable() && !f.ofChannel() && !f.ofLatch() && w.m.gates(f) {
			out = append(out, f)
		}
	}
	return out
}

// foundOpen reports whether who started a thread, and may have started another one before,
// found a gate open that is closed once the other one is started.
func (t *thread) foundOpen(other *thread) bool {
	return slices.ContainsFunc(t.behind, func(f fact) bool {
		return !f.passed && slices.ContainsFunc(other.behind, func(g fact) bool {
			return g.passed && f.path == g.path && f.is == g.is && f.not == g.not
		})
	})
}

// apartByGate reports whether one of two accesses came before the other, since
// both are behind a gate, in different calls of what is, or one behind the end of a
// count of references.
func apartByGate(a, b *access, p, q facts, same func(f, g effect.Path) bool) bool {
	if a.behindLast() || b.behindLast() {
		return true
	}
	rooted := func(f fact, x *access) bool { return f.path.Root.Kind == effect.Global || f.path.Root == x.path.Root }
	for _, f := range p {
		for _, g := range q {
			if x, y, ok := afterLatch(f, g); ok && rooted(f, a) && rooted(g, b) && same(x, y) {
				return true
			}
			if !f.ofChannel() && !f.ofLatch() && f.is == g.is && f.not == g.not && (f.passed || g.passed) && rooted(f, a) && rooted(g, b) && same(f.path, g.path) {
				return true
			}
		}
	}
	return false
}

// oneAfterTheOther reports so of two accesses in one frame, by gates below it.
func oneAfterTheOther(a, b *access) bool {
	return apartByGate(a, b, a.past, b.past, func(f, g effect.Path) bool { return f == g })
}

// signalledOnce reports whether a is behind a gate that lets one goroutine through,
// and b has waited for a signal that comes after it: there is no other that gives
// one.
func signalledOnce(a, b *access) bool {
	past := func(f fact) bool { return f.passed && !f.ofLatch() && !f.ofChannel() && f.path.Root == a.path.Root }
	return slices.ContainsFunc(a.past, past) && slices.ContainsFunc(b.waited, func(c count) bool { return counts(a.before).of(c.path) > 0 })
}

// byGate reports so of accesses that meet through the API of a type.
func byGate(a, b *access) bool {
	return apartByGate(a, b, a.here.union(a.past).shared(), b.here.union(b.past).shared(), func(f, g effect.Path) bool {
		return f.Root.Kind != effect.Global && g.Root.Kind != effect.Global && f.Field() == g.Field() || f == g
	})
}

// afterSetting reports whether a knows that a member has the value that the
// function of b, which holds the lock, sets it to for good.
func (m *Module) afterSetting(a, b *access) bool {
	return slices.ContainsFunc(a.here, func(f fact) bool {
		s := m.settings[objectKey(f.path)]
		return s != nil && !f.not && !f.passed && m.lasts(f) && slices.ContainsFunc(s.all, func(by setter) bool { return by.fn == b.fn && by.value == f.is })
	})
}
