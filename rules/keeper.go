package rules

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

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
		v, ok := f.Info.Uses[e].(*types.Var)
		if !ok || depth >= 3 {
			return nil
		}
		if v.Pos() < fn.Pos() || v.Pos() >= fn.End() { // of a function around this one
			if fn = declaredAround(f, v.Pos()); fn == nil {
				return nil
			}
		}
		if _, fd := parameterOf(f, fn, v); fd != nil {
			return l.sectionOf(f, fd, v)
		}
		return l.origin(f, fn, v, depth+1)
	}
	return nil
}

// declaredAround is the declared function around a position, nil if there is none.
func declaredAround(f *rewrite.File, pos token.Pos) ast.Node {
	for _, d := range f.Syntax.Decls {
		if d.Pos() <= pos && pos < d.End() {
			return d
		}
	}
	return nil
}

// sectionOf is the receiver of a method that takes its lock to get at an object that it
// is given: that leads to it, too.
func (l *locking) sectionOf(f *rewrite.File, fd *ast.FuncDecl, v *types.Var) ast.Expr {
	if fd.Recv == nil || len(fd.Recv.List[0].Names) == 0 || typeKey(f.Info.TypeOf(fd.Recv.List[0].Type)) != ownerOf(l.key) || typeKey(v.Type()) != ownerOf(l.places[0]) {
		return nil
	}
	recv := fd.Recv.List[0].Names[0]
	for _, take := range slices.Concat(lockCalls(f, fd.Body, l.key, "Lock"), lockCalls(f, fd.Body, l.key, "RLock")) {
		sel, ok := take.Fun.(*ast.SelectorExpr)
		if !ok {
			continue
		}
		id := rootIdent(sel)
		if id == nil || f.Info.Uses[id] != f.Info.Defs[recv] {
			continue
		}
		end := fd.Body.End()
		for _, give := range slices.Concat(lockCalls(f, fd.Body, l.key, "Unlock"), lockCalls(f, fd.Body, l.key, "RUnlock")) {
			if give.Pos() > take.Pos() && give.Pos() < end && !deferred(fd, give) {
				end = give.Pos()
			}
		}
		if usesFieldOf(f, fd.Body, v, take.End(), end) {
			return id
		}
	}
	return nil
}

// usesFieldOf reports whether a stretch of code names a field of what a variable is.
func usesFieldOf(f *rewrite.File, b *ast.BlockStmt, v *types.Var, from, to token.Pos) bool {
	found := false
	ast.Inspect(b, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok || sel.Pos() < from || sel.Pos() >= to {
			return !found
		}
		id, ok := sel.X.(*ast.Ident)
		found = found || ok && f.Info.Uses[id] == v && isField(f.Info, sel)
		return !found
	})
	return found
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
