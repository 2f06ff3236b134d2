package race

import (
	"maps"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// A lifetime is a goroutine that runs until somebody closes a channel, or calls
// a cancel function, that a field of an object holds.
type lifetime struct {
	in    *function     // that starts it
	start *effect.Event // the go statement
	runs  *function
	late  []effect.Pos // where it counts itself
	below []effect.Pos // where it is counted below the go statement
	field string       // key of the field
	ends  []ending
	tour  *tour
	again bool // it may be started a second time
}

// An ending is where a function closes the channel that a field of its receiver
// holds, or calls what cancels the context.
type ending struct {
	in *function
	at effect.Pos
}

// findLifetimes looks for goroutines with an end, and for those that count
// themselves too late, and judges both.
func (m *Module) findLifetimes() {
	m.goroutines = make(map[string]*rewrite.Finding)
	m.lifetimes = make(map[effect.Pos]*lifetime)
	m.findProxied()
	contexts := m.endedBy
	ends := m.endings(contexts)
	for _, f := range m.order {
		f.each(func(e *effect.Event) {
			g := m.funcs[e.Fn.Func]
			if e.Joined || e.Many || e.Note != "" || g == nil || g.sum == nil || f.Test && !g.Test {
				return
			}
			l := &lifetime{in: f, start: e, runs: g}
			m.counts(l)
			m.overdue(l)
			if len(l.late)+len(l.below) > 0 {
				m.lifetimes[e.At] = l
			}
			for _, field := range slices.Sorted(maps.Keys(ends[f.Pkg])) {
				if l.tour == nil && !f.Test && m.endsBy(l, field, ends[f.Pkg][field], contexts) {
					m.lifetimes[e.At] = l
					m.outlives(l)
				}
			}
		}, effect.Go)
	}
}

// contexts lists, for each field that holds a cancel function, the fields that
// hold its context.
func (m *Module) contexts() map[string][]string {
	out := make(map[string][]string)
	for _, f := range m.order {
		f.each(func(e *effect.Event) {
			key := e.Path.Field()
			out[key] = append(out[key], key)
			for _, v := range e.Args {
				if k := v.Path.Field(); k != "" {
					out[key] = append(out[key], k)
				}
			}
		}, effect.Cancel)
	}
	return out
}

// endings lists, by package and field, the methods that tell goroutines to end.
func (m *Module) endings(contexts map[string][]string) map[string]map[string][]ending {
	out := make(map[string]map[string][]ending)
	for _, f := range m.order {
		if f.Test {
			continue
		}
		f.each(func(e *effect.Event) {
			var p effect.Path
			switch {
			case e.Kind == effect.Signal && e.Op == rewrite.Close:
				p = e.Path
			case e.Kind == effect.Call && e.Fn.Func == "" && contexts[e.Fn.Path.Field()] != nil:
				p = e.Fn.Path
			}
			key := p.Field()
			if key == "" || !strings.HasPrefix(key, f.Pkg+".") || m.method(f).Recv == "" || strings.Count(p.Sel, ";") > 4 {
				return
			}
			if out[f.Pkg] == nil {
				out[f.Pkg] = make(map[string][]ending)
			}
			out[f.Pkg][key] = append(out[f.Pkg][key], ending{f, e.At})
		}, effect.Signal, effect.Call)
	}
	return out
}

// method is the declared function around a literal.
func (m *Module) method(f *function) *function {
	for f.Parent != "" && m.funcs[f.Parent] != nil {
		f = m.funcs[f.Parent]
	}
	return f
}

// endsBy reports whether a goroutine ends by the signal that a field holds, and
// notes what is known of that.
func (m *Module) endsBy(l *lifetime, field string, ends []ending, contexts map[string][]string) bool {
	owner := ownerOf(field)
	ends = slices.DeleteFunc(slices.Clone(ends), func(e ending) bool { return m.method(e.in).Recv != owner })
	if len(ends) == 0 || m.method(l.in).Recv != owner && l.runs.Recv != owner && !m.makes(m.method(l.in), owner) {
		return false
	}
	t := m.tour(append([]string{field}, contexts[field]...)...)
	given := make(map[effect.Root]bool)
	t.aliases(l.in, given)
	t.enter(l.runs, l.start.Args, l.start.Fn.Bind, given)
	if t.awaits {
		l.field, l.ends, l.tour = field, ends, t
	}
	return t.awaits
}

// makes reports whether a function makes an object with the given type: its
// fields are set on a variable of its own.
func (m *Module) makes(f *function, owner string) bool {
	found := false
	f.each(func(e *effect.Event) {
		if e.Op == rewrite.Write && e.Path.Root.Kind == effect.Local {
			if k := e.Path.Field(); strings.HasPrefix(k, owner+".") {
				found = true
			}
		}
	}, effect.Access)
	return found
}

// Goroutine tells what is known of the goroutines that the go statement at a
// position starts; nil if nothing is.
func (m *Module) Goroutine(at effect.Pos) *rewrite.GoroutineInfo {
	l := m.lifetimes[at]
	if l == nil {
		return nil
	}
	info := &rewrite.GoroutineInfo{Start: at.Span(), Runs: l.runs.At.Span(), Shared: m.runElsewhere(l), Field: l.field, Again: l.again}
	for _, late := range l.late {
		info.Late = append(info.Late, late.Span())
	}
	for _, below := range l.below {
		info.Below = append(info.Below, below.Span())
	}
	if l.tour == nil {
		return info
	}
	info.Reads, info.Hangs, info.Slow = l.tour.reads, l.tour.hangs, l.tour.slow
	for k := range l.tour.locks {
		info.Locks = append(info.Locks, k)
	}
	slices.Sort(info.Locks)
	for _, e := range l.ends {
		top := m.method(e.in)
		own := e.in.heldAt(e.at)
		info.Ends = append(info.Ends, rewrite.End{At: e.at.Span(), Own: l.tour.seen[e.in] != nil || l.tour.seen[top] != nil,
			Private: m.onlyFor(l, own), Writes: slices.Sorted(maps.Keys(writes(top, l.owner()))), Sets: m.sets(l, e), Locks: merge(top.entry.may, own).list()})
	}
	return info
}

// runElsewhere reports whether more than one place runs what a goroutine runs.
func (m *Module) runElsewhere(l *lifetime) bool {
	n := 0
	for _, f := range m.order {
		f.each(func(e *effect.Event) {
			if slices.Contains(m.targets(e), l.runs) {
				n++
			}
		}, effect.Go, effect.Call, effect.Once)
	}
	return n > 1
}

// heldAt lists the locks that a function takes above a position and does not
// release there again.
func (f *function) heldAt(at effect.Pos) keys {
	var l locks
	for i := range f.Blocks {
		for j := range f.Blocks[i].Events {
			e := &f.Blocks[i].Events[j]
			if comparePos(e.At, at) >= 0 {
				continue
			}
			switch e.Kind {
			case effect.Lock:
				l = l.add(held{e.Path, e.Mode})
			case effect.Unlock:
				l = l.remove(e.Path)
			}
		}
	}
	return l.keys(f)
}

// party reports whether a function starts a goroutine, or tells it to end.
func (m *Module) party(l *lifetime, f *function) bool {
	top := m.method(f)
	return top == m.method(l.in) || slices.ContainsFunc(l.ends, func(e ending) bool { return m.method(e.in) == top })
}

// sets lists the fields that an ending's function sets and that tell whether it
// has done so before.
func (m *Module) sets(l *lifetime, end ending) []string {
	var out []string
	for key := range writes(m.method(end.in), l.owner()) {
		if !slices.ContainsFunc(m.order, func(f *function) bool { return !m.party(l, f) && writes(f, l.owner())[key] }) {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return out
}

// owner is how the keys of the fields begin beside which the signal is kept.
func (l *lifetime) owner() string { return l.field[:strings.LastIndexByte(l.field, '.')+1] }

// writes lists the fields with a prefix that a function sets on objects that it
// has not made.
func writes(f *function, owner string) map[string]bool {
	out := make(map[string]bool)
	f.each(func(e *effect.Event) {
		if e.Kind == effect.Access && e.Op == rewrite.Write && !(e.Path.Root.Kind == effect.Local && f.Locals[e.Path.Root.N].Fresh) {
			if k := e.Path.Field(); strings.HasPrefix(k, owner) {
				out[k] = true
			}
		}
	})
	return out
}

// onlyFor reports whether locks are taken only where a goroutine is started and
// told to end.
func (m *Module) onlyFor(l *lifetime, own keys) bool {
	only := true
	for _, f := range m.order {
		if m.party(l, f) {
			continue
		}
		f.each(func(e *effect.Event) {
			_, ok := own[held{path: e.Path}.key(f)]
			only = only && !ok
		}, effect.Lock)
	}
	return only
}
