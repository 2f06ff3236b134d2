package rules

import (
	"go/ast"
	"go/token"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// rejoin lets a critical section above read what would need one of its own
// below, where only code that is quick and takes no lock stands between: what
// both see is of one moment then.
//
//	r.mu.Lock()           r.mu.Lock()
//	r.closed = true       r.closed = true
//	r.mu.Unlock()         cancel := r.cancel
//	r.cancel()            r.mu.Unlock()
//	                      cancel()
func (l *locking) rejoin() {
	for i := 0; i < len(l.edits); i++ {
		h, ok := l.edits[i].(rewrite.Hoist)
		if !ok {
			continue
		}
		f, path := l.site.Module.Around(h.Stmt)
		for len(path) > 0 && !isStmtAt(f, path[0], h.Stmt) {
			path = path[1:]
		}
		expr := expressionAt(f, h.Exprs[0])
		if len(path) < 2 || expr == nil || !l.partOfHolder(f, expr, h.Lock) {
			continue
		}
		up, insert := l.sectionAbove(f, path, h, expr)
		if up == nil || l.namedIn(f, up, h, insert) {
			continue
		}
		var edits []rewrite.Edit
		if !slices.ContainsFunc(l.edits, func(e rewrite.Edit) bool { return sameInsert(e, insert) }) {
			edits = append(edits, insert)
		}
		for _, x := range h.Exprs {
			edits = append(edits, rewrite.Replace{Node: x, Code: rewrite.Code{Text: h.Name}})
		}
		l.edits = slices.Replace(l.edits, i, i+1, edits...)
		i += len(edits) - 1
	}
}

// goOn lets a critical section begin where the one right above it ends, instead
// of taking the lock again at once.
func (l *locking) goOn() {
	for i := 0; i < len(l.edits); i++ {
		h, ok := l.edits[i].(rewrite.Hold)
		if !ok || h.Defer {
			continue
		}
		f, path := l.site.Module.Around(h.First)
		for len(path) > 0 && !isStmtAt(f, path[0], h.First) {
			path = path[1:]
		}
		if len(path) < 2 || !inList(path[1]) || clauses(path[1]) {
			continue
		}
		stmts := list(path[1])
		at := slices.IndexFunc(stmts, func(s ast.Stmt) bool { return f.Span(s) == h.First }) - 1
		if at < 0 || !isExpr(stmts[at]) || text(f, stmts[at].(*ast.ExprStmt).X) != end(h) ||
			slices.ContainsFunc(l.edits, func(e rewrite.Edit) bool { return e.Anchor() == f.Span(stmts[at]) }) {
			continue
		}
		l.edits[i] = rewrite.Drop{Node: f.Span(stmts[at])}
		l.edits = append(l.edits, rewrite.Insert{Stmt: h.Last, After: true, Code: rewrite.Code{Text: end(h)}})
	}
}

func isStmtAt(f *rewrite.File, n ast.Node, at rewrite.Span) bool {
	s, ok := n.(ast.Stmt)
	return ok && f.Span(s) == at
}

func sameInsert(e rewrite.Edit, insert rewrite.Insert) bool {
	o, ok := e.(rewrite.Insert)
	return ok && o.Stmt == insert.Stmt && o.After == insert.After && o.Code.Text == insert.Code.Text
}

// partOfHolder reports whether an expression reads part of what has the lock,
// or its length: then it can be read wherever the lock could be taken. Other
// objects that the lock guards may not be there, which code between tells.
func (l *locking) partOfHolder(f *rewrite.File, e ast.Expr, lock string) bool {
	if call, ok := e.(*ast.CallExpr); ok && len(call.Args) == 1 && f.Info.Types[call.Fun].IsBuiltin() {
		e = call.Args[0]
	}
	if l.name != "" {
		_, ok := e.(*ast.Ident)
		return ok
	}
	for {
		sel, ok := e.(*ast.SelectorExpr)
		if !ok {
			return false
		}
		se := f.Info.Selections[sel]
		switch {
		case se == nil || !throughValues(se):
			return false
		case !l.outer() || text(f, sel.X)+l.method == lock:
			return true
		case isPointer(f.Info.TypeOf(sel.X)):
			return false
		}
		e = sel.X
	}
}

// sectionAbove finds the critical section that an expression could be read in
// instead of right above a statement, the first on the path. It returns the list
// the section ends in, and the read.
func (l *locking) sectionAbove(f *rewrite.File, path []ast.Node, h rewrite.Hoist, expr ast.Expr) (ast.Node, rewrite.Insert) {
	none := rewrite.Insert{}
	for k, n := range path[:len(path)-1] {
		up := path[k+1]
		switch up.(type) {
		case *ast.FuncLit, *ast.FuncDecl, *ast.ForStmt, *ast.RangeStmt, *ast.SelectStmt, *ast.LabeledStmt:
			return nil, none
		}
		stmt, ok := n.(ast.Stmt)
		if !ok || !inList(up) || clauses(up) {
			continue
		}
		stmts := list(up)
		for i := slices.Index(stmts, stmt) - 1; i >= 0; i-- {
			insert := rewrite.Insert{Stmt: f.Span(stmts[i]), Code: rewrite.Code{Text: h.Name + " := " + text(f, expr)}}
			switch insert.After = l.heldTo(insert.Stmt, h.Lock); {
			case insert.After, l.releases(f, stmts[i], h.Lock):
				if !l.nothingBetween(f, stmts[i], path[0], expr) {
					return nil, none
				}
				return up, insert
			case mentionsText(f, stmts[i], h.Lock):
				return nil, none
			}
		}
	}
	return nil, none
}

// heldTo reports whether a new critical section ends with a statement.
func (l *locking) heldTo(stmt rewrite.Span, lock string) bool {
	return slices.ContainsFunc(l.edits, func(e rewrite.Edit) bool {
		h, ok := e.(rewrite.Hold)
		return ok && h.Last == stmt && h.Lock == lock && !h.Defer
	})
}

// releases reports whether a statement ends a critical section, and stays.
func (l *locking) releases(f *rewrite.File, stmt ast.Stmt, lock string) bool {
	s, ok := stmt.(*ast.ExprStmt)
	if !ok || text(f, s.X) != lock+".Unlock()" && text(f, s.X) != lock+".RUnlock()" {
		return false
	}
	return !slices.ContainsFunc(l.edits, func(e rewrite.Edit) bool {
		d, ok := e.(rewrite.Drop)
		return ok && d.Node == f.Span(s)
	})
}

// nothingBetween reports whether only what is quick, takes no lock and starts
// nothing stands between two statements, and nothing that changes what an
// expression reads or means.
func (l *locking) nothingBetween(f *rewrite.File, above, below ast.Node, expr ast.Expr) bool {
	e := l.site.Module.Calls(f, above.End(), below.Pos())
	id := rootIdent(expr)
	if call, ok := expr.(*ast.CallExpr); ok {
		id = rootIdent(call.Args[0])
	}
	if len(e.Slow) > 0 || len(e.Locks) > 0 || id == nil || f.Info.Uses[id] == nil {
		return false
	}
	if o := f.Info.Uses[id]; o.Parent() != f.Pkg.Scope() && o.Pos() > above.Pos() {
		return false
	}
	ok := true
	changes := func(e ast.Expr) bool {
		root, whole := rootIdent(e), text(f, expr)
		return root != nil && f.Info.ObjectOf(root) == f.Info.Uses[id] && (root == e || text(f, e) == whole)
	}
	ast.Inspect(f.Syntax, func(n ast.Node) bool {
		if n == nil || n.End() <= above.End() || n.Pos() >= below.Pos() {
			return false
		}
		if n.Pos() < above.End() {
			return ok // around both
		}
		switch n := n.(type) {
		case *ast.GoStmt, *ast.DeferStmt, *ast.LabeledStmt:
			ok = false
		case *ast.AssignStmt:
			ok = ok && (n.End() > below.Pos() || !slices.ContainsFunc(n.Lhs, changes))
		case *ast.IncDecStmt:
			ok = ok && !changes(n.X)
		case *ast.Ident:
			o := f.Info.Uses[n]
			ok = ok && (o == nil || !l.needy[origin(o)]) // it will take the lock
		case *ast.UnaryExpr:
			ok = ok && (n.Op != token.AND || !changes(n.X))
		}
		return ok
	})
	return ok
}

// namedIn reports whether another variable of a list has the name of one that
// would be declared in it.
func (l *locking) namedIn(f *rewrite.File, up ast.Node, h rewrite.Hoist, insert rewrite.Insert) bool {
	in := func(at rewrite.Span) bool {
		return slices.ContainsFunc(list(up), func(s ast.Stmt) bool { return f.Span(s) == at })
	}
	return slices.ContainsFunc(l.edits, func(e rewrite.Edit) bool {
		switch o := e.(type) {
		case rewrite.Hoist:
			return o.Name == h.Name && o.Stmt != h.Stmt && in(o.Stmt)
		case rewrite.Insert:
			return !sameInsert(o, insert) && in(o.Stmt) && declaresName(o.Code.Text, h.Name)
		}
		return false
	})
}

// declaresName reports whether the first line of some code declares a variable.
func declaresName(code, name string) bool {
	return len(code) > len(name)+3 && code[:len(name)+4] == name+" := "
}

// expressionAt is the expression with a span, nil if there is none.
func expressionAt(f *rewrite.File, at rewrite.Span) ast.Expr {
	var out ast.Expr
	ast.Inspect(f.Syntax, func(n ast.Node) bool {
		if e, ok := n.(ast.Expr); ok && out == nil && f.Span(e) == at {
			out = e
		}
		return out == nil
	})
	return out
}
