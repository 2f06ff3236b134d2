package rules

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// byValue copies what a field holds where a function that takes the lock takes a copy of
// the struct with it.
func byValue(s *rewrite.Site) (edits []rewrite.Edit, reason string) {
	lock, reason := writersLock(s.Finding)
	if reason != "" {
		return nil, ""
	}
	st := s.Module.Struct(s.Finding.Place.Owner)
	field := shortName(s.Finding.Place)
	pkgs := []*types.Package{st.File.Pkg}
	if owner := s.Module.Struct(lock[:lastDot(lock)]); owner != nil && owner.File.Pkg != st.File.Pkg {
		pkgs = append(pkgs, owner.File.Pkg)
	}
	for _, pkg := range pkgs {
		for f, fd := range functions(s.Module, pkg) {
			if f.Test || !slices.Contains(s.Module.Calls(f, fd.Body.Pos(), fd.Body.End()).Locks, lock) {
				continue
			}
			more, why := valuesOf(s, f, fd, st.Name, field, lock)
			if why != "" {
				return nil, why
			}
			edits = append(edits, more...)
		}
	}
	return edits, ""
}

// valuesOf gives each copy of a struct that a function makes, of one that others have as
// well, what a field holds for itself.
func valuesOf(s *rewrite.Site, f *rewrite.File, fd *ast.FuncDecl, t *types.TypeName, field, lock string) (edits []rewrite.Edit, reason string) {
	ast.Inspect(fd.Body, func(n ast.Node) bool {
		var from, to ast.Expr
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			for _, e := range n.Results {
				if isValue(f, e, t) && !takenOver(f, fd, e) {
					from = e
				}
			}
		case *ast.AssignStmt:
			if len(n.Lhs) == 1 && len(n.Rhs) == 1 && isValue(f, n.Rhs[0], t) && !takenOver(f, fd, n.Rhs[0]) {
				if id, ok := n.Lhs[0].(*ast.Ident); ok && n.Tok == token.DEFINE && id.Name != "_" && !assigns(f, fd, id.Name+"."+field) &&
					(leavesWhole(f, fd, id) || openIn(s.Finding, f.Span(fd), lock)) {
					from, to = n.Rhs[0], id
				}
			}
		}
		if from == nil || reason != "" {
			return reason == ""
		}
		stmt := n.(ast.Stmt)
		if to != nil {
			code, why := ownField(s, f, text(f, to), f.Info.TypeOf(to), field)
			reason = why
			edits = append(edits, rewrite.Insert{Stmt: f.Span(stmt), After: true, Code: code})
			return false
		}
		name := fresh(&rewrite.Use{File: f, Path: []ast.Node{from, stmt, fd}}, lowerFirst(t.Name()))
		code, why := ownField(s, f, name, f.Info.TypeOf(from), field)
		reason = why
		code.Text = name + " := $0\n" + code.Text
		edits = append(edits, rewrite.Insert{Stmt: f.Span(stmt), Code: code, Holes: []rewrite.Span{f.Span(from)}},
			rewrite.Replace{Node: f.Span(from), Code: rewrite.Code{Text: name}})
		return false
	})
	return edits, reason
}

// leavesWhole reports whether a function uses a variable other than by its fields.
func leavesWhole(f *rewrite.File, fd *ast.FuncDecl, v *ast.Ident) bool {
	whole := false
	parts := make(map[*ast.Ident]bool) // mentions that only lead to a field
	ast.Inspect(fd.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if id, ok := n.X.(*ast.Ident); ok && isField(f.Info, n) {
				parts[id] = true
			}
		case *ast.Ident:
			whole = whole || !parts[n] && n != v && f.Info.Uses[n] == f.Info.Defs[v]
		}
		return !whole
	})
	return whole
}

// openIn reports whether a function looks into what the place holds without the lock.
func openIn(f *rewrite.Finding, fn rewrite.Span, lock string) bool {
	return slices.ContainsFunc(f.Accesses, func(a rewrite.Access) bool {
		return fn.Contains(a.At) && !rewrite.Holds(a.Locks, lock)
	})
}

// isValue reports whether an expression is a struct of a type that stays where it is: a
// field, an element, or what a pointer refers to.
func isValue(f *rewrite.File, e ast.Expr, t *types.TypeName) bool {
	named, ok := types.Unalias(f.Info.TypeOf(e)).(*types.Named)
	if !ok || named.Obj() != t {
		return false
	}
	switch ast.Unparen(e).(type) {
	case *ast.SelectorExpr, *ast.StarExpr, *ast.IndexExpr:
		return true
	}
	return false
}

// takenOver reports whether a function sets an expression to something else: what was
// there is no longer shared.
func takenOver(f *rewrite.File, fd *ast.FuncDecl, e ast.Expr) bool {
	return assigns(f, fd, text(f, ast.Unparen(e)))
}
