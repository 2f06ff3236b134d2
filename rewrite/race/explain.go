package race

import (
	"cmp"
	"fmt"
	"go/token"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// An obstacle is why something that goroutines signal and wait for does not
// order two accesses.
type obstacle struct {
	text   string
	object string // waiting for it before the later access would order the two; "" if that isn't sure
}

// obstacle looks for what was meant to order two accesses of one frame; the
// zero obstacle if nothing is sure to be said.
func (w *walk) obstacle(a, b *access) obstacle {
	if a.thread == 0 {
		a, b = b, a
	}
	if a.thread == b.thread {
		return obstacle{}
	}
	for _, s := range [][2]*access{{a, b}, {b, a}} {
		if o := w.signalled(s[0], s[1]); o.text != "" {
			return o
		}
		if o := w.tooEarly(s[0], s[1]); o.text != "" {
			return o
		}
	}
	return obstacle{}
}

// signalled looks for a signal after access a that b doesn't wait for, or not
// for sure.
func (w *walk) signalled(a, b *access) obstacle {
	for _, c := range a.before {
		name := w.name(c.path)
		if name == "" {
			continue
		}
		if n := b.waited.of(c.path); n > 0 {
			if text := w.ambiguous(a, c, n, name); text != "" {
				return obstacle{text: text}
			}
			continue
		}
		text := w.unawaited(a, b, c.path, name)
		if text == "" {
			continue
		}
		o := obstacle{text: text}
		n := uint8(1)
		if w.groups.has(c.path) {
			n = many
		}
		if b.thread == 0 && !b.loop && w.enough(relay{path: c.path, need: c.n, thread: a.thread}, n, 0) {
			o.object = name
		}
		return o
	}
	return obstacle{}
}

// ambiguous says whose signal a wait may take for that of a's goroutine.
func (w *walk) ambiguous(a *access, c count, n uint8, name string) string {
	if a.thread == 0 {
		return ""
	}
	if n == many {
		return ""
	}
	if n == 1 && w.shares(w.sum.threads[a.thread-1], c.path) {
		return fmt.Sprintf("one wait for %s is over with the first signal, and several goroutines of this start give one", name)
	}
	for _, r := range w.sum.relays {
		if r.path == c.path && r.thread > 0 && r.thread != a.thread && w.beside(r.thread, a.thread) {
			return fmt.Sprintf("the wait for %s may be over by another goroutine's signal, at %s", name, short(r.at))
		}
	}
	return ""
}

// unawaited says that b does not wait for what is signalled after a.
func (w *walk) unawaited(a, b *access, p effect.Path, name string) string {
	waits := w.waitsFor(p)
	here := b.thread == 0 && b.trail == nil && b.fn == w.f
	late := func(at effect.Pos) bool { return at.Line > b.at.Line }
	switch {
	case here && b.turn == 0 && len(waits) > 0 && !slices.ContainsFunc(waits, func(at effect.Pos) bool { return !late(at) }):
		return fmt.Sprintf("%s is waited for only at %s, after the %s", name, short(waits[0]), noun(b.op))
	case here && len(waits) > 0 && !late(waits[0]):
		return fmt.Sprintf("%s is waited for at %s, but not on every way to the %s", name, short(waits[0]), noun(b.op))
	}
	for _, r := range w.sum.relays {
		if r.path == p && r.thread == a.thread {
			if how := w.how(a, r); how != "" {
				return fmt.Sprintf("%s at %s, after the %s, but nothing waits for that before the %s", how, short(r.at), noun(a.op), noun(b.op))
			}
		}
	}
	return ""
}

// tooEarly looks for a signal that b waits for and that a's goroutine gives,
// but not after a.
func (w *walk) tooEarly(a, b *access) obstacle {
	if a.thread == 0 {
		return obstacle{}
	}
	for _, c := range b.waited {
		name := w.name(c.path)
		if name == "" || a.before.of(c.path) > 0 {
			continue
		}
		if w.sum.threads[a.thread-1].late.has(c.path) {
			return obstacle{text: fmt.Sprintf("%s.Add is called by the goroutine itself: the wait for %s before the %s may be over by then", name, name, noun(b.op))}
		}
		for _, r := range w.sum.relays {
			if r.path != c.path || r.thread != a.thread {
				continue
			}
			if how := strings.Replace(w.how(a, r), name, nameAgain(name), 1); how != "" {
				return obstacle{text: fmt.Sprintf("the %s waits for %s, but %s at %s, and not after the %s", noun(b.op), name, how, short(r.at), noun(a.op))}
			}
		}
	}
	return obstacle{}
}

// nameAgain is how a name is repeated.
func nameAgain(name string) string {
	if strings.HasPrefix(name, "the ") {
		return "it"
	}
	return name
}

// how says what a signal of an access's goroutine does; "" for those that
// nobody thinks of as one, such as atomic stores.
func (w *walk) how(a *access, r *relay) string {
	name := w.name(r.path)
	fns := []*function{w.f, a.fn}
	if a.thread > 0 && w.sum.threads[a.thread-1].body != nil {
		fns = append(fns, w.sum.threads[a.thread-1].body)
	}
	for _, f := range fns {
		how := ""
		f.each(func(e *effect.Event) {
			switch {
			case e.Kind != effect.Signal || e.At != r.at:
			case e.Send:
				how = name + " is sent on"
			case e.Op == rewrite.Close:
				how = name + " is closed"
			case e.Group:
				how = name + ".Done is called"
			}
		})
		if how != "" {
			return how
		}
	}
	return ""
}

// waitsFor lists where the frame's own source waits for an object, by position.
func (w *walk) waitsFor(p effect.Path) []effect.Pos {
	var out []effect.Pos
	for i := range w.f.Blocks {
		for _, e := range w.f.Blocks[i].Events {
			if e.Kind == effect.Wait && (w.resolve(e.Path) == p || slices.ContainsFunc(e.Either, func(q effect.Path) bool { return w.resolve(q) == p })) {
				out = append(out, e.At)
			}
		}
		for _, c := range w.f.Blocks[i].Conds {
			if c.Case && !c.Send && c.At.Line > 0 && w.resolve(c.Path) == p {
				out = append(out, c.At)
			}
		}
	}
	slices.SortFunc(out, comparePos)
	return out
}

// name is what people call an object that is signalled; "" if it has no name,
// or is one of those that only the analysis knows.
func (w *walk) name(p effect.Path) string {
	_, back := p.IsBack()
	_, flag := p.IsFlag()
	if back || flag || strings.HasSuffix(p.Sel, onceMark) || strings.HasSuffix(p.Sel, ";"+effect.Open) {
		return ""
	}
	if field := p.Field(); field != "" {
		return rewrite.ShortKey(field)
	}
	switch p.Root.Kind {
	case effect.Global:
		return rewrite.ShortKey(p.Root.Key)
	case effect.Local, effect.Result:
		for _, v := range w.f.Locals { // the variable it was put into
			if v.Holds.Path == p && v.At.Line > 0 && named(v.Name) {
				return v.Name
			}
		}
	}
	if v := w.f.variable(p.Root); v.Fresh && v.Cap == 0 && named(v.Name) || p.Root.Kind != effect.Local && named(v.Name) {
		return v.Name
	} else if v.Cap != 0 && v.At.Line > 0 {
		return "the channel made at " + short(v.At)
	}
	if w.groups.has(p) {
		return "the group"
	}
	return ""
}

// named tells names of variables from those that SSA gives to what has none.
func named(name string) bool {
	return token.IsIdentifier(name) && !slices.Contains([]string{"new", "complit", "makeslice", "slicelit", "varargs"}, name)
}

// noun is what an access is called in a sentence.
func noun(op rewrite.Op) string {
	switch op {
	case rewrite.Write, rewrite.WriteElem:
		return "write"
	case rewrite.Read, rewrite.ReadElem:
		return "read"
	case rewrite.Atomic:
		return "atomic operation"
	default:
		return string(op)
	}
}

// short is a position as sentences name it.
func short(at effect.Pos) string { return fmt.Sprintf("%s:%d", filepath.Base(at.File), at.Line) }

// why says, for a pair, what would have ordered it and is not there.
func (m *Module) why(p pair) []string {
	out := []string{beside(p)}
	if p.obstacle.text != "" {
		out[0] = strings.TrimSuffix(out[0], noWait)
		out = append(out, p.obstacle.text)
	}
	if channel(p) {
		if p.a.op == p.b.op {
			return append(out, "closing a channel twice panics")
		}
		return append(out, "a send on a closed channel panics")
	}
	ka, kb := p.a.must.keys(p.a.frame), p.b.must.keys(p.b.frame)
	switch shared := commonLock(ka, kb); {
	case len(ka)+len(kb) == 0:
		out = append(out, "neither holds a lock")
	case shared != "":
		out = append(out, "both hold "+rewrite.ShortKey(shared)+", but only for reading")
	default:
		out = append(out, "they hold no lock in common")
	}
	return out
}

// beside says why the two sides may run at once.
func beside(p pair) string {
	a, b := p.a.ctx, p.b.ctx
	from := enterer(a, b).Func
	other := a
	if a.Entry || a.Starter {
		other = b
	}
	switch {
	case a.Through == parallelTest && b.Through == parallelTest:
		return "both tests call t.Parallel, so that they may run at once"
	case a.Start == b.Start && a.Request:
		return "a server handles several requests at once"
	case a.Start == b.Start && a.Through == "testing.T.Run":
		return "subtests that call t.Parallel run at once"
	case a.Start == b.Start && a.Many:
		return "several goroutines of this start may run at once"
	case a.Request && b.Request:
		return "a server handles requests of both kinds at once"
	case (a.Request || b.Request) && !a.Entry && !b.Entry && !a.Starter && !b.Starter:
		return "requests may come while the goroutine runs"
	case !a.Entry && !b.Entry && !a.Starter && !b.Starter:
		return "nothing waits for one goroutine before the other is started"
	case a.Entry && b.Entry:
		return "the lock that guards the other accesses says that callers run at once"
	case a.Entry || b.Entry:
		return from + " can be called while the goroutine runs"
	case other.Through == "time.AfterFunc":
		return from + " goes on while the timer runs; stopping it does not wait for a function that has begun"
	case other.Request:
		return from + " goes on after requests may come in"
	default:
		return from + " goes on after it has started the goroutine" + noWait
	}
}

// noWait ends what is said of a starter, where there is nothing more exact.
const noWait = ", and does not wait for it before its access"

// would says what would order the two sides of a pair.
func (m *Module) would(p pair) string {
	a, b := p.a.ctx, p.b.ctx
	switch {
	case channel(p) && p.a.op == p.b.op:
		return "only one of the two closing the channel, or a sync.Once around both"
	case channel(p):
		return "waiting for all who send before the channel is closed"
	case p.a.op == rewrite.Atomic:
		return "an atomic operation for the " + noun(p.b.op) + " at " + short(p.b.at) + " as well"
	case p.b.op == rewrite.Atomic:
		return "an atomic operation for the " + noun(p.a.op) + " at " + short(p.a.at) + " as well"
	}
	lock := m.lacking(p)
	starter := p.b
	if a.Starter {
		starter = p.a
	}
	switch {
	case (a.Starter || b.Starter) && p.obstacle.object != "":
		return fmt.Sprintf("a wait for %s before the %s at %s, or %s", p.obstacle.object, noun(starter.op), short(starter.at), lock)
	case a.Starter || b.Starter:
		return fmt.Sprintf("a wait for the goroutine (WaitGroup, channel) before the %s at %s, or %s", noun(starter.op), short(starter.at), lock)
	case a.Through == parallelTest && b.Through == parallelTest:
		return "one of the tests without t.Parallel, or " + lock
	}
	return lock
}

// lacking says which lock would keep the two sides of a pair apart.
func (m *Module) lacking(p pair) string {
	ka, kb := p.a.must.keys(p.a.frame), p.b.must.keys(p.b.frame)
	shared := commonLock(ka, kb)
	switch {
	case shared != "":
		return "holding " + rewrite.ShortKey(shared) + " for writing at " + short(p.a.at) + ": Lock instead of RLock"
	case len(kb) == 0 && m.mutex(ka) != "":
		return "holding " + m.mutex(ka) + " at " + short(p.b.at) + " as well"
	case len(ka) == 0 && m.mutex(kb) != "":
		return "holding " + m.mutex(kb) + " at " + short(p.a.at) + " as well"
	case m.mutex(ka) != "" && m.mutex(kb) != "":
		return "holding one lock at both, not two different ones"
	case p.a.at == p.b.at:
		return "holding a lock at " + short(p.a.at)
	}
	return "holding one lock at both"
}

// parallelTest is how tests that run beside others are started.
const parallelTest = "t.Parallel"

// channel reports whether a pair is about whether a channel is open.
func channel(p pair) bool { return p.a.op == rewrite.Close || p.b.op == rewrite.Close }

// commonLock is a lock that both sides hold, "" for none.
func commonLock(a, b keys) string {
	var out string
	for k := range a {
		if _, ok := b[k]; ok && (out == "" || k < out) {
			out = k
		}
	}
	return out
}

// mutex names the one lock that a side holds for itself alone, if it is one
// that the other side could take too: a sync.Once or a channel is not.
func (m *Module) mutex(held keys) string {
	if len(held) != 1 {
		return ""
	}
	for k, mode := range held {
		if mode == rewrite.Exclusive && m.takesLock(k) {
			return rewrite.ShortKey(k)
		}
	}
	return ""
}

// takesLock reports whether some function is seen to take the lock with a key
// by itself.
func (m *Module) takesLock(key string) bool {
	if m.mutexes == nil {
		m.mutexes = make(map[string]bool)
		for _, f := range m.order {
			f.each(func(e *effect.Event) {
				if e.Kind == effect.Lock {
					m.mutexes[held{path: e.Path}.key(f)] = true
				}
			})
		}
	}
	return m.mutexes[key]
}

// path lists the calls on the way to an access, without rounds of recursion.
// Where a function that was handed over is what the goroutine runs, c says so.
func path(s side, c *rewrite.Context) []rewrite.Step {
	var out []rewrite.Step
	direct := c.Entry || c.Starter
	for t := s.trail; t != nil; t = t.next {
		direct = direct || t.at.Span() == c.Start
	}
	caller := s.frame.Name
	for t := s.trail; t != nil; t = t.next {
		if t.fn == nil {
			continue
		}
		if !direct && t.handed && t.at.Line > 0 {
			c.Runs, c.Handed = t.fn.Name, &rewrite.Step{At: t.at.Span(), Func: caller}
			direct, out = true, nil
			caller = t.fn.Name
			continue
		}
		caller = t.fn.Name
		if at := t.at.Span(); at == c.Start || at.IsZero() {
			continue // the go statement is told already
		}
		if i := slices.IndexFunc(out, func(o rewrite.Step) bool { return o.Func == t.fn.Name }); i >= 0 {
			out = out[:i+1]
			continue
		}
		out = append(out, rewrite.Step{At: t.at.Span(), Func: t.fn.Name})
	}
	return out[:min(len(out), 12)]
}

func enterer(a, b rewrite.Context) rewrite.Context {
	if a.Entry || a.Starter {
		return a
	}
	return b
}

// rank prefers pairs that show a race best: outside tests, seen whole, by
// writers that do not always have the object to themselves, two different
// goroutines, without any lock.
func rank(p pair) int {
	n := 0
	if p.a.fn.Test || p.b.fn.Test || p.a.frame.Test || p.b.frame.Test {
		n += 32
	}
	if !p.certain {
		n += 16
	}
	if f := p.a.fn; p.a.ctx.Starter && f.entry.reached && slices.Contains(f.entry.fresh, true) {
		n += 4
	}
	if p.a.ctx.Entry || p.b.ctx.Entry || p.a.ctx.Starter || p.b.ctx.Starter {
		n += 2
	}
	if len(p.a.must)+len(p.b.must) > 0 {
		n++
	}
	return n
}

// comparePairs orders pairs by how well they show a race.
func comparePairs(p, q pair) int {
	return cmp.Or(cmp.Compare(rank(p), rank(q)), comparePos(p.a.at, q.a.at), comparePos(p.b.at, q.b.at))
}
