package race

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// A Sighting is a race that the race detector saw.
type Sighting [2]Sighted

// A Sighted is one side of it.
type Sighted struct {
	// Ops are the operations that the access may be, the likeliest first.
	Ops   []rewrite.Op
	Calls []Line // in the module's code, innermost first; empty if there is none
	Start []Line // the same for what started its goroutine; empty for the main one
	Main  bool   // it ran in the main goroutine
	In    string // the function of a library that was called on the innermost line and did it; "" for none
}

// A Line is where a call on a stack stands. The statement around it takes the
// lines From to To.
type Line struct {
	File           string
	Line, From, To int
	Func           string // as stack traces have it
}

// likeness tells how well a function fits the name that a stack gives it. There
// literals in literals are only numbered, and where a function is inlined, its
// literals have the name of the other one before theirs, and maybe another
// number.
func (l Line) likeness(f *function) int {
	outer, inner, literal := strings.Cut(f.Name, ".func")
	if literal {
		outer += ".func" + strings.ReplaceAll(inner, ".func", ".")
	}
	switch {
	case outer == l.Func || strings.HasSuffix(l.Func, "."+outer):
		return 2
	case literal == strings.Contains(l.Func, ".func"):
		return 1
	}
	return 0
}

// unite drops what literals do to captured variables that are watched, where
// the functions around them have it in their own terms.
func (m *Module) unite() {
	if len(m.watch) == 0 {
		return
	}
	type site struct {
		at effect.Pos
		fn *function
	}
	known := make(map[site]bool)
	for key := range m.variables {
		for _, r := range m.raw[key] {
			if r.path.Root.Kind == effect.Local {
				known[site{r.at, r.access.fn}] = true
			}
		}
	}
	for key := range m.variables {
		if len(m.pairs.found[key]) > 0 {
			continue // this is the name it goes by
		}
		m.raw[key] = slices.DeleteFunc(m.raw[key], func(r *raw) bool {
			return r.path.Root.Kind == effect.Free && known[site{r.at, r.access.fn}]
		})
	}
}

// A spot is an access of the module that a sighting may mean.
type spot struct {
	key  string
	raw  *raw
	rank int
}

// Observe finds the places that a sighting is of, mostly one, and keeps it as
// evidence of them; or it says why it can't.
func (m *Module) Observe(s Sighting) ([]string, string) {
	a, b := m.spots(s[0]), m.spots(s[1])
	for i, list := range []*map[string][]spot{&a, &b} {
		if len(*list) == 0 && s[i].Ops[0] == rewrite.Atomic {
			s[i].Calls = nil // the function that calls sync/atomic is often lost
		}
	}
	for i, list := range [2]map[string][]spot{a, b} {
		if len(list) == 0 && len(s[i].Calls) > 0 {
			l := s[i].Calls[0]
			if s[i].In != "" {
				return nil, fmt.Sprintf("what %s does with its arguments at %s:%d is not followed", s[i].In, filepath.Base(l.File), l.Line)
			}
			return nil, fmt.Sprintf("nothing that may be shared is seen to be %s at %s:%d; the source may have changed since", verbs[s[i].Ops[0]], filepath.Base(l.File), l.Line)
		}
	}
	switch {
	case len(s[0].Calls) == 0:
		a = m.partners(s[0], b)
	case len(s[1].Calls) == 0:
		b = m.partners(s[1], a)
	}
	places := m.common(a, b)
	if len(places) == 0 {
		return nil, "the two accesses have no variable or field in common that could be told"
	}
	if len(places) > 1 {
		known := slices.DeleteFunc(slices.Clone(places), func(key string) bool { return len(m.pairs.found[key]) == 0 })
		if len(known) == 0 {
			known = slices.DeleteFunc(slices.Clone(places), func(key string) bool {
				field := m.field(m.best(a[key], b[key]).raw.path)
				return field != key && slices.Contains(places, field)
			})
		}
		switch {
		case len(known) == 1 || len(m.pairs.found[known[0]]) > 0:
			places = known
		case !m.together(places, a, b) || !m.together(places, b, a):
			return nil, "it may be of " + shortKeys(places) + ": both accesses name them"
		}
	}
	for _, key := range places {
		if why := m.believe(key, s, m.best(a[key], b[key]).raw, m.best(b[key], a[key]).raw); why != "" {
			return nil, why
		}
	}
	return places, ""
}

// together reports whether a side accesses all of several places as parts of
// one object: if one of them races, so do the others.
func (m *Module) together(places []string, side, other map[string][]spot) bool {
	base := func(key string) effect.Path {
		p, _ := m.best(side[key], other[key]).raw.path.Base()
		return p
	}
	return !slices.ContainsFunc(places, func(key string) bool { return base(key) != base(places[0]) })
}

// verbs say what a side did in a reason.
var verbs = map[rewrite.Op]string{rewrite.Read: "read", rewrite.Write: "written", rewrite.ReadElem: "looked into", rewrite.WriteElem: "changed in place",
	rewrite.Atomic: "accessed atomically", rewrite.Close: "closed", rewrite.Send: "sent on", rewrite.Address: "handed out by address"}

