package race

import (
	"slices"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// overdue looks for a call of Add that stands below the go statement whose
// goroutine calls Done: that may come first, and so may the end of Wait.
func (m *Module) overdue(l *lifetime) {
	add := l.addBelow()
	if add == nil || l.start.Deferred != nil {
		return
	}
	p := add.Path
	if !m.counted(l.start, l.runs, p) || slices.Contains(m.done(l.in), p) || !m.inTurn(l, p) {
		return
	}
	key := held{path: p}.key(l.in)
	if key == "" || m.keepsOpen(l.in, key, 0) || m.held(l, add) || m.commands(l) {
		return
	}
	l.below = m.miscounted(l, p, l.below, rewrite.Side{
		Access:  rewrite.Access{Op: rewrite.Add, At: add.At.Span(), Func: l.in.Name, Test: l.in.Test},
		Context: rewrite.Context{Start: l.in.At.Span(), Func: l.in.Name, Runs: l.in.Name, Starter: true},
	}, "below", "the goroutine may call %s.Done before Add is called: the counter is negative then, or Wait doesn't wait for it")
}

// addBelow is the call of Add that comes after the go statement in the same
// block, before another one.
func (l *lifetime) addBelow() *effect.Event {
	for i := range l.in.Blocks {
		events := l.in.Blocks[i].Events
		for j := range events {
			if &events[j] != l.start {
				continue
			}
			for k := j + 1; k < len(events); k++ {
				switch events[k].Kind {
				case effect.Go:
					return nil
				case effect.Add:
					return &events[k]
				}
			}
		}
	}
	return nil
}

// counted reports whether what a go statement starts counts down the group at a
// path of the function around it.
func (m *Module) counted(start *effect.Event, runs *function, p effect.Path) bool {
	return slices.ContainsFunc(m.done(runs), func(q effect.Path) bool {
		q, ok := handedPath(start, q)
		return ok && q == p && !runs.adds(p)
	})
}

// inTurn reports whether a function calls Add as often as it starts goroutines
// that call Done, this time not yet: else who can tell which it counts.
func (m *Module) inTurn(l *lifetime, p effect.Path) bool {
	adds, starts, before := 0, 0, 0
	l.in.each(func(e *effect.Event) {
		above := comparePos(e.At, l.start.At) < 0
		switch g := m.funcs[e.Fn.Func]; {
		case e.Kind == effect.Add && e.Path == p:
			adds++
			if above {
				before++
			}
		case e.Kind == effect.Go && (g == nil || m.counted(e, g, p)):
			starts++
			if above {
				before--
			}
		}
	})
	return adds == starts && before == 0
}

// keepsOpen reports whether a function, or who calls it, has to do with the
// same group otherwise: it may be counted itself, so that Wait goes on.
func (m *Module) keepsOpen(f *function, key string, depth int) bool {
	for _, g := range m.order {
		if g == f || depth == maxAlong || !slices.ContainsFunc(g.calls, func(c *callSite) bool { return c.to == f }) {
			continue
		}
		found := false
		g.each(func(e *effect.Event) {
			if e.Kind == effect.Add || e.Group {
				found = found || held{path: e.Path}.key(g) == key
			}
		}, effect.Add, effect.Signal)
		if found || m.keepsOpen(g, key, depth+1) {
			return true
		}
	}
	return false
}

// held reports whether a lock that may be held when Add is called keeps the
// goroutine waiting.
func (m *Module) held(l *lifetime, add *effect.Event) bool {
	takes := l.runs.sum.takes.keys(l.runs)
	for key := range merge(l.in.entry.may, l.in.heldAt(add.At)) {
		if _, ok := takes[key]; ok {
			return true
		}
	}
	return false
}

// commands reports whether the goroutine waits for what who starts it does: it
// may be told only once it is counted.
func (m *Module) commands(l *lifetime) bool {
	var signs []effect.Path
	for _, c := range l.in.sum.sends {
		signs = append(signs, c.path)
	}
	l.in.each(func(e *effect.Event) {
		if e.Kind == effect.Signal && !e.Group {
			signs = append(signs, e.Path)
		}
	})
	told := func(p effect.Path, object string) bool {
		return slices.ContainsFunc(signs, func(q effect.Path) bool { return q == p || object != "" && l.in.object(q) == object })
	}
	awaited := m.along(l.runs, 0, func(e *effect.Event) []effect.Path {
		if e.Kind == effect.Wait && !e.Group {
			return append(slices.Clip(e.Either), e.Path)
		}
		return nil
	})
	return slices.ContainsFunc(awaited, func(p effect.Path) bool {
		if q, ok := handedPath(l.start, p); ok {
			return told(q, l.in.object(q))
		}
		return told(effect.Path{}, l.runs.object(p))
	})
}
