package race

import (
	"cmp"
	"hash/maphash"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// maxAccesses and maxVariants bound what a function's summary holds, so that
// memory grows with the code. The main loops of large programs reach some
// thousand accesses.
const (
	maxAccesses = 6000
	maxVariants = 4
)

// A walk summarises one function.
type walk struct {
	m          *Module
	f          *function
	sum        *summary
	own        map[*effect.Event]int // thread of a go statement
	below      map[*effect.Event]int // first thread that an event's callee starts
	choices    map[choice]*effect.Event
	results    map[effect.Root]result
	loops      map[int]int      // innermost loop around a call
	seen       map[uint64]bool  // hashes of the accesses that were met
	variants   map[uint64][]int // accesses that differ only in their sets of threads and signals, by the hash of the rest
	locksets   hashes[held]
	threadsets hashes[int]
	countsets  hashes[count]
	record     bool
	last       bool       // the function's callees will not change any more
	out        *gathering // what the module learns, the last time
	returns    int
	left       ints           // threads that may run when the function returns
	tokens     paths          // channels that serve as locks
	turns      map[way]counts // what was waited for by the end of a loop's turn
	numbers    map[effect.Root]int
	leaked     map[effect.Root]bool        // what code elsewhere may have, goroutines started here left out
	groups     paths                       // what is waited for as WaitGroups are
	at         point                       // of the event that is being run
	rest       map[*effect.Block]paths     // what is signalled after a block in the same turn
	deferred   paths                       // what deferred calls signal
	ends       paths                       // what is signalled when loops have ended
	aliases    map[effect.Root]effect.Path // fields that channels are known by
	handedIn   map[pendingKey]*effect.Event
	kept       map[effect.Path]effect.Value // functions put into fields
	afters     memo[count]                  // what is signalled after a state
	every      map[int]counts               // what every turn of a loop waits for
	senders    map[effect.Path][]int        // threads that signal an object
	orders     map[orderKey]effect.Path     // pairs of sets that are known to be in order, or not
}

// A choice is one function that a call through an interface may run.
type choice struct {
	call *effect.Event
	fn   *function
}

// summarise joins a function's own events with the summaries of its calls.
// The last time it does so, it also looks for pairs and records the calls.
func (m *Module) summarise(f *function, last bool) *summary {
	w := &walk{m: m, f: f, own: make(map[*effect.Event]int), below: make(map[*effect.Event]int), choices: make(map[choice]*effect.Event), results: make(map[effect.Root]result), loops: make(map[int]int), turns: make(map[way]counts), numbers: make(map[effect.Root]int), leaked: make(map[effect.Root]bool), rest: make(map[*effect.Block]paths), handedIn: make(map[pendingKey]*effect.Event), every: make(map[int]counts),
		seen: make(map[uint64]bool), variants: make(map[uint64][]int), last: last,
		sum: &summary{escapes: make([]bool, f.Params)}}
	if len(f.Blocks) == 0 {
		return w.sum
	}
	if last {
		w.out = &gathering{pairs: newPairs(m)}
		f.gathered = w.out
	}
	w.keeps()
	w.findTokens()
	in := w.flow()
	w.record = true
	w.deferred = w.deferring()
	for i := range f.Blocks {
		if in[i].reached {
			out := w.run(&f.Blocks[i], in[i])
			for _, c := range f.Blocks[i].Conds { // for what they relay
				w.known(c, out)
			}
		}
	}
	if last {
		w.out.pairs.frame(w)
	}
	w.export()
	return w.sum
}

func (w *walk) run(b *effect.Block, s state) state {
	for i := range b.Events {
		if !s.reached {
			break // a call that does not return
		}
		w.at = point{b, i}
		s = w.step(&b.Events[i], s)
	}
	return s
}

func (w *walk) step(e *effect.Event, s state) state {
	switch e.Kind {
	case effect.Access:
		if w.record {
			w.access(e, s)
		}
	case effect.Lock:
		return w.lock(s, held{w.resolve(e.Path), e.Mode}, e.At)
	case effect.Unlock:
		p := w.resolve(e.Path)
		if s.may.index(p) < 0 {
			w.sum.released = w.sum.released.add(p)
		}
		return w.release(s, p)
	case effect.Wait:
		return w.waits(e, s)
	case effect.Signal:
		p := w.resolve(e.Path)
		return w.signal(w.token(s, p), p, 1, e.At)
	case effect.Add:
		p := w.resolve(e.Path)
		s.added = s.added.add(p)
		w.sum.adds = w.sum.adds.add(p)
	case effect.Defer:
		if !containsEvent(s.defers, e.Deferred) {
			s.defers = append(slices.Clip(s.defers), e.Deferred)
		}
	case effect.Defers:
		defers := s.defers
		s.defers = nil
		for _, d := range slices.Backward(defers) {
			s = w.step(d, s)
		}
	case effect.Escape:
		p := w.origin(e.Path)
		w.leak(p.Root)
		s.escaped = w.escape(s.escaped, p)
	case effect.Call, effect.Go:
		return w.start(e, s)
	case effect.Exit:
		s.reached = false
	case effect.Settle:
		s.live = nil
	case effect.Parallel:
		w.sum.parallel, s.parallel = true, true
	case effect.Once:
		return w.once(e, s)
	case effect.Return:
		w.leave(e, s)
	case effect.Slow:
		w.slow(e.Note)
	}
	return s
}

// start runs a call or a go statement: of the function it names, or of each of
// those that may be behind an interface.
func (w *walk) start(e *effect.Event, s state) state {
	run := w.call
	switch {
	case e.Kind == effect.Go:
		run = w.spawn
	case e.Subtest:
		run = w.subtest
	}
	if e.Method == "" {
		return run(e, s)
	}
	var out state
	for _, f := range w.m.behind(e) {
		out = out.join(run(w.each(e, f), s))
	}
	if !out.reached {
		return s
	}
	return out
}

// subtest runs a test within a test: here and now, or, if it lets others run
// at once, after the one around it. That one ends when all its own have.
func (w *walk) subtest(e *effect.Event, s state) state {
	g := w.m.funcs[e.Fn.Func]
	if g != nil && w.summaryOf(g) != nil && w.summaryOf(g).parallel {
		return w.spawn(e, s)
	}
	parallel := w.sum.parallel
	out := w.call(e, s)
	w.sum.parallel = parallel
	out.live = slices.DeleteFunc(slices.Clone(out.live), func(t int) bool {
		return w.sum.threads[t-1].after && !s.live.has(t)
	})
	return out
}

// each is the event with one of the functions it may run in its place; the
// same one each time.
func (w *walk) each(e *effect.Event, f *function) *effect.Event {
	key := choice{e, f}
	one := w.choices[key]
	if one == nil {
		c := *e
		c.Method, c.Fn = "", effect.Value{Func: f.Key}
		one = &c
		w.choices[key] = one
	}
	return one
}

func (w *walk) lock(s state, h held, at effect.Pos) state {
	w.taking(s, h, at)
	w.sum.takes = w.sum.takes.add(held{h.path, h.mode})
	return w.take(s, h)
}

// waits is what a Wait event does.
func (w *walk) waits(e *effect.Event, s state) state {
	if len(e.Either) > 0 {
		var list []effect.Path
		for _, p := range e.Either {
			p = w.resolve(p)
			if p.Root.Kind == effect.NoRoot {
				return s // that one may well be what ends the wait
			}
			list = append(list, p)
		}
		return w.wait(s, w.m.either(list), 1)
	}
	p := w.resolve(e.Path)
	if p.Root.Kind == effect.NoRoot {
		p = something
	}
	s = w.token(s, p)
	switch {
	case e.Group:
		w.groups = w.groups.add(p)
		return w.wait(s, p, many)
	case e.Op == rewrite.Atomic:
		return w.wait(s, p, plenty)
	}
	return w.wait(s, p, 1)
}

// something is an object that nothing is known of.
var something = effect.Path{Root: effect.Root{Kind: effect.Either, N: -1}}

// either names the wait for one of several objects.
func (m *Module) either(list []effect.Path) effect.Path {
	if len(list) == 1 {
		return list[0]
	}
	return effect.Path{Root: effect.Root{Kind: effect.Either, N: m.eithers.number(list)}}
}

// signal notes that an object was signalled n times.
func (w *walk) signal(s state, p effect.Path, n uint8, at effect.Pos) state {
	w.relays(p, sum(s.signaled.of(p), 1), s.waited, at)
	s.signaled = s.signaled.plus(p, n)
	if p.Root.Kind != effect.NoRoot {
		w.sum.sends = w.sum.sends.most(counts{{p, s.signaled.of(p)}})
	}
	return s
}

func (w *walk) slow(note string) {
	if len(w.sum.slow) < 4 && !slices.Contains(w.sum.slow, note) {
		w.sum.slow = append(w.sum.slow, note)
	}
}

// escape marks the object a path starts at as visible to others.
func (w *walk) escape(set bits, p effect.Path) bits {
	if p.Root.Kind == effect.NoRoot {
		return set
	}
	if p.Root.Kind == effect.Param && p.Sel == "" && p.Root.N < len(w.sum.escapes) {
		w.sum.escapes[p.Root.N] = true
	}
	return set.with(w.number(p.Root))
}

func (w *walk) leak(r effect.Root) {
	if r.Kind != effect.NoRoot {
		w.leaked[r] = true
	}
}

// number numbers the roots of the function, for sets of them.
func (w *walk) number(r effect.Root) int {
	n, ok := w.numbers[r]
	if !ok {
		n = len(w.numbers)
		w.numbers[r] = n
	}
	return n
}

// once runs a function under a lock that only this sync.Once has, and orders
// what it did before what comes after any call of Do.
func (w *walk) once(e *effect.Event, s state) state {
	p := w.resolve(e.Path)
	lock := onceLock(p)
	inside := w.take(s, held{lock, rewrite.Exclusive})
	done := onceDone(p)
	inside.signaled = inside.signaled.drop(func(p effect.Path) bool { return p == done }) // what runs is the first Do
	inside = w.call(e, inside)
	s = w.release(inside, lock)
	return w.wait(w.signal(s, done, 1, e.At), done, many)
}

// onceDone names the end of the only run of a sync.Once: what any number of
// goroutines may wait for, any number of times.
func onceDone(p effect.Path) effect.Path {
	q, _ := p.With(cmp.Or(p.Field(), p.Root.Key) + onceMark)
	return q
}

const onceMark = " done"

// onceLock names what keeps the callers of a sync.Once apart, and nobody else.
func onceLock(p effect.Path) effect.Path {
	q, _ := p.With(cmp.Or(p.Field(), p.Root.Key) + onceHeld)
	return q
}

const onceHeld = " once"

func (w *walk) leave(e *effect.Event, s state) {
	if !w.record {
		return
	}
	for i, v := range e.Results {
		w.later(e, i, v, s)
	}
	w.returns++
	w.left = w.left.union(s.live)
	if w.returns == 1 {
		w.sum.acquired, w.sum.waited = s.must, s.waited
	} else {
		w.sum.acquired, w.sum.waited = w.sum.acquired.meet(s.must), w.sum.waited.least(s.waited)
	}
	for i, v := range e.Results {
		r := result{path: w.resolve(v.Path)}
		if r.path.Root.Kind == effect.NoRoot {
			if i < len(w.sum.results) {
				continue // nil on this way out
			}
		}
		r.fresh = r.path.Sel == "" && w.fresh(r.path.Root)
		if o := r.path.Root; r.path.Sel == "" && o.Kind == effect.Local && w.f.Locals[o.N].Cap != 0 {
			if w.sum.made == nil {
				w.sum.made = make(map[effect.Root]int)
			}
			w.sum.made[o] = i
		}
		switch {
		case i >= len(w.sum.results):
			w.sum.results = append(w.sum.results, r)
		case w.sum.results[i].path.Root.Kind == effect.NoRoot && !w.sum.results[i].fresh:
			w.sum.results[i] = r
		case w.sum.results[i].path != r.path:
			w.sum.results[i] = result{fresh: r.fresh && w.sum.results[i].fresh}
		}
	}
}

// later runs a literal of the function that it returns: after all the function
// does, when somebody calls it.
func (w *walk) later(e *effect.Event, n int, v effect.Value, s state) {
	g := w.m.funcs[v.Func]
	if g == nil || w.summaryOf(g) == nil || g.Parent != w.f.Key || len(s.live) == 0 {
		return
	}
	b := w.bind(g, v, nil)
	run := w.runningAt(e, n, v, false)
	base := w.threads(run, b, state{}, 0)
	w.inline(frameOf{b: b, call: run, base: base, s: state{live: s.live, waited: s.waited, signaled: s.signaled}, event: -n - 2, at: e.At, later: true})
}

// fresh reports whether the root is an object made by this activation.
func (w *walk) fresh(r effect.Root) bool {
	switch r.Kind {
	case effect.Local:
		return w.f.Locals[r.N].Fresh
	case effect.Result:
		return w.results[r].fresh
	}
	return false
}

// loop returns the innermost loop in which a root is made anew each turn.
func (w *walk) loop(r effect.Root) int {
	switch r.Kind {
	case effect.Local:
		return w.f.Locals[r.N].Loop
	case effect.Result:
		return w.loops[r.N]
	}
	return 0
}

// resolve replaces a path that starts at a call's result by what the callee
// said it returns.
func (w *walk) resolve(p effect.Path) effect.Path {
	p = w.origin(p)
	if field, ok := w.aliases[p.Root]; ok && field.Root.Kind != effect.NoRoot {
		if q, ok := p.On(field); ok {
			return q
		}
	}
	return p
}

// origin is what a path is by the call or the assignment it comes from.
func (w *walk) origin(p effect.Path) effect.Path {
	p = w.m.behindCond(p)
	if p.Root.Kind == effect.Local {
		return w.holds(p)
	}
	if p.Root.Kind != effect.Result {
		return p
	}
	if r, ok := w.results[p.Root]; ok && r.path.Root.Kind != effect.NoRoot {
		if q, ok := p.On(r.path); ok {
			return q
		}
	}
	return p
}

// holds replaces a variable that is set once by what it refers to.
func (w *walk) holds(p effect.Path) effect.Path {
	for range 4 {
		if p.Root.Kind != effect.Local || !strings.HasPrefix(p.Sel, ";"+effect.Deref) {
			break
		}
		to := w.f.Locals[p.Root.N].Holds.Path
		if to.Root.Kind == effect.NoRoot {
			break
		}
		q, ok := effect.Path{Sel: p.Sel[len(effect.Deref)+1:]}.On(to)
		if !ok {
			break
		}
		if p = q; p.Root.Kind == effect.Result {
			return w.resolve(p)
		}
	}
	return p
}

// after lists the signals after a point and what is called there, with the
// number of the first.
func (w *walk) after(s state, called counts) counts {
	if len(w.sum.sends) == 0 {
		return nil
	}
	var out counts
	if len(called) == 0 && w.record {
		out = w.afters.of(s.signaled, func([]count) []count { return w.afterwards(s, nil) })
	} else {
		out = w.afterwards(s, called)
	}
	if !w.record || !slices.ContainsFunc(out, func(c count) bool { return c.n == many }) {
		return out
	}
	at := point{w.at.block, w.at.event + 1}
	return slices.DeleteFunc(slices.Clone(out), func(c count) bool { return c.n == many && !w.follows(at, c.path) })
}

func (w *walk) afterwards(s state, called counts) counts {
	var out counts
	for _, c := range w.sum.sends {
		if k := sum(s.signaled.of(c.path), called.of(c.path)); k < c.n || c.n == many {
			out = append(out, count{c.path, sum(k, 1)})
		}
	}
	return out
}

// access records one of the function's own accesses.
func (w *walk) access(e *effect.Event, s state) {
	p := w.resolve(e.Path)
	a := access{path: p, op: e.Op, turn: e.Loop, parallel: s.parallel, index: e.Index, covers: e.Covers, deref: e.Deref, konst: e.Const, loop: e.Loop != 0, at: e.At, fn: w.f, must: s.must, may: s.may, live: s.live, now: s.now,
		waited: s.waited, turns: w.everyTurn(e.Loop), before: w.after(s, nil)}
	fresh := w.fresh(p.Root) && !s.escaped.has(w.number(p.Root))
	if e.Whole != "" && w.m.structs[e.Whole] != nil {
		w.whole(a, e.Whole, fresh, 0)
		if p.Sel == "" {
			return
		}
	}
	w.add(a, fresh)
}

// whole records an access to every field of a struct.
func (w *walk) whole(a access, key string, fresh bool, depth int) {
	s := w.m.structs[key]
	if s == nil || depth > 3 {
		return
	}
	for _, f := range s.Fields {
		p, ok := a.path.With(f.Key)
		if !ok || f.Lock || f.Atomic {
			continue
		}
		b := a
		b.path, b.whole, b.covers = p, true, true
		if w.m.cands[f.Key] {
			w.add(b, fresh)
		}
		if f.Struct != "" {
			w.whole(b, f.Struct, fresh, depth+1)
		}
	}
}

func (w *walk) add(a access, fresh bool) {
	if !w.m.racy(a.path) {
		return
	}
	if w.last {
		w.addRaw(&a, fresh)
	}
	w.keep(&a)
}

func clone(a *access) *access {
	c := *a
	return &c
}

// keep stores a copy of an access, once.
func (w *walk) keep(a *access) {
	if !outside(a.path.Root) && len(w.sum.threads) == 0 {
		return // nobody else has it, and nothing in this frame runs beside it
	}
	k := identity{path: a.path, turn: a.turn, op: a.op, later: a.later, parallel: a.parallel, whole: a.whole, index: a.index, covers: a.covers, konst: a.konst, loop: a.loop, thread: a.thread, test: a.fn.Test,
		must: w.locksets.of(a.must), may: w.locksets.of(a.may)}
	kind := maphash.Comparable(seed, k)
	id := maphash.Comparable(seed, [4]uint64{kind, w.threadsets.of(a.live), w.countsets.of(a.waited), w.countsets.of(a.before)})
	if w.seen[id] {
		return
	}
	w.seen[id] = true
	// Of accesses that differ only in what precedes them, those beside the
	// most threads say the most.
	variants := w.variants[kind]
	if len(variants) >= maxVariants {
		least := slices.MinFunc(variants, func(i, j int) int { return len(w.sum.accesses[i].live) - len(w.sum.accesses[j].live) })
		if len(w.sum.accesses[least].live) < len(a.live) {
			w.sum.accesses[least] = clone(a)
		}
		return
	}
	if len(w.sum.accesses) < maxAccesses {
		w.variants[kind] = append(variants, len(w.sum.accesses))
		w.sum.accesses = append(w.sum.accesses, clone(a))
	}
}

// outside reports whether a root means something to a function's caller.
func outside(r effect.Root) bool {
	return r.Kind == effect.Param || r.Kind == effect.Free || r.Kind == effect.Global
}

// export drops from the summary what means nothing to callers.
func (w *walk) export() {
	s := w.sum
	s.accesses = slices.DeleteFunc(s.accesses, func(a *access) bool { return a.later || !outside(a.path.Root) })
	inside := func(p effect.Path) bool {
		_, returned := s.made[p.Root]
		return !outside(p.Root) && p.Root.Kind != effect.Either && !returned
	}
	s.sends, s.waited = s.sends.drop(inside), s.waited.drop(inside)
	s.relays = slices.DeleteFunc(s.relays, func(r *relay) bool {
		r.waits = r.waits.drop(inside)
		return inside(r.path)
	})
	for i, r := range s.results {
		if !outside(r.path.Root) {
			s.results[i].path = effect.Path{}
		}
	}
	keep := make([]bool, len(s.threads)+1)
	mark := func(t int) {
		for ; t > 0; t = s.threads[t-1].parent {
			keep[t] = true
		}
	}
	for _, a := range s.accesses {
		mark(a.thread)
	}
	for _, p := range s.pending {
		mark(p.thread)
	}
	for _, r := range s.relays {
		mark(r.thread)
	}
	number := make([]int, len(s.threads)+1)
	var threads []*thread
	for i, t := range s.threads {
		if keep[i+1] {
			threads = append(threads, t)
			number[i+1] = len(threads)
		}
	}
	var renumbered memo[int] // callers tell sets apart by their memory
	renumber := func(l ints) ints {
		return renumbered.of(l, func(l []int) []int {
			var out ints
			for _, t := range l {
				if keep[t] {
					out = append(out, number[t])
				}
			}
			return out
		})
	}
	for _, t := range threads {
		t.parent, t.live, t.inner = number[t.parent], renumber(t.live), renumber(t.inner)
	}
	for _, r := range s.relays {
		r.thread = number[r.thread]
	}
	s.left = renumber(w.left)
	for _, a := range s.accesses {
		a.thread, a.live = number[a.thread], renumber(a.live)
	}
	for _, p := range s.pending {
		p.thread, p.state.live = number[p.thread], renumber(p.state.live)
	}
	s.threads = threads
}
