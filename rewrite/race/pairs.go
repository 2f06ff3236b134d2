package race

import (
	"cmp"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// A side is an access in the goroutine that runs it.
type side struct {
	*access
	ctx   rewrite.Context
	entry *function // who is called from outside, for the API's side
	frame *function // in whose terms the paths are
}

// A pair is two sides that nothing orders.
type pair struct {
	a, b    side
	certain bool
}

// A published access is one that a goroutine makes on an object it shares
// with more than the function that started it.
type published struct {
	side
	typed string // the path from the type of its root
	fresh bool   // the object was made where the goroutine was started
	done  paths
}

// A judgement is a goroutine and accesses to a field outside of it that some
// frame saw together: whether they race is known.
type judgement struct {
	start effect.Pos
	fn    *function
	field string
}

// pairs collects pairs by the field that races.
type pairs struct {
	m       *Module
	found   map[string][]pair
	threads map[string][]published
	entries map[string][]published
	judged  map[judgement]bool
	sites   map[[2]effect.Pos]bool // two goroutine starts seen in one frame
}

func newPairs(m *Module) *pairs {
	return &pairs{m: m, found: make(map[string][]pair), threads: make(map[string][]published),
		entries: make(map[string][]published), judged: make(map[judgement]bool), sites: make(map[[2]effect.Pos]bool)}
}

// frame finds the pairs that meet in one function's activation, and publishes
// what may meet others.
func (ps *pairs) frame(w *walk) {
	ps.publish(w)
	if len(w.sum.threads) == 0 {
		return
	}
	byPath := make(map[effect.Path][]*access)
	var order []effect.Path
	for _, a := range w.sum.accesses {
		if a.path.Field() == "" {
			continue
		}
		if byPath[a.path] == nil {
			order = append(order, a.path)
		}
		byPath[a.path] = append(byPath[a.path], a)
	}
	for _, p := range order {
		list := byPath[p]
		if !slices.ContainsFunc(list, func(a *access) bool { return a.thread > 0 }) ||
			!slices.ContainsFunc(list, (*access).writes) {
			continue
		}
		for i, a := range list {
			for _, b := range list[i:] {
				ps.compare(w, a, b)
			}
		}
	}
}

// compare judges two accesses of one path in one frame.
func (ps *pairs) compare(w *walk, a, b *access) {
	if a.thread == 0 && b.thread == 0 || !conflict(a, b) {
		return
	}
	if a != b && a.event == b.event && a.thread != b.thread && !own(w, a, b) {
		return // both below one call: judged there
	}
	if a.thread == b.thread {
		if !ps.selfParallel(w, a) || signalled(w, a, b) || signalled(w, b, a) {
			return
		}
	} else {
		ps.remember(w, a, b)
		if !concurrent(w, a, b) {
			return
		}
	}
	if protected(a, b, w.f, w.f) {
		return
	}
	if (a.index || b.index) && a.thread == b.thread {
		return // each goroutine may well have its own element
	}
	ps.add(a.path.Field(), pair{a: w.side(a), b: w.side(b), certain: true})
}

// own reports whether one of the accesses is in a thread that this frame's
// own go statements started.
func own(w *walk, a, b *access) bool {
	for _, x := range []*access{a, b} {
		if x.thread > 0 && w.sum.threads[x.thread-1].home == w.f {
			return true
		}
	}
	return false
}

// remember notes what this frame can say about starts and accesses, so that
// the weaker judgement by type doesn't contradict it.
func (ps *pairs) remember(w *walk, a, b *access) {
	if a.thread > 0 && b.thread > 0 {
		s, t := w.sum.threads[a.thread-1].site, w.sum.threads[b.thread-1].site
		ps.sites[[2]effect.Pos{s, t}] = true
		ps.sites[[2]effect.Pos{t, s}] = true
		return
	}
	if a.thread == 0 {
		a, b = b, a
	}
	ps.judged[judgement{w.sum.threads[a.thread-1].site, b.fn, a.path.Field()}] = true
}

func conflict(a, b *access) bool {
	if a.op == rewrite.Address || b.op == rewrite.Address {
		return false
	}
	if a.op == rewrite.Atomic && b.op == rewrite.Atomic {
		return false
	}
	return a.writes() || b.writes() || a.op == rewrite.Atomic || b.op == rewrite.Atomic
}

// selfParallel reports whether two goroutines of one start can make the same
// access to the same memory.
func (ps *pairs) selfParallel(w *walk, a *access) bool {
	t := w.sum.threads[a.thread-1]
	if !t.many {
		return false
	}
	if base, _ := a.path.Base(); base.HasElem() {
		return false // each may have its own element
	}
	if l := w.loop(a.path.Root); l != 0 && l == t.loop {
		return false // made anew for each goroutine
	}
	if ps.m.unstable(a.path) {
		return false // by the next start the same words may name another object
	}
	return true
}

// concurrent reports whether accesses of different threads can run at once.
func concurrent(w *walk, a, b *access) bool {
	chain := func(t int) []int { // outermost ancestor below the frame first
		var c []int
		for ; t > 0; t = w.sum.threads[t-1].parent {
			c = append(c, t)
		}
		slices.Reverse(c)
		return c
	}
	ca, cb := chain(a.thread), chain(b.thread)
	i := 0
	for i < len(ca) && i < len(cb) && ca[i] == cb[i] {
		i++
	}
	switch {
	case i == len(ca): // a's thread started b's, or what did
		if !w.running(a, cb[i]) {
			return false
		}
	case i == len(cb):
		if !w.running(b, ca[i]) {
			return false
		}
	default:
		s, t := w.sum.threads[ca[i]-1], w.sum.threads[cb[i]-1]
		if !s.live.has(cb[i]) && !t.live.has(ca[i]) {
			return false
		}
	}
	return !signalled(w, a, b) && !signalled(w, b, a)
}

// running reports whether a thread may run by the time of an access outside
// it. Of what a loop makes anew each turn, a goroutine of that loop has only
// what its own turn made.
func (w *walk) running(a *access, t int) bool {
	if l := w.loop(a.path.Root); l != 0 && l == w.sum.threads[t-1].loop {
		return a.now.has(t)
	}
	return a.live.has(t)
}

// signalled reports whether a comes before a signal that b has waited for.
func signalled(w *walk, a, b *access) bool {
	if a.before.meets(b.waited) {
		return true
	}
	for t := b.thread; t > 0; t = w.sum.threads[t-1].parent {
		if a.before.meets(w.sum.threads[t-1].waited) {
			return true
		}
	}
	return false
}

// protected reports whether a lock keeps the two apart. A lock that is held
// only perhaps counts: a lock under a condition usually goes with an access
// under the same condition.
func protected(a, b *access, fa, fb *function) bool {
	ka, kb := a.may.keys(fa), b.may.keys(fb)
	for _, k := range []keys{ka, kb} {
		if _, ok := k[condLock[1:]]; ok {
			return true // some lock, there is no telling which
		}
	}
	for k, m := range ka {
		if n, ok := kb[k]; ok && (m == rewrite.Exclusive || n == rewrite.Exclusive) {
			return true
		}
	}
	return false
}

func (w *walk) side(a *access) side {
	s := side{access: a, frame: w.f}
	if a.thread > 0 {
		s.ctx = w.sum.threads[a.thread-1].context()
		return s
	}
	s.ctx = rewrite.Context{Start: w.f.At.Span(), Func: w.f.Name, Runs: w.f.Name, Starter: true}
	s.entry = w.f
	return s
}

func (ps *pairs) add(field string, p pair) {
	if !p.a.writes() && p.b.writes() || p.a.op == rewrite.Atomic && p.b.writes() {
		p.a, p.b = p.b, p.a
	}
	ps.found[field] = append(ps.found[field], p)
}

// publish records what this frame's goroutines do to objects that others have
// too, and what callers of an exported function do.
func (ps *pairs) publish(w *walk) {
	f := w.f
	for _, a := range w.sum.accesses {
		field := a.path.Field()
		if field == "" || a.whole && !a.deref {
			continue // a whole struct is a copy more often than it is the shared one
		}
		typed, ok := w.typed(a.path)
		if !ok {
			continue
		}
		if a.thread == 0 {
			if f.Exported && !f.Test && f.Recv != "" && a.path.Root == (effect.Root{Kind: effect.Param}) {
				s := w.side(a)
				s.ctx.Starter, s.ctx.Entry = false, true
				ps.entries[field] = append(ps.entries[field], published{side: s, typed: typed})
			}
			continue
		}
		t := w.sum.threads[a.thread-1]
		if t.home != f || f.Test || !w.left.has(a.thread) {
			continue // joined before f returns: callers meet it no more than f itself
		}
		p := published{side: w.side(a), typed: typed, done: t.done}
		if a.path.Root.Kind == effect.Local {
			v := f.Locals[a.path.Root.N]
			p.fresh = v.Fresh
			if v.Fresh && !w.leaves(a.path.Root) {
				continue // nobody but this frame has it
			}
		}
		ps.threads[field] = append(ps.threads[field], p)
	}
}

// typed spells a path from the type of its root: what two frames can compare.
func (w *walk) typed(p effect.Path) (string, bool) {
	switch p.Root.Kind {
	case effect.Global:
		return p.Root.Key + p.Sel, true
	case effect.Param:
		return w.f.Types[p.Root.N] + p.Sel, true
	case effect.NoRoot:
		return "", false
	}
	return p.Sel, true
}

// leaves reports whether a variable's object is returned, stored or handed to
// a function that keeps it: other than to goroutines started here.
func (w *walk) leaves(r effect.Root) bool {
	out := false
	w.f.each(func(e *effect.Event) {
		switch e.Kind {
		case effect.Escape:
			out = out || w.resolve(e.Path).Root == r
		case effect.Return:
			for _, v := range e.Results {
				out = out || w.resolve(v.Path).Root == r
			}
		case effect.Call:
			g := w.m.funcs[e.Fn.Func]
			for i, v := range e.Args {
				if w.resolve(v.Path).Root == r && g != nil && g.sum != nil && i < len(g.sum.escapes) && g.sum.escapes[i] {
					out = true
				}
			}
		}
	})
	return out
}

// comparePos orders positions by file, line and column.
func comparePos(a, b effect.Pos) int {
	return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line, a.Col-b.Col)
}
