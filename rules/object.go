package rules

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// stable refuses objects whose name may mean another one by the time the lock
// is released, or which are reached in ways that have side effects.
func (l *locking) stable(fn ast.Node, s spot) string {
	if l.name != "" {
		if _, o := s.File.Pkg.Scope().Innermost(s.sel.Pos()).LookupParent(l.name, s.sel.Pos()); o != l.mutex {
			return fmt.Sprintf("%s means something else at %s", l.name, s.at())
		}
		return ""
	}
	holder := l.holder(s)
	if holder == nil {
		return fmt.Sprintf("%s reaches the field by %s, not by the %s that has the lock", s.at(), text(s.File, s.object()), rewrite.ShortKey(ownerOf(l.key)))
	}
	id := rootIdent(holder)
	if id == nil {
		return fmt.Sprintf("%s reaches the object through %s, which has no name to take a lock by", s.at(), text(s.File, holder))
	}
	if v, ok := s.File.Info.Uses[id].(*types.Var); ok && replacedAnytime(s.File.Info, fn, v) {
		return fmt.Sprintf("%s is reassigned in the function, so its lock may not be the one that was taken", id.Name)
	}
	return ""
}

// afterNilTest finds a spot among statements whose object they compare with
// nil before they reach it: the lock can't be taken above that.
func (l *locking) afterNilTest(fn ast.Node, stmts []ast.Stmt) (spot, bool) {
	for _, s := range l.spots[fn] {
		holder := l.holder(s)
		if holder == nil {
			continue
		}
		object, found := text(s.File, holder), false
		for _, t := range stmts {
			if !contains(t, s.sel) && t.Pos() > s.sel.Pos() {
				continue
			}
			ast.Inspect(t, func(n ast.Node) bool {
				b, ok := n.(*ast.BinaryExpr)
				found = found || ok && (b.Op == token.EQL || b.Op == token.NEQ) && b.End() <= s.sel.Pos() &&
					s.File.Info.Types[b.Y].IsNil() && text(s.File, b.X) == object
				return !found
			})
		}
		if found && slices.ContainsFunc(stmts, func(t ast.Stmt) bool { return contains(t, s.sel) }) {
			return s, true
		}
	}
	return spot{}, false
}

// rootIdent is the name that a chain of fields starts from, nil if it starts
// from anything else.
func rootIdent(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.ParenExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.Ident:
			return x
		default:
			return nil
		}
	}
}

// reassigned reports whether a function assigns a variable other than where
// it declares it.
func reassigned(info *types.Info, fn ast.Node, v *types.Var) bool {
	found := false
	ast.Inspect(fn, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, lhs := range n.Lhs {
				if id, ok := lhs.(*ast.Ident); ok && info.Uses[id] == v {
					found = true
				}
			}
		case *ast.UnaryExpr:
			if id, ok := n.X.(*ast.Ident); ok && n.Op == token.AND && info.Uses[id] == v {
				found = true
			}
		}
		return !found
	})
	return found
}

// replacedAnytime reports whether a variable of a function may be given another
// value at a place that can't be told: in a literal, or through its address.
func replacedAnytime(info *types.Info, fn ast.Node, v *types.Var) bool {
	found := false
	ast.Inspect(fn, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			found = found || n != fn && reassigned(info, n, v)
		case *ast.UnaryExpr:
			id, ok := n.X.(*ast.Ident)
			found = found || ok && n.Op == token.AND && info.Uses[id] == v
		}
		return !found
	})
	return found
}

// replaced returns the name of an object that gets another one's place in some
// statements that use it: what they lock is then not what they unlock.
func (l *locking) replaced(fn ast.Node, stmts []ast.Stmt) string {
	for _, s := range l.spots[fn] {
		holder := l.holder(s)
		if holder == nil || !slices.ContainsFunc(stmts, func(t ast.Stmt) bool { return contains(t, s.sel) }) {
			continue
		}
		id := rootIdent(holder)
		if id == nil {
			continue
		}
		if v, ok := s.File.Info.Uses[id].(*types.Var); ok && slices.ContainsFunc(stmts, func(t ast.Stmt) bool { return reassigned(s.File.Info, t, v) }) {
			return id.Name
		}
	}
	return ""
}

