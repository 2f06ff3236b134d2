package race

import (
	"slices"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// A function that ends something has an idle way if a member tells it that there is
// nothing to end: it was ended before, or has never begun. There it waits for nobody,
// since nobody is there to wait for.
//
//	if !s.running.CompareAndSwap(true, false) {
//		return
//	}
//	close(s.quit)
//	<-s.done
//
// So what it waits for on its other ways is over behind all of them.

// An awaited is what was waited for on all of some ways; idle if all of them are.
type awaited struct {
	counts counts
	idle   bool
}

// and is what was waited for on those ways and others.
func (a awaited) and(b awaited) awaited {
	switch {
	case a.idle == b.idle:
		return awaited{a.counts.least(b.counts), a.idle}
	case a.idle:
		return b
	}
	return a
}

func (s state) awaited() awaited { return awaited{s.waited, s.idle} }

// A way is one way out of a block.
type way struct{ block, edge int }

type ways map[way]bool

func (s *ways) add(block, edge int) {
	if *s == nil {
		*s = make(ways)
	}
	(*s)[way{block, edge}] = true
}

// idleWays lists the ways out of tests that are idle, once it is known what the function
// sets.
func (w *walk) idleWays() ways {
	if !w.awaits {
		return nil
	}
	var out ways
	own := w.setsItself()
	over := func(f fact) bool { return w.overAlready(f, own) }
	for i := range w.f.Blocks {
		for _, c := range w.f.Blocks[i].Conds {
			if slices.ContainsFunc(w.tells(c), over) {
				out.add(i, c.Edge)
			}
			if c.Polled && c.Case && w.closesItself(c.Path) {
				out.add(i, c.Edge)
			}
			if c.Sets != "" && c.Sets != c.Is && over(fact{path: w.resolve(c.Path), is: c.Is, not: true}) {
				out.add(i, 1-c.Edge) // it was not swapped
			}
		}
	}
	return out
}

// tells lists what a test tells of members, whoever may change them.
func (w *walk) tells(c effect.Cond) facts {
	switch {
	case c.Is == "":
		return nil
	case c.Path.Root.Kind == effect.Result && c.Path.Sel == "":
		for _, a := range w.answers[c.Path.Root] {
			if a.value == c.Is && !c.Not {
				return a.tells
			}
		}
		return nil
	}
	return facts{{path: w.resolve(c.Path), is: c.Is, not: c.Not}}
}

// overAlready reports whether what is known of a member means that there is nothing to end:
// the function itself sees to it by what it sets, or only who starts goroutines sets it to
// another value.
func (w *walk) overAlready(f fact, sets []fact) bool {
	if !outside(f.path.Root) {
		return false
	}
	begins := func(value string) bool { return value == effect.Unsure || f.fails(value) }
	own := false
	for _, s := range sets {
		if s.path != f.path {
			continue
		}
		if begins(s.is) {
			return false
		}
		own = true
	}
	s := w.m.settings[objectKey(f.path)]
	if s == nil {
		return own
	}
	begun := false
	for _, by := range s.all {
		if !begins(by.value) {
			continue
		}
		if by.spawned || !own && !by.starts { // it may come later than what it tells of
			return false
		}
		begun = true
	}
	return own || begun
}

// closesItself reports whether the function closes a channel that it finds closed there.
func (w *walk) closesItself(ch effect.Path) bool {
	ch = w.resolve(ch)
	closes := false
	w.f.each(func(e *effect.Event) {
		closes = closes || e.Op == rewrite.Close && outside(ch.Root) && w.resolve(e.Path) == ch
	}, effect.Signal)
	return closes
}

// setsItself lists what the function sets, and its callees.
func (w *walk) setsItself() []fact {
	out := slices.Clip(w.sum.sets)
	for i := range w.f.Blocks {
		for _, c := range w.f.Blocks[i].Conds {
			if c.Sets != "" {
				out = append(out, fact{path: w.resolve(c.Path), is: c.Sets})
			}
		}
	}
	return out
}