func shortKeys(keys []string) string {
	var out []string
	for _, k := range keys {
		out = append(out, rewrite.ShortKey(k))
	}
	return strings.Join(out, " or ")
}

// spots lists, by place, the accesses on the line of a side that its operation
// fits; those elsewhere in the statement rank behind. Where there is none, a
// function that is called there did it: small ones have no frame of their own.
func (m *Module) spots(s Sighted) map[string][]spot {
	out := make(map[string][]spot)
	if len(s.Calls) == 0 {
		return out
	}
	l := s.Calls[0]
	m.eachFitting(s, func(key string, r *raw, fits int) {
		if r.at.File != l.File || r.at.Line < l.From || l.To < r.at.Line {
			return
		}
		likeness := l.likeness(r.access.fn)
		rank := 10*(len(s.Ops)-fits) + 25*likeness
		switch {
		case r.at.Line == l.Line:
			rank += 100
		case likeness < 2:
			return // a literal within the statement
		}
		if !r.whole {
			rank++
		}
		out[key] = append(out[key], spot{key, r, rank})
	})
	if len(out) > 0 || s.In != "" {
		return out
	}
	small := m.calledAt(l)
	m.eachFitting(s, func(key string, r *raw, fits int) {
		if depth, ok := small[r.access.fn]; ok {
			rank := 10*(len(s.Ops)-fits) - 2*depth
			if !r.whole {
				rank++
			}
			out[key] = append(out[key], spot{key, r, rank})
		}
	})
	return out
}

// eachFitting calls a function with the accesses that the operation of a side
// fits, and how well it does.
func (m *Module) eachFitting(s Sighted, fn func(key string, r *raw, fits int)) {
	for key, list := range m.raw {
		for _, r := range list {
			fits := slices.Index(s.Ops, r.op)
			switch {
			case fits < 0, r.called != "" && !did(s.In, r.called):
				continue
			case s.In != "" && !r.whole && (r.op == rewrite.Read || r.op == rewrite.Write):
				continue // a library's function accesses what is read there, not where it is read
			}
			fn(key, r, fits)
		}
	}
}

// calledAt lists the functions called on a line that the compiler may put in
// place of the call, and those called there in turn, with how deep they are.
func (m *Module) calledAt(l Line) map[*function]int {
	out := make(map[*function]int)
	f := m.around(l)
	if f == nil {
		return out
	}
	var add func(f *function, from, to, depth int)
	add = func(f *function, from, to, depth int) {
		f.each(func(e *effect.Event) {
			g := m.funcs[e.Fn.Func]
			if e.Kind != effect.Call || g == nil || e.At.Line < from || to < e.At.Line || !g.inlines() || depth > 3 {
				return
			}
			if _, seen := out[g]; !seen {
				out[g] = depth
				add(g, g.At.Line, g.End.Line, depth+1)
			}
		})
	}
	add(f, l.Line, l.Line, 1)
	return out
}

// inlines reports whether a function may be small enough for the compiler to
// put it in place of its calls.
func (f *function) inlines() bool { return len(f.Blocks) <= 4 && f.End.Line-f.At.Line <= 12 }

// partners lists what a side that left no trace in the module's code may have
// done to the places of the other one: what fits its operation.
func (m *Module) partners(s Sighted, other map[string][]spot) map[string][]spot {
	out := make(map[string][]spot)
	for key := range other {
		for _, r := range m.raw[key] {
			if i := slices.Index(s.Ops, r.op); i >= 0 && !r.isFresh() {
				out[key] = append(out[key], spot{key, r, -i})
			}
		}
	}
	return out
}

// common lists the places that both sides may have touched, as far as they
// rank first together.
func (m *Module) common(a, b map[string][]spot) []string {
	var out []string
	top := 0
	for _, key := range slices.Sorted(maps.Keys(a)) {
		if len(b[key]) == 0 {
			continue
		}
		x, y := m.best(a[key], b[key]), m.best(b[key], a[key])
		switch n := x.rank + y.rank; {
		case len(out) == 0 || n > top:
			out, top = []string{key}, n
		case n == top:
			out = append(out, key)
		}
	}
	return out
}

// best is the access of a side that ranks first; of equals one that may race
// with the other side.
func (m *Module) best(list, other []spot) spot {
	return slices.MaxFunc(list, func(x, y spot) int {
		races := func(s spot) int {
			if !m.making(s.raw) && slices.ContainsFunc(other, func(o spot) bool { return conflict(&s.raw.access, &o.raw.access) && heldInCommon(s.raw, o.raw) == "" }) {
				return 1
			}
			return 0
		}
		return cmp.Or(cmp.Compare(x.rank, y.rank), cmp.Compare(races(x), races(y)), comparePos(y.raw.at, x.raw.at))
	})
}

// heldInCommon names a lock that keeps two accesses apart.
func heldInCommon(a, b *raw) string {
	ka, kb := a.locks(), b.locks()
	for _, k := range slices.Sorted(maps.Keys(ka)) {
		if n, ok := kb[k]; ok && (ka[k] == rewrite.Exclusive || n == rewrite.Exclusive) {
			return k
		}
	}
	return ""
}
