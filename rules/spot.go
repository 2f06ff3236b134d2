package rules

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/go-fixer/fixer/rewrite"
)

// A spot is an access that a rule changes, or puts under a lock.
type spot struct {
	*rewrite.Use
	sel   ast.Expr // what names the place: x.f; v or p.V of a variable; *x of a copied struct
	write bool
	elem  bool // reads or writes what the place holds, not just the place
	// shared means that a write is a call of something unknown, but which does
	// no more than read the place.
	shared bool
}

// mention returns the expression by which a use names its place; ok is false
// for the elements of composite literals.
func mention(u *rewrite.Use) (e ast.Expr, ok bool) {
	if u.Element {
		return nil, false
	}
	e, ok = u.Path[0].(ast.Expr)
	return e, ok
}

// object is what a spot's field is a field of, nil for variables.
func (s spot) object() ast.Expr {
	if star, ok := s.sel.(*ast.StarExpr); ok {
		return star.X
	}
	if sel, ok := s.sel.(*ast.SelectorExpr); ok && s.File.Info.Selections[sel] != nil {
		return sel.X
	}
	return nil
}

// objectText is the object as Go source, "" for variables.
func (s spot) objectText() string {
	if x := s.object(); x != nil {
		return text(s.File, x)
	}
	return ""
}

// thing is what messages call the place.
func (s spot) thing() string {
	if s.object() == nil {
		return "the variable"
	}
	return "the field"
}

// name is that of the field or variable, or of the type of a struct.
func (s spot) name() string {
	switch sel := s.sel.(type) {
	case *ast.SelectorExpr:
		return sel.Sel.Name
	case *ast.Ident:
		return sel.Name
	}
	key := typeKey(s.File.Info.TypeOf(s.sel))
	return key[strings.LastIndexByte(key, '.')+1:]
}

func (s spot) at() string { return fmt.Sprintf("%s:%d", base(s.File.Name), s.line()) }

func (s spot) line() int { return s.File.Span(s.sel).Line }

// addressTaken is the reason to leave a place alone whose address goes
// somewhere.
func addressTaken(u *rewrite.Use) string {
	s := spot{Use: u, sel: u.Path[0].(ast.Expr)}
	return fmt.Sprintf("%s's address is taken at %s", s.thing(), s.at())
}

// lent returns the function that gets a place's address for the time of a call,
// and does not keep it; nil if there is none.
func lent(u *rewrite.Use) *types.Func {
	amp, ok := u.Path[1].(*ast.UnaryExpr)
	if !ok || amp.Op != token.AND || len(u.Path) < 4 {
		return nil
	}
	call, ok := u.Path[2].(*ast.CallExpr)
	if !ok || !slices.Contains(call.Args, ast.Expr(amp)) {
		return nil
	}
	switch u.Path[3].(type) {
	case *ast.GoStmt, *ast.DeferStmt:
		return nil
	}
	fn := callee(u.File.Info, call)
	if fn == nil || fn.Pkg() == nil || fn.Pkg().Path() != "container/heap" && !lends.MatchString(fn.Name()) {
		return nil
	}
	return fn
}

// lends matches the names of functions, of all libraries, that read or fill what
// they get the address of, and readsOnly those of them that read it.
var (
	lends     = regexp.MustCompile(`^(Marshal|MarshalIndent|Unmarshal|Encode|Decode|[SF]?[Ss]can(f|ln)?|Fprint(f|ln)?|WriteString|Copy(N|Buffer)?|ReadFull)$`)
	readsOnly = regexp.MustCompile(`^(Marshal|MarshalIndent|Encode)$`)
)

// inPlace reports whether a use hands what the place holds to a function that
// changes it.
func inPlace(u *rewrite.Use) bool {
	if len(u.Path) < 2 {
		return false
	}
	call, ok := u.Path[1].(*ast.CallExpr)
	if !ok || len(call.Args) == 0 || ast.Node(call.Args[0]) != u.Path[0] {
		return false
	}
	fn := callee(u.File.Info, call)
	if fn == nil || fn.Pkg() == nil {
		return false
	}
	switch fn.Pkg().Path() {
	case "sort":
		return !strings.HasPrefix(fn.Name(), "Search") && !strings.HasSuffix(fn.Name(), "AreSorted") && !strings.HasSuffix(fn.Name(), "IsSorted")
	case "slices":
		return slices.Contains([]string{"Compact", "CompactFunc", "Delete", "DeleteFunc", "Insert", "Replace", "Reverse", "Sort", "SortFunc", "SortStableFunc"}, fn.Name())
	case "maps":
		return fn.Name() == "Copy" || fn.Name() == "DeleteFunc" || fn.Name() == "Insert"
	}
	return false
}

// inside reports whether a use goes on to what the place holds.
func inside(u *rewrite.Use) bool {
	switch p := u.Path[1].(type) {
	case *ast.IndexExpr:
		return ast.Node(p.X) == u.Path[0]
	case *ast.SliceExpr, *ast.StarExpr, *ast.RangeStmt:
		return true
	}
	return false
}

// outsideCalled returns the use as the function sees it that calls the literal
// around it at once: the literal is one step of that function. Other uses are
// returned as they are.
func outsideCalled(u *rewrite.Use) *rewrite.Use {
	for i := len(u.Path) - 2; i > 0; i-- {
		lit, ok := u.Path[i].(*ast.FuncLit)
		if !ok {
			continue
		}
		call, ok := u.Path[i+1].(*ast.CallExpr)
		if !ok || call.Fun == ast.Expr(lit) || !callsAtOnce(u.File.Info, call) {
			continue
		}
		if id := rootIdent(u.Path[0].(ast.Expr)); id == nil || madeIn(u.File.Info, lit, id) {
			continue
		}
		out := *u
		out.Path = append([]ast.Node{u.Path[0]}, u.Path[i+1:]...)
		return &out
	}
	return u
}

// madeIn reports whether what an identifier means is declared in a node.
func madeIn(info *types.Info, n ast.Node, id *ast.Ident) bool {
	o := info.Uses[id]
	return o == nil || n.Pos() <= o.Pos() && o.Pos() < n.End()
}

// callsAtOnce reports whether a call runs the functions it is given before it
// returns, in its own goroutine, and does nothing slow besides.
func callsAtOnce(info *types.Info, call *ast.CallExpr) bool {
	fn := callee(info, call)
	if fn == nil || fn.Pkg() == nil {
		return false
	}
	switch fn.Pkg().Path() {
	case "bytes", "slices", "sort", "strings":
		return true
	}
	return false
}

// callee is the function or method that a call names, nil for other calls.
func callee(info *types.Info, call *ast.CallExpr) *types.Func {
	fn, _ := typeutil.Callee(info, call).(*types.Func)
	return fn
}
