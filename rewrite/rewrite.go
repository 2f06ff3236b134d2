// Package rewrite holds the data every stage of fixer speaks: findings, the
// accesses and locks they rest on, and the fixes rules propose for them.
//
// It holds no analysis and no printing; it may be imported by all packages of
// the module and imports none of them.
package rewrite

import (
	"fmt"
	"go/token"
	"slices"
	"strings"
)

// A Span is a range of source text: a file and the 1-based lines and byte
// columns at which the range starts and before which it ends.
type Span struct {
	File    string `json:"file"` // absolute path
	Line    int    `json:"line"`
	Col     int    `json:"col"`
	EndLine int    `json:"endLine"`
	EndCol  int    `json:"endCol"`
}

// SpanOf returns the span of source between two positions of fset. The
// positions are those of the file a person edits: //line directives (cgo) are
// followed.
func SpanOf(fset *token.FileSet, from, to token.Pos) Span {
	p, q := fset.Position(from), fset.Position(to)
	return Span{File: p.Filename, Line: p.Line, Col: p.Column, EndLine: q.Line, EndCol: q.Column}
}

func (s Span) String() string { return fmt.Sprintf("%s:%d:%d", s.File, s.Line, s.Col) }

// IsZero reports whether s names no place.
func (s Span) IsZero() bool { return s.Line == 0 }

// Compare orders spans by file, start, and then the longer one first, so that
// an enclosing span precedes what it encloses.
func (s Span) Compare(t Span) int {
	if c := strings.Compare(s.File, t.File); c != 0 {
		return c
	}
	for _, d := range [...]int{s.Line - t.Line, s.Col - t.Col, t.EndLine - s.EndLine, t.EndCol - s.EndCol} {
		if d != 0 {
			return d
		}
	}
	return 0
}

// Contains reports whether t lies within s.
func (s Span) Contains(t Span) bool {
	return s.File == t.File &&
		(s.Line < t.Line || s.Line == t.Line && s.Col <= t.Col) &&
		(t.EndLine < s.EndLine || t.EndLine == s.EndLine && t.EndCol <= s.EndCol)
}

// Kind says what races.
type Kind string

const (
	Field    Kind = "field"    // a struct field reached from two goroutines
	Variable Kind = "variable" // a variable of a function, or what it holds
	Global   Kind = "global"   // a package variable
	// Goroutine is for goroutines that nothing waits for in time: the sides are
	// what should wait, or count, and what is to be waited for.
	Goroutine Kind = "goroutine"
	Locking   Kind = "lock" // a lock that is not released, released wrongly, or copied
)

// Kinds lists all kinds.
var Kinds = []Kind{Field, Variable, Global, Goroutine, Locking}

// An Op says what an access does to its place.
type Op string

const (
	Read      Op = "read"
	Write     Op = "write"
	ReadElem  Op = "element read"  // map or slice content: index, len, range, copy from
	WriteElem Op = "element write" // map or slice content: assignment, delete, clear, copy to
	Atomic    Op = "atomic"        // an operation of sync/atomic
	Address   Op = "address"       // the address is taken and not followed further
	Close     Op = "close"         // of a channel
	Send      Op = "send"          // on a channel, which must not be closed then

	Start Op = "start" // of a goroutine
	Stop  Op = "stop"  // the signal for a goroutine to end
	Add   Op = "add"   // to a WaitGroup
	Wait  Op = "wait"  // for a WaitGroup
	// Of findings about locks:
	Acquire Op = "lock"   // the lock is taken
	Try     Op = "try"    // it is taken if nobody has it
	Release Op = "unlock" // it is released
	Leave   Op = "leave"  // the function is left, or goes on, without releasing it
	Copy    Op = "copy"   // it is copied with what holds it
)

// Writes reports whether the operation changes its place without
// synchronisation.
func (o Op) Writes() bool { return o == Write || o == WriteElem || o == Close }

// Mode is how a lock is held.
type Mode int

const (
	Shared    Mode = 1 // RLock
	Exclusive Mode = 2 // Lock
)

func (m Mode) String() string {
	if m == Shared {
		return "read"
	}
	return "write"
}

