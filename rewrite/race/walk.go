package race

import (
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// maxAccesses and maxVariants bound what a function's summary holds, so that
// memory and time grow with the code. In large programs most functions reach what is
// used everywhere, in hundreds of ways: more of them tell nothing new, and three times
// as many take three times as long. Functions that call each other reach the same ones, and have
// maxTogether between them, but leastAccesses each. What calls have brought in more
// than maxInlined accesses by then brings in no more by calls of what has many: tests
// call the same ones again and again.
const (
	maxAccesses   = 2000
	maxInlined    = 3 * maxAccesses
	manyAccesses  = 500
	maxTogether   = 60000
	leastAccesses = 200
	maxVariants   = 4
	maxAlone      = 4
	maxScenes     = 24
)

// spare is how many accesses a function's summary may hold.
func (f *function) spare() int {
	return min(maxAccesses, max(leastAccesses, maxTogether/max(1, f.together)))
}

// maxSignals bounds the objects that a summary says are signalled, waited for or
// locked. Functions that call each other to walk a tree find ever further ones.
const (
	maxSignals          = 50
	maxSignalsRecursive = 15
)

// A pass is how much is asked of a summary. Functions that call each other are first
// summarised without their accesses: what they wait for, take and return must be known
// by the time accesses are told to have been made without.
type pass int

const (
	outline pass = iota // all but accesses
	draft
	final // the function's callees will not change any more
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
	loops      map[int]int         // innermost loop around a call
	variants   map[uint64]int      // by identity, number of the last access kept, from 1; see access.variants
	ways       map[uint64]uint8    // see another
	crossings  map[uint64]crossing // see another
	stage      stage
	record     bool
	pass       pass
	out        *gathering      // what the module learns, the last time
	outcomes   map[int]outcome // by the number of a test, negative where it failed
	returns    int
	left       bits           // threads that may run when the function returns
	tokens     paths          // channels that serve as locks
	turns      map[int]*turns // by loop
	numbers    map[effect.Root]int
	leaked     map[effect.Root]bool        // what code elsewhere may have, goroutines started here left out
	groups     paths                       // what is waited for as WaitGroups are
	at         point                       // of the event that is being run
	rest       map[*effect.Block]paths     // what is signalled after a block in the same turn
	signalling map[*effect.Event]paths     // what calls signal
	deferred   paths                       // what deferred calls signal
	ends       paths                       // what is signalled when loops have ended
	aliases    map[effect.Root]effect.Path // fields that channels are known by
	shared     map[effect.Root]shares      // what objects made here have in common with others
	handedIn   map[pendingKey]*effect.Event
	kept       map[effect.Path]effect.Value // functions put into fields
	afters     memo[count]                  // what is signalled after a state
	followed   map[afterKey]counts          // those of afters that follow a point
	every      map[int]counts               // what every turn of a loop waits for
	senders    map[effect.Path][]int        // threads that signal an object
	ids        map[effect.Path]int          // of the paths of accesses
	fields     []int                        // numbers of their fields, by path; below 0 if not asked for yet
	lockKeys   map[backing[held]]keys
	orders     map[orderKey]effect.Path // pairs of sets that are known to be in order, or not
	inTurns    map[turnKey]bool
	loose      map[looseKey]paths      // see loosely
	sequels    map[relayedKey]*relayed // what comes after accesses
	needs      map[needKey]uint8       // how often signals must be waited for
	touched    touches                 // what goroutines do in the frame, as far as their summaries tell
	does       touches                 // and what is done in it at all
	itsOwn     map[effect.Root]bool    // see keepsToItself
	away       map[effect.Root]bool    // see givenAway
	leftOut    map[effect.Root]bool    // objects to which needless accesses were left out
	inlined    int                     // accesses that calls have brought in
	wrong      bool                    // goroutines do more than that
	entire     bool                    // nothing may be left out
	endings    map[effect.Path][]int   // by object, the threads whose last signal it is: of the first so many
	listed     int
	passing    facts                        // gates that are passed somewhere
	answers    map[effect.Root][]answer     // of calls
	awaitedAt  map[effect.Path][]effect.Pos // see waitsFor
	owes       map[*effect.Block]owing      // at the end of each block; nil if not asked for yet
	awaits     bool                         // something that callers may know of
	idle       ways                         // see idleWays
	literals   map[int]effect.Value         // by result, the literal that it is
	shelf      map[effect.Root]shelf        // by the object
	behind     awaited                      // the returns
}

// A choice is one function that a call through an interface, or of a variable, may
// run.
type choice struct {
	call *effect.Event
	fn   *function
}

// summarise joins a function's own events with the summaries of its calls.
// The last time it does so, it also looks for pairs and records the calls.
func (m *Module) summarise(f *function, p pass) *summary {
	calls := f.calls
	w := m.walk(f, p, false)
	if w.wrong && len(w.leftOut) > 0 {
		f.calls = calls
		w = m.walk(f, p, true)
	}
	return w.sum
}

// walk does so once; entire means that no access may be left out.
func (m *Module) walk(f *function, p pass, entire bool) *walk {
	w := &walk{m: m, f: f, entire: entire, own: make(map[*effect.Event]int), below: make(map[*effect.Event]int), choices: make(map[choice]*effect.Event), results: make(map[effect.Root]result), loops: make(map[int]int), turns: make(map[int]*turns), numbers: make(map[effect.Root]int), leaked: make(map[effect.Root]bool), rest: make(map[*effect.Block]paths), followed: make(map[afterKey]counts), signalling: make(map[*effect.Event]paths), handedIn: make(map[pendingKey]*effect.Event), every: make(map[int]counts),
		variants: make(map[uint64]int), ways: make(map[uint64]uint8), crossings: make(map[uint64]crossing), ids: make(map[effect.Path]int), pass: p,
		sum: &summary{escapes: make([]refuge, f.Params)}}
	if len(f.Blocks) == 0 {
		return w
	}
	if w.pass == final {
		w.out = &gathering{pairs: newPairs(m)}
		f.gathered = w.out
	}
	w.keeps()
	w.findTokens()
	in := w.flow()
	w.record = true
	w.deferred = w.deferring()
	w.foresee()
	for i := range f.Blocks {
		if in[i].reached {
			out := w.run(&f.Blocks[i], in[i])
			for _, c := range f.Blocks[i].Conds { // for what they relay
				w.known(c, out)
			}
		}
	}
	if w.pass == final {
		w.out.pairs.frame(w)
		w.watched()
	}
	w.export()
	return w
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
		if w.record && w.pass != outline {
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
	case effect.Test:
		w.tests(e, s)
	case effect.Drain:
		if p := w.resolve(e.Path); p.Root.Kind != effect.NoRoot {
			return w.passes(s, p, false)
		}
	case effect.Signal:
		p := w.resolve(e.Path)
		return w.raises(w.signal(w.passes(s, p, e.Send), p, 1, e.At), p, true)
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
		to := everywhere
		if len(e.Args) > 0 {
			to = w.refuge(e.Args[0].Path)
		}
		s.escaped = w.escape(s.escaped, p, to)
		w.shelves(e, s)
	case effect.Call:
		return w.start(e, w.cancels(e, s))
	case effect.Go:
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
	case effect.Set:
		p := w.resolve(e.Path)
		w.resets(p, e.Is)
		return w.sets(s, p, e.Is)
	case effect.Share:
		w.share(e)
	case effect.Show:
		if w.record && w.pass != outline && w.m.shown[shown{e.Fn.Func, e.ID}] {
			w.access(e, s)
		}
	case effect.Makes:
		s.escaped = w.renewed(s.escaped, e.Path.Root)
	case effect.Slow:
		s := w.meanwhile(s, e.Path)
		w.slow(s, e.Note, e.At)
		w.pauses(s, e.Note, e.At)
	}
	return s
}

// start runs a call or a go statement: of the function it names, or of each of
// those that may be behind an interface or in a variable.
func (w *walk) start(e *effect.Event, s state) state {
	run := w.call
	switch {
	case e.Kind == effect.Go:
		run = w.spawn
	case e.Subtest:
		run = w.subtest
	}
	if e.Method == "" && e.OneOf == nil {
		if e.Kind == effect.Call && e.Fn.Func != "" && w.runBehind(e) {
			return s
		}
		return run(e, s)
	}
	var out state
	for _, f := range w.m.front(w.f, e) {
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
	out.live = out.live.drop(func(t int) bool {
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
		if ofType(c.Method) {
			c.Note = effect.Converted
		}
		c.Method, c.Fn = "", effect.Value{Func: f.Key}
		if i := slices.IndexFunc(e.OneOf, func(v effect.Value) bool { return v.Func == f.Key }); i >= 0 {
			c.Fn, c.OneOf = e.OneOf[i], nil
		}
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

func (w *walk) slow(s state, note string, at effect.Pos) {
	w.stalls(s, note, at)
	if i, known := slices.BinarySearch(w.sum.slow, note); !known {
		list := slices.Insert(w.sum.slow, i, note)
		w.sum.slow = list[:min(len(list), maxSlow)]
	}
}

// maxSlow is how many reasons a summary holds why the function may take long: the first by
// name, so that the same remain if something else changes.
const maxSlow = 4

// escape marks the object a path starts at as visible to others.
func (w *walk) escape(set bits, p effect.Path, to refuge) bits {
	if p.Root.Kind == effect.NoRoot {
		return set
	}
	if p.Root.Kind == effect.Param && p.Sel == "" && p.Root.N < len(w.sum.escapes) {
		w.sum.escapes[p.Root.N] = w.sum.escapes[p.Root.N].or(to)
	}
	return set.with(w.number(p.Root))
}

// renewed takes out of the set of visible objects what is made anew: nobody has seen that.
func (w *walk) renewed(set bits, r effect.Root) bits {
	n, known := w.numbers[r]
	if !known {
		return set
	}
	return set.drop(func(i int) bool { return i == n })
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

// resolve replaces a path that starts at a call's result by what the callee
// said it returns.
func (w *walk) resolve(p effect.Path) effect.Path {
	p = w.origin(p)
	if k := p.Root.Kind; k != effect.Local && k != effect.Result {
		return p // no alias
	}
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
		return w.copied(w.holds(p))
	}
	if p.Root.Kind != effect.Result {
		return p
	}
	r := w.results[p.Root]
	if r.path.Root.Kind != effect.NoRoot {
		if q, ok := p.On(r.path); ok {
			return q
		}
	}
	if q, ok := r.shares.of(p.Sel); ok {
		return q
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

func clone(a *access) *access {
	c := *a
	return &c
}
