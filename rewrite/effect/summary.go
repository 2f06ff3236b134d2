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
)

// A Root is what a path starts at.
type Root struct {
	Kind RootKind
	N, I int
	Key  string
}

// A Path names memory relative to a root: a chain of field keys and Elem,
// dereference implicit. Paths are comparable; equal paths in one activation
// of one function name the same memory as long as nothing on the way is
// reassigned.
type Path struct {
	Root Root
	Sel  string // each selector preceded by ';'
}

// Elem is the selector for any element of a map, slice, array or channel.
const Elem = "[]"

// MaxSel is the length beyond which paths are not followed.
const MaxSel = 6

// With returns the path extended by a selector, and false when it grew too long.
func (p Path) With(sel string) (Path, bool) {
	if strings.Count(p.Sel, ";") >= MaxSel {
		return Path{}, false
	}
	return Path{p.Root, p.Sel + ";" + sel}, true
}

// On returns the path p with its root replaced by path q.
func (p Path) On(q Path) (Path, bool) {
	if strings.Count(p.Sel, ";")+strings.Count(q.Sel, ";") > MaxSel {
		return Path{}, false
	}
	return Path{q.Root, q.Sel + p.Sel}, true
}

// Base returns the path less its last selector, and that selector.
func (p Path) Base() (Path, string) {
	i := strings.LastIndexByte(p.Sel, ';')
	if i < 0 {
		return p, ""
	}
	return Path{p.Root, p.Sel[:i]}, p.Sel[i+1:]
}

// Field returns the key of the last field on the path, skipping elements at
// its end; "" if it names none.
func (p Path) Field() string {
	for p.Sel != "" {
		var last string
		if p, last = p.Base(); last != Elem {
			return last
		}
	}
	return ""
}

// HasElem reports whether the path goes through an element of a container.
func (p Path) HasElem() bool { return strings.Contains(p.Sel, ";"+Elem) }

// A Value is an argument: memory it refers to, and for functions which one.
type Value struct {
	Path  Path
	Func  string // key of the function, if it is known
	Bind  []Path // its captured variables; the receiver of a method value
	Bound bool   // a method value: Bind[0] is the receiver
	Addr  bool   // the address of the field that Path names, not its value
}

// A Kind is what an event is.
type Kind uint8

const (
	Access Kind = iota // reads or writes Path
	Lock               // takes the lock Path in Mode
	Unlock             // releases it
	Call               // runs Fn here and now
	Go                 // runs Fn in a goroutine
	Defer              // runs Deferred at the function's end
	Defers             // the function's end: deferred events run, last first
	Wait               // receives from, or waits for, the object Path
	Signal             // sends on, closes, or is done with, the object Path
	Once               // runs Fn at most once ever for Path, or waits for who does
	Escape             // Path becomes visible to others: stored, sent, returned
	Return             // leaves the function with Results
	Slow               // may block or do I/O; Note says what
)

// An Event is one thing a function does.
type Event struct {
	Kind Kind
	At   Pos
	Path Path
	Op   rewrite.Op   // Access
	Mode rewrite.Mode // Lock, Unlock
	// Whole is the key of the struct type that an Access reads or writes as a
	// whole.
	Whole    string
	Index    bool    // Access: to an element of a slice or array, not of a map
	Deref    bool    // Access with Whole: through a pointer
	Const    bool    // Access: writes a constant
	ID       int     // Call, Go, Once: unique in the function
	Fn       Value   // Call, Go, Once: what runs; Fn.Func is "" when unknown
	Method   string  // Call, Go: the signature called through an interface
	Iface    string  // the signatures of all its methods, each followed by ';'
	Args     []Value // its arguments, the receiver first
	Results  []Value // Return
	Deferred *Event  // Defer
	Many     bool    // Go: the library runs many at once
	Send     bool    // Signal: a send on a channel
	Joined   bool    // Go: Wait on Path returns after it
	Loop     int     // Access, Go, Call: the innermost loop around it; 0 for none
	Note     string  // Go: the library call that starts it; Slow: what it waits for
}

// A Cond is what is known on one way out of a block.
type Cond struct {
	Edge int // index into Succs
	Path Path
	Mode rewrite.Mode // a TryLock that succeeded; 0 for a receive that took place
}

// A Block is a straight run of events.
type Block struct {
	Events []Event
	Succs  []int
	Backs  []int // for each way out, the number of the loop it begins anew; 0 for none
	Conds  []Cond
}

// A Variable is memory a function makes, or a value it can't tell more of.
type Variable struct {
	Name  string
	Fresh bool // made here: nobody else has it before it escapes
	Loop  int  // the innermost loop it is made in
}

// A Func is the summary of one function or function literal.
type Func struct {
	Key      string // unique in a build
	Name     string // for people
	Pkg      string
	At       Pos // its name, or the func keyword
	End      Pos
	Exported bool   // has an exported name: interfaces and other packages may call it
	Public   bool   // and its receiver's type, if it has one, is exported too
	Recv     string // key of the receiver's type
	Parent   string // key of the function around a literal
	Params   int
	// Types holds, for each parameter, the key of the struct type it is or
	// points to.
	Types  []string
	Test   bool
	Locals []Variable
	Blocks []Block
}

// A Struct is a struct type of the package.
type Struct struct {
	Key    string
	Public bool // has an exported name
	Fields []FieldInfo
}

// A FieldInfo is one field of a struct type.
type FieldInfo struct {
	Key    string
	Struct string // key of the named struct type it holds by value
	Lock   bool   // a mutex, or pointer to one
	Atomic bool   // a type of sync/atomic
	Embeds string // key of the type, if the field is embedded
	Guard  string // key of the lock that a comment says guards it
}

// A Summary is what linking knows of a package.
type Summary struct {
	Path    string
	Main    bool // a program: nobody imports it
	Funcs   []*Func
	Structs []*Struct
	Types   []*Type
	Guards  map[string]string // package variables, to the lock that a comment says guards them
	Conds   map[string]string // fields that hold a sync.Cond, to the lock field of the same struct it was made from
}

// A Type is a named type with its own methods, by name and signature: what
// calls through interfaces may run.
type Type struct {
	Key     string
	Methods map[string]string // signature to the function's key
}
