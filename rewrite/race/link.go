// Package race links the summaries of a module and judges them: which
// goroutines reach a place, which locks they hold there, what orders them,
// and so which places race.
//
// Linking works bottom up. The summary of a function is joined with those of
// the functions it calls, so that each holds what its calls do, in its own
// terms: paths start at its parameters and variables. Where a goroutine and
// another one meet in one activation, equal paths are the same memory: that
// is where pairs are found (RacerD's compositional shape, Blackshear et al.,
// OOPSLA 2018, with goroutines and lock identity). What meets through the API
// of a type only is judged by type afterwards, with more evidence demanded.
package race

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// A Module is the linked code of a module.
type Module struct {
	funcs       map[string]*function
	order       []*function // by key
	structs     map[string]*effect.Struct
	lock        map[string]bool    // keys of fields that are locks
	lent        map[string]bool    // of those, that are behind a pointer
	cands       map[string]bool    // keys of fields and package variables that could race at all
	numbers     map[string]int     // of cands
	starts      map[effect.Pos]int // of what starts goroutines
	replaced    map[string]bool    // those that are assigned, not only changed in place
	remade      map[string]bool    // and not only closed
	pairs       *pairs
	public      map[string]bool // import paths whose exported names others can use
	raw         map[string][]*raw
	early       map[string][]early // by field
	types       []*effect.Type
	impls       map[called][]*function              // what is behind calls through interfaces
	fronts      map[called][]*function              // those of them that take a lock for the others
	conds       map[string]string                   // lock field by the sync.Cond field made from it
	promotes    map[string]bool                     // types whose methods are those of an exported type too
	dismissed   func(a, b rewrite.Span, why string) // see Options
	pooled      map[string]bool                     // types whose objects are in a sync.Pool when nobody needs them
	invoked     map[string]bool                     // methods that are called through interfaces: by key, those that others may call by name
	imported    map[string]bool                     // packages of which others call functions
	presented   map[string]bool                     // types of which values become those of interfaces
	shownAs     map[string][]string                 // these interfaces, as in effect.Event.Iface
	asserted    map[string]bool                     // interfaces that values of others are asserted to be
	unsettled   map[string]bool                     // package variables whose memory may change once packages are initialised
	guards      map[string]string                   // by field or package variable, the lock that a comment says guards it
	variables   map[string]effect.Variable          // that race, by key
	leaked      []leak
	failing     sync.Mutex // guards failures
	failures    []Failure
	eithers     alternatives
	handed      map[string]bool // locks that exported functions leave held
	partly      map[string]bool // locks that some need not take, see effect.FieldInfo
	mutexes     map[string]bool // keys of what some function locks by itself; filled on first use
	again       []Deadlock
	sums        []*effect.Summary
	lockOrder   map[[2]string]Deadlock     // by the lock held and the one taken
	stalls      map[stall]stalled          // where each was seen first
	pausing     map[stall]stalled          // those that wait for others, by lock and function
	watch       map[string]bool            // see Options
	wanted      map[string]bool            // places of the Focus; nil for all
	look        Focus                      // that the module is linked with; zero for all
	watchesUses bool                       // some of watch are of used
	seen        map[string][]observed      // by place, see Observe
	inFile      map[string][]*function     // filled on first use
	closings    map[string]int             // see closesField; filled on first use
	waiting     map[string][]*function     // by field, who waits for what it holds; filled on first use
	shutters    map[string][]*function     // by field, who ends what it serves with; filled on first use
	given       map[string]map[string]bool // by library, the functions that it was given; filled on first use

	settings   map[string]*setting         // by member, what it is set to
	endedBy    map[string][]string         // see contexts
	room       map[string]int              // see findRoom
	forRequest map[*function]bool          // see findForRequest
	tokens     map[string]bool             // the fields that hold a channel which is a lock; true if who sends takes it
	lifetimes  map[effect.Pos]*lifetime    // by the go statement
	shown      map[shown]bool              // see findShown
	goroutines map[string]*rewrite.Finding // on goroutines that nothing waits for, by key
}

