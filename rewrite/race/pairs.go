package race

import (
	"cmp"
	"slices"
	"strconv"
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
	a, b     side
	certain  bool
	obstacle obstacle
}

// A published access is one that a goroutine makes on an object it shares
// with more than the function that started it.
type published struct {
	side
	typed string    // the path from the type of its root
	runs  *function // what the goroutine runs
	fresh bool      // the object was made where the goroutine was started
}

// A judgement is a goroutine and accesses to a field outside of it that some
// frame saw together: whether they race is known.
type judgement struct {
	start effect.Pos
	fn    *function
	field string
}

// A dismissal is two accesses that conflict, and why they don't race.
type dismissal struct {
	a, b rewrite.Span
	why  string
}

// pairs collects pairs by the field that races.
type pairs struct {
	m       *Module
	found   map[string][]pair
	threads map[string][]published
	entries map[string][]published
	tests   map[string][]published // by package variable: what parallel tests do
	cleared []dismissal            // for Module.dismissed, if somebody asks
	judged  map[judgement]bool
	sites   map[[2]effect.Pos]bool // two goroutine starts seen in one frame
}

func newPairs(m *Module) *pairs {
	return &pairs{m: m, found: make(map[string][]pair), threads: make(map[string][]published),
		entries: make(map[string][]published), tests: make(map[string][]published), judged: make(map[judgement]bool), sites: make(map[[2]effect.Pos]bool)}
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
		if byPath[a.path] == nil {
			order = append(order, a.path)
		}
		byPath[a.path] = append(byPath[a.path], a)
	}
	for _, p := range order {
		list := byPath[p]
		for i, a := range list {
			for _, b := range list[i:] {
				ps.compare(w, a, b)
			}
		}
		for _, a := range w.covering(p, byPath) {
			for _, b := range list {
				ps.compare(w, a, b)
			}
		}
	}
}

// covering lists the accesses to values that hold the memory of a path: arrays
// and structs copied as one.
func (w *walk) covering(p effect.Path, byPath map[effect.Path][]*access) []*access {
	var out []*access
	for base, sel := p.Base(); sel != "" && sel != effect.Deref; base, sel = base.Base() {
		for _, a := range byPath[base] {
			if a.covers {
				out = append(out, a)
			}
		}
	}
	return out
}

// compare judges two accesses of one path, or of parts of it, in one frame.
func (ps *pairs) compare(w *walk, a, b *access) {
	if a.thread == 0 && b.thread == 0 || !conflict(a, b) {
		return
	}
	if a != b && a.event == b.event && a.thread != b.thread && !severally(w, a, b) {
		ps.remember(w, a, b)
		return // both below one call: judged there
	}
	if why := ps.dismiss(w, a, b); why != "" {
		if ps.m.dismissed != nil {
			ps.cleared = append(ps.cleared, dismissal{a.at.Span(), b.at.Span(), why})
		}
		return
	}
	ps.add(w.place(a, b), pair{a: w.side(a), b: w.side(b), certain: true, obstacle: w.obstacle(a, b)})
}

// dismiss says why two conflicting accesses are no race; "" if they are one.
func (ps *pairs) dismiss(w *walk, a, b *access) string {
	if a.thread == b.thread {
		if !ps.selfParallel(w, a) {
			return "the goroutine runs alone, or has its own"
		}
	} else {
		ps.remember(w, a, b)
		switch {
		case !concurrent(w, a, b):
			return "one goroutine is over, or not started"
		case ps.reassigned(w, a.path):
			return "reached through a variable that changes"
		}
	}
	switch {
	case a != b && a.op == rewrite.Close && a.at == b.at && a.thread != b.thread:
		return "two calls of one function, rarely meant for one channel"
	case w.f.Test && (w.waitsForOthers(a) || w.waitsForOthers(b)):
		return "the code under test decides when"
	case fedLater(a, b), fedLater(b, a):
		return "the goroutine waits for what it is given to do"
	case w.inTurn(a, b):
		return "ordered"
	case w.protected(a, b):
		return "a lock in common"
	case receives(a), receives(b):
		return "who closes has received what was sent"
	}
	return ""
}

// inTurn reports whether one of two accesses is sure to come before the other.
func (w *walk) inTurn(a, b *access) bool {
	p, before := w.ordered(a, b)
	q, after := w.ordered(b, a)
	switch {
	case before && after: // a contradiction, but for turns; a WaitGroup gives none
		return p != q || !w.groups.has(p)
	case before || after:
		return true
	}
	return a.thread != b.thread && w.alternate(a, b)
}

// fedLater reports whether a goroutine reads a package variable only when it
// was given something to do, and who started it sets the variable after that:
// programs set up what they serve before they let anybody ask.
func fedLater(a, b *access) bool {
	return a.thread > 0 && b.thread == 0 && a.path.Root.Kind == effect.Global && b.op == rewrite.Write && !a.writes() &&
		slices.ContainsFunc(a.waited, func(c count) bool {
			return c.n < plenty && (c.path.Root.Kind != effect.Either || c.path == something) && !strings.HasPrefix(c.path.Field(), "time.")
		})
}

