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
	// Fix proposes edits for the finding of the site, and possibly for others
	// of its group, or says in one clause why it can't; nothing at all if the
	// finding is another rule's business.
	Fix func(*Site) (*Fix, string)
}

// A Site is everything a rule may know about a finding.
type Site struct {
	Finding *Finding
	// Group holds the findings on fields of the same struct that no fix
	// mends yet, Finding among them, in order of declaration.
	Group  []*Finding
	Module Module
}

// Module answers a rule's questions about the code around a finding. Nodes and
// types are those of the files as loaded; they must not be changed.
type Module interface {
	// Uses returns every mention of the place with this key in the module's
	// files, tests included, by position.
	Uses(place string) []*Use
	// Struct returns the declaration of the struct type that owns a place.
	Struct(owner string) *Struct
	// Calls tells what runs between two positions of a function when control
	// passes through them, callees included.
	Calls(file *File, from, to token.Pos) Effects
	// Entry tells which locks may be held by some caller when the function
	// around pos starts.
	Entry(file *File, pos token.Pos) []Lock
	// Around returns the file that a span is in and the nodes around it,
	// innermost first.
	Around(at Span) (*File, []ast.Node)
	// Files lists the files of a package, tests included, by name.
	Files(pkg *types.Package) []*File
	// Variants lists the files that this build leaves out and that may use a
	// place.
	Variants(place string) []string
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
	// Path holds the nodes around the mention, innermost first. Path[0] is the
	// selector expression x.f, or the key of a composite literal's element.
	Path   []ast.Node
	Access *Access // nil for the key of a composite literal
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
