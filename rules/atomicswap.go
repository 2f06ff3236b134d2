package rules

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// compareAndSwap makes one operation of a test for a constant and the write of
// another that it decides:
//
//	if !x.f {              if x.f.CompareAndSwap(false, true) {
//		x.f = true
//
//	if x.f != idle {       if !x.f.CompareAndSwap(idle, busy) {
//		return                 return
//	}                      }
//	x.f = busy
func (a *atomicEdit) compareAndSwap(spots []spot) bool {
	if len(spots) != 2 || spots[0].write || !spots[1].write {
		return false
	}
	r, w := spots[0], spots[1]
	is, ok := condition(r.Use).(*ast.IfStmt)
	as, assigns := w.Path[1].(*ast.AssignStmt)
	if !ok || !assigns || is.Init != nil || as.Tok != token.ASSIGN || len(as.Lhs) != 1 || len(as.Rhs) != 1 {
		return false
	}
	old, equal := a.tested(r, is.Cond)
	info := r.File.Info
	if old == "" || info.Types[as.Rhs[0]].Value == nil {
		return false
	}
	switch {
	case equal && len(is.Body.List) > 0 && is.Body.List[0] == ast.Stmt(as):
	case !equal && is.Else == nil && rightBelow(r, is, as) && gone(is.Body):
	default:
		return false
	}
	v, code := a.arg(w.Use, as.Rhs[0])
	cas := "$0.CompareAndSwap(" + old + ", " + strings.ReplaceAll(code, "$0", text(w.File, v)) + ")"
	if !equal {
		cas = "!" + cas
	}
	a.edits = append(a.edits, rewrite.Drop{Node: w.File.Span(as)})
	a.replace(r.Use, is.Cond, cas, r.File.Span(r.sel))
	a.done[r.Use], a.done[w.Use] = true, true
	return true
}

// setOnce makes one operation of the write of a pointer that a test for nil
// decides: the first value stays.
//
//	if p == nil {          if p.Load() == nil {
//		p = open()             p.CompareAndSwap(nil, open())
func (a *atomicEdit) setOnce(spots []spot) bool {
	if !a.pointer || len(spots) != 2 || spots[0].write || !spots[1].write {
		return false
	}
	r, w := spots[0], spots[1]
	is, ok := condition(r.Use).(*ast.IfStmt)
	as, assigns := w.Path[1].(*ast.AssignStmt)
	if !ok || !assigns || is.Init != nil || is.Else != nil || as.Tok != token.ASSIGN || len(as.Lhs) != 1 || len(as.Rhs) != 1 {
		return false
	}
	test, ok := is.Cond.(*ast.BinaryExpr)
	if !ok || test.X != r.sel || !r.File.Info.Types[test.Y].IsNil() || r.File.Info.Types[as.Rhs[0]].IsNil() {
		return false
	}
	switch {
	case test.Op == token.EQL && len(is.Body.List) == 1 && is.Body.List[0] == ast.Stmt(as):
	case test.Op == token.NEQ && rightBelow(r, is, as) && gone(is.Body):
	default:
		return false
	}
	a.replace(w.Use, as, "$0.CompareAndSwap(nil, $1)", w.File.Span(w.sel), w.File.Span(as.Rhs[0]))
	a.replace(r.Use, r.sel, "$0.Load()", r.File.Span(r.sel))
	a.done[r.Use], a.done[w.Use] = true, true
	return true
}

// tested returns the constant that a condition compares a spot with, as code of
// the atomic's type, and whether it asks for equality; "" for other conditions.
func (a *atomicEdit) tested(r spot, cond ast.Expr) (constant string, equal bool) {
	switch c := cond.(type) {
	case *ast.UnaryExpr:
		if c.Op == token.NOT && c.X == r.sel {
			return "false", true
		}
	case *ast.BinaryExpr:
		if c.X == r.sel && (c.Op == token.EQL || c.Op == token.NEQ) && r.File.Info.Types[c.Y].Value != nil {
			v, code := a.arg(r.Use, c.Y)
			return strings.ReplaceAll(code, "$0", text(r.File, v)), c.Op == token.EQL
		}
	default:
		if cond == r.sel {
			return "false", false
		}
	}
	return "", false
}

// rightBelow reports whether a statement stands right below another.
func rightBelow(s spot, above, below ast.Stmt) bool {
	for _, n := range s.Path {
		if !inList(n) {
			continue
		}
		if i := slices.Index(list(n), above); i >= 0 {
			return i+1 < len(list(n)) && list(n)[i+1] == below
		}
	}
	return false
}

// gone reports whether nobody passes the end of a block.
func gone(b *ast.BlockStmt) bool {
	if len(b.List) == 0 {
		return false
	}
	switch b.List[len(b.List)-1].(type) {
	case *ast.ReturnStmt, *ast.BranchStmt:
		return true
	}
	return false
}
