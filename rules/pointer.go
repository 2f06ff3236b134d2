package rules

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// pointer: lock the mutex itself, not a copy of it
//
// A method with a value receiver, a function with a parameter that is no
// pointer, or the value of a range statement is a copy, and so is the mutex in
// it: everyone who locks it locks another one. The receiver or the parameter
// becomes a pointer, and callers of the function pass one; a range statement
// ranges over the indices, and takes the address of each element. Methods that
// call such a method on a copy of their own get a pointer receiver as well, as do
// those that copy the lock for nothing.
//
// Where code outside the module may depend on the type's method set the change
// is for --unsafe: calls on values that have no address no longer build. It is
// refused
//
//   - where code outside the module depends on a function's parameters: exported
//     ones of packages that others can import;
//   - where fmt or an encoder finds the method on values: String, MarshalJSON
//     and the like;
//   - where the copy is used as a whole: returned, stored or handed on;
//   - where what is passed or ranged over has no address.
var pointer = &rewrite.Rule{
	Name:  "pointer",
	Title: "lock the mutex itself, not a copy of it",
	Mends: []rewrite.Kind{rewrite.Locking},
	Fix:   fixPointer,
}

func fixPointer(s *rewrite.Site) (*rewrite.Fix, string) {
	a := s.Finding.Sides[0].Access
	if a.Op != rewrite.Copy {
		return nil, ""
	}
	f, path := s.Module.Around(a.At)
	if len(path) < 2 {
		return nil, "the copy has no name"
	}
	id, ok := path[0].(*ast.Ident)
	if !ok {
		return nil, "the copy has no name"
	}
	c := &duplicate{site: s, file: f, name: id, v: f.Info.Defs[id], path: path}
	if c.v == nil {
		return nil, "the copy is not declared where it is made"
	}
	var edits []rewrite.Edit
	var reason string
	switch a.Func {
	case "receiver":
		edits, reason = c.receivers()
	case "parameter":
		edits, reason = c.parameter()
	default:
		edits, reason = c.element()
	}
	if reason != "" {
		return nil, reason
	}
	fix := &rewrite.Fix{Title: fmt.Sprintf("Lock %s itself in %s", s.Finding.Place.Name, s.Finding.Sides[1].Access.Func),
		Places: []string{s.Finding.Place.Key}, Safety: rewrite.Safe, Edits: edits}
	if c.caution != "" {
		fix.Safety, fix.Caution = rewrite.Unsafe, c.caution
	}
	return fix, ""
}

// copied is a variable that holds a copy of a lock.
type duplicate struct {
	site *rewrite.Site
	file *rewrite.File
	name *ast.Ident
	v    types.Object
	path []ast.Node

	caution string // what the change may break outside the module
}

func (c *duplicate) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", base(c.file.Name), c.file.Span(n).Line)
}

// whole returns a use of the copy as a whole in some code: one that is not
// just the way to a field or method of it.
func (c *duplicate) whole(in ast.Node) ast.Node {
	parts := make(map[*ast.Ident]bool)
	var found ast.Node
	ast.Inspect(in, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := sel.X.(*ast.Ident); ok {
				parts[id] = true
			}
		}
		if id, ok := n.(*ast.Ident); ok && c.file.Info.Uses[id] == c.v && !parts[id] && found == nil {
			found = id
		}
		return true
	})
	return found
}

// onValues lists methods that libraries look for on values.
var onValues = []string{"String", "GoString", "Error", "Format", "MarshalJSON", "MarshalText", "MarshalBinary", "MarshalYAML", "MarshalXML", "GobEncode", "LogValue", "Value", "IsZero"}

// closed reports whether no code outside the module can import a package.
func closed(pkg *types.Package) bool {
	return pkg.Name() == "main" || strings.Contains("/"+pkg.Path()+"/", "/internal/") || strings.HasSuffix(pkg.Path(), "_test")
}

func (c *duplicate) star(t ast.Expr) rewrite.Edit {
	span := c.file.Span(t)
	return rewrite.Replace{Node: span, Code: rewrite.Code{Text: "*$0"}, Holes: []rewrite.Span{span}}
}

// parameter makes a parameter of an unexported function a pointer.
func (c *duplicate) parameter() ([]rewrite.Edit, string) {
	fl, ok := c.path[1].(*ast.Field)
	fd, also := c.path[len(c.path)-2].(*ast.FuncDecl)
	switch {
	case !ok || !also:
		return nil, "the parameter is not where it is declared"
	case fd.Recv != nil:
		return nil, fmt.Sprintf("%s is a method, which interfaces may demand as it is", fd.Name.Name)
	case fd.Name.IsExported() && !closed(c.file.Pkg):
		return nil, fmt.Sprintf("%s is exported: its parameters are others' business too", fd.Name.Name)
	case len(fl.Names) != 1:
		return nil, "the parameter shares its type with others"
	}
	if use := c.whole(fd.Body); use != nil && types.NewMethodSet(types.NewPointer(c.v.Type())).Lookup(nil, "Lock") == nil {
		return nil, fmt.Sprintf("%s uses the copy as a whole", c.at(use))
	}
	index := 0
	for _, other := range fd.Type.Params.List {
		if other == fl {
			break
		}
		index += max(len(other.Names), 1)
	}
	edits, reason := c.arguments(c.file.Info.Defs[fd.Name], index)
	return append(edits, c.star(fl.Type)), reason
}

