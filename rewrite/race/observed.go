package race

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// An observed pair is two accesses that were seen to race.
type observed struct {
	a, b  rewrite.Side
	found bool // the analysis finds them by itself
}

// believe keeps a sighting as evidence of a place, unless the source speaks
// against it.
func (m *Module) believe(key string, s Sighting, a, b *raw) string {
	sa, sb := s[0], s[1]
	if !a.writes() && b.writes() || a.op == rewrite.Atomic && b.writes() {
		a, b, sa, sb = b, a, sb, sa
	}
	found := slices.ContainsFunc(m.pairs.found[key], func(p pair) bool {
		return p.a.at == a.at && p.b.at == b.at || p.a.at == b.at && p.b.at == a.at
	})
	lock := heldInCommon(a, b)
	switch {
	case m.making(a) || m.making(b):
		return "by the source only one goroutine has it by then; it may have changed since"
	case found:
	case lock != "":
		return fmt.Sprintf("both accesses hold %s by the source: those of two objects, or the source has changed since", rewrite.ShortKey(lock))
	case a.op == rewrite.Atomic && b.op == rewrite.Atomic:
		return "both accesses are atomic by the source, which may have changed since"
	}
	m.seen[key] = append(m.seen[key], observed{m.sighted(a, sa, sb), m.sighted(b, sb, sa), found})
	return ""
}

// Observed returns the finding on a place that Observe named. What is known of
// it without the sighting is kept.
func (m *Module) Observed(key string) *rewrite.Finding {
	var f *rewrite.Finding
	if list := m.pairs.found[key]; len(list) > 0 {
		f = m.finding(key, list)
	} else {
		first := m.seen[key][0]
		f = &rewrite.Finding{Sides: [2]rewrite.Side{first.a, first.b}, Accesses: m.accesses(key)}
		f.Kind, f.Place = m.what(key)
	}
	f.Confidence = rewrite.Observed
	f.Why = append(f.Why, "the race detector saw it")
	for i := range f.Accesses {
		acc := &f.Accesses[i]
		for _, o := range m.seen[key] {
			if sameAccess(*acc, o.a.Access) || sameAccess(*acc, o.b.Access) {
				acc.Fresh, acc.Races = false, acc.Races || f.Kind == rewrite.Variable
			}
		}
	}
	f.Votes = m.votes(f.Accesses)
	return f
}

func sameAccess(a, b rewrite.Access) bool { return a.At == b.At && a.Func == b.Func }

// Seen lists the pairs of accesses to a place that were seen to race.
func (m *Module) Seen(key string) [][2]rewrite.Access {
	var out [][2]rewrite.Access
	for _, o := range m.seen[key] {
		out = append(out, [2]rewrite.Access{o.a.Access, o.b.Access})
	}
	return out
}

// Blind lists the pairs of accesses to a place that were seen to race and that
// the analysis does not find by itself.
func (m *Module) Blind(key string) [][2]rewrite.Access {
	var out [][2]rewrite.Access
	for _, o := range m.seen[key] {
		if !o.found {
			out = append(out, [2]rewrite.Access{o.a.Access, o.b.Access})
		}
	}
	return out
}

// Follows lists the places that were seen to race and that explain a sighting
// on something else: one goroutine makes what it then puts there, and the other
// one gets it from there. With the order that a mended place gives, it is in
// order too.
func (m *Module) Follows(s Sighting) []string {
	a, b := m.spots(s[0]), m.spots(s[1])
	for _, key := range m.common(a, b) {
		if !m.making(m.best(a[key], b[key]).raw) && !m.making(m.best(b[key], a[key]).raw) {
			return nil // it is a race of its own
		}
	}
	near := [2]map[*function]bool{m.near(s[0]), m.near(s[1])}
	touches := func(side int, key string, writes bool) bool {
		return slices.ContainsFunc(m.raw[key], func(r *raw) bool {
			return near[side][r.access.fn] && !m.alone(r) && (!writes || r.writes() || r.op == rewrite.Atomic)
		})
	}
	var out []string
	for key := range m.seen {
		for i := range s {
			op := s[i].Ops[0]
			if (op.Writes() || op == rewrite.Atomic) && touches(i, key, true) && touches(1-i, key, false) {
				out = append(out, key)
				break
			}
		}
	}
	slices.Sort(out)
	return out
}

// near lists the functions on a side's stack and those that they call: the
// innermost anywhere, others on the line of the stack.
func (m *Module) near(s Sighted) map[*function]bool {
	near := make(map[*function]bool)
	for i, l := range s.Calls {
		f := m.around(l)
		if f == nil {
			continue
		}
		near[f] = true
		f.each(func(e *effect.Event) {
			if e.Kind == effect.Call && (i == 0 || l.From <= e.At.Line && e.At.Line <= l.To) {
				for _, g := range m.targets(e) {
					near[g] = true
				}
			}
		})
	}
	return near
}

