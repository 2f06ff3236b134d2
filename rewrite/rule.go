package rewrite

import (
	"go/ast"
	"go/token"
	"go/types"
)

// A Rule mends some kinds of races in one way.
type Rule struct {
	Name  string // lower case; names read well after "fixer explain"
	Title string // one line for lists
	Mends []Kind
	// Parts means that the rule heeds Site.Seen.
	Parts bool
	// Fix proposes edits for the finding of the site, and possibly for others
	// of its group, or says in one clause why it can't; nothing at all if the
	// finding is another rule's business.
	Fix func(*Site) (*Fix, string)
}

// A Site is everything a rule may know about a finding.
type Site struct {
	Finding *Finding
	// Group holds the findings on fields of the same struct, or variables of the
	// same function or package, that no fix mends yet, Finding among them, in
	// order of declaration.
	Group  []*Finding
	Module Module
	// Alone asks for a fix that leaves the others of the group as they are: one
	// that mends them too has not passed the checks.
	Alone bool
	// Seen lists the accesses that the race detector saw. If it is not empty, it
	// asks for a fix that keeps at least these from racing: nothing passes the
	// checks that takes in all the others.
	Seen []Access
}

// Module answers a rule's questions about the code around a finding. Nodes and
// types are those of the files as loaded; they must not be changed.
type Module interface {
	// Uses returns every mention of the place with this key in the module's
	// files, tests included, by position.
	Uses(place string) []*Use
	// Mentions returns every mention of a function in the module's files, tests
	// and its declaration included. Path[0] is the name.
	Mentions(fn *types.Func) []*Use
	// Struct returns the declaration of the struct type that owns a place.
	Struct(owner string) *Struct
	// Calls tells what runs between two positions of a function when control
	// passes through them, callees included.
	Calls(file *File, from, to token.Pos) Effects
	// Entry tells which locks may be held by some caller when the function
	// around pos starts.
	Entry(file *File, pos token.Pos) []Lock
	// Held tells which locks are held for certain, and which may be, when a
	// function of the module is called by the parenthesis, or the go or defer,
	// at a position; ok is false if no such call is known.
	Held(file *File, call token.Pos) (must, may []Lock, ok bool)
	// Files returns the files of a package of the module, its own tests
	// included.
	Files(pkg *types.Package) []*File
	// At returns the innermost expression, statement or function around a place
	// in a file, with what is around it; nil for files that are not there.
	At(Span) *Use
	// Goroutine tells what is known of the goroutines that the go statement at
	// a place starts; nil if nothing is.
	Goroutine(start Span) *GoroutineInfo
	// Around returns the file that a span is in and the nodes around it,
	// innermost first.
	Around(at Span) (*File, []ast.Node)
	// Elsewhere says which file that this build leaves out may use a place; ""
	// if none does. Rules ask that have to know all uses: the checks of a fix see
	// to it that it compiles and mends the race in the other builds, too.
	Elsewhere(place string) string
	// GoVersion returns the language version of a file, as "go1.21".
	GoVersion(file *File) string
}

// A File is one file of a package as loaded.
type File struct {
	Name   string // absolute path
	Syntax *ast.File
	Fset   *token.FileSet
	Info   *types.Info
	Pkg    *types.Package
	Test   bool
}

// Span returns the span of a node of the file.
func (f *File) Span(n ast.Node) Span { return SpanOf(f.Fset, n.Pos(), n.End()) }

// A Use is one mention of a place in a file.
type Use struct {
	File *File
	// Path holds the nodes around the mention, innermost first. Path[0] is what
	// names the place: x.f for a field, v or p.V for a variable; or the element
	// of a composite literal that sets the field.
	Path    []ast.Node
	Element bool    // of a composite literal
	Access  *Access // nil where the analysis saw none, as in composite literals
}

// A Struct is the declaration of a struct type.
type Struct struct {
	File *File
	Name *types.TypeName
	Type *ast.StructType
}

// Effects is what runs in a stretch of code.
type Effects struct {
	Locks []string // keys of the locks taken
	// Slow says what may take long or wait: I/O, channel operations, sleeps,
	// calls that can't be followed. One clause each, with position.
	Slow []string
}

// A GoroutineInfo is what is known of the goroutines that one go statement
// starts.
type GoroutineInfo struct {
	Start  Span   // the go statement
	Runs   Span   // the function: its name, or the keyword
	Shared bool   // other code runs that function too
	Again  bool   // it may be started again once it was told to end
	Late   []Span // calls of Add in that function, for its own goroutine
	Below  []Span // calls of Add for it, below the go statement
	Ends   []End  // what tells it to end
	// Field is the key of the field that holds the channel, or the cancel
	// function, by which it is told to end.
	Field string
	// Reads means that the goroutine reads that field, or that of the context,
	// itself: it would not see the signal once others have emptied the field.
	Reads bool
	// Hangs says for what it may wait for ever once it was told to end, Slow
	// for what it may wait for long, one clause each, with position.
	Hangs, Slow []string
	Locks       []string // keys of the locks it may take
}

// An End is where a goroutine is told to end.
type End struct {
	At  Span
	Own bool // the goroutine itself may get there
	// Private means that the locks are taken only where such goroutines are
	// started and told to end.
	Private bool
	// Writes holds the keys of the fields of the object that the function sets,
	// and Sets those of them that nothing else sets but who starts such
	// goroutines, or tells them to end.
	Writes, Sets []string
	Locks        []Lock // that may be held there, those of callers included
}
