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
	above keys      // held by all callers of the frame
}

// A pair is two sides that nothing orders.
type pair struct {
	a, b     side
	certain  bool
	conn     bool // two methods of a net.Conn
	serves   bool // a serves until b ends that
	made     bool // by two who make objects of their own, or draw random numbers
	obstacle obstacle
}

// A published access is one that a goroutine makes on an object it shares
// with more than the function that started it.
type published struct {
	side
	typed string    // the path from the type of its root
	held  keys      // what may be held, by the fields
	runs  *function // what the goroutine runs
	fresh bool      // the object was made where the goroutine was started
	kind  int       // see kinds
}

// A judgement is a goroutine and accesses to a field outside of it that some
// frame saw together: whether they race is known.
type judgement struct {
	start int // number of the go statement
	fn    *function
	field int
}

// A setup is an entry and the start of a goroutine: what setsUp is asked of.
type setup struct {
	entry *function
	start rewrite.Span
}

// A dismissal is two accesses that conflict, and why they don't race.
type dismissal struct {
	a, b rewrite.Span
	why  string
}

// starts is a symmetric relation between numbers of go statements.
type starts [][]uint64

func (s *starts) add(i, j int) {
	i, j = max(i, j), min(i, j)
	for len(*s) <= i {
		*s = append(*s, nil)
	}
	row := (*s)[i]
	for len(row) <= j/64 {
		row = append(row, 0)
	}
	row[j/64] |= 1 << (j % 64)
	(*s)[i] = row
}

func (s starts) has(i, j int) bool {
	i, j = max(i, j), min(i, j)
	return i < len(s) && j/64 < len(s[i]) && s[i][j/64]&(1<<(j%64)) != 0
}

// merge adds another one.
func (s *starts) merge(o starts) {
	for i, row := range o {
		for len(*s) <= i {
			*s = append(*s, nil)
		}
		mine := append((*s)[i], make([]uint64, max(0, len(row)-len((*s)[i])))...)
		for j, bits := range row {
			mine[j] |= bits
		}
		(*s)[i] = mine
	}
}

// pairs collects pairs by the field that races.
type pairs struct {
	m       *Module
	found   map[string][]pair
	seen    map[seenPair]int // how many frames told of it
	threads map[string][]published
	entries map[string][]published
	tests   map[string][]published // by package variable: what parallel tests do
	cleared []dismissal            // for Module.dismissed, if somebody asks
	judged  map[judgement]bool
	sets    map[setup]bool // see setsUp
	sites   starts         // two seen in one frame
}

func newPairs(m *Module) *pairs {
	return &pairs{m: m, found: make(map[string][]pair), seen: make(map[seenPair]int), threads: make(map[string][]published),
		entries: make(map[string][]published), tests: make(map[string][]published), judged: make(map[judgement]bool), sets: make(map[setup]bool)}
}

// frame finds the pairs that meet in one function's activation, and publishes
// what may meet others.
func (ps *pairs) frame(w *walk) {
	ps.publish(w)
	if len(w.sum.threads) == 0 {
		return
	}
	byPath := make([]crowd, len(w.ids))
	var order []int
	covered := false // some access is to all that a value holds
	for _, a := range w.sum.accesses {
		if a.op == rewrite.Address {
			continue // no access itself
		}
		c := &byPath[a.id]
		if c.list == nil {
			order = append(order, a.id)
		}
		c.list, c.parts = append(c.list, a), c.parts|a.part()
		covered = covered || a.covers
	}
	for _, id := range order {
		c := &byPath[id]
		if c.parts == everyPart {
			ps.among(w, c)
		}
		if covered {
			ps.covering(w, c, byPath)
		}
	}
}

// compare judges two accesses of one path, or of parts of it, in one frame.
// Where many goroutines do the same, a few of them show all there is.
func (ps *pairs) compare(w *walk, c *crowd, a, b *access) {
	if a.thread == 0 && b.thread == 0 || !conflict(a, b) {
		return
	}
	if a != b && belowOneCall(a, b) && !severally(w, a, b) && !nextTurn(w, a, b) {
		ps.remember(w, a, b)
		return // both below one call: judged there
	}
	key := likeness{a.alike(), b.alike()}
	if c.shown[key] >= maxAlike {
		if a.thread != b.thread {
			ps.remember(w, a, b)
		}
		return
	}
	if why := ps.dismiss(w, a, b); why != "" {
		if ps.m.dismissed != nil {
			ps.cleared = append(ps.cleared, dismissal{a.at.Span(), b.at.Span(), why})
		}
		return
	}
	if c.shown == nil {
		c.shown = make(map[likeness]int)
	}
	c.shown[key]++
	ps.add(w.place(a, b), pair{a: w.side(a), b: w.side(b), certain: !a.adapted && !b.adapted, obstacle: w.obstacle(a, b)})
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
	case oneAfterTheOther(a, b):
		return "what is behind the gate happens one after the other"
	case signalledOnce(a, b), signalledOnce(b, a):
		return "of several goroutines one gets there, and signals"
	case a != b && a.op == rewrite.Close && a.at == b.at && a.thread != b.thread:
		return "two calls of one function, rarely meant for one channel"
	case behindClose(a, b), behindClose(b, a):
		return "one is behind the close of a channel, the other before it"
	case w.f.Test && (w.waitsForOthers(a) || w.waitsForOthers(b)):
		return "the code under test decides when"
	case fedLater(a, b), fedLater(b, a):
		return "the goroutine waits for what it is given to do"
	case w.inTurn(a, b):
		return "ordered"
	case w.protected(a, b):
		return "a lock in common"
	case w.f.Test && w.looksInside(a, b):
		return "only a test gets there, past the code that uses it"
	case w.shutOut(a, b), w.shutOut(b, a):
		return "a flag under a lock keeps one out"
	case receives(a), receives(b):
		return "who closes has received what was sent"
	}
	return ""
}

