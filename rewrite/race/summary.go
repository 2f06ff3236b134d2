package race

import (
	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// A summary is what a function does, calls included, in its own terms.
type summary struct {
	accesses []*access
	paths    int        // how many places they are to; see access.id
	threads  []*thread  // thread i+1; 0 is the caller's own
	pending  []*pending // calls of function parameters
	acquired locks      // held at every return, not at the start
	kept     locks      // held at some return, not at the start
	released paths      // released without having been taken here
	given    paths      // locks released at some return: of those in released, all others were taken again
	waited   counts     // waited for on every way to a return
	sends    counts     // signalled on some way
	adds     paths      // told to wait for one more
	relays   []*relay
	links    map[effect.Root]bool // see linking
	left     bits                 // threads that may run when it returns
	made     map[effect.Root]int  // channels it makes and returns, to the number of the result
	parallel bool                 // lets the test it runs in go on at once with others
	escapes  []refuge             // by parameter: whether it becomes visible to others
	results  []result             // by result
	answers  []answer             // what is known when it returned something
	sets     []fact               // members that it may set
	takes    locks                // that it may take, with those of its calls
	slow     []string             // why it may take long
	pauses   string               // what it waits for others with; "" if it does not
	all      touches              // what it does
	beside   touches              // what goroutines do that it starts
}

func (s *summary) sameSize(t *summary) bool {
	return len(s.accesses) == len(t.accesses) && len(s.threads) == len(t.threads) &&
		len(s.acquired) == len(t.acquired) && len(s.kept) == len(t.kept) && len(s.released) == len(t.released) && len(s.given) == len(t.given) &&
		len(s.takes) == len(t.takes) && s.parallel == t.parallel && s.sends.equal(t.sends)
}

// A result is what a call returns: memory the caller knows by another path,
// or a fresh object.
type result struct {
	path   effect.Path
	fresh  bool
	shares shares // what a fresh one has in common with others
	closer *closer
}

// A trail is how an access is reached: the calls from the frame inwards.
type trail struct {
	at     effect.Pos
	fn     *function // called
	handed bool      // by the function called there, to which it is handed
	next   *trail
}

// An access is an access as seen from one frame.
type access struct {
	*deed
	*scene
	path     effect.Path
	id       int // of the path, see walk.id; in a finished summary, of those in it
	turn     int // the innermost loop of the frame around it
	thread   int
	event    int    // of the frame; accesses of one call were compared in the callee
	variants int    // while the frame is walked: the access before of the same identity, from 1; 0 for none
	trail    *trail // how it is reached
	loop     bool   // in a loop of its goroutine
	later    bool   // by a function that the frame returns
	parallel bool   // after a call of t.Parallel
	adapted  bool   // by one of the functions that a value of a function type may be
	bound    bool   // by a function that the frame gave to one it calls, in a goroutine that this one starts
}

// identity is what makes two accesses the same to a caller, but for the sets
// of threads and signals that precede and follow them.
type identity struct {
	path, turn, thread                    int
	loop, later, parallel, adapted, bound bool
	deed, scene                           uint64 // their kinds
}

func (a *access) identity() identity {
	return identity{a.id, a.turn, a.thread, a.loop, a.later, a.parallel, a.adapted, a.bound, a.deed.kind, a.scene.kind}
}

// A thread is a goroutine started in a frame, or below it.
type thread struct {
	site    effect.Pos
	number  int       // of the site
	home    *function // that holds the go statement
	body    *function // what it runs, if that is known
	runs    string
	note    string
	many    bool
	loop    int        // many only by this loop of the frame: what the loop makes is not shared
	again   bool       // and one of an earlier turn may run when it starts
	after   bool       // a test that waits for the end of the one that starts it
	typed   bool       // by being converted to a type: who calls it with what is not known
	handler bool       // started for a request
	below   bool       // several may run already by what the function called does
	queue   effect.Pos // threads of one queue run one at a time; zero for none
	parent  int
	live    bits // threads that may run when it starts
	waited  counts
	sends   counts      // what it signals, those it starts left out
	done    counts      // signals that come after all it does
	inner   bits        // threads below it that are over when it is
	late    paths       // WaitGroups it adds itself to, when somebody may wait already
	held    locks       // handed over to it by who starts it
	behind  facts       // what is known of gates when it starts
	timer   effect.Path // what stops it from being run at all
	event   int
}

// A pending is a call of a function the frame gets from its caller.
type pending struct {
	path   effect.Path // parameter or captured variable
	args   []effect.Value
	fresh  []bool // by argument: an object that only who calls it has
	thread int
	direct bool   // the go statement itself runs it
	loop   bool   // in a loop
	after  counts // signals after the call, with the number of the first
	state  state
	trail  *trail
}

// writes reports whether the access changes its place.
func (a *access) writes() bool { return a.op.Writes() }

// changes reports whether it does, by atomic operations too.
func (a *access) changes() bool { return a.writes() || a.op == rewrite.Atomic && !a.loads }

func (t *thread) context() rewrite.Context {
	return rewrite.Context{Start: t.site.Span(), Func: t.home.Name, Runs: t.runs, Many: t.many, Through: t.note, Request: t.handler && (t.typed || t.note != "")}
}
