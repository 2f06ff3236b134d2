package rules

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"

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
		if w := v.ownBefore(u); w != nil {
			return fmt.Sprintf("line %d sets it, and %s reads that after what takes long: each call means one of its own, and a lock would hide that", v.file.Span(w.Path[0]).Line, s.at())
		}
		if v.hasty(u) {
			return fmt.Sprintf("%s reads it right after who sets it was started, and nothing waits: a lock would hide that", s.at())
		}
	}
	return ""
}

// ownBefore returns what sets the variable above a read, in the only literal that
// names it, if something slow runs between the two: the literal reads what it has
// set, not what others set meanwhile. A result is the function's, too.
func (v *variable) ownBefore(read *rewrite.Use) *rewrite.Use {
	lit := v.literal(read)
	if lit == nil || v.parameter() || slices.ContainsFunc(v.uses, func(u *rewrite.Use) bool { return v.literal(u) != lit }) {
		return nil
	}
	i := slices.IndexFunc(v.uses, func(u *rewrite.Use) bool { return u.Path[0].Pos() < read.Path[0].Pos() })
	if i < 0 || !v.sets(v.uses[i]) || len(v.site.Module.Calls(v.file, v.uses[i].Path[1].End(), read.Path[0].Pos()).Slow) == 0 {
		return nil // it reads first what others have set
	}
	return v.uses[i]
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

// hasty reports whether a mention comes as soon as the goroutines are started
// which set the variable and end. One in a loop may come again.
func (v *variable) hasty(u *rewrite.Use) bool {
	loop := v.around(u.Path[0].Pos())
	return (loop == nil || ranged(loop, u)) && v.next(u) != nil
}

// next returns the statement with a mention, of those beside the start of the
// goroutines which set the variable and end, if nothing takes time between the
// two: the mention can but miss what they do.
func (v *variable) next(u *rewrite.Use) ast.Stmt {
	if function(u) != v.owner() {
		return nil
	}
	for i, n := range u.Path[1:] {
		if n == v.owner() {
			return nil
		}
		stmts := list(n)
		at := slices.IndexFunc(stmts, func(s ast.Stmt) bool { return ast.Node(s) == u.Path[i] })
		for _, s := range slices.Backward(stmts[:max(at, 0)]) {
			start := v.startIn(s)
			if v.lasts(s, start) {
				return nil
			}
			if start.IsValid() {
				return stmts[at]
			}
		}
	}
	return nil
}

// ranged reports whether a mention is what a loop goes over, once.
func ranged(loop ast.Stmt, u *rewrite.Use) bool {
	r, ok := loop.(*ast.RangeStmt)
	return ok && contains(r.X, u.Path[0])
}

// startIn returns the end of the last call in a statement that starts a
// goroutine which sets the variable, and ends, or that tells one to.
func (v *variable) startIn(s ast.Stmt) (end token.Pos) {
	for _, u := range v.uses {
		lit := v.literal(u)
		if lit == nil || v.changes(u) == "" || !v.races(u) || v.endless(u) {
			continue
		}
		ast.Inspect(s, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncLit:
				return false
			case *ast.GoStmt:
				if contains(n.Call, lit) {
					end = max(end, n.End())
				}
			case *ast.CallExpr:
				sel, ok := n.Fun.(*ast.SelectorExpr)
				if slices.Contains(n.Args, ast.Expr(lit)) && (ok && sel.Sel.Name == "Go" || v.runsOnce(lit)) || v.closes(n, lit) {
					end = max(end, n.End())
				}
			}
			return true
		})
	}
	return end
}

// runsOnce reports whether a literal is run by a goroutine that who is handed
// it starts, and that ends.
func (v *variable) runsOnce(lit *ast.FuncLit) bool {
	for _, side := range v.site.Finding.Sides {
		c := side.Context
		if c.Entry || c.Starter || c.Through != "" || !v.file.Span(lit).Contains(side.Access.At) {
			continue
		}
		start := v.site.Module.At(c.Start)
		if start == nil {
			continue
		}
		if g, ok := start.Path[0].(*ast.GoStmt); ok {
			started, ok := g.Call.Fun.(*ast.FuncLit)
			return ok && !slices.ContainsFunc(started.Body.List, func(s ast.Stmt) bool {
				loop, ok := s.(*ast.ForStmt)
				return ok && loop.Cond == nil
			})
		}
	}
	return false
}

// closes reports whether a call closes a channel that a literal ranges over.
func (v *variable) closes(call *ast.CallExpr, lit *ast.FuncLit) bool {
	fun, ok := call.Fun.(*ast.Ident)
	if !ok || fun.Name != "close" || !v.file.Info.Types[call.Fun].IsBuiltin() {
		return false
	}
	ch, ok := call.Args[0].(*ast.Ident)
	found := false
	ast.Inspect(lit, func(n ast.Node) bool {
		if loop, isRange := n.(*ast.RangeStmt); ok && isRange && mentionsObject(v.file.Info, loop.X, v.file.Info.Uses[ch]) {
			found = true
		}
		return !found
	})
	return found
}

// endless reports whether a mention is in a loop that no condition ends.
func (v *variable) endless(u *rewrite.Use) bool {
	return slices.ContainsFunc(u.Path, func(n ast.Node) bool {
		loop, ok := n.(*ast.ForStmt)
		return ok && loop.Cond == nil && contains(v.literal(u), loop)
	})
}

// lasts reports whether a statement may take time from a position on: it calls
// or waits.
func (v *variable) lasts(s ast.Stmt, from token.Pos) bool {
	found := false
	ast.Inspect(s, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.CallExpr:
			tv := v.file.Info.Types[n.Fun]
			found = found || !tv.IsBuiltin() && !tv.IsType() && n.Pos() >= from
		}
		found = found || communicates(v.file.Info, n) && n.Pos() >= from
		return !found
	})
	return found
}

// communicates reports whether a node deals with channels by itself: it selects,
// sends, receives, or ranges over one.
func communicates(info *types.Info, n ast.Node) bool {
	switch n := n.(type) {
	case *ast.SelectStmt, *ast.SendStmt:
		return true
	case *ast.UnaryExpr:
		return n.Op == token.ARROW
	case *ast.RangeStmt:
		return isChannel(info, n.X)
	}
	return false
}

// isChannel reports whether an expression is a channel.
func isChannel(info *types.Info, e ast.Expr) bool {
	t := info.TypeOf(e)
	if t == nil {
		return false
	}
	_, ok := t.Underlying().(*types.Chan)
	return ok
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
		return isChannel(v.file.Info, s.X)
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
