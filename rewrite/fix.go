package rewrite

// Safety says how a fix may be applied.
type Safety string

const (
	Safe    Safety = "safe"    // proven by the checks; applied by default
	Unsafe  Safety = "unsafe"  // changes exported API or visible timing; --unsafe
	Display Safety = "display" // shown, never applied
)

// A Fix is an indivisible set of edits, in any number of files, that mends
// the places it names.
type Fix struct {
	Rule   string   `json:"rule"`
	Title  string   `json:"title"`  // a capitalised verb phrase
	Places []string `json:"places"` // keys of the places it mends
	Safety Safety   `json:"safety"`
	// Caution says in a clause why it is not Safe.
	Caution string `json:"caution,omitempty"`
	// Waits means that it makes calls wait for goroutines, which take none of
	// the locks that are held then.
	Waits bool `json:"-"`
	// Serial is the key of a lock that is there to be held over what is slow:
	// one function takes it, and nothing but calls of that wait for each other.
	Serial string `json:"-"`
	// Part means that it mends what was seen to race, and other accesses to its
	// places may race as they did.
	Part  bool   `json:"-"`
	Edits []Edit `json:"-"`
}

// Code is Go source to be put into a file. Text may refer to the packages of
// Imports by their usual names (sync.Mutex for "sync"); the name the file
// knows the package by is used, and the import added where it is missing.
// $0, $1, ... stand for the nodes that the edit names as holes.
type Code struct {
	Text    string
	Imports []string
}

// An Edit is one operation on the syntax of one file. Edits are idempotent
// values: a set of them may hold the same one twice, and they compose with
// others on the same tree in any order (except that several Inserts at one
// place keep the order they are given in). Nodes are named by their spans in
// the file as loaded.
type Edit interface {
	Anchor() Span // of a node in the file that is edited
}

// AddField adds a field to a struct type.
type AddField struct {
	Struct Span   // the struct type: from the keyword to its closing brace
	Before string // the field above which it is put
	Name   string
	Type   Code
	// Doc is one line of comment, without slashes. It stands above the field;
	// where that would move the columns of its neighbours, behind it, less the
	// field's name at its start.
	Doc string
	// Guards says it instead: the fields that this one guards. Two fixes that
	// add the same field each name their own.
	Guards []string
}

// Retype changes the declared type of one struct field. A declaration of
// several names is split when not all of them get the same type.
type Retype struct {
	Field Span // the field's name
	Type  Code
}

// AddVar declares a variable above another one: in its group of declarations,
// or in one of its own.
type AddVar struct {
	Var  Span // the name of the other one, in a var declaration
	Name string
	Type Code
	Doc  string // one line of comment behind it, without slashes
}

// Redeclare changes the type of a variable in its var declaration and drops
// its initial value. A declaration of several names is split when not all of
// them get the same type.
type Redeclare struct {
	Var  Span // the variable's name
	Type Code
}

// Insert adds statements beside a statement.
type Insert struct {
	Stmt  Span
	After bool // below Stmt, else above it
	Clear bool // above the locks that are taken at Stmt, too: it must not run under them
	Code  Code
	Holes []Span // nodes that move into $0, $1, ...
	// Comments names a node, usually one that is dropped, whose comments move
	// to the inserted statements; zero for none.
	Comments Span
}

// Replace puts code in the place of an expression or a statement. The holes
// lie within it; edits inside them are kept.
type Replace struct {
	Node  Span
	Code  Code
	Holes []Span
}

// Drop removes one element of a composite literal, the condition of a loop, the
// value variable of a range statement, or one statement: of a list, or the one
// before the condition of an if or the tag of a switch; or, if it is the name of a
// variable that a function declares without a value, that declaration; or, if it
// is the name of a result, the names of all results of the function.
type Drop struct {
	Node Span
}

// Hold holds a lock over the statements First to Last of one block. Regions
// under the same lock that overlap or touch are joined, unless what is to be
// clear of the lock stands between; the stronger mode wins.
type Hold struct {
	Lock        string // the expression that has the Lock methods: "s.mu", "s"
	Mode        Mode
	First, Last Span
	Defer       bool // release at the function's end instead of below Last
}

// Hoist reads expressions of equal text once, above a statement, under a
// lock, into a new variable that takes their place. Hoists of one lock at one
// statement share a critical section.
type Hoist struct {
	Lock  string
	Mode  Mode
	Stmt  Span
	Name  string
	Exprs []Span
}

// Else adds an else branch to an if statement that has none.
type Else struct {
	If   Span
	Code Code
}

// Split moves the body of a function into a new one below it, and leaves code
// in its place that calls that. The comment above the function stays with it.
type Split struct {
	Func Span   // the declaration
	Name string // of the new function, which has the same receiver and signature
	Doc  string // one line of comment above the new function, without slashes
	Body Code   // what the function does now
}

func (e AddField) Anchor() Span  { return e.Struct }
func (e Retype) Anchor() Span    { return e.Field }
func (e AddVar) Anchor() Span    { return e.Var }
func (e Redeclare) Anchor() Span { return e.Var }
func (e Insert) Anchor() Span    { return e.Stmt }
func (e Replace) Anchor() Span   { return e.Node }
func (e Drop) Anchor() Span      { return e.Node }
func (e Hold) Anchor() Span      { return e.First }
func (e Hoist) Anchor() Span     { return e.Stmt }
func (e Else) Anchor() Span      { return e.If }
func (e Split) Anchor() Span     { return e.Func }
