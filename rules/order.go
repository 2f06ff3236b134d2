package rules

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"

	"github.com/go-fixer/fixer/rewrite"
)

// misordered tells where the program means to wait for what sets the variable
// before it reads it, and fails to: a lock would hide that.
func (v *variable) misordered() string {
	for _, u := range v.uses {
		if !v.races(u) || v.changes(u) != "" {
			continue
		}
		s := spot{Use: u, sel: u.Path[0].(ast.Expr)}
		if w := v.waitBefore(u); w != nil {
			return fmt.Sprintf("line %d waits before %s reads it, but not for all that sets it: a lock would hide that", v.file.Span(w).Line, s.at())
		}
		if w := v.waitAfter(u); w != nil {
			return fmt.Sprintf("%s reads it before line %d waits for who sets it: a lock would hide that", s.at(), v.file.Span(w).Line)
		}
	}
	return ""
}

// started is the position of the first literal in which the variable races.
func (v *variable) started() token.Pos {
	for _, u := range v.uses {
		if lit := v.literal(u); lit != nil && v.races(u) {
			return lit.Pos()
		}
	}
	return token.NoPos
}

// waitBefore returns the statement that waits for a goroutine before control
// comes to a mention, in the same function.
func (v *variable) waitBefore(u *rewrite.Use) ast.Node {
	from := token.NoPos
	if function(u) == v.owner() {
		from = v.started()
	} else if v.started() == v.literal(u).Pos() {
		return nil // it is the goroutine
	}
	for i, n := range u.Path[1:] {
		inner := u.Path[i]
		if n == function(u) {
			return nil
		}
		if c, ok := n.(*ast.CommClause); ok && c.Comm != nil && !contains(c.Comm, u.Path[0]) && c.Pos() > from && v.signals(c.Comm) {
			return c.Comm
		}
		if !inList(n) {
			continue
		}
		for _, s := range list(n) {
			if ast.Node(s) == inner {
				break
			}
			if s.Pos() > from && v.waits(s) {
				return s
			}
		}
	}
	return nil
}

// waitAfter returns the statement below a read that waits for the goroutine
// which sets the variable once: its result is wanted.
func (v *variable) waitAfter(u *rewrite.Use) ast.Node {
	if function(u) != v.owner() || v.around(u.Path[0].Pos()) != nil || v.setInLoop() {
		return nil
	}
	for i, n := range u.Path[1:] {
		if n == v.owner() {
			return nil
		}
		after := false
		for _, s := range list(n) {
			if after && v.waits(s) {
				return s
			}
			after = after || ast.Node(s) == u.Path[i]
		}
	}
	return nil
}

// setInLoop reports whether a literal changes the variable again and again, or
// runs several times.
func (v *variable) setInLoop() bool {
	for _, u := range v.uses {
		if v.changes(u) == "" || v.literal(u) == nil {
			continue
		}
		for _, n := range u.Path {
			switch n.(type) {
			case *ast.ForStmt, *ast.RangeStmt:
				return true
			}
			if n == v.owner() {
				break
			}
		}
	}
	return false
}

// waits reports whether a statement waits for others whenever it runs: it
// receives, sends, ranges over a channel, or calls a method Wait.
func (v *variable) waits(s ast.Stmt) bool {
	switch s := s.(type) {
	case *ast.SendStmt:
		return true
	case *ast.RangeStmt:
		if t := v.file.Info.TypeOf(s.X); t != nil {
			_, ok := t.Underlying().(*types.Chan)
			return ok
		}
	case *ast.IfStmt:
		return s.Init != nil && v.waits(s.Init)
	case *ast.ExprStmt, *ast.AssignStmt, *ast.DeclStmt, *ast.ReturnStmt:
		found := false
		ast.Inspect(s, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncLit:
				return false
			case *ast.UnaryExpr:
				found = found || n.Op == token.ARROW
			case *ast.CallExpr:
				sel, ok := n.Fun.(*ast.SelectorExpr)
				found = found || ok && sel.Sel.Name == "Wait" && len(n.Args) == 0
			}
			return !found
		})
		return found
	}
	return false
}

// signals reports whether a clause receives from a channel that a literal in
// which the variable races uses.
func (v *variable) signals(comm ast.Stmt) bool {
	var ch types.Object
	ast.Inspect(comm, func(n ast.Node) bool {
		if r, ok := n.(*ast.UnaryExpr); ok && r.Op == token.ARROW {
			if id, ok := r.X.(*ast.Ident); ok {
				ch = v.file.Info.Uses[id]
			}
		}
		return true
	})
	if ch == nil {
		return false
	}
	for _, u := range v.uses {
		if lit := v.literal(u); lit != nil && !contains(lit, comm) && v.races(u) && mentionsObject(v.file.Info, lit, ch) {
			return true
		}
	}
	return false
}
