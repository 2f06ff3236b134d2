package rules

import (
	"go/ast"
	"slices"
)

// ownWork covers a statement that does nothing slow but call the object that the
// place holds, where the lock is held over such calls elsewhere already: it is there
// to let them come one after the other. It reports whether it could.
func (l *locking) ownWork(fn ast.Node, s spot, up ast.Node, i int) bool {
	f, stmt := s.File, list(up)[i]
	call := callOn(s.Use)
	if call == nil || !s.elem || l.touchesOther(s, stmt) || !l.heldOverCalls(s) {
		return false
	}
	if l.quietBetween(f, stmt.Pos(), call.Pos()) != "" || l.quietBetween(f, call.End(), stmt.End()) != "" ||
		slices.ContainsFunc(call.Args, func(a ast.Expr) bool { return l.quietBetween(f, a.Pos(), a.End()) != "" }) {
		return false
	}
	switch stmt.(type) {
	case *ast.ExprStmt, *ast.AssignStmt:
		l.hold([]spot{s}, stmt, stmt, false)
	case *ast.ReturnStmt:
		if up != ast.Node(body(fn)) {
			return false
		}
		l.hold([]spot{s}, stmt, stmt, true)
	default:
		return false
	}
	l.serial = true
	return true
}

// heldOverCalls reports whether the lock is held elsewhere over a call of the object
// that a spot's place holds, though that may take long.
func (l *locking) heldOverCalls(s spot) bool {
	for _, held := range l.held {
		for _, t := range held {
			call := callOn(t.Use)
			if call != nil && sameField(t, s) && len(l.site.Module.Calls(t.File, call.Pos(), call.End()).Slow) > 0 {
				return true
			}
		}
	}
	return false
}
