// Package effect turns the SSA of one package into a Summary: what each of
// its functions does that matters to races, in the order it does it, and
// nothing else.
//
// A Summary is local knowledge. It needs no other package to be made, holds
// only plain data, and is all that linking needs: package race joins the
// summaries of a module and judges.
package effect

import (
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// A Pos is a point in a source file.
type Pos struct {
	File      string
	Line, Col int
}

// Span returns the empty span at p.
func (p Pos) Span() rewrite.Span {
	return rewrite.Span{File: p.File, Line: p.Line, Col: p.Col, EndLine: p.Line, EndCol: p.Col}
}

// PosOf returns the point at which a span starts.
func PosOf(s rewrite.Span) Pos { return Pos{File: s.File, Line: s.Line, Col: s.Col} }

// A RootKind says where a path starts.
type RootKind uint8

const (
	NoRoot RootKind = iota
	Param           // N-th parameter, the receiver first
	Free            // N-th variable a closure captures
	Global          // package variable Key
	Local           // N-th entry of Func.Locals
	Result          // I-th result of the call with ID N
	Either          // one of several, by a number of the linker's
)

// A Root is what a path starts at.
type Root struct {
	Kind RootKind
	N, I int
	Key  string
}

// A Path names memory relative to a root: a chain of field keys, Elem and
// Deref. A variable and what it refers to have different paths, x and x;*; of
// a value that refers to memory (a pointer, map, slice, channel, function or
// interface) the path is that memory's. Paths are comparable; equal paths in
// one activation of one function name the same memory as long as nothing on
// the way is reassigned.
type Path struct {
	Root Root
	Sel  string // each selector preceded by ';'
}

const (
	Elem  = "[]" // the selector for any element of a map, slice, array or channel
	Deref = "*"  // the selector for what a variable refers to
)

// Open is the selector for whether a channel is open.
const Open = "open"

// Ended ends the path of the variable that holds the function which alone ends a
// context: it stands for the channel that is closed then.
const Ended = "ended"

// Is starts the selector for a value that a variable has.
const Is = "="

// IsFlag reports whether p is a value that a variable has, and returns the
// variable.
func (p Path) IsFlag() (Path, bool) {
	base, sel := p.Base()
	return base, strings.HasPrefix(sel, Is)
}

// MaxSel is the length beyond which paths are not followed, dereferences not
// counted.
const MaxSel = 6

// With returns the path extended by a selector, and false when it grew too
// long. Elements of elements are elements.
func (p Path) With(sel string) (Path, bool) {
	if sel == Elem && strings.HasSuffix(p.Sel, ";"+Elem) {
		return p, true
	}
	p.Sel += ";" + sel
	return p, p.fits()
}

// fits reports whether a path is short enough to be followed. What is known of a member,
// or sent back on its channel, is followed as far as the member.
func (p Path) fits() bool {
	n := strings.Count(p.Sel, ";")
	if n <= MaxSel {
		return true
	}
	for sel := range strings.SplitSeq(p.Sel, ";") {
		if sel == Deref || sel == Back || strings.IndexByte(sel, ' ') >= 0 {
			n--
		}
	}
	return n <= MaxSel
}

// On returns the path p with its root replaced by path q.
func (p Path) On(q Path) (Path, bool) {
	p = Path{q.Root, q.Sel + p.Sel}
	return p, p.fits()
}

// Back is the selector for the way back on a channel: what precedes a receive
// comes before what follows the send it completes, where nothing is buffered.
const Back = "<-"

// Back returns the way back on the channel p.
func (p Path) Back() Path {
	if p.Root.Kind == NoRoot {
		return p
	}
	return Path{p.Root, p.Sel + ";" + Back}
}

// IsBack tells the way back from the channel itself, and returns the latter.
func (p Path) IsBack() (Path, bool) {
	sel, ok := strings.CutSuffix(p.Sel, ";"+Back)
	return Path{p.Root, sel}, ok
}

// Base returns the path less its last selector, and that selector.
func (p Path) Base() (Path, string) {
	i := strings.LastIndexByte(p.Sel, ';')
	if i < 0 {
		return p, ""
	}
	return Path{p.Root, p.Sel[:i]}, p.Sel[i+1:]
}

// Field returns the key of the last field on the path, skipping elements and
// dereferences at its end; "" if it names none.
func (p Path) Field() string {
	for p.Sel != "" {
		var last string
		if p, last = p.Base(); last != Elem && last != Deref && last != Back && last != Open && last != Answer && !strings.HasPrefix(last, Is) {
			return last
		}
	}
	return ""
}

// Content reports whether the path ends in what a variable or field refers to
// or holds, not in the variable itself.
func (p Path) Content() bool {
	return strings.HasSuffix(p.Sel, ";"+Elem) || strings.HasSuffix(p.Sel, ";"+Deref) || p.IsAnswer()
}

// IsAnswer reports whether the path is what a handler answers.
func (p Path) IsAnswer() bool { return strings.HasSuffix(p.Sel, ";"+Answer) }

// HasElem reports whether the path goes through an element of a container.
func (p Path) HasElem() bool { return strings.Contains(p.Sel, ";"+Elem) }

// Hops is how many pointers the path follows.
func (p Path) Hops() int { return strings.Count(p.Sel, ";"+Deref) }

// A Value is an argument: memory it refers to, and for functions which one.
type Value struct {
	Path  Path
	Index string // of the element whose address it is, see Event.Index
	Const string // of an integer constant, or true or false
	Func  string // key of the function, if it is known
	Bind  []Path // its captured variables; the receiver of a method value
	Bound bool   // a method value: Bind[0] is the receiver
	Addr  bool   // the address of the field that Path names, not its value
	Made  bool   // an interface made here of a value of known type
}

// A Kind is what an event is.
type Kind uint8

const (
	Access   Kind = iota // reads or writes Path
	Lock                 // takes the lock Path in Mode
	Unlock               // releases it
	Call                 // runs Fn here and now
	Go                   // runs Fn in a goroutine
	Defer                // runs Deferred at the function's end
	Defers               // the function's end: deferred events run, last first
	Wait                 // receives from, or waits for, the object Path
	Signal               // sends on, closes, or is done with, the object Path
	Add                  // tells the object Path to wait for one more
	Cancel               // puts what ends the context Args[0] into the field Path; Args[1:] are where the context is put
	Keep                 // puts the function Fn, or the channel Args[0], into the field Path
	Exit                 // does not return
	Settle               // returns when all other goroutines wait for something
	Parallel             // lets the rest of the test run at once with others
	Once                 // runs Fn at most once ever for Path, or waits for who does
	Escape               // Path becomes visible to others: stored, sent, returned; Args[0] is where it goes if that is a parameter
	Return               // leaves the function with Results
	Put                  // Path becomes an element of the map or slice Args[0]
	Take                 // some element is taken out of the map or slice Path
	Slow                 // may block or do I/O; Note says what
	Set                  // sets the member Path, which is tested somewhere, to Is
	Asks                 // sends a request, with hooks that may run on after it has failed
	Answers              // writes the answer to a request: to the writer Path
	Proxies              // puts what sends requests, of the type Note or with the methods Iface, into a proxy that passes hints on
	Share                // what Path refers to is what Args[0] refers to; with Covers, Path is a copy of the struct Args[0]
	Test                 // tests whether the member Path is Is, or is not, for what the function returns
	Drain                // receives from the channel Path what is in it, if anything is
	Use                  // hands Path, the content of an object of a library, to the library's function Note
	Serves               // serves with what Path holds, until somebody ends that
	Shuts                // ends it
	Makes                // makes Path anew, in a loop
	Show                 // Access, if Fn encodes its argument number ID; with Fn unknown: encodes Path, which is a parameter
)

// Converted is the Method of a call of a value of the function type Iface; Declared, if
// it is in a field: a literal there may be that of another object.
const (
	Converted = "a function converted to"
	Declared  = "a declared function converted to"
)

// From precedes the library that is called in the note of a Slow event, if
// that is of another module.
const From = " from "

// An Event is one thing a function does.
type Event struct {
	Kind Kind
	At   Pos
	Path Path
	Op   rewrite.Op   // Access; Signal: Close for that of a channel
	Mode rewrite.Mode // Lock, Unlock
	// Whole is the key of the struct type that an Access reads or writes as a
	// whole.
	Whole string
	// Index tells which element of a slice or array an Access is to, one word
	// for each index of a nested one, separated by commas: =N for a constant,
	// pN for the N-th parameter, ? for others, <N for all before the N-th. ""
	// for no such element.
	Index    string
	Covers   bool     // Access: to all that the value at Path holds, as arrays are copied
	Deref    bool     // Access with Whole: through a pointer
	Const    bool     // Access: sets a flag: writes true or false
	Lazy     bool     // Access: writes a member that was just found to be nil
	Loads    bool     // Access: an atomic operation that only loads
	ID       int      // Call, Go, Once: unique in the function
	Fn       Value    // Call, Go, Once: what runs; Fn.Func is "" when unknown
	OneOf    []Value  // Call, Go: what runs is one of these functions
	Method   string   // Call, Go: the signature called through an interface
	Iface    string   // the signatures of all its methods, each followed by ';'
	Args     []Value  // its arguments, the receiver first
	Results  []Value  // Return
	Deferred *Event   // Defer
	Many     bool     // Go: the library runs many at once
	Send     bool     // Signal: a send on a channel; Wait: that it can be made
	Group    bool     // Wait: for all that were added to a WaitGroup; Signal: its Done
	Either   []Path   // Wait: for one of several objects
	Joined   bool     // Go: Wait on Path returns after it
	Timer    Path     // Go: what stops it from being run at all
	Request  bool     // Go: for a request or a connection
	Typed    bool     // Go: by being converted to a type, not by a call
	Queue    int      // Go: those of one number run one at a time; 0 for none
	Repeats  bool     // Call: it runs what it is given again and again
	Quick    bool     // Call: of a function value that returns soon
	Subtest  bool     // Call: of a test that runs later, with others, if it calls Parallel
	Loop     int      // Access, Go, Call: the innermost loop around it; 0 for none
	Is       string   // Set: a constant, nil, !nil, or Unsure
	Not      bool     // Test: Is is what it is asked not to be
	Follows  []Follow // Return: what tests its results follow from
	Answers  []string // Return: what the results are, likewise; "" for anything
	Library  string   // Call, Go: of another module, that runs what it is given
	Note     string   // Go: the library call that starts it; Access, Use: the one that writes; Slow: what it waits for
}

// A Cond is what is known on one way out of a block.
type Cond struct {
	Edge   int // index into Succs
	At     Pos
	Path   Path
	Mode   rewrite.Mode // a TryLock that succeeded; 0 for others
	Stops  bool         // what the timer Path was to run does not run
	Case   bool         // a case of a select took place; else a variable has the value at the end of Path
	Send   bool         // Case: of a send, else of a receive
	Closed bool         // a receive told that Path is closed
	Polled bool         // by a select that does not wait; without Case, it told that nothing was to be received from Path
	Last   bool         // the count Path of references is at its end
	First  bool         // the count Path, which grows, is at its beginning
	Plain  bool         // Last, First: the count is no atomic number
	Never  bool         // the channel Path is nil: what would signal it was never started
	Is     string       // the member or result Path is this; see Event.Is
	Not    bool         // Is: it is not
	Sets   string       // Is: what it became in the same step
}

// A Block is a straight run of events.
type Block struct {
	Events []Event
	Succs  []int // -1 for a way that is never taken
	Backs  []int // for each way out, the number of the loop it begins anew; 0 for none
	Exits  []int // for each way out, the number of the outermost loop it ends; 0 for none
	Conds  []Cond
}

// A Variable is memory a function makes, or a value it can't tell more of.
type Variable struct {
	Name  string
	Key   string // unique in a build
	At    Pos    // where it is declared or made
	Fresh bool   // made here: nobody else has it before it escapes
	Loop  int    // the innermost loop it is made in
	Stays bool   // what it refers to is not replaced once others have it
	Holds Value  // with Stays: what it refers to, if that is one thing
	Cap   int    // of a channel made here, plus one; -1 if it is not constant, 0 for no channel
}

// Requests are what a server runs a method for.
const Requests = "requests"

// A Func is the summary of one function or function literal.
type Func struct {
	Key      string // unique in a build
	Name     string // for people
	Pkg      string
	At       Pos // its name, or the func keyword
	End      Pos
	Exported bool   // has an exported name: interfaces and other packages may call it
	Accepts  bool   // takes connections from a listener: what it does then follows from what others send
	Served   string // what lets a library call the method from many goroutines at once: Requests, or an interface
	Public   bool   // and others can get at its receiver, if it has one: the type is exported, or objects are handed out
	Recv     string // key of the receiver's type
	Parent   string // key of the function around a literal
	Params   int
	// Types holds, for each parameter, the key of the struct type it is or
	// points to.
	Types  []string
	Test   bool
	Turns  bool // a library calls it, one call at a time
	Serial bool // its comment or its name says that it is not for several goroutines at once
	Alone  bool // and that nobody else may come at the same time
	// Retires is the number, from 1, of the parameter that the function puts into a
	// sync.Pool; 0 if there is none.
	Retires int
	Locals  []Variable
	Inputs  []Variable // its parameters
	Frees   []Variable // what it captures
	Within  []int      // by the number of a loop, the loop around it; 0 for none
	Blocks  []Block
}

// A Struct is a struct type of the package.
type Struct struct {
	Key    string
	Public bool // has an exported name
	Test   bool // of a test file
	Serial bool // its comment says that it is not for several goroutines at once
	Fields []FieldInfo
}

// A FieldInfo is one field of a struct type.
type FieldInfo struct {
	Key    string
	Struct string // key of the named struct type it holds by value
	Lock   bool   // a mutex, or pointer to one
	Lent   bool   // Lock: behind a pointer or an interface, so that others may have it by another name
	Atomic bool   // a type of sync/atomic
	Embeds string // key of the type, if the field is embedded
	Guard  string // key of the lock that a comment says guards it
	Partly bool   // Lock: a comment says that some need not take it
}

// A Summary is what linking knows of a package.
type Summary struct {
	Path      string
	Main      bool // a program: nobody imports it
	Funcs     []*Func
	Structs   []*Struct
	Types     []*Type
	Locks     []*LockUse
	Pooled    []string // keys of the types whose objects are in a sync.Pool when nobody needs them
	Presented []Presented
	Asserted  []string // interfaces that values of others are asserted to be, each as in Event.Iface
	Abroad    []string // names of the methods that other modules can call through their interfaces
	Changed   []string // keys of the package variables whose memory may change once packages are initialised
	// Conversions lists, by function type of the module, the functions that
	// are converted to it.
	Conversions map[string][]string
	Guards      map[string]string // package variables, to the lock that a comment says guards them
	Conds       map[string]string // fields that hold a sync.Cond, to the lock field of the same struct it was made from
}

// Presented are the interfaces of which values of a type become values, each as in
// Event.Iface; those without methods are left out.
type Presented struct {
	Type string // key
	As   []string
}

// A Type is a named type with its own methods, by name and signature: what
// calls through interfaces may run.
type Type struct {
	Key     string
	Methods map[string]string // signature to the function's key
	// WrapsConn means that it is a net.Conn together with one that it embeds.
	WrapsConn bool
}