// A function is a function with what linking learnt of it.
type function struct {
	*effect.Func
	pkg          *effect.Summary
	events       []*effect.Event // deferred ones for themselves
	kinds        []effect.Kind   // of events: passes look at few of them
	has          kindSet         // all of kinds
	sum          *summary        // what it and its calls do
	callers      []*function
	calls        []*callSite
	runs         []*function // all that its events may run; see components
	run          bool        // some event may run it
	entry        entry       // what holds at its start, whoever calls it
	inner        entry       // the same, of the module's own calls only
	scc          int
	together     int           // how many functions are in its component
	visited      *visited      // by components
	calledLocked bool          // see findCalledLocked
	listed       *function     // the last one that lists it among its targets
	solved       chan struct{} // closed when the summaries of its component are final
	gathered     *gathering
}

// Link joins the summaries of a module's packages. Once ctx is done it comes to an
// end soon, and the module is of no use.
func Link(ctx context.Context, sums []*effect.Summary, o Options) *Module {
	m := &Module{dismissed: o.Dismissed, sums: sums,
		funcs: make(map[string]*function), structs: make(map[string]*effect.Struct),
		lock: make(map[string]bool), lent: make(map[string]bool), partly: make(map[string]bool), public: make(map[string]bool), raw: make(map[string][]*raw), early: make(map[string][]early), impls: make(map[called][]*function), fronts: make(map[called][]*function), promotes: make(map[string]bool), conds: make(map[string]string), guards: make(map[string]string), pooled: make(map[string]bool), presented: make(map[string]bool), shownAs: make(map[string][]string), asserted: make(map[string]bool), invoked: make(map[string]bool), imported: make(map[string]bool), unsettled: make(map[string]bool), variables: make(map[string]effect.Variable),
		lockOrder: make(map[[2]string]Deadlock), stalls: make(map[stall]stalled), pausing: make(map[stall]stalled), watch: make(map[string]bool), seen: make(map[string][]observed), settings: make(map[string]*setting),
	}
	for _, key := range o.Watch {
		m.watch[key] = true
		m.watchesUses = m.watchesUses || strings.HasPrefix(key, used)
	}
	m.pairs = newPairs(m)
	for _, s := range sums {
		if !s.Main && !strings.Contains("/"+s.Path+"/", "/internal/") {
			m.public[s.Path] = true
		}
		for _, f := range s.Funcs {
			m.funcs[f.Key] = newFunction(m.changing(f), s)
		}
		maps.Copy(m.conds, s.Conds)
		maps.Copy(m.guards, s.Guards)
		m.types = append(m.types, s.Types...)
		for _, t := range s.Structs {
			m.structs[t.Key] = t
			for _, f := range t.Fields {
				if t.Public && f.Embeds != "" {
					m.promotes[f.Embeds] = true
				}
				m.lock[f.Key] = f.Lock
				if f.Lent {
					m.lent[f.Key] = true
				}
				if f.Partly {
					m.partly[f.Key] = true
				}
				if f.Guard != "" {
					m.guards[f.Key] = f.Guard
				}
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(m.funcs)) {
		m.order = append(m.order, m.funcs[key])
	}
	m.findStarts()
	m.findCandidates()
	m.findKinds()
	m.findRoom()
	m.findSettings()
	m.findGates()
	m.findImpls()
	m.findTokens()
	m.findShown()
	m.endedBy = m.contexts()
	groups := m.components()
	m.findForRequest()
	m.findCalledLocked()
	m.focus(o.Focus)
	m.numbers = make(map[string]int, len(m.cands))
	for key := range m.cands {
		m.numbers[key] = len(m.numbers) + 1
	}
	m.summariseAll(ctx, m.closeBy(o.Focus, groups))
	m.findHanded()
	m.topDown()
	m.collect(ctx)
	m.findLifetimes()
	m.forget()
	return m
}

// forget lets go of what only linking needs: several builds of a module are in
// memory while fixes are checked.
func (m *Module) forget() {
	for _, f := range m.order {
		if f.sum != nil {
			f.sum.accesses, f.sum.relays, f.sum.pending, f.sum.answers = nil, nil, nil, nil
		}
		f.gathered = nil
	}
	m.pairs.threads, m.pairs.entries, m.pairs.tests, m.pairs.judged, m.pairs.sets, m.pairs.cleared, m.pairs.seen = nil, nil, nil, nil, nil, nil, nil
}

// findCandidates marks the fields that something other than the maker of a
// fresh object writes. All others are never raced on, and most fields are.
func (m *Module) findCandidates() {
	m.cands, m.replaced, m.remade = maps.Clone(m.watch), make(map[string]bool), make(map[string]bool)
	starts := m.starting()
	runs := func(e *effect.Event) bool { return starts(m.funcs[e.Fn.Func]) }
	for _, f := range m.order {
		shared := f.shared(runs)
		first := make(map[effect.Root]map[*effect.Event]bool)
		for r := range shared {
			if r.Kind == effect.Local && f.Locals[r.N].Fresh {
				first[r] = f.initialises(r)
			}
		}
		option := m.isOption(f)
		f.each(func(e *effect.Event) {
			if !e.Op.Writes() && e.Op != rewrite.Atomic || e.Loads {
				return
			}
			if r := e.Path.Root; r.Kind == effect.Local && f.Locals[r.N].Fresh && (!shared[r] || first[r][e]) {
				return
			}
			if e.Whole != "" {
				m.mark(e.Whole)
			}
			k := e.Path.Field()
			if k == "" {
				k = e.Path.Root.Key
			}
			if !e.Path.Content() && !f.initial() && !(option && e.Path.Root == effect.Root{Kind: effect.Param}) {
				m.replaced[k] = true
				m.remade[k] = m.remade[k] || !strings.HasSuffix(e.Path.Sel, ";"+effect.Open)
			}
			m.candidate(f, e.Path)
		}, effect.Access)
	}
	m.changedGiven()
}

// candidate marks what a path names in a function that changes it.
func (m *Module) candidate(f *function, p effect.Path) {
	if k := p.Field(); k != "" {
		m.cands[k] = true
	} else if p.Root.Kind == effect.Global && !f.initial() {
		m.cands[p.Root.Key] = true
	}
}

// findStarts numbers what may start goroutines, so that pairs of them are told
// apart cheaply.
func (m *Module) findStarts() {
	m.starts = make(map[effect.Pos]int)
	for _, f := range m.order {
		f.each(func(e *effect.Event) {
			if (e.Kind == effect.Go || e.Subtest) && m.starts[e.At] == 0 {
				m.starts[e.At] = len(m.starts) + 1
			}
		}, effect.Go, effect.Call)
	}
}

// starting tells which functions start goroutines, by what they call, too.
func (m *Module) starting() func(*function) bool {
	known := make(map[*function]bool)
	var starts func(f *function) bool
	starts = func(f *function) bool {
		out, seen := known[f]
		if seen || f == nil {
			return out
		}
		known[f] = f.has&kindsOf(effect.Go) != 0 // and so says a recursion
		f.eachOf(kindsOf(effect.Call), func(e *effect.Event) {
			if !known[f] {
				known[f] = starts(m.funcs[e.Fn.Func])
			}
		})
		return known[f]
	}
	return starts
}

// shared tells which variables of the function are seen by goroutines that it, or what it
// calls, starts, or are put where others are that have a lock.
func (f *function) shared(starts func(*effect.Event) bool) map[effect.Root]bool {
	shared := make(map[effect.Root]bool)
	f.each(func(e *effect.Event) {
		for _, b := range e.Fn.Bind {
			shared[b.Root] = true
			if b.Root.Kind == effect.Local {
				shared[f.Locals[b.Root.N].Holds.Path.Root] = true
			}
		}
		for _, a := range e.Args {
			if e.Kind == effect.Go || a.Path.Root.Kind == effect.Local && starts(e) {
				shared[a.Path.Root] = true
			}
		}
	}, effect.Go, effect.Call)
	if f.has&kindsOf(effect.Lock) != 0 {
		f.each(func(e *effect.Event) { shared[e.Path.Root] = shared[e.Path.Root] || len(e.Args) > 0 }, effect.Escape)
	}
	return shared
}

// mark makes all fields of a struct type candidates.
func (m *Module) mark(key string) {
	s := m.structs[key]
	if s == nil {
		return
	}
	for _, f := range s.Fields {
		if f.Lock || f.Atomic || m.cands[f.Key] {
			continue
		}
		m.cands[f.Key], m.replaced[f.Key] = true, true
		if f.Struct != "" {
			m.mark(f.Struct)
		}
	}
}

// newFunction lists the events of a function.
func newFunction(f *effect.Func, pkg *effect.Summary) *function {
	n := 0
	for i := range f.Blocks {
		n += len(f.Blocks[i].Events)
	}
	out := &function{Func: f, pkg: pkg, events: make([]*effect.Event, 0, n), kinds: make([]effect.Kind, 0, n)}
	for i := range f.Blocks {
		for j := range f.Blocks[i].Events {
			e := &f.Blocks[i].Events[j]
			if e.Kind == effect.Defer {
				e = e.Deferred
			}
			out.events, out.kinds = append(out.events, e), append(out.kinds, e.Kind)
			out.has |= 1 << e.Kind
		}
	}
	return out
}

// each calls fn for the events of a function, deferred ones included; if kinds
// are named, for those of these.
func (f *function) each(fn func(e *effect.Event), kinds ...effect.Kind) {
	f.eachOf(kindsOf(kinds...), fn)
}

// eachOf is each for a set of kinds.
func (f *function) eachOf(wanted kindSet, fn func(e *effect.Event)) {
	if f.has&wanted == 0 {
		return // most functions have none of most kinds
	}
	for i, k := range f.kinds {
		if wanted.has(k) {
			fn(f.events[i])
		}
	}
}

// A kindSet is a set of kinds of events.
type kindSet uint64

// kindsOf is the set of some kinds; of all if none is named.
func kindsOf(kinds ...effect.Kind) kindSet {
	var s kindSet
	for _, k := range kinds {
		s |= 1 << k
	}
	if s == 0 {
		s--
	}
	return s
}

func (s kindSet) has(k effect.Kind) bool { return s&(1<<k) != 0 }

// targets lists the functions an event may run, function arguments and results
// included.
func (m *Module) targets(e *effect.Event) []*function {
	var out []*function
	for _, v := range slices.Concat([]effect.Value{e.Fn}, e.Args, e.Results) {
		if g := m.funcs[v.Func]; g != nil {
			out = append(out, g)
		}
	}
	return append(out, m.behind(e)...)
}

// maxRounds is how often a pass is repeated. It suffices for what is spelled in the
// source; deeper recursion only repeats that.
const maxRounds = 3

// solve summarises a group, repeating while its members still teach each
// other something.
func (m *Module) solve(group []*function) {
	for _, f := range group {
		f.sum = &summary{}
	}
	recursive := len(group) > 1 || slices.Contains(group[0].runs, group[0])
	round := func(p pass) (changed bool) {
		for _, f := range group {
			next := m.summarise(f, p)
			changed = changed || !next.sameSize(f.sum)
			f.sum = next
		}
		return changed
	}
	for _, p := range []pass{outline, draft} {
		for n := 0; recursive && n < maxRounds && round(p); n++ {
		}
	}
	round(final) // to find pairs and record calls
}
