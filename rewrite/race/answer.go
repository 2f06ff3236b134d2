package race

import (
	"slices"
	"strconv"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// An answer is what is known when a call has returned a value.
type answer struct {
	index  int    // of the result; -1 for whatever it returns
	value  string // it is
	facts  facts
	tells  facts // that a test tells, whoever may change what it is of
	known  bool
	left   bits    // threads that may run then; once it is known in a caller, those that don't
	waited awaited // for, by then
}

// tests notes what is known where a test that the function's result follows from came
// out in one way or the other.
func (w *walk) tests(e *effect.Event, s state) {
	if w.outcomes == nil {
		w.outcomes = make(map[int]outcome)
	}
	test := fact{path: w.resolve(e.Path), is: e.Is, not: e.Not}
	note := func(id int, f fact) {
		w.outcomes[id] = outcome{w.told(effect.Cond{Path: e.Path, Is: f.is, Not: f.not}, s).facts, facts{f}}
	}
	note(e.ID, test)
	note(-e.ID, test.opposite())
}

// An outcome is what is known where a test came out in one way: for good, and of what it
// is of, whoever may change that.
type outcome struct{ facts, tells facts }

// implied is what is known if a result has a value, by the tests it follows from.
func (w *walk) implied(e *effect.Event, a *answer) outcome {
	for _, f := range e.Follows {
		if f.Result != a.index || strconv.FormatBool(f.Value) != a.value {
			continue
		}
		out := w.outcomes[f.Tests[0]]
		for _, id := range f.Tests[1:] {
			o := w.outcomes[id]
			out = outcome{out.facts.meet(o.facts), out.tells.meet(o.tells)}
		}
		out.facts = w.unlocked(out.facts)
		return out
	}
	return outcome{}
}

// passedOn is what is known if a result has a value that is the result of a call.
func (w *walk) passedOn(e *effect.Event, a *answer) facts {
	if a.index < 0 || a.index >= len(e.Results) {
		return nil
	}
	p := e.Results[a.index].Path
	for _, o := range w.answers[p.Root] {
		if p.Sel == "" && o.value == a.value {
			return w.unlocked(o.facts)
		}
	}
	return nil
}

// answering notes what is known at a return.
func (w *walk) answering(e *effect.Event, s state) {
	known := w.unlocked(s.facts)
	if len(known)+len(s.live) == 0 && w.returns == 0 && len(w.f.Blocks) == 1 && len(e.Follows)+len(w.answers) == 0 {
		return
	}
	if w.sum.answers == nil {
		w.sum.answers = []answer{{index: -1}}
		for i := range e.Answers {
			for _, v := range []string{"true", "false", "nil", "!nil"} {
				w.sum.answers = append(w.sum.answers, answer{index: i, value: v})
			}
		}
	}
	for i := range w.sum.answers {
		a := &w.sum.answers[i]
		if a.index >= 0 && e.Answers[a.index] != "" && e.Answers[a.index] != a.value {
			continue
		}
		implied, waited := w.implied(e, a), s.awaited()
		here, tells := implied.facts.union(w.passedOn(e, a)).union(known), implied.tells
		if a.known {
			here, tells, waited = a.facts.meet(here), a.tells.meet(tells), a.waited.and(waited)
		}
		a.facts, a.tells, a.waited, a.known, a.left = here, tells, waited, true, a.left.union(s.live)
	}
}

// learns notes what is known after a call, by what it returns: of the goroutines that it
// may have left, too.
//
//	if err := c.write(b); err != nil { // it closes c, in a goroutine of its own
//		return err
//	}
func (w *walk) learns(e *effect.Event, b binding, base int, s state) state {
	for _, c := range b.sum.sets {
		if p, ok := b.path(c.path); ok {
			w.resets(p, c.is)
			if c.ofVariable() {
				c.is = effect.Unsure // on some way
			}
			s = w.sets(s, p, c.is)
		}
	}
	for _, a := range b.sum.answers {
		list, tells := b.facts(a.facts).under(s.must), b.facts(a.tells)
		if a.index < 0 {
			s.facts = list.union(s.facts)
			continue
		}
		r := effect.Root{Kind: effect.Result, N: e.ID, I: a.index}
		if i := slices.IndexFunc(w.answers[r], func(o answer) bool { return o.value == a.value }); i >= 0 {
			o := &w.answers[r][i]
			o.left = o.left.less(s.live) // an earlier turn may have left some
			o.waited.counts = o.waited.counts.least(w.waitedBy(b, a, s))
			continue
		}
		var never bits
		if a.known {
			never = b.sum.left.less(a.left).shift(base - 1).less(s.live)
		}
		waited := w.waitedBy(b, a, s)
		if len(list)+len(tells)+len(never)+len(waited) == 0 {
			continue
		}
		if w.answers == nil {
			w.answers = make(map[effect.Root][]answer)
		}
		w.answers[r] = append(w.answers[r], answer{index: a.index, value: a.value, facts: list, tells: tells, left: never, waited: awaited{counts: waited}})
	}
	return s
}

// waitedBy is what was waited for by the end of a call that returned something, where that
// is more than it waits for anyway.
func (w *walk) waitedBy(b binding, a answer, s state) counts {
	var more counts
	for _, c := range a.waited.counts {
		if !c.loads() && c.n > b.sum.waited.of(c.path) {
			more = append(more, c)
		}
	}
	out := w.waitedIn(b, more)
	for i, c := range out {
		out[i].n = sum(s.waited.of(c.path), c.n)
	}
	return out
}