// sighted is a side as the detector saw it.
func (m *Module) sighted(r *raw, s, other Sighted) rewrite.Side {
	out := rewrite.Side{Access: rewrite.Access{Op: r.op, At: r.at.Span(), Func: r.fn.Name, Locks: r.locks().list(), Whole: r.whole, Test: r.fn.Test}}
	outermost := Line{File: r.at.File, Line: r.fn.At.Line, Func: r.fn.Name}
	if n := len(s.Calls); n > 0 {
		outermost = s.Calls[n-1]
		for i := n - 1; i > 0; i-- {
			out.Path = append(out.Path, rewrite.Step{At: m.callAt(s.Calls[i]), Func: m.nameOf(s.Calls[i-1])})
		}
	}
	c := &out.Context
	c.Runs = m.nameOf(outermost)
	if len(s.Start) > 0 {
		c.Start, c.Func = m.callAt(s.Start[0]), m.nameOf(s.Start[0])
		c.Many = len(other.Start) > 0 && other.Start[0] == s.Start[0]
		return out
	}
	c.Func, c.Start = c.Runs, m.callAt(outermost)
	if f := m.around(outermost); f != nil {
		c.Start = f.At.Span()
	}
	c.Starter = s.Main && outermost.Func == "main" || slices.ContainsFunc(other.Start, func(l Line) bool { return l.Func == outermost.Func })
	c.Entry = !c.Starter
	return out
}

// callAt is where on a line a call or go statement stands.
func (m *Module) callAt(l Line) rewrite.Span {
	at := rewrite.Span{File: l.File, Line: l.Line, Col: 1, EndLine: l.Line, EndCol: 1}
	if f := m.around(l); f != nil {
		f.each(func(e *effect.Event) {
			if (e.Kind == effect.Call || e.Kind == effect.Go) && e.At.Line == l.Line && at.Col == 1 {
				at = e.At.Span()
			}
		})
	}
	return at
}

// nameOf returns the name of the function that a line of a stack is in.
func (m *Module) nameOf(l Line) string {
	if f := m.around(l); f != nil {
		return f.Name
	}
	return l.Func
}

// around returns the function that a line of a stack is in.
func (m *Module) around(l Line) *function {
	if m.inFile == nil {
		m.inFile = make(map[string][]*function)
		for _, f := range m.order {
			m.inFile[f.At.File] = append(m.inFile[f.At.File], f)
		}
	}
	var best *function
	for _, f := range m.inFile[l.File] {
		if l.Line < f.At.Line || f.End.Line < l.Line {
			continue
		}
		if best == nil || l.likeness(f) > l.likeness(best) || l.likeness(f) == l.likeness(best) && comparePos(best.At, f.At) < 0 {
			best = f
		}
	}
	return best
}

// Meets reports whether accesses to a place by two functions, of the
// operations that were seen to race, could still do so: without a lock in
// common, and not both atomic. To the letter, a read is not one of what the place
// holds.
func (m *Module) Meets(key string, a, b rewrite.Access, letter bool) bool {
	like := func(r *raw, a rewrite.Access) bool { return m.like(r, a) && (!letter || r.op == a.Op) }
	for _, x := range m.raw[key] {
		if !like(x, a) {
			continue
		}
		for _, y := range m.raw[key] {
			if like(y, b) && conflict(&x.access, &y.access) && heldInCommon(x, y) == "" {
				return true
			}
		}
	}
	return false
}

// making reports whether an access is part of making an object: nobody else has
// it then. In a loop each turn makes another one, and what became of those
// before is nothing to go by.
func (m *Module) making(r *raw) bool {
	root := r.path.Root
	if m.alone(r) {
		return true
	}
	v := r.fn.variable(root)
	if root.Kind != effect.Local || r.access.fn != r.fn || !v.Fresh || v.Loop == 0 || m.field(r.path) == "" {
		return false
	}
	for i := range r.fn.Blocks {
		for _, e := range r.fn.Blocks[i].Events {
			if e.Kind == effect.Access && e.At == r.at && e.Path.Root == root {
				return e.Loop == v.Loop
			}
			if mentions(&e, root) {
				break // from here on others may have it
			}
		}
	}
	return false
}

// mentions reports whether an event lets others have an object.
func mentions(e *effect.Event, root effect.Root) bool {
	if e.Kind == effect.Defer {
		e = e.Deferred
	}
	has := func(v effect.Value) bool {
		return v.Path.Root == root || slices.ContainsFunc(v.Bind, func(p effect.Path) bool { return p.Root == root })
	}
	switch e.Kind {
	case effect.Escape:
		return e.Path.Root == root
	case effect.Call, effect.Go, effect.Once, effect.Signal, effect.Keep:
		return has(e.Fn) || slices.ContainsFunc(e.Args, has)
	}
	return false
}

// like reports whether an access may be one that was seen, after a change of
// the source: it is in the same function, or a literal there, and does the
// same, when others may do something too.
func (m *Module) like(r *raw, a rewrite.Access) bool {
	return (r.fn.Name == a.Func || strings.HasPrefix(r.fn.Name, a.Func+".func")) &&
		(r.op.Writes() == a.Op.Writes() || r.op == rewrite.Atomic) && !m.alone(r)
}

// alone reports whether an access is one of a function to what it has made
// itself: to an object before it lets anybody else have it, or to its variable
// before it starts a goroutine.
func (m *Module) alone(r *raw) bool {
	if m.field(r.path) != "" {
		return r.fresh && r.path.Root.Kind != effect.Param
	}
	return r.path.Root.Kind == effect.Local && r.thread == 0 && len(r.live) == 0
}

// Variables lists the variables of the function that a key is in, and of the
// literals in it, that are watched: by key, where they are made.
func (m *Module) Variables(key string) map[string]effect.Pos {
	out := make(map[string]effect.Pos)
	owner := key[:strings.LastIndexByte(key, '.')+1]
	for k, v := range m.variables {
		if strings.HasPrefix(k, owner) {
			out[k] = v.At
		}
	}
	return out
}
