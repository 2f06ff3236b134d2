package race

import (
	"slices"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// export drops from the summary what means nothing to callers.
func (w *walk) export() {
	s := w.sum
	s.left = w.left
	surplus := w.surplus()
	s.accesses = slices.DeleteFunc(s.accesses, func(a *access) bool { return a.later || !outside(a.path.Root) || surplus[a.thread] })
	inside := func(p effect.Path) bool {
		_, returned := s.made[p.Root]
		return !outside(p.Root) && p.Root.Kind != effect.Either && !returned
	}
	s.sends, s.waited = s.sends.drop(inside), s.waited.drop(inside)
	w.findClosers()
	s.links = s.linking(inside)
	unknown := func(p effect.Path) bool { return inside(p) && !s.links[p.Root] }
	s.relays = slices.DeleteFunc(s.relays, func(r *relay) bool {
		r.waits = r.waits.drop(unknown)
		return unknown(r.path) || surplus[r.thread]
	})
	s.pending = slices.DeleteFunc(s.pending, func(p *pending) bool { return surplus[p.thread] })
	for i, r := range s.results {
		if !outside(r.path.Root) {
			s.results[i].path = effect.Path{}
		}
	}
	keep := make([]bool, len(s.threads)+1)
	mark := func(t int) {
		for ; t > 0; t = s.threads[t-1].parent {
			keep[t] = true
		}
	}
	for _, a := range s.accesses {
		mark(a.thread)
	}
	for _, p := range s.pending {
		mark(p.thread)
	}
	for _, r := range s.relays {
		mark(r.thread)
	}
	s.limit(w.f)
	w.only(keep)
	s.touching()
	s.number(len(w.ids))
}

// limit drops objects of which there are too many.
func (s *summary) limit(f *function) {
	n := maxSignals
	if f.together > 1 {
		n = maxSignalsRecursive
	}
	s.sends, s.waited, s.takes = s.sends.first(n), s.waited.first(n), s.takes[:min(n, len(s.takes))]
	for _, d := range s.pending {
		d.state.signaled, d.state.waited, d.after = d.state.signaled.first(n), d.state.waited.first(n), d.after.first(n)
	}
}

// linking lists the WaitGroups of the function's own by which what its goroutines
// do comes before what others tell its callers, and what functions that it returns
// wait for and signal: callers can't name them, and yet must know.
//
//	go func() { defer wg.Done(); *n = 1 }()
//	go func() { wg.Wait(); close(done) }()
func (s *summary) linking(inside func(effect.Path) bool) map[effect.Root]bool {
	var links map[effect.Root]bool
	link := func(c count) {
		if !inside(c.path) || c.path.Root.I >= maxLinked {
			return
		}
		if links == nil {
			links = make(map[effect.Root]bool)
		}
		links[c.path.Root] = true
	}
	waits := func(thread int, c counts) {
		for _, e := range c {
			if thread != 0 && e.n == many {
				link(e)
			}
		}
	}
	for _, r := range s.results {
		for _, c := range r.closer.all() {
			link(c)
		}
	}
	for _, r := range s.relays {
		waits(r.thread, r.waits)
	}
	for _, d := range s.pending {
		waits(d.thread, d.state.waited)
	}
	return links
}

// number numbers anew the paths that are left of some.
func (s *summary) number(of int) {
	ids := make([]int, of)
	for _, a := range s.accesses {
		if ids[a.id] == 0 {
			s.paths++
			ids[a.id] = s.paths
		}
		a.id = ids[a.id] - 1
	}
}

func (w *walk) leave(e *effect.Event, s state) {
	if !w.record {
		return
	}
	for i, v := range e.Results {
		w.later(e, i, v, s)
	}
	w.leaks(e, s)
	w.answering(e, s)
	w.returns++
	w.sum.kept = w.sum.kept.union(s.must)
	w.sum.given = w.sum.given.union(s.given)
	w.left = w.left.union(s.live)
	if w.returns == 1 {
		w.sum.acquired, w.behind = s.must, s.awaited()
	} else {
		w.sum.acquired, w.behind = w.sum.acquired.meet(s.must), w.behind.and(s.awaited())
	}
	w.sum.waited = w.behind.counts
	for i, v := range e.Results {
		w.returnsLiteral(i, v)
		r := result{path: w.resolve(v.Path)}
		if r.path.Root.Kind == effect.NoRoot {
			if i < len(w.sum.results) {
				continue // nil on this way out
			}
		}
		r.fresh = r.path.Sel == "" && w.fresh(r.path.Root)
		if r.fresh || len(w.shared[r.path.Root]) > 0 {
			r.shares = w.common(r.path.Root, 0).below(r.path.Sel)
		}
		if o := r.path.Root; r.path.Sel == "" && o.Kind == effect.Local && w.f.Locals[o.N].Cap != 0 {
			if w.sum.made == nil {
				w.sum.made = make(map[effect.Root]int)
			}
			w.sum.made[o] = i
		}
		switch {
		case i >= len(w.sum.results):
			w.sum.results = append(w.sum.results, r)
		case w.sum.results[i].path.Root.Kind == effect.NoRoot && !w.sum.results[i].fresh:
			w.sum.results[i] = r
		case w.sum.results[i].path != r.path:
			w.sum.results[i] = result{fresh: r.fresh && w.sum.results[i].fresh}
		}
	}
}

// later runs a literal of the function that it returns: after all the function
// does, when somebody calls it.
func (w *walk) later(e *effect.Event, n int, v effect.Value, s state) {
	g := w.m.funcs[v.Func]
	if g == nil || w.summaryOf(g) == nil || g.Parent != w.f.Key || len(s.live) == 0 {
		return
	}
	b := w.bind(g, v, nil)
	run := w.runningAt(e, n, v, false)
	base := w.threads(run, b, state{}, 0)
	w.inline(frameOf{b: b, call: run, base: base, s: state{live: s.live, waited: s.waited, signaled: s.signaled}, event: -n - 2, at: e.At, later: true})
}
