package rules

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// meantShared says who writes into what a use hands out, or keeps it, and so
// means what the field holds and no copy.
func meantShared(s *rewrite.Site, u *rewrite.Use) string {
	if behaves(u.File, u.Path) {
		return spot{Use: u, sel: u.Path[0].(ast.Expr)}.at() + " puts it into an object with methods, which may mean what is shared"
	}
	if v := keptIn(u.File, u.Path); v != nil {
		if at := changes(u.File, function(u), v); at.IsValid() {
			return fmt.Sprintf("%s changes what it was handed, and means what is shared", lineAt(u.File, at))
		}
	}
	fd, ok := function(u).(*ast.FuncDecl)
	if !ok {
		return ""
	}
	fn, _ := u.File.Info.Defs[fd.Name].(*types.Func)
	if fn == nil {
		return ""
	}
	for _, c := range s.Module.Mentions(fn) {
		if reason := sharedBy(c, fn); reason != "" {
			return reason
		}
	}
	return ""
}

// sharedBy says how the caller of a function that hands something out means
// what is shared.
func sharedBy(c *rewrite.Use, fn *types.Func) string {
	path := c.Path
	for len(path) > 1 {
		if call, ok := path[0].(*ast.CallExpr); ok && contains(call.Fun, c.Path[0]) {
			break
		}
		path = path[1:]
	}
	if len(path) < 2 {
		return "" // not called here
	}
	at := fmt.Sprintf("%s:%d", base(c.File.Name), c.File.Span(path[0]).Line)
	switch p := path[1].(type) {
	case *ast.AssignStmt:
		if slices.ContainsFunc(p.Lhs, func(e ast.Expr) bool { _, ok := e.(*ast.SelectorExpr); return ok }) {
			return fmt.Sprintf("%s keeps what %s returns, and may mean what is shared", at, fn.Name())
		}
	case *ast.IndexExpr:
		if as, ok := path[2].(*ast.AssignStmt); ok && slices.Contains(as.Lhs, ast.Expr(p)) {
			return fmt.Sprintf("%s changes what %s returns, and means what is shared", at, fn.Name())
		}
	case *ast.CallExpr:
		if removes(p) && contains(p.Args[0], path[0]) {
			return fmt.Sprintf("%s changes what %s returns, and means what is shared", at, fn.Name())
		}
	case *ast.KeyValueExpr, *ast.CompositeLit:
		if behaves(c.File, path) {
			return fmt.Sprintf("%s keeps what %s returns, and may mean what is shared", at, fn.Name())
		}
	}
	if v := keptIn(c.File, path); v != nil {
		if reason := lingers(c.File, function(c), v); reason != "" {
			return fmt.Sprintf("%s what %s returns, and may mean what is shared", reason, fn.Name())
		}
		if pos := changes(c.File, function(c), v); pos.IsValid() {
			return fmt.Sprintf("%s changes what %s returns, and means what is shared", lineAt(c.File, pos), fn.Name())
		}
	}
	return ""
}

// lingers says where a function does more with what a variable holds than look
// at it once: it puts it into a field, compares it with another one, or looks
// at it in a loop that may wait for it to change.
func lingers(f *rewrite.File, fn ast.Node, v types.Object) string {
	reason := ""
	is := func(e ast.Expr) bool {
		id, ok := ast.Unparen(e).(*ast.Ident)
		return ok && f.Info.Uses[id] == v
	}
	ast.Inspect(fn, func(n ast.Node) bool {
		what := ""
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, lhs := range n.Lhs {
				if _, field := lhs.(*ast.SelectorExpr); field && len(n.Lhs) == len(n.Rhs) && is(n.Rhs[i]) {
					what = "keeps"
				}
			}
		case *ast.KeyValueExpr:
			if is(n.Value) {
				what = "keeps"
			}
		case *ast.BinaryExpr:
			if (n.Op == token.EQL || n.Op == token.NEQ) && (is(n.X) && !f.Info.Types[n.Y].IsNil() || is(n.Y) && !f.Info.Types[n.X].IsNil()) {
				what = "compares"
			}
		case *ast.ForStmt:
			if n.Post == nil && (v.Pos() < n.Pos() || n.End() < v.Pos()) && uses(f, n, v) {
				what = "looks again and again at"
			}
		}
		if what != "" && reason == "" {
			reason = lineAt(f, n.Pos()) + " " + what
		}
		return reason == ""
	})
	return reason
}

// uses reports whether a variable is named in a node.
func uses(f *rewrite.File, n ast.Node, v types.Object) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		found = found || ok && f.Info.Uses[id] == v
		return !found
	})
	return found
}

// behaves reports whether a node is put into an object with methods, which may
// go on with it as its own, and not into mere data.
func behaves(f *rewrite.File, path []ast.Node) bool {
	for _, n := range path[1:] {
		switch n := n.(type) {
		case *ast.KeyValueExpr, *ast.UnaryExpr, *ast.ParenExpr:
		case *ast.CompositeLit:
			if t, ok := types.Unalias(f.Info.TypeOf(n)).(*types.Named); ok && t.NumMethods() > 0 {
				return true
			}
		default:
			return false
		}
	}
	return false
}

// keptIn returns the variable that the innermost node of a path is assigned
// to, nil if it is to none.
func keptIn(f *rewrite.File, path []ast.Node) types.Object {
	if len(path) < 2 {
		return nil
	}
	switch n := path[1].(type) {
	case *ast.AssignStmt:
		if i := slices.Index(n.Rhs, asExpr(path[0])); i >= 0 && i < len(n.Lhs) {
			if id, ok := n.Lhs[i].(*ast.Ident); ok {
				return f.Info.ObjectOf(id)
			}
		}
	case *ast.ValueSpec:
		if i := slices.Index(n.Values, asExpr(path[0])); i >= 0 && i < len(n.Names) {
			return f.Info.ObjectOf(n.Names[i])
		}
	}
	return nil
}

// changes returns where a function changes in place what a variable holds.
func changes(f *rewrite.File, fn ast.Node, v types.Object) token.Pos {
	at := token.NoPos
	is := func(e ast.Expr) bool {
		id, ok := ast.Unparen(e).(*ast.Ident)
		return ok && f.Info.Uses[id] == v
	}
	element := func(e ast.Expr) bool {
		for {
			switch x := e.(type) {
			case *ast.ParenExpr:
				e = x.X
			case *ast.StarExpr:
				e = x.X
			case *ast.SelectorExpr:
				e = x.X
			case *ast.IndexExpr:
				if is(x.X) {
					return true
				}
				e = x.X
			default:
				return false
			}
		}
	}
	ast.Inspect(fn, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if slices.ContainsFunc(n.Lhs, element) {
				at = n.Pos()
			}
		case *ast.IncDecStmt:
			if element(n.X) {
				at = n.Pos()
			}
		case *ast.CallExpr:
			if removes(n) && is(n.Args[0]) {
				at = n.Pos()
			}
		}
		return !at.IsValid()
	})
	return at
}

// removes reports whether a call is of a builtin that changes its first
// argument in place.
func removes(call *ast.CallExpr) bool {
	id, ok := call.Fun.(*ast.Ident)
	return ok && len(call.Args) > 0 && (id.Name == "delete" || id.Name == "clear" || id.Name == "copy")
}

func lineAt(f *rewrite.File, pos token.Pos) string {
	return fmt.Sprintf("%s:%d", base(f.Name), rewrite.SpanOf(f.Fset, pos, pos).Line)
}
