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

// sooner: set a field before others look at it
//
// The only write to the field is the first statement of a goroutine, and others
// look at the field: they may be early, and find nothing. An atomic would make
// that no data race, and no better. The statement moves above the go statement.
//
// Or others wait to be told that they may look, by a channel that is closed or sent
// to or a WaitGroup, and the field is set right below that: it is set above it. Or
// they find the object in a map, say, under a lock, and its maker, which has put it
// there, sets the field when the lock is released: it is set before the lock is taken.
//
// It is refused where that is not the same:
//
//   - the function that the goroutine runs is started or mentioned elsewhere,
//     too, or code outside the module may call it;
//   - the goroutine is started in a loop;
//   - the value takes long, or takes something that the goroutine is given;
//   - the two statements are in two files, or call something by two names;
//   - the goroutine does nothing else, and would do nothing at all.
var sooner = &rewrite.Rule{
	Name:  "sooner",
	Title: "set a field before others look at it",
	Mends: []rewrite.Kind{rewrite.Field},
	Fix:   fixSooner,
}

func fixSooner(s *rewrite.Site) (*rewrite.Fix, string) {
	if fix := setBeforeTold(s); fix != nil {
		return fix, ""
	}
	write, ok := onlyWrite(s.Finding)
	if !ok {
		return nil, ""
	}
	f, path := s.Module.Around(write.At)
	as, up := assignment(path)
	if len(up) < 2 {
		return nil, ""
	}
	fn := function(&rewrite.Use{File: f, Path: path})
	if fn == nil || as.Tok != token.ASSIGN || body(fn).List[0] != ast.Stmt(as) {
		return nil, ""
	}
	if len(body(fn).List) == 1 {
		return nil, "the goroutine does nothing else"
	}
	start, reason := soleStart(s, f, fn, path)
	if start == nil {
		return nil, reason
	}
	if !slices.ContainsFunc(s.Finding.Sides[:], func(side rewrite.Side) bool {
		return side.Access.At == write.At && side.Context.Start.Line == f.Span(start).Line
	}) {
		return nil, "another goroutine may run it as well"
	}
	if reason := moved(s, f, fn, as, start); reason != "" {
		return nil, reason
	}
	fix := &rewrite.Fix{Title: fmt.Sprintf("Set %s before the goroutine starts", s.Finding.Place.Name), Safety: rewrite.Safe, Edits: moveUp(f, as, start)}
	for _, g := range s.Group {
		if w, ok := onlyWrite(g); ok && w.At.File == write.At.File && f.Span(as).Contains(w.At) {
			fix.Places = append(fix.Places, g.Place.Key)
		}
	}
	return fix, ""
}

// assignment returns the innermost assignment of a path, and what is around it.
func assignment(path []ast.Node) (as *ast.AssignStmt, up []ast.Node) {
	for i, n := range path {
		if as, ok := n.(*ast.AssignStmt); ok {
			return as, path[i+1:]
		}
	}
	return nil, nil
}

// moveUp moves an assignment, with its comments, above a statement.
func moveUp(f *rewrite.File, as *ast.AssignStmt, above ast.Stmt) []rewrite.Edit {
	return []rewrite.Edit{
		rewrite.Insert{Stmt: f.Span(above), Code: rewrite.Code{Text: texts(f, as.Lhs) + " = " + texts(f, as.Rhs)}, Comments: f.Span(as)},
		rewrite.Drop{Node: f.Span(as)},
	}
}

// onlyWrite returns the only write to a place once others may have it.
func onlyWrite(f *rewrite.Finding) (rewrite.Access, bool) {
	var writes []rewrite.Access
	for _, a := range f.Accesses {
		if !a.Fresh && !a.Test && (a.Op.Writes() || a.Op == rewrite.Atomic || a.Op == rewrite.Address) {
			writes = append(writes, a)
		}
	}
	if len(writes) != 1 || writes[0].Op != rewrite.Write {
		return rewrite.Access{}, false
	}
	return writes[0], true
}

