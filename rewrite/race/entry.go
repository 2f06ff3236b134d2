package race

import (
	"maps"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// An entry is what holds whenever a function starts, seen from its callers.
type entry struct {
	reached bool
	must    keys   // held by all callers
	may     keys   // held by some
	fresh   []bool // by parameter: always an object that only the caller has
	test    bool   // only tests call it
}

// topDown computes what callers guarantee. Callers in tests count only for
// functions that nothing else calls: a test may well skip a lock.
func (m *Module) topDown() {
	m.findUses()
	work := make([]*function, 0, len(m.order))
	for _, f := range m.order {
		if m.isRoot(f) {
			f.entry = entry{reached: true, fresh: make([]bool, f.Params), test: f.Test}
			work = append(work, f)
		}
	}
	for _, f := range m.order { // what one step of calls tells about entries
		for _, c := range f.calls {
			if !c.test {
				c.to.inner.meet(c)
			}
		}
	}
	for n := 0; len(work) > 0 && n < 50*len(m.order)+1000; n++ {
		f := work[0]
		work = work[1:]
		for _, c := range f.calls {
			if c.to.enter(f, c) {
				work = append(work, c.to)
			}
		}
	}
}

// meet joins a call into what the module's own calls guarantee.
func (e *entry) meet(c *callSite) {
	if !e.reached {
		*e = entry{reached: true, fresh: slices.Clone(c.fresh)}
		return
	}
	for i := range e.fresh {
		e.fresh[i] = e.fresh[i] && i < len(c.fresh) && c.fresh[i]
	}
}

// isRoot reports whether a function starts without callers that are known.
func (m *Module) isRoot(f *function) bool {
	if f.Test && f.Parent == "" || m.isEntry(f) {
		return true
	}
	for _, g := range f.callers {
		if g != f && (!g.Test || f.Test) {
			return false
		}
	}
	return true
}

// enter joins one call into what is known of the callee; it reports whether
// that changed anything.
func (g *function) enter(f *function, c *callSite) bool {
	in := entry{reached: true, test: f.entry.test || f.Test}
	if !c.spawn {
		in.must = merge(f.entry.must, c.must)
		in.may = merge(f.entry.may, c.may)
	}
	for i := range g.Params {
		in.fresh = append(in.fresh, i < len(c.fresh) && c.fresh[i])
	}
	old := g.entry
	if in.test && old.reached && !old.test {
		before := len(old.may)
		g.entry.may = merge(old.may, in.may)
		return len(g.entry.may) != before
	}
	if !old.reached || old.test && !in.test {
		g.entry = in
		g.entry.may = merge(in.may, old.may)
		return true
	}
	must := make(keys)
	for k, m := range old.must {
		if n, ok := in.must[k]; ok {
			must[k] = min(m, n)
		}
	}
	changed := len(must) != len(old.must)
	may := merge(old.may, in.may)
	changed = changed || len(may) != len(old.may)
	fresh := make([]bool, len(old.fresh))
	for i := range fresh {
		fresh[i] = old.fresh[i] && i < len(in.fresh) && in.fresh[i]
		changed = changed || fresh[i] != old.fresh[i]
	}
	g.entry = entry{reached: true, must: must, may: may, fresh: fresh, test: old.test && in.test}
	return changed
}

func merge(a, b keys) keys {
	if len(a)+len(b) == 0 {
		return nil
	}
	out := maps.Clone(a)
	if out == nil {
		out = make(keys)
	}
	for k, m := range b {
		out[k] = max(out[k], m)
	}
	return out
}

// allMay returns the locks that may be held when a function starts.
func (f *function) allMay() []rewrite.Lock { return f.entry.may.list() }

// dropHeld drops the pairs of which one side is in a function that is only called
// with a lock held that keeps the other side out.
func (ps *pairs) dropHeld() {
	held := func(s, o side) bool {
		return s.ctx.Starter && s.thread == 0 && ps.m.excludes(s.frame.entry.must, o.may.keys(o.frame))
	}
	for _, field := range slices.Sorted(maps.Keys(ps.found)) {
		list := slices.DeleteFunc(ps.found[field], func(p pair) bool { return held(p.a, p.b) || held(p.b, p.a) })
		if ps.found[field] = list; len(list) == 0 {
			delete(ps.found, field)
		}
	}
}