// inTurn reports whether one of two accesses is sure to come before the other.
func (w *walk) inTurn(a, b *access) bool {
	return lazily(&w.inTurns, turnKey{a.scene, b.scene, a.thread, b.thread}, func() bool { return w.oneFirst(a, b) })
}

// A turnKey is all that inTurn depends on.
type turnKey struct {
	a, b       *scene
	in, beside int // threads
}

func (w *walk) oneFirst(a, b *access) bool {
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

// remember notes what this frame can say about starts and accesses, so that
// the weaker judgement by type doesn't contradict it.
func (ps *pairs) remember(w *walk, a, b *access) {
	if a.thread == 0 {
		a, b = b, a
	}
	s := w.sum.threads[a.thread-1].number
	if b.thread > 0 {
		ps.sites.add(s, w.sum.threads[b.thread-1].number)
		return
	}
	if field := w.fieldOf(a); field != 0 {
		ps.judged[judgement{s, b.fn, field}] = true
	}
}

// fieldOf is the number of the field that a path of the frame ends in, or 0.
func (w *walk) fieldOf(a *access) int {
	for len(w.fields) <= a.id {
		w.fields = append(w.fields, -1)
	}
	if w.fields[a.id] < 0 {
		w.fields[a.id] = w.m.numbers[a.path.Field()]
	}
	return w.fields[a.id]
}

func conflict(a, b *access) bool {
	if a.op == rewrite.Address || b.op == rewrite.Address {
		return false
	}
	if a.op == rewrite.Atomic && b.op == rewrite.Atomic {
		return false
	}
	return (a.changes() || b.changes()) && !apart(a.index, b.index)
}

// apart reports whether two indices, word by word, are of different elements.
func apart(a, b string) bool {
	if (a == effect.Spare) != (b == effect.Spare) {
		return true // behind the end is no element
	}
	if a == b || a == "" || b == "" {
		return false
	}
	for more := true; more; {
		var x, y string
		var other bool
		x, a, more = strings.Cut(a, ",")
		y, b, other = strings.Cut(b, ",")
		if wordsApart(x, y) || wordsApart(y, x) {
			return true
		}
		more = more && other
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

// protected reports whether a lock keeps the two apart. A lock that is held
// only perhaps counts: a lock under a condition usually goes with an access
// under the same condition.
func (w *walk) protected(a, b *access) bool {
	return w.m.excludes(w.keysOf(w.tokens1(a).may), w.keysOf(w.tokens1(b).may))
}

// keysOf is the keys of locks in the frame. Many accesses share them.
func (w *walk) keysOf(l locks) keys {
	if len(l) == 0 {
		return nil
	}
	return lazily(&w.lockKeys, backingOf(l), func() keys { return l.keys(w.f) })
}

// tokens1 is an access less the channels it holds that are no locks, now that
// their capacity is known.
func (w *walk) tokens1(a *access) *access {
	if !slices.ContainsFunc(a.may, func(h held) bool { return !w.f.holdsOne(h.path) }) {
		return a
	}
	n := *a
	n.scene = a.scene.holding(a.must, slices.DeleteFunc(slices.Clone(a.may), func(h held) bool { return !w.f.holdsOne(h.path) }))
	return &n
}

// excludes reports whether who holds the one locks is kept out by the others.
func (m *Module) excludes(ka, kb keys) bool {
	for _, k := range []keys{ka, kb} {
		if _, ok := k[condLock[1:]]; ok {
			return true // some lock, there is no telling which
		}
	}
	if len(ka) == 0 || len(kb) == 0 {
		return false
	}
	for k, mode := range ka {
		if n, ok := kb[k]; ok && (mode == rewrite.Exclusive || n == rewrite.Exclusive) {
			return true
		}
	}
	return m.mayBeLent(ka, kb) || m.mayBeLent(kb, ka)
}

// mayBeLent reports whether a lock that is reached through a pointer in a struct
// may be one that is held elsewhere by the name it has in another struct.
//
//	s.list.mu = &s.mu
func (m *Module) mayBeLent(ka, kb keys) bool {
	for k, mode := range ka {
		if !m.lent[k] {
			continue
		}
		for l, n := range kb {
			if ownerOf(l) != ownerOf(k) && (mode == rewrite.Exclusive || n == rewrite.Exclusive) {
				return true
			}
		}
	}
	return false
}

func (w *walk) side(a *access) side {
	s := side{access: w.locked(a), frame: w.f}
	if a.thread > 0 {
		s.ctx = w.sum.threads[a.thread-1].context()
		s.ctx.Over = !w.left.has(a.thread)
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
	if ps.m.spare(field, p.a.access) || ps.m.spare(field, p.b.access) {
		return
	}
	ps.found[field] = append(ps.found[field], p)
}

// comparePos orders positions by file, line and column.
func comparePos(a, b effect.Pos) int {
	return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line, a.Col-b.Col)
}
