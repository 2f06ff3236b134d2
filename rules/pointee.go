package rules

import (
	"fmt"
	"go/ast"
)

// outlives says why a read into a variable won't do: what is used then is guarded
// as well. "" if it isn't.
func (l *locking) outlives(s spot, fn ast.Node, stmt ast.Stmt) string {
	held := l.usedUnder(s)
	if held == "" {
		return ""
	}
	return fmt.Sprintf("%s calls a method of what %s holds, which %s does under the lock, and it runs %s", s.at(), s.thing(), held, or(l.quiet(s.File, fn, []ast.Stmt{stmt}), "code that leaves"))
}

// usedUnder tells where a method is called, under the lock, on what a field
// holds, if one is called at the spot: then the lock guards that too.
func (l *locking) usedUnder(s spot) string {
	method := func(s spot) bool {
		sel, ok := s.Path[1].(*ast.SelectorExpr)
		if !ok || sel.X != s.sel {
			return false
		}
		call, ok := s.Path[2].(*ast.CallExpr)
		return ok && call.Fun == ast.Expr(sel)
	}
	if !method(s) {
		return ""
	}
	for _, list := range l.held {
		for _, h := range list {
			if h.name() == s.name() && method(h) {
				return h.at()
			}
		}
	}
	return ""
}
