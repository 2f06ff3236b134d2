package race

import (
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

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
		return !w.perRequest(b) && !w.sum.threads[cb[i]-1].after && w.running(a, b.thread) && w.serving(a, cb[i])
	case i == len(cb):
		return !w.perRequest(a) && !w.sum.threads[ca[i]-1].after && w.running(b, a.thread) && w.serving(b, ca[i])
	case w.queued(a, b):
		return false
	case w.perRequest(a) || w.perRequest(b):
		return false
	default:
		s, t := w.sum.threads[ca[i]-1], w.sum.threads[cb[i]-1]
		return s.live.has(b.thread) && !s.foundOpen(t) || t.live.has(a.thread) && !t.foundOpen(s)
	}
}

// handles reports whether an access is in a goroutine that a server starts for
// a request.
func (w *walk) handles(a *access) bool { return a.thread > 0 && w.sum.threads[a.thread-1].handler }

// serving reports whether requests may come when the one who has registered a handler
// for them makes an access: another one runs by then that may be the server. To register
// is not to serve yet.
func (w *walk) serving(a *access, t int) bool {
	registered := func(t int) bool {
		th := w.sum.threads[t-1]
		return th.handler && (th.typed || th.note != "")
	}
	if !registered(t) {
		return true
	}
	for other := range a.live.all() {
		if !registered(other) && w.sum.threads[other-1].serves(w) {
			return true
		}
	}
	return false
}

// serves reports whether a goroutine may be one that accepts connections.
func (t *thread) serves(w *walk) bool {
	if t.body == nil || t.body.Accepts {
		return true
	}
	s := w.summaryOf(t.body)
	return s == nil || slices.ContainsFunc(s.slow, func(note string) bool {
		return strings.Contains(note, "Serve") || strings.Contains(note, "Listen") || strings.Contains(note, "Accept")
	})
}

// perRequest reports whether an access is in a function that became a handler
// by its type alone, and to an object of the frame or its caller: they may well
// make both for each request.
func (w *walk) perRequest(a *access) bool {
	if !w.handles(a) || !w.sum.threads[a.thread-1].typed {
		return false
	}
	switch a.path.Root.Kind {
	case effect.Param:
		return true
	case effect.Local:
		return w.m.field(a.path) != "" && (w.m.forRequest[w.f] || w.registered(w.sum.threads[a.thread-1]))
	}
	return w.m.field(a.path) != "" && a.path.Root.Kind != effect.Global
}

// registered reports whether the frame also hands a library what a handler by its type
// alone runs: that tells more of it.
func (w *walk) registered(t *thread) bool {
	return slices.ContainsFunc(w.sum.threads, func(o *thread) bool { return o.handler && !o.typed && o.body == t.body })
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

// selfParallel reports whether two goroutines of one start can make the same
// access to the same memory.
func (ps *pairs) selfParallel(w *walk, a *access) bool {
	t := w.sum.threads[a.thread-1]
	if !w.selves(a) || t.handler && w.f.Test || w.perRequest(a) {
		return false
	}
	if a.adapted && !w.left.has(a.thread) {
		return false // one goroutine for each of several functions
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
	if t.handler && a.path.IsAnswer() {
		return false // hooks of one request, in the order of what they tell
	}
	if ps.m.unstable(a.path) || ps.reassigned(w, a.path) {
		return false // by the next start the same words may name another object
	}
	return true
}

// selves reports whether two goroutines of one start may make an access at once, and
// this frame can tell: it has started them, or says what they run.
func (w *walk) selves(a *access) bool {
	if a.thread == 0 {
		return false
	}
	t := w.sum.threads[a.thread-1]
	return t.overlaps() && (a.bound || !t.below) && t.queue == effect.Pos{}
}

// unstable reports whether something on the way to the end of a path is
// reassigned anywhere.
func (m *Module) unstable(p effect.Path) bool {
	for base, last := p.Base(); last != ""; base, last = base.Base() {
		if last != effect.Deref && last != effect.Elem {
			continue // a part of the same memory
		}
		if base.Sel == "" {
			return base.Root.Kind == effect.Global && m.replaced[base.Root.Key]
		}
		if !base.Content() && m.replaced[base.Field()] {
			return true
		}
	}
	return false
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

// belowOneCall reports whether two goroutines make the accesses below one call, which
// knows as much of them as this frame.
func belowOneCall(a, b *access) bool {
	return a.thread != b.thread && a.event == b.event && !a.bound && !b.bound
}

// severally reports whether one of the accesses is in a thread of which this
// frame may start several that share what is accessed.
func severally(w *walk, a, b *access) bool {
	return (w.severalOf(a.thread) || w.severalOf(b.thread)) && !ofElement(a) && !ofElement(b) // else each has its own
}

// severalOf reports whether this frame may start several goroutines at one place.
func (w *walk) severalOf(thread int) bool {
	return thread > 0 && w.sum.threads[thread-1].home == w.f && w.sum.threads[thread-1].overlaps()
}

// nextTurn reports whether two accesses below one call in a loop are of different
// turns: a goroutine that the call of one turn has left meets what the call of
// the next one does to a map or slice that is the same in all turns. Objects with
// fields may well be set up anew each time.
func nextTurn(w *walk, a, b *access) bool {
	if a.thread == 0 {
		a, b = b, a
	}
	if !w.turnsMeet(a, b) || ofElement(a) || ofElement(b) || w.m.field(a.path) != "" {
		return false
	}
	l := w.loop(a.path.Root)
	return l == 0 || !w.encloses(l, b.turn)
}

// turnsMeet reports whether one of two accesses is in a goroutine that the call of a
// turn may have left, the other in the frame's own in a loop.
func (w *walk) turnsMeet(a, b *access) bool {
	if a.thread == 0 {
		a, b = b, a
	}
	return a.thread > 0 && b.thread == 0 && b.turn != 0 && !w.sum.threads[a.thread-1].below
}