// waitsForOthers reports whether a test's goroutine gets to an access only when
// the code under test lets it: what it waits for is nothing that the test made
// or signals. Tests that make sure it doesn't happen look just so.
func (w *walk) waitsForOthers(a *access) bool {
	return a.thread > 0 && slices.ContainsFunc(a.waited, func(c count) bool {
		r := c.path.Root
		foreign := r.Kind == effect.Result || r.Kind == effect.Local && r.N < len(w.f.Locals) && !w.f.Locals[r.N].Fresh
		return foreign && c.path.Sel == "" && w.sum.sends.of(c.path) == 0 && len(w.signallers(c.path)) == 0
	})
}

// receives reports whether an access closes a channel that its goroutine has
// received from: it will know when all was sent.
func receives(a *access) bool {
	ch, open := a.path.Base()
	return open == effect.Open && a.op == rewrite.Close && (a.waited.of(ch) > 0 || a.turns.of(ch) > 0)
}

// severally reports whether one of the accesses is in a thread of which this
// frame may start several that share what is accessed.
func severally(w *walk, a, b *access) bool {
	if ofElement(a) || ofElement(b) {
		return false // each has its own
	}
	for _, x := range []*access{a, b} {
		if x.thread > 0 && w.sum.threads[x.thread-1].home == w.f && w.sum.threads[x.thread-1].overlaps() {
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
	if field := a.path.Field(); field != "" {
		ps.judged[judgement{w.sum.threads[a.thread-1].site, b.fn, field}] = true
	}
}

func conflict(a, b *access) bool {
	if a.op == rewrite.Address || b.op == rewrite.Address {
		return false
	}
	if a.op == rewrite.Atomic && b.op == rewrite.Atomic || apart(a.index, b.index) {
		return false
	}
	return a.writes() || b.writes() || a.op == rewrite.Atomic || b.op == rewrite.Atomic
}

// apart reports whether two indices, word by word, are of different elements.
func apart(a, b string) bool {
	if a == b || a == "" || b == "" {
		return false
	}
	x, y := strings.Split(a, ","), strings.Split(b, ",")
	for i := range min(len(x), len(y)) {
		if wordsApart(x[i], y[i]) || wordsApart(y[i], x[i]) {
			return true
		}
	}
	return false
}

func wordsApart(x, y string) bool {
	if x[0] != '=' {
		return false
	}
	if y[0] == '<' {
		i, err := strconv.Atoi(x[1:])
		n, err2 := strconv.Atoi(y[1:])
		return err == nil && err2 == nil && i >= n
	}
	return y[0] == '=' && x != y
}

// selfParallel reports whether two goroutines of one start can make the same
// access to the same memory.
func (ps *pairs) selfParallel(w *walk, a *access) bool {
	t := w.sum.threads[a.thread-1]
	if !t.overlaps() || t.below || t.handler && w.f.Test || w.perRequest(a) || t.queue != (effect.Pos{}) {
		return false
	}
	if strings.Contains(a.index, "?") || strings.Contains(a.index, "p") {
		return false // each may well have its own element
	}
	if base, _ := a.path.Base(); base.HasElem() {
		return false // each may have its own element
	}
	if l := w.loop(a.path.Root); l != 0 && l == t.loop {
		return false // made anew for each goroutine
	}
	if ps.m.unstable(a.path) || ps.reassigned(w, a.path) {
		return false // by the next start the same words may name another object
	}
	return true
}

// reassigned reports whether a path goes through a variable of the frame that
// is set more than once: by then it may lead to another object.
func (ps *pairs) reassigned(w *walk, p effect.Path) bool {
	if !strings.HasPrefix(p.Sel, ";"+effect.Deref) {
		return false
	}
	switch p.Root.Kind {
	case effect.Local, effect.Free:
		return !w.f.variable(p.Root).Stays
	}
	return false
}

// concurrent reports whether accesses of different threads can run at once.
func concurrent(w *walk, a, b *access) bool {
	if w.f.Test && (w.handles(a) || w.handles(b)) {
		return false // a test's server gets its requests one by one, as a rule
	}
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
		return !w.perRequest(b) && !w.sum.threads[cb[i]-1].after && w.running(a, b.thread)
	case i == len(cb):
		return !w.perRequest(a) && !w.sum.threads[ca[i]-1].after && w.running(b, a.thread)
	case w.queued(a, b):
		return false
	case w.perRequest(a) || w.perRequest(b):
		return false
	default:
		s, t := w.sum.threads[ca[i]-1], w.sum.threads[cb[i]-1]
		return s.live.has(b.thread) || t.live.has(a.thread)
	}
}

// ofElement reports whether an access is to an element of a container, or to
// what belongs to one: another turn of a loop has another element.
func ofElement(a *access) bool {
	base, _ := a.path.Base()
	return base.HasElem() || strings.ContainsAny(a.index, "?p")
}

// encloses reports whether a loop is, or is in, another one.
func (w *walk) encloses(loop, outer int) bool {
	for ; loop > 0 && loop < len(w.f.Within); loop = w.f.Within[loop] {
		if loop == outer {
			return true
		}
	}
	return false
}

// handles reports whether an access is in a goroutine that a server starts for
// a request.
func (w *walk) handles(a *access) bool { return a.thread > 0 && w.sum.threads[a.thread-1].handler }

// perRequest reports whether an access is in a handler and to an object that
// the frame gets from its caller: that may well make both for each request.
func (w *walk) perRequest(a *access) bool {
	if !w.handles(a) {
		return false
	}
	if w.sum.threads[a.thread-1].typed && w.m.field(a.path) != "" && a.path.Root.Kind != effect.Global {
		return true
	}
	return a.path.Root.Kind == effect.Param
}

// queued reports whether two accesses are in threads that run one at a time.
func (w *walk) queued(a, b *access) bool {
	q := w.sum.threads[a.thread-1].queue
	return q != effect.Pos{} && q == w.sum.threads[b.thread-1].queue
}

// running reports whether a thread may run by the time of an access outside
// it. Of what a loop makes anew each turn, a goroutine of that loop has only
// what its own turn made.
func (w *walk) running(a *access, t int) bool {
	l := w.sum.threads[t-1].loop
	if l != 0 && (l == w.loop(a.path.Root) || w.encloses(l, a.turn) && ofElement(a)) {
		return a.now.has(t) // each turn has an object, or an element, of its own
	}
	return a.live.has(t)
}

// protected reports whether a lock keeps the two apart. A lock that is held
// only perhaps counts: a lock under a condition usually goes with an access
// under the same condition.
func (w *walk) protected(a, b *access) bool {
	a, b = w.tokens1(a), w.tokens1(b)
	return protected(a, b, w.f, w.f)
}

// tokens1 is an access less the channels it holds that are no locks, now that
// their capacity is known.
func (w *walk) tokens1(a *access) *access {
	if !slices.ContainsFunc(a.may, func(h held) bool { return !w.holdsOne(h.path) }) {
		return a
	}
	n := *a
	n.may = slices.DeleteFunc(slices.Clone(a.may), func(h held) bool { return !w.holdsOne(h.path) })
	return &n
}

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
	s := side{access: w.locked(a), frame: w.f}
	if a.thread > 0 {
		s.ctx = w.sum.threads[a.thread-1].context()
		return s
	}
	s.ctx = rewrite.Context{Start: w.f.At.Span(), Func: w.f.Name, Runs: w.f.Name, Starter: true}
	if a.later {
		s.ctx = rewrite.Context{Start: w.f.At.Span(), Func: "the function that " + w.f.Name + " returns", Runs: a.fn.Name, Entry: true}
	}
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
		field := w.m.field(a.path)
		if field == "" && a.path.Root.Kind == effect.Global {
			field = a.path.Root.Key
		}
		if field == "" || a.whole && !a.deref && a.path.Root.Kind != effect.Global || a.op == rewrite.Close || a.op == rewrite.Send {
			continue // a whole struct is a copy more often than it is the shared one
		}
		typed, ok := w.typed(a.path)
		if !ok {
			continue
		}
		if f.isTest() && a.path.Root.Kind == effect.Global && a.parallel {
			ps.tests[field] = append(ps.tests[field], published{side: w.inTest(a), typed: typed})
		}
		if a.thread == 0 {
			if f.Exported && !f.Test && (a.path.Root.Kind == effect.Global || f.Recv != "" && a.path.Root == (effect.Root{Kind: effect.Param})) {
				s := w.side(a)
				s.ctx.Starter, s.ctx.Entry = false, true
				ps.entries[field] = append(ps.entries[field], published{side: s, typed: typed})
			}
			continue
		}
		t := w.sum.threads[a.thread-1]
		if t.home != f || f.Test || t.typed && a.path.Root.Kind != effect.Global || !w.left.has(a.thread) {
			continue // joined before f returns: callers meet it no more than f itself
		}
		p := published{side: w.side(a), typed: typed, runs: t.body}
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

// isTest reports whether a function is one that "go test" runs.
func (f *function) isTest() bool {
	return f.Test && f.Parent == "" && f.Recv == "" && strings.HasPrefix(f.Name, "Test")
}

// inTest is an access in a test that runs beside others.
func (w *walk) inTest(a *access) side {
	ctx := rewrite.Context{Start: w.f.At.Span(), Func: "go test", Runs: w.f.Name, Through: parallelTest}
	return side{access: a, frame: w.f, ctx: ctx}
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
				if w.resolve(v.Path).Root == r && g != nil && w.keepsArgument(g, i) {
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