// lockExpr is the expression that has the Lock methods for a spot's object.
func (l *locking) lockExpr(s spot) string {
	if l.name != "" {
		return l.name
	}
	holder := l.holder(s)
	if holder == nil {
		return ""
	}
	x := text(s.File, holder)
	if _, ok := holder.(*ast.StarExpr); ok {
		x = "(" + x + ")"
	}
	if l.outer() {
		return x + l.method
	}
	// A field that is promoted through embedded structs comes with its lock,
	// unless a struct on the way has something of the lock's name.
	sel, ok := s.sel.(*ast.SelectorExpr)
	if !ok {
		return x + l.method
	}
	se := s.File.Info.Selections[sel]
	if se == nil || len(se.Index()) == 1 {
		return x + l.method
	}
	name := strings.TrimPrefix(l.method, ".")
	if name == "" {
		name = "Lock"
	}
	t, long := se.Recv(), x
	for _, i := range se.Index()[:len(se.Index())-1] {
		if p, ok := t.Underlying().(*types.Pointer); ok {
			t = p.Elem()
		}
		st, ok := t.Underlying().(*types.Struct)
		if !ok {
			return x + l.method
		}
		long += "." + st.Field(i).Name()
		t = st.Field(i).Type()
	}
	near, _, _ := types.LookupFieldOrMethod(se.Recv(), true, s.File.Pkg, name)
	own, _, _ := types.LookupFieldOrMethod(t, true, s.File.Pkg, name)
	if near == own {
		return x + l.method
	}
	return long + l.method
}

func (l *locking) mode(spots []spot) rewrite.Mode {
	if !l.rw || slices.ContainsFunc(spots, func(s spot) bool { return s.write && !s.shared }) {
		return rewrite.Exclusive
	}
	return rewrite.Shared
}

// lockKey is the key of the field or package variable whose method a selector
// names, "" for others.
func lockKey(f *rewrite.File, method *ast.SelectorExpr) string {
	if se := f.Info.Selections[method]; se != nil && len(se.Index()) > 1 { // promoted from an embedded lock
		return fieldKey(se.Recv(), se.Index()[:len(se.Index())-1], holderKey(f, method.X))
	}
	return holderKey(f, method.X)
}

// holderKey is the key of the field or package variable that an expression
// names, "" for others.
func holderKey(f *rewrite.File, e ast.Expr) string {
	switch e := ast.Unparen(e).(type) {
	case *ast.SelectorExpr:
		if se := f.Info.Selections[e]; se != nil {
			return fieldKey(se.Recv(), se.Index(), holderKey(f, e.X))
		}
		return variableKey(f.Info.Uses[e.Sel])
	case *ast.Ident:
		return variableKey(f.Info.Uses[e])
	}
	return ""
}

// variableKey is the key of a package variable.
func variableKey(o types.Object) string {
	if v, ok := o.(*types.Var); ok && v.Pkg() != nil && v.Parent() == v.Pkg().Scope() {
		return v.Pkg().Path() + "." + v.Name()
	}
	return ""
}

// fieldKey is the key of the field that a chain of indices leads to from a
// type; if that has no name, from what holds it.
func fieldKey(t types.Type, index []int, key string) string {
	for _, i := range index {
		if p, ok := t.Underlying().(*types.Pointer); ok {
			t = p.Elem()
		}
		st, ok := t.Underlying().(*types.Struct)
		if !ok {
			return ""
		}
		if n, ok := types.Unalias(t).(*types.Named); ok {
			if key = ""; n.Obj().Pkg() != nil {
				key = n.Obj().Pkg().Path() + "." + n.Obj().Name()
			}
		}
		if key != "" {
			key += "." + st.Field(i).Name()
		}
		t = st.Field(i).Type()
	}
	return key
}
