package rules

import (
	"go/ast"
	"go/types"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// counted names the WaitGroup of the struct that counts the goroutine already
// and no other one, and that nothing waits for: only Wait is missing. "" if
// there is none.
func (w *waiting) counted(st *rewrite.Struct) string {
	for _, fl := range st.Type.Fields.List {
		for _, id := range fl.Names {
			field, ok := st.File.Info.Defs[id].(*types.Var)
			if ok && !field.Exported() && field.Type().String() == "sync.WaitGroup" && w.countsAlone(selections(w.site, field)) {
				return id.Name
			}
		}
	}
	return ""
}

// selections lists the selections of a field that only its package can see.
func selections(s *rewrite.Site, field *types.Var) (list []*rewrite.Use) {
	for _, f := range s.Module.Files(field.Pkg()) {
		ast.PreorderStack(f.Syntax, nil, func(n ast.Node, up []ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if v, ok := f.Info.Uses[sel.Sel].(*types.Var); ok && v.Origin() == field {
				u := &rewrite.Use{File: f, Path: append(slices.Clone(up), n)}
				slices.Reverse(u.Path)
				list = append(list, u)
			}
			return true
		})
	}
	return list
}

// countsAlone reports whether the mentions of a group are one call of Add(1)
// above the go statement, and one deferred Done in the goroutine's function.
func (w *waiting) countsAlone(uses []*rewrite.Use) bool {
	if len(uses) != 2 || w.outside() != "" {
		return false
	}
	add, done := uses[0], uses[1]
	if methodOn(add) != "Add" {
		add, done = done, add
	}
	if methodOn(add) != "Add" || methodOn(done) != "Done" {
		return false
	}
	call := add.Path[2].(*ast.CallExpr)
	return len(call.Args) == 1 && text(add.File, call.Args[0]) == "1" && w.rightAbove(add) && w.deferred(done)
}

// methodOn is the name of the method that is called on what is mentioned.
func methodOn(u *rewrite.Use) string {
	if call := callOn(u); call != nil {
		return call.Fun.(*ast.SelectorExpr).Sel.Name
	}
	return ""
}

// callOn is the call of a method of what a use names, nil for other uses.
func callOn(u *rewrite.Use) *ast.CallExpr {
	if len(u.Path) < 3 {
		return nil
	}
	sel, ok := u.Path[1].(*ast.SelectorExpr)
	call, called := u.Path[2].(*ast.CallExpr)
	if !ok || !called || call.Fun != ast.Expr(sel) {
		return nil
	}
	return call
}

// rightAbove reports whether a call is a statement right above the go statement.
func (w *waiting) rightAbove(u *rewrite.Use) bool {
	stmts := list(w.start.Path[1])
	i := slices.Index(stmts, ast.Stmt(w.stmt))
	return i > 0 && ast.Node(stmts[i-1]) == u.Path[3]
}

// deferred reports whether the goroutine defers a call whatever it does: no
// more than other defers stand above it.
func (w *waiting) deferred(u *rewrite.Use) bool {
	for _, s := range body(w.runs.Path[0]).List {
		d, ok := s.(*ast.DeferStmt)
		if !ok {
			return false
		}
		if ast.Node(d.Call) == u.Path[2] {
			return true
		}
	}
	return false
}
