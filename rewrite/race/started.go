package race

import (
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// A beginning is where a goroutine is started that leads to a function.
type beginning struct {
	by   *function
	call *callSite
}

// apart finds an access to a part of what a field holds that has the lock, by
// callers of the API, and one without in a function that only goroutines run,
// each by itself: by then the object is set up, and others have it.
func (m *Module) apart(field, of, lock string) (guarded *raw, open side, ok bool) {
	holding := m.holding(field, of, lock)
	for _, o := range m.telling(field) {
		if part(o.path) != of || o.param < 0 || o.thread != 0 {
			continue
		}
		if _, may := o.perhaps()[lock]; may {
			continue
		}
		from := m.beginnings(o.fn)
		if len(from) == 0 {
			continue
		}
		for _, g := range holding {
			if slices.ContainsFunc(from, func(b beginning) bool { return b.by.setsUp(g.fn) }) {
				continue // that comes before, if the object is started once
			}
			if (g.writes() || o.writes()) && m.asked(g.fn) && m.meets(&g.access, g.perhaps(), &o.access, o.perhaps()) && !m.ended(field, g, o) {
				return g, startedSide(o, from[0]), true
			}
		}
	}
	return nil, side{}, false
}

// ended reports whether a guarded access waits for the end of a goroutine that makes
// another one, which says nothing of that itself.
func (m *Module) ended(field string, g, o *raw) bool {
	return slices.ContainsFunc(m.pairs.threads[field], func(p published) bool {
		return p.at == o.at && p.fn == o.fn && waitsByField(&g.access, p.access)
	})
}

// setsUp reports whether what a function does may come before the goroutines that
// another one starts: it is that one, or calls it, or is called by it.
func (f *function) setsUp(g *function) bool { return f == g || f.asks(g) || g.asks(f) }

// asks reports whether a function calls another one: what that changes, it has changed
// when it returns.
func (f *function) asks(g *function) bool {
	return slices.ContainsFunc(f.calls, func(c *callSite) bool { return c.to == g && !c.spawn })
}

// startedSide is an access in the goroutine that leads to it.
func startedSide(o *raw, from beginning) side {
	a := o.access
	ctx := rewrite.Context{Start: from.call.at.Span(), Func: from.by.Name, Runs: from.call.to.Name}
	if i := from.by.threadOf(from.call.to); i >= 0 {
		ctx = from.by.sum.threads[i].context()
	}
	s := side{access: &a, frame: o.fn, ctx: ctx}
	if o.thread == 0 {
		s.above = o.fn.entry.must
	}
	return s
}

// runSide is an access in the goroutine that leads to it, if nothing else does; else in
// that of a caller of the API.
func (m *Module) runSide(r *raw) side {
	if from := m.beginnings(r.fn); r.thread == 0 && len(from) > 0 {
		return startedSide(r, from[0])
	}
	return apiSide(r)
}

// beginnings lists where the goroutines begin that lead to a function; none if
// something else may, or if who starts one waits for it.
func (m *Module) beginnings(f *function) []beginning {
	var out []beginning
	seen := map[*function]bool{f: true}
	for work := []*function{f}; len(work) > 0; work = work[1:] {
		g := work[0]
		if m.isRoot(g) || g.Test {
			return nil
		}
		for by, c := range g.calledAt() {
			switch {
			case c.test:
			case !c.spawn:
				if !seen[by] {
					seen[by] = true
					work = append(work, by)
				}
			case by.outlives(g):
				out = append(out, beginning{by, c})
			default:
				return nil
			}
		}
	}
	return out
}

// outlives reports whether a goroutine that a function starts may still run
// when that returns.
func (f *function) outlives(body *function) bool {
	if f.sum == nil || f.sum.left.size() == 0 {
		return false
	}
	i := f.threadOf(body)
	return i < 0 || f.sum.left.has(i+1)
}

// threadOf is the index of the first thread of a function that begins with another one,
// or -1.
func (f *function) threadOf(body *function) int {
	return slices.IndexFunc(f.sum.threads, func(t *thread) bool { return t.body == body })
}

// asked reports whether callers of the API run a function in their own
// goroutine, and not to set the object up.
func (m *Module) asked(f *function) bool { return m.askedBy(f, m.isEntry) }

// askedBy is asked for some entries.
func (m *Module) askedBy(f *function, entry func(*function) bool) bool {
	seen := map[*function]bool{f: true}
	for work := []*function{f}; len(work) > 0; work = work[1:] {
		g := work[0]
		if entry(g) && !m.serial(g) {
			return true
		}
		for _, by := range g.callers {
			if !seen[by] && !by.Test && slices.ContainsFunc(by.calls, func(c *callSite) bool { return c.to == g && !c.spawn }) {
				seen[by] = true
				work = append(work, by)
			}
		}
	}
	return false
}
