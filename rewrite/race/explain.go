package race

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// why says, for a pair, what would have ordered it and is not there.
func (m *Module) why(p pair) []string {
	out := []string{beside(p)}
	if p.obstacle.text != "" && !channel(p) {
		out[0] = strings.TrimSuffix(out[0], noWait)
		out = append(out, p.obstacle.text)
	}
	if p.b.leak != "" && p.b.bare {
		return append(out, fmt.Sprintf("%s returns the map or slice itself, without %s", p.b.fn.Name, rewrite.ShortKey(p.b.leak)))
	}
	if p.b.leak != "" {
		return append(out, fmt.Sprintf("%s returns the map or slice itself, and releases %s", p.b.fn.Name, rewrite.ShortKey(p.b.leak)))
	}
	if channel(p) {
		if p.a.op == p.b.op {
			return append(out, "closing a channel twice panics")
		}
		return append(out, "a send on a closed channel panics")
	}
	if p.a.op == rewrite.Atomic || p.b.op == rewrite.Atomic {
		return append(out, "an atomic operation keeps out only other atomic operations")
	}
	ka, kb := p.a.locked(), p.b.locked()
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
	case a.Contract() != "" && b.Contract() != "":
		return a.Contract() + " may be called by several goroutines at once"
	case a.Start == b.Start && a.Request:
		return "a server handles several requests at once"
	case a.Start == b.Start && a.Through == "testing.T.Run":
		return "subtests that call t.Parallel run at once"
	case a.Start == b.Start && a.Many:
		return "several goroutines of this start may run at once"
	case a.Start == b.Start && !a.Entry && !p.certain && !p.a.adapted:
		return p.a.frame.Name + " may be called again while the goroutine runs"
	case a.Request && b.Request:
		return "a server handles requests of both kinds at once"
	case (a.Request || b.Request) && !a.Entry && !b.Entry && !a.Starter && !b.Starter:
		return "requests may come while the goroutine runs"
	case !a.Entry && !b.Entry && !a.Starter && !b.Starter:
		return "nothing waits for one goroutine before the other is started"
	case p.made:
		return "who calls " + from + " need not know of others who do so at the same time"
	case p.serves:
		return p.a.frame.Name + " serves until somebody else calls " + p.b.frame.Name
	case p.conn:
		return "the methods of a net.Conn may be called at once"
	case a.Entry && b.Entry && p.a.at == p.b.at && p.a.entry == p.b.entry:
		return "who takes a lock for reading says that several come at once"
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
	case p.b.leak != "":
		return "a copy made while " + rewrite.ShortKey(p.b.leak) + " is held, at " + short(p.b.at)
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

// itself is 1 for a pair of one access in two goroutines, else 0: two accesses
// show more.
func itself(p pair) int {
	if p.a.at == p.b.at {
		return 1
	}
	return 0
}

// comparePairs orders pairs by how well they show a race.
func comparePairs(p, q pair) int {
	return cmp.Or(cmp.Compare(rank(p), rank(q)), comparePos(p.a.at, q.a.at), itself(p)-itself(q), comparePos(p.b.at, q.b.at))
}