// soleStart finds the go statement that alone runs a function, in a list of
// statements of the same file.
func soleStart(s *rewrite.Site, f *rewrite.File, fn ast.Node, path []ast.Node) (*ast.GoStmt, string) {
	var up []ast.Node // from the call on
	switch fn := fn.(type) {
	case *ast.FuncLit:
		i := slices.Index(path, ast.Node(fn))
		up = path[i+1:]
	case *ast.FuncDecl:
		obj, ok := f.Info.Defs[fn.Name].(*types.Func)
		if !ok || obj.Exported() && importable(f.Pkg) {
			return nil, "code outside the module may call " + fn.Name.Name + " itself"
		}
		for _, u := range s.Module.Mentions(obj) {
			if u.Path[0] == ast.Node(fn.Name) {
				continue
			}
			if up != nil || u.File != f || len(u.Path) < 4 {
				return nil, fn.Name.Name + " is started or mentioned elsewhere, too"
			}
			if up = u.Path[1:]; len(up) > 0 && ast.Node(up[0]) != nil {
				if _, ok := up[0].(*ast.SelectorExpr); ok {
					up = up[1:]
				}
			}
		}
	}
	if len(up) < 3 {
		return nil, ""
	}
	start, ok := up[1].(*ast.GoStmt)
	if call, is := up[0].(*ast.CallExpr); !ok || !is || start.Call != call || !inList(up[2]) {
		return nil, ""
	}
	for _, n := range up[2:] {
		switch n.(type) {
		case *ast.ForStmt, *ast.RangeStmt:
			return nil, "the goroutine is started in a loop"
		case *ast.FuncDecl, *ast.FuncLit:
			return start, ""
		}
	}
	return nil, ""
}

// moved tells why an assignment means something else above a go statement.
func moved(s *rewrite.Site, f *rewrite.File, fn ast.Node, as *ast.AssignStmt, start *ast.GoStmt) string {
	e := s.Module.Calls(f, as.Pos(), as.End())
	if len(e.Slow) > 0 {
		return "the value takes long: " + e.Slow[0]
	}
	if len(e.Locks) > 0 {
		return "the value takes a lock"
	}
	reason := ""
	own := handed(f, fn, start)
	ast.Inspect(as, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			reason = "the value is a function"
		case *ast.Ident:
			switch obj := f.Info.Uses[n]; {
			case obj == nil || own[obj]:
			case isOwn(obj, fn):
				reason = fmt.Sprintf("%s is the goroutine's own", n.Name)
			case !visible(f, obj, start):
				reason = fmt.Sprintf("%s means something else where the goroutine is started", n.Name)
			}
		}
		return reason == ""
	})
	return reason
}

// handed returns the parameters of a function, and its receiver, that have the
// names of the variables that a go statement gives for them.
func handed(f *rewrite.File, fn ast.Node, start *ast.GoStmt) map[types.Object]bool {
	own := make(map[types.Object]bool)
	sig := signature(f, fn)
	if sig == nil {
		return own
	}
	same := func(e ast.Expr, v *types.Var) {
		id, ok := ast.Unparen(e).(*ast.Ident)
		if ok && v != nil && id.Name == v.Name() && declared(f.Info.TypeOf(e)) == declared(v.Type()) {
			own[v] = true
		}
	}
	if sel, ok := ast.Unparen(start.Call.Fun).(*ast.SelectorExpr); ok {
		same(sel.X, sig.Recv())
	}
	for i, arg := range start.Call.Args {
		if i < sig.Params().Len() && types.Identical(f.Info.TypeOf(arg), sig.Params().At(i).Type()) {
			same(arg, sig.Params().At(i))
		}
	}
	return own
}

// declared returns the name of a type or of what it points to, nil if it has none.
func declared(t types.Type) *types.TypeName {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	if named, ok := types.Unalias(t).(*types.Named); ok {
		return named.Obj()
	}
	return nil
}

// signature returns the type of a function with the parameters that its body
// names, nil if there is none.
func signature(f *rewrite.File, fn ast.Node) *types.Signature {
	var t types.Type
	switch fn := fn.(type) {
	case *ast.FuncLit:
		t = f.Info.TypeOf(fn)
	case *ast.FuncDecl:
		t = f.Info.Defs[fn.Name].Type()
	}
	sig, _ := t.(*types.Signature)
	return sig
}

// isOwn reports whether a variable is a function's own.
func isOwn(obj types.Object, fn ast.Node) bool {
	v, ok := obj.(*types.Var)
	return ok && !v.IsField() && fn.Pos() <= v.Pos() && v.Pos() < fn.End()
}

// visible reports whether the name of an object stands for it at a go statement,
// too. A field, a method, or a name after that of a package does everywhere.
func visible(f *rewrite.File, obj types.Object, start *ast.GoStmt) bool {
	if obj.Parent() == nil || obj.Pkg() != nil && obj.Pkg() != f.Pkg {
		return true
	}
	_, there := f.Pkg.Scope().Innermost(start.Pos()).LookupParent(obj.Name(), start.Pos())
	if there == obj || there == nil {
		return there == obj
	}
	p, ok := obj.Type().(*types.TypeParam)
	q, also := there.Type().(*types.TypeParam)
	return ok && also && p.Index() == q.Index() // of the receiver, in two methods
}

// texts spells expressions as a list.
func texts(f *rewrite.File, list []ast.Expr) string {
	var out []string
	for _, e := range list {
		out = append(out, text(f, e))
	}
	return strings.Join(out, ", ")
}