// arguments passes pointers wherever a function is called.
func (c *duplicate) arguments(fn types.Object, index int) ([]rewrite.Edit, string) {
	var edits []rewrite.Edit
	reason := ""
	for _, f := range c.site.Module.Files(c.file.Pkg) {
		calls := make(map[ast.Expr]bool)
		ast.Inspect(f.Syntax, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				id, ok := ast.Unparen(n.Fun).(*ast.Ident)
				if !ok || f.Info.Uses[id] != fn || index >= len(n.Args) {
					break
				}
				calls[id] = true
				arg := n.Args[index]
				span := f.Span(arg)
				switch x := ast.Unparen(arg).(type) {
				case *ast.StarExpr:
					edits = append(edits, rewrite.Replace{Node: span, Code: rewrite.Code{Text: "$0"}, Holes: []rewrite.Span{f.Span(x.X)}})
				default:
					if !addressable(f, x) {
						reason = fmt.Sprintf("%s:%d passes what has no address", base(f.Name), f.Span(n).Line)
					}
					edits = append(edits, rewrite.Replace{Node: span, Code: rewrite.Code{Text: "&$0"}, Holes: []rewrite.Span{span}})
				}
			case *ast.Ident:
				if f.Info.Uses[n] == fn && !calls[n] {
					reason = fmt.Sprintf("%s:%d uses the function as a value", base(f.Name), f.Span(n).Line)
				}
			}
			return true
		})
	}
	return edits, reason
}

// addressable reports whether the address of an expression is that of memory
// which stays the same.
func addressable(f *rewrite.File, e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		_, ok := f.Info.Uses[e].(*types.Var)
		return ok
	case *ast.SelectorExpr:
		if f.Info.Selections[e] == nil {
			_, ok := f.Info.Uses[e.Sel].(*types.Var)
			return ok
		}
		_, pointer := f.Info.TypeOf(e.X).Underlying().(*types.Pointer)
		return pointer || addressable(f, e.X)
	case *ast.StarExpr:
		return true
	case *ast.IndexExpr:
		switch f.Info.TypeOf(e.X).Underlying().(type) {
		case *types.Slice:
			return true
		case *types.Array:
			return addressable(f, e.X)
		}
	}
	return false
}

// element ranges over the indices of a list instead of copies of its elements.
func (c *duplicate) element() ([]rewrite.Edit, string) {
	r, ok := c.path[1].(*ast.RangeStmt)
	if !ok {
		return nil, "the range statement is not where the copy is made"
	}
	list := text(c.file, r.X)
	root := rootIdent(r.X)
	switch c.file.Info.TypeOf(r.X).Underlying().(type) {
	case *types.Slice:
	case *types.Array:
		if !addressable(c.file, r.X) {
			return nil, fmt.Sprintf("%s ranges over what has no address", c.at(r))
		}
	default:
		return nil, fmt.Sprintf("%s ranges over what holds no elements with an address", c.at(r))
	}
	if root == nil {
		return nil, fmt.Sprintf("%s ranges over %s, which has no name", c.at(r), list)
	}
	if use := c.whole(r.Body); use != nil {
		return nil, fmt.Sprintf("%s uses the copy as a whole", c.at(use))
	}
	if len(r.Body.List) == 0 || replaces(c.file, r.Body, r.X) || !c.local(root, r.X) && c.runsOwn(r.Body) {
		return nil, fmt.Sprintf("%s may change what it ranges over", c.at(r))
	}
	edits := []rewrite.Edit{rewrite.Drop{Node: c.file.Span(r.Value)}}
	key, _ := r.Key.(*ast.Ident)
	if key == nil {
		return nil, fmt.Sprintf("%s has no index", c.at(r))
	}
	index := key.Name
	if index == "_" {
		for _, name := range []string{"i", "j", "k", "index"} {
			if !mentionsName(r, name) {
				index = name
				break
			}
		}
		if index == "_" {
			return nil, fmt.Sprintf("%s leaves no name for an index", c.at(r))
		}
		edits = append(edits, rewrite.Replace{Node: c.file.Span(key), Code: rewrite.Code{Text: index}})
	}
	code := fmt.Sprintf("%s := &%s[%s]", c.name.Name, list, index)
	return append(edits, rewrite.Insert{Stmt: c.file.Span(r.Body.List[0]), Code: rewrite.Code{Text: code}}), ""
}

// local reports whether an expression is a variable of the function.
func (c *duplicate) local(root *ast.Ident, e ast.Expr) bool {
	o := c.file.Info.Uses[root]
	return ast.Unparen(e) == ast.Expr(root) && o != nil && o.Parent() != c.file.Pkg.Scope()
}

// runsOwn reports whether some code calls functions of the package, other than
// methods of locks.
func (c *duplicate) runsOwn(in ast.Node) bool {
	found := false
	ast.Inspect(in, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || c.file.Info.Types[call.Fun].IsType() || c.file.Info.Types[call.Fun].IsBuiltin() {
			return !found
		}
		sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
		fn, known := types.Object(nil), false
		if ok {
			fn = c.file.Info.Uses[sel.Sel]
			_, known = fn.(*types.Func)
		}
		found = found || !known || fn.Pkg() == nil || fn.Pkg() == c.file.Pkg
		return !found
	})
	return found
}

// replaces reports whether some code may make an expression another list.
func replaces(f *rewrite.File, in ast.Node, list ast.Expr) bool {
	found := false
	ast.Inspect(in, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			found = found || slices.ContainsFunc(n.Lhs, func(l ast.Expr) bool {
				return strings.HasPrefix(text(f, list)+".", text(f, l)+".")
			})
		case *ast.UnaryExpr:
			found = found || n.Op == token.AND && text(f, n.X) == text(f, list)
		}
		return !found
	})
	return found
}

// mentionsName reports whether some code has an identifier of a name.
func mentionsName(in ast.Node, name string) bool {
	found := false
	ast.Inspect(in, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		found = found || ok && id.Name == name
		return !found
	})
	return found
}
