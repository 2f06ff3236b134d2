package rules

import (
	"go/ast"
	"go/token"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// takeOut takes what an if statement asks for out of its place, under the lock, where
// something slow is done with it before the place is emptied: who comes meanwhile finds
// nothing, and nobody does it twice. It reports whether it could.
//
//	if x.hook != nil {    x.mu.Lock()
//		x.hook()          hook := x.hook
//		x.hook = nil      x.hook = nil
//	}                     x.mu.Unlock()
//	                      if hook != nil {
//	                          hook()
//	                      }
//
// It may also ask whether there is nothing, and leave.
func (l *locking) takeOut(fn ast.Node, spots []spot, r stretch) bool {
	stmts := r.stmts()
	test, ok := stmts[0].(*ast.IfStmt)
	if !ok || test.Init != nil {
		return false
	}
	f, s, w := spots[0].File, spots[0], spots[len(spots)-1]
	cond, ok := test.Cond.(*ast.BinaryExpr)
	if !ok || cond.X != s.sel || !f.Info.Types[cond.Y].IsNil() {
		return false
	}
	var between []ast.Stmt // what is done with it, and the assignment
	switch {
	case cond.Op == token.NEQ && len(stmts) == 1 && test.Else == nil:
		between = test.Body.List
	case cond.Op == token.EQL && leavesAfter(test) && !mentionsText(f, test.Body, text(f, s.sel)):
		between = stmts[1:]
	default:
		return false
	}
	i := slices.IndexFunc(between, func(s ast.Stmt) bool { return contains(s, w.sel) })
	if i < 1 || leaves(between[:i]) || l.needs(f, fn, between[:i]) != "" || postpones(between[:i]) {
		return false
	}
	as, ok := between[i].(*ast.AssignStmt)
	if !ok || as.Tok != token.ASSIGN || len(as.Lhs) != 1 || as.Lhs[0] != w.sel || !f.Info.Types[as.Rhs[0]].IsNil() {
		return false
	}
	if slices.ContainsFunc(spots[:len(spots)-1], func(t spot) bool { return t.write || t.elem || !sameField(t, s) }) {
		return false
	}
	name := fresh(s.Use, lowerFirst(s.name()), append(slices.Clip(l.names[r.up]), l.usedIn(f.Span(r.up))...)...)
	l.names[r.up] = append(l.names[r.up], name)
	lock, unlock := l.calls(w)
	l.edits = append(l.edits,
		rewrite.Drop{Node: f.Span(as)},
		rewrite.Insert{Stmt: f.Span(test), Code: rewrite.Code{Text: lock + "\n" + name + " := $0\n$0 = nil\n" + unlock}, Holes: []rewrite.Span{f.Span(s.sel)}})
	for _, t := range spots[:len(spots)-1] {
		l.edits = append(l.edits, rewrite.Replace{Node: f.Span(t.sel), Code: rewrite.Code{Text: name}})
	}
	return true
}

// postpones reports whether statements start goroutines, or defer calls.
func postpones(stmts []ast.Stmt) bool {
	found := false
	for _, s := range stmts {
		ast.Inspect(s, func(n ast.Node) bool {
			switch n.(type) {
			case *ast.GoStmt, *ast.DeferStmt:
				found = true
			}
			return !found
		})
	}
	return found
}
