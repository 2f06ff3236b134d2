package rules

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// mend releases the lock on the ways that lack it: above slow work that needs
// it no more, else by defer, else on each way.
func (h *holding) mend() ([]rewrite.Edit, string) {
	st, takes := h.slow()
	if st != nil {
		if edits, ok := h.above(st); ok {
			return edits, ""
		}
	}
	if takes {
		return h.early(st)
	}
	edits, slow := h.deferred()
	if slow == "" {
		return edits, ""
	}
	edits, reason := h.release(h.leaks)
	if reason != "" {
		return nil, fmt.Sprintf("%s; and not by defer: %s", reason, slow)
	}
	return edits, ""
}

// early releases the lock on ways that all end above a statement which takes
// the lock, perhaps of another object: to that one nothing changes.
func (h *holding) early(st ast.Stmt) ([]rewrite.Edit, string) {
	if above := h.endingAbove(st); len(above) == len(h.leaks) {
		return h.release(above)
	}
	return nil, fmt.Sprintf("line %d takes the lock, which is still held there", h.line(st))
}

// endingAbove lists the ways without a release that end above a statement.
func (h *holding) endingAbove(st ast.Stmt) []rewrite.Leak {
	at := h.file.Span(st)
	return slices.DeleteFunc(slices.Clone(h.leaks), func(l rewrite.Leak) bool { return l.At.Line >= at.Line })
}

// slow returns the first statement below the one that takes the lock that may
// wait, or takes the lock itself, without a release in it.
func (h *holding) slow() (st ast.Stmt, takes bool) {
	for _, st := range h.below() {
		e := h.site.Module.Calls(h.file, st.Pos(), st.End())
		takes := slices.Contains(e.Locks, h.key)
		if (takes || len(e.Slow) > 0) && !mentionsText(h.file, st, h.unlock) {
			return st, takes
		}
	}
	return nil, false
}

// below are the statements after the one that takes the lock, in its list.
func (h *holding) below() []ast.Stmt {
	all := list(h.up)
	return all[slices.Index(all, ast.Stmt(h.stmt))+1:]
}

// above releases the lock above a statement, and on the ways out before it that
// lack it. It reports false where the lock may be released there already, or
// is needed still.
func (h *holding) above(st ast.Stmt) ([]rewrite.Edit, bool) {
	below := h.below()
	i := slices.Index(below, st)
	if i == 0 {
		return nil, false // the lock is taken for this
	}
	used := make(map[types.Object]bool)
	for _, s := range below[:i] {
		if mentionsText(h.file, s, h.unlock) && !leavesAfter(s) {
			return nil, false
		}
		h.reaches(s, func(o types.Object) { used[o] = true })
	}
	if h.needed(below[i:], used) {
		return nil, false
	}
	edits, reason := h.release(h.endingAbove(st))
	if reason != "" {
		return nil, false
	}
	return append(edits, rewrite.Insert{Stmt: h.file.Span(st), Code: rewrite.Code{Text: h.unlock}}), true
}

// leavesAfter reports whether a statement is a condition behind whose body
// nothing comes.
func leavesAfter(s ast.Stmt) bool {
	cond, ok := s.(*ast.IfStmt)
	if !ok || cond.Else != nil || len(cond.Body.List) == 0 {
		return false
	}
	switch last := cond.Body.List[len(cond.Body.List)-1].(type) {
	case *ast.ReturnStmt:
		return true
	case *ast.BranchStmt:
		return last.Tok != token.GOTO && last.Tok != token.FALLTHROUGH
	}
	return false
}

// needed reports whether statements, or what the function comes to below them,
// use outside of sections of their own what is used under the lock, or release
// the lock.
func (h *holding) needed(rest []ast.Stmt, used map[types.Object]bool) bool {
	end := rest[len(rest)-1].End()
	found, own := false, false
	look := func(n ast.Node) {
		found = found || mentionsText(h.file, n, h.unlock) || mentionsText(h.file, n, text(h.file, h.call))
		h.reaches(n, func(o types.Object) { found = found || used[o] })
	}
	for _, s := range rest {
		switch call := stmtCall(s); {
		case call != nil && text(h.file, call) == text(h.file, h.call):
			own = true
		case call != nil && text(h.file, call) == h.unlock:
			if _, deferred := s.(*ast.DeferStmt); !own {
				found = true
			} else if own = deferred; deferred {
				return found
			}
		case own && !mentionsText(h.file, s, text(h.file, h.call)):
		default:
			look(s)
		}
	}
	ast.Inspect(body(h.fn), func(n ast.Node) bool {
		if n != nil && n.Pos() >= end {
			look(n)
			return false
		}
		return true
	})
	return found
}

// stmtCall is the call that a statement consists of, now or deferred.
func stmtCall(s ast.Stmt) *ast.CallExpr {
	switch s := s.(type) {
	case *ast.ExprStmt:
		call, _ := s.X.(*ast.CallExpr)
		return call
	case *ast.DeferStmt:
		return s.Call
	}
	return nil
}

// reaches calls fn for the fields and variables in a node that others can reach
// as well: fields, and variables from outside of the function.
func (h *holding) reaches(n ast.Node, fn func(types.Object)) {
	ast.Inspect(n, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok {
			return true
		}
		v, ok := h.file.Info.Uses[id].(*types.Var)
		if ok && (v.IsField() || v.Pos() < h.fn.Pos() || v.Pos() >= h.fn.End()) {
			fn(v)
		}
		return true
	})
}