// MarshalText spells the mode for JSON.
func (m Mode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (m *Mode) UnmarshalText(text []byte) error {
	switch string(text) {
	case "read":
		*m = Shared
	case "write":
		*m = Exclusive
	default:
		return fmt.Errorf("lock mode %q: want read or write", text)
	}
	return nil
}

// A Lock is one mutex as the analysis tells it from others.
type Lock struct {
	Key  string `json:"key"`  // the struct type and field, or the variable, that holds it
	Mode Mode   `json:"mode"` // how it is held
}

// Holds reports whether the lock with a key is among some.
func Holds(locks []Lock, key string) bool {
	return slices.ContainsFunc(locks, func(l Lock) bool { return l.Key == key })
}

func (l Lock) String() string {
	name := ShortKey(l.Key)
	if l.Mode == Shared {
		return name + " (read)"
	}
	return name
}

// ShortKey drops the package path from a key: "example.com/a/b.T.f" becomes
// "T.f", and "(*example.com/a/b.T).M" becomes "(*T).M".
func ShortKey(key string) string {
	if strings.HasPrefix(key, "(") {
		star := ""
		if strings.HasPrefix(key, "(*") {
			star = "*"
		}
		return "(" + star + ShortKey(key[1+len(star):])
	}
	tail := key[strings.LastIndexByte(key, '/')+1:]
	if _, after, ok := strings.Cut(tail, "."); ok {
		return after
	}
	return tail
}

// A Context is a goroutine, or a class of goroutines, that may run an access.
type Context struct {
	Start   Span   `json:"start"`   // the go statement; for Entry and Starter, the function's name
	Entry   bool   `json:"entry"`   // not started here: whoever calls the exported API
	Starter bool   `json:"starter"` // the goroutine that runs Func and starts the other one
	Func    string `json:"func"`    // the function that starts it, or the entry itself
	Runs    string `json:"runs"`    // the function the goroutine runs
	Many    bool   `json:"many"`    // several such goroutines may run at once
	Through string `json:"through"` // for library starts: errgroup, time.AfterFunc, ...
	// Request means a server starts the goroutine, one for each request.
	Request bool `json:"request,omitempty"`
	// Handed is the call that hands Runs to Func, and the function the call
	// stands in; nil where Func starts what it runs by itself.
	Handed *Step `json:"handed,omitempty"`
	Over   bool  `json:"-"` // by the time the function returns in whose activation the two meet
}

// Contract is the interface that lets a library call a method from many
// goroutines at once; "" if something else starts the goroutine.
func (c Context) Contract() string {
	if !c.Request || c.Func != c.Runs {
		return ""
	}
	return c.Through
}

// What contexts are started through:
const (
	Proxy        = "httputil.ReverseProxy" // the hooks of net/http/httputil's proxies
	ParallelTest = "t.Parallel"            // tests that run beside others
)

// A Step is one call on the way from a context's start to an access.
type Step struct {
	At   Span   `json:"at"`
	Func string `json:"func"` // the function called
}

// An Access is one place in the source that touches the finding's place.
type Access struct {
	Op    Op     `json:"op"`
	At    Span   `json:"at"`    // the expression that names the place
	Func  string `json:"func"`  // the function it stands in
	Locks []Lock `json:"locks"` // held whenever it runs, callers' locks included
	// Fresh means that only its own goroutine can see the object yet: the
	// access is part of construction, in every context that reaches it, or of a
	// function whose documentation says that nobody else may come.
	Fresh bool `json:"fresh,omitempty"`
	// Whole means the struct that holds the place is copied, assigned or
	// reflected over as a whole.
	Whole bool `json:"whole,omitempty"`
	Test  bool `json:"test,omitempty"` // in a _test.go file
	// Races means that nothing orders the access and another one. It is known
	// for variables of functions.
	Races bool `json:"-"`
}

// A Side is one of the two accesses that meet, with the goroutine it runs in.
type Side struct {
	Access  Access  `json:"access"`
	Context Context `json:"context"`
	Path    []Step  `json:"path,omitempty"` // calls from the goroutine's start to the access
}

// A Place is what races.
type Place struct {
	Key   string `json:"key"`   // import path, type and field: unique in a build
	Name  string `json:"name"`  // as people say it: "Watcher.alive"
	Type  string `json:"type"`  // its Go type, qualified by package name
	Decl  Span   `json:"decl"`  // its name where it is declared
	Owner string `json:"owner"` // key of the struct type that declares it; of a variable, its own
}

// A Vote counts how often a lock is held where the place is accessed.
type Vote struct {
	Lock   string `json:"lock"` // key
	Held   int    `json:"held"`
	Of     int    `json:"of"`
	Writes int    `json:"writes"` // accesses among Held that write
}

// Confidence says how far the evidence of a finding goes. Findings below
// Likely are never reported.
type Confidence string

const (
	Likely   Confidence = "likely"   // one of the two goroutines is a caller of the API
	Certain  Confidence = "certain"  // both goroutines were seen in the module
	Observed Confidence = "observed" // a report of the race detector names both accesses
)

// A Finding is one place that goroutines reach without a common lock.
type Finding struct {
	Kind       Kind       `json:"kind"`
	Place      Place      `json:"place"`
	Confidence Confidence `json:"confidence"`
	Sides      [2]Side    `json:"sides"`    // the pair that shows the race best; the first one writes
	Accesses   []Access   `json:"accesses"` // all of them in the module, by position
	Votes      []Vote     `json:"votes,omitempty"`
	Why        []string   `json:"why"`               // why nothing orders the sides
	Would      string     `json:"would,omitempty"`   // what would order them
	Outside    string     `json:"outside,omitempty"` // the lock that every access holds outside tests
	Leaks      []Leak     `json:"leaks,omitempty"`   // of Locking: where a function leaves a lock held
}

// A Leak is a way through a function on which it does not release a lock that
// it takes.
type Leak struct {
	At    Span   `json:"at"`    // the statement that leaves the function or a turn of a loop; the closing brace where that is the end
	By    string `json:"by"`    // return, break, continue, goto, panic or end
	Taken Span   `json:"taken"` // the call that takes the lock
	Mode  Mode   `json:"mode"`
	// Before is a statement, or closing brace, above which a release is
	// missing; zero if ways with and without the lock meet before the lock
	// could be released.
	Before Span `json:"before"`
}

// A Custody is all that a module does with one lock.
type Custody struct {
	Lock   Place
	Guards []Vote     // by place that it guards, whose key stands in Lock
	Calls  []Access   // that take and release it, by position
	Wrong  []*Finding // about it
}
