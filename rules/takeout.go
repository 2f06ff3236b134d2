package rules

import (
	"go/ast"
	"go/token"
	"slices"
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
	if i < 1 || leaves(between[:i]) || l.needs(f, fn, between[:i]) != "" || slices.ContainsFunc(between[:i], apart) {
		return false
	}
	as, ok := between[i].(*ast.AssignStmt)
	if !ok || as.Tok != token.ASSIGN || len(as.Lhs) != 1 || as.Lhs[0] != w.sel || !f.Info.Types[as.Rhs[0]].IsNil() {
		return false
	}
	if slices.ContainsFunc(spots[:len(spots)-1], func(t spot) bool { return t.write || t.elem || !sameField(t, s) }) {
		return false
	}
	l.empty(spots, r.up, test, as)
	return true
}
