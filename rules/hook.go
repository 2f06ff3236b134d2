package rules

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// slow says what in a hook may take long, other than the calls that an interface
// variable is used for: these are what must not run at once.
func (c *calling) slow(h *ast.FuncLit) string {
	uses := c.site.Module.Uses(c.site.Finding.Place.Key)
	is := func(e ast.Expr) bool {
		return e != nil && types.IsInterface(c.file.Info.TypeOf(e)) && slices.ContainsFunc(uses, func(u *rewrite.Use) bool { return u.Path[0] == ast.Node(e) })
	}
	ends := []token.Pos{h.Body.Rbrace}
	ast.Inspect(h.Body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		sel, _ := call.Fun.(*ast.SelectorExpr)
		if sel != nil && is(sel.X) || slices.ContainsFunc(call.Args, is) {
			ends = append(ends, call.Lparen-1)
		}
		return true
	})
	slices.Sort(ends)
	from := h.Body.Lbrace
	for _, end := range ends {
		if slow := c.site.Module.Calls(c.file, from, end).Slow; len(slow) > 0 {
			return slow[0]
		}
		from = end + 2
	}
	return ""
}

// zeros is what a hook that does nothing returns: a statement, "" if that can't
// be told.
func zeros(info *types.Info, lit *ast.FuncLit) string {
	var list []string
	sig, ok := info.TypeOf(lit).(*types.Signature)
	if !ok {
		return ""
	}
	for v := range sig.Results().Variables() {
		switch v.Type().Underlying().(type) {
		case *types.Interface, *types.Pointer:
			list = append(list, "nil")
		default:
			return ""
		}
	}
	return strings.TrimSpace("return " + strings.Join(list, ", "))
}

// besides is what a hook changes other than the variable, its own variables and
// those of the function; nil if there is nothing.
func (c *calling) besides(h *ast.FuncLit) ast.Node {
	var out ast.Node
	not := func(n ast.Node, ok bool) {
		if !ok && out == nil {
			out = n
		}
	}
	ast.Inspect(h.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, e := range n.Lhs {
				not(n, n.Tok == token.DEFINE || c.changes(h, e))
			}
		case *ast.IncDecStmt:
			not(n, c.changes(h, n.X))
		case *ast.ExprStmt:
			not(n, c.names(n) || locks(c.file.Info, n.X) || c.onItsOwn(h, n.X))
		case *ast.DeferStmt:
			not(n, c.names(n) || locks(c.file.Info, n.Call))
		case *ast.SendStmt, *ast.GoStmt:
			not(n, false)
		}
		return out == nil
	})
	return out
}

// changes reports whether what a hook sets is only seen by itself and by the
// function.
func (c *calling) changes(h *ast.FuncLit, e ast.Expr) bool {
	if id, ok := ast.Unparen(e).(*ast.Ident); ok {
		obj := c.file.Info.ObjectOf(id)
		return id.Name == "_" || obj == nil || obj.Pos() >= c.owner.Pos() && obj.Pos() < c.owner.End()
	}
	if c.names(e) {
		return true
	}
	id := rootIdent(elementless(e))
	obj := c.file.Info.ObjectOf(id)
	return obj != nil && obj.Pos() >= h.Pos() && obj.Pos() < h.End()
}

// onItsOwn reports whether a call is made on, or first given, a variable that the
// hook declares.
func (c *calling) onItsOwn(h *ast.FuncLit, e ast.Expr) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	var on ast.Expr
	if sel, ok := call.Fun.(*ast.SelectorExpr); ok && c.file.Info.Selections[sel] != nil {
		on = sel.X
	} else if len(call.Args) > 0 {
		on = call.Args[0]
	}
	if on == nil {
		return false
	}
	obj := c.file.Info.ObjectOf(rootIdent(on))
	return obj != nil && obj.Pos() > h.Body.Lbrace && obj.Pos() < h.End()
}

// elementless is an expression less its indices.
func elementless(e ast.Expr) ast.Expr {
	for {
		x, ok := ast.Unparen(e).(*ast.IndexExpr)
		if !ok {
			return e
		}
		e = x.X
	}
}

// names reports whether a node mentions the variable.
func (c *calling) names(n ast.Node) bool {
	return slices.ContainsFunc(c.site.Module.Uses(c.site.Finding.Place.Key), func(u *rewrite.Use) bool { return contains(n, u.Path[0]) })
}

// locks reports whether a call takes or releases a lock of package sync.
func locks(info *types.Info, e ast.Expr) bool {
	sel := selected(e)
	if sel == nil {
		return false
	}
	fn, ok := info.Uses[sel.Sel].(*types.Func)
	return ok && fn.Pkg() != nil && fn.Pkg().Path() == "sync" && strings.HasSuffix(fn.Name(), "ock")
}
