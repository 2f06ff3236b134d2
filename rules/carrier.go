package rules

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// call is the index of the last statement that hands hooks to a call: what runs
// them. -1 if there is none below the statement that sets them. beside means that
// the call is made by a function of its own, whose end is elsewhere.
func (c *calling) call(set int) (out int, beside bool) {
	carriers := make(map[types.Object]bool)
	out = -1
	for i, s := range body(c.owner).List {
		hooks := slices.ContainsFunc(c.hooks, func(h *ast.FuncLit) bool { return contains(s, h) })
		if i > set && c.handsOver(s, carriers) {
			out, beside = i, beside || apart(s)
		}
		for _, e := range targets(s) {
			id := rootIdent(e)
			if id == nil {
				continue
			}
			obj := c.file.Info.ObjectOf(id)
			if obj != nil && (hooks && carries(obj.Type()) || traced(obj.Type()) && c.mentions(s, carriers)) {
				carriers[obj] = true
			}
		}
	}
	return out, beside
}

// apart reports whether a statement runs something at another time.
func apart(s ast.Stmt) bool {
	found := false
	ast.Inspect(s, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.FuncLit, *ast.GoStmt, *ast.DeferStmt:
			found = true
		}
		return !found
	})
	return found
}

// targets are the variables that a statement sets; for a call, what it is made
// on.
func targets(s ast.Stmt) []ast.Expr {
	switch s := s.(type) {
	case *ast.AssignStmt:
		return s.Lhs
	case *ast.ExprStmt:
		if call, ok := s.X.(*ast.CallExpr); ok {
			if sel, ok := call.Fun.(*ast.SelectorExpr); ok {
				return []ast.Expr{sel.X}
			}
		}
	case *ast.DeclStmt:
		var out []ast.Expr
		if d, ok := s.Decl.(*ast.GenDecl); ok && d.Tok == token.VAR {
			for _, spec := range d.Specs {
				for _, id := range spec.(*ast.ValueSpec).Names {
					out = append(out, id)
				}
			}
		}
		return out
	}
	return nil
}

// carries reports whether a value that was made of a hook may be what runs it: not
// an answer, nor what stops a hook.
func carries(t types.Type) bool {
	switch t.Underlying().(type) {
	case *types.Basic, *types.Signature:
		return false
	}
	return !slices.Contains([]string{"error", "*net/http.Response", "*time.Timer"}, t.String())
}

// traced reports whether the type is one that the hooks of net/http/httptrace
// are handed on by.
func traced(t types.Type) bool {
	return slices.Contains([]string{"*net/http.Request", "context.Context", "*net/http/httptrace.ClientTrace"}, t.String())
}

// handsOver reports whether a statement gives a carrier to a call, or calls a
// method of it.
func (c *calling) handsOver(s ast.Stmt, carriers map[types.Object]bool) bool {
	found := false
	is := func(e ast.Expr) bool {
		id, ok := ast.Unparen(e).(*ast.Ident)
		return ok && carriers[c.file.Info.Uses[id]]
	}
	ast.Inspect(s, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			found = found || slices.ContainsFunc(call.Args, is)
			if sel, ok := call.Fun.(*ast.SelectorExpr); ok {
				found = found || is(sel.X) && !traced(c.file.Info.TypeOf(sel.X))
			}
		}
		return !found
	})
	return found
}

// mentions reports whether a carrier is named in a statement.
func (c *calling) mentions(s ast.Stmt, carriers map[types.Object]bool) bool {
	found := false
	ast.Inspect(s, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		found = found || ok && carriers[c.file.Info.Uses[id]]
		return !found
	})
	return found
}
