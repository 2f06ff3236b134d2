package rules

import (
	"go/ast"
	"go/token"
	"go/types"

	"github.com/go-fixer/fixer/rewrite"
)

// The lock of a struct guards the objects that it leads to as well, by a pointer
// or as elements of a map or slice: cache.mu guards cache.items[key].count. Who has
// such an object in a variable takes the lock of the one that it was looked up in.

// leadsTo reports whether a struct type has a field by which one gets to objects
// of the type with a key, or to others that do, over three fields at most.
func leadsTo(t types.Type, key string) bool { return leadsWithin(t, key, 3) }

func leadsWithin(t types.Type, key string, fields int) bool {
	st, ok := t.Underlying().(*types.Struct)
	if !ok || fields == 0 {
		return false
	}
	for v := range st.Fields() {
		to := v.Type()
		switch f := to.Underlying().(type) {
		case *types.Map:
			to = f.Elem()
		case *types.Slice:
			to = f.Elem()
		}
		p, ok := to.Underlying().(*types.Pointer)
		if ok && (typeKey(p) == key || leadsWithin(p.Elem(), key, fields-1)) {
			return true
		}
	}
	return false
}

// leads reports whether the lock is that of a struct that only leads to the
// places' own.
func (l *locking) leads() bool {
	st := l.site.Module.Struct(ownerOf(l.key))
	return st != nil && !holdsByValue(st.Name.Type(), ownerOf(l.places[0]), 0)
}

// keeper is the object that has the lock and leads to what an expression names,
// nil if that is not to be seen: the variables on the way have one origin.
func (l *locking) keeper(f *rewrite.File, fn ast.Node, e ast.Expr, depth int) ast.Expr {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return l.keeper(f, fn, e.X, depth)
	case *ast.StarExpr:
		return l.keeper(f, fn, e.X, depth)
	case *ast.IndexExpr:
		return l.keeper(f, fn, e.X, depth)
	case *ast.SelectorExpr:
		se := f.Info.Selections[e]
		switch {
		case se == nil:
			return nil
		case typeKey(se.Recv()) == ownerOf(l.key):
			return e.X
		}
		return l.keeper(f, fn, e.X, depth)
	case *ast.CallExpr: // of a method that looks it up; what an exported one returns is better a copy
		if sel, ok := e.Fun.(*ast.SelectorExpr); ok && !sel.Sel.IsExported() && f.Info.Selections[sel] != nil && typeKey(f.Info.Selections[sel].Recv()) == ownerOf(l.key) {
			return sel.X
		}
	case *ast.Ident:
		if v, ok := f.Info.Uses[e].(*types.Var); ok && depth < 3 {
			return l.origin(f, fn, v, depth+1)
		}
	}
	return nil
}

// origin is the keeper of what a variable is given, nil if it has several.
func (l *locking) origin(f *rewrite.File, fn ast.Node, v *types.Var, depth int) ast.Expr {
	var out ast.Expr
	one := true
	from := func(lhs, rhs ast.Expr) {
		if id, ok := lhs.(*ast.Ident); !ok || f.Info.ObjectOf(id) != v {
			return
		}
		if u, ok := rhs.(*ast.UnaryExpr); ok && u.Op == token.AND {
			return // made where nothing was found
		}
		k := l.keeper(f, fn, rhs, depth)
		if k == nil || out != nil && text(f, out) != text(f, k) {
			one = false
		}
		out = k
	}
	ast.Inspect(fn, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, lhs := range n.Lhs {
				if len(n.Rhs) == len(n.Lhs) {
					from(lhs, n.Rhs[i])
				} else if i == 0 {
					from(lhs, n.Rhs[0])
				}
			}
		case *ast.RangeStmt:
			if n.Value != nil {
				from(n.Value, n.X)
			}
		}
		return true
	})
	if !one {
		return nil
	}
	return out
}
