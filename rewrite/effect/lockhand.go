package effect

import (
	"go/ast"
	"go/types"
	"slices"

	"github.com/go-fixer/fixer/rewrite/model"
)

// handedOn tells which fields and package variables that are locks a file
// mentions other than to call their methods: somebody else may release them
// then.
func (w *lockWalk) handedOn(file *ast.File) []*LockUse {
	var out []*LockUse
	add := func(ref *lockRef, at ast.Node) {
		if ref != nil && ref.key != "" {
			u := w.newUse(ref, at.Pos())
			u.GivesAway = true
			out = append(out, u)
		}
	}
	mentioned := func(e ast.Expr, up []ast.Node) {
		if w.mention(e) && !w.ownUse(e, up) {
			add(w.ref(e), e)
		}
	}
	foreign := slices.ContainsFunc(file.Imports, func(i *ast.ImportSpec) bool { return i.Name != nil && i.Name.Name == "." })
	ast.PreorderStack(file, nil, func(n ast.Node, up []ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			for _, a := range w.lockers(n) {
				add(w.embeddedLock(a), a)
			}
		case *ast.SelectorExpr:
			mentioned(n, up)
		case *ast.Ident:
			if foreign || w.variables[n.Name] {
				mentioned(n, up)
			}
		}
		return true
	})
	return out
}

// lockVariables lists the names of package variables that are locks.
func (w *lockWalk) lockVariables() map[string]bool {
	names := make(map[string]bool)
	scope := w.pkg.Types.Scope()
	for _, name := range scope.Names() {
		if v, ok := scope.Lookup(name).(*types.Var); ok && w.isLock(v.Type()) {
			names[name] = true
		}
	}
	return names
}

// mention reports whether an expression names a field or package variable that
// is a lock.
func (w *lockWalk) mention(e ast.Expr) bool {
	id := idOf(e)
	v, ok := w.pkg.Info.Uses[id].(*types.Var)
	if !ok || v.Pkg() == nil || !v.IsField() && v.Parent() != v.Pkg().Scope() {
		return false
	}
	if _, sel := e.(*ast.SelectorExpr); v.IsField() && !sel {
		return false // a name in a literal, or the end of a selector
	}
	return w.isLock(v.Type())
}

// isLock keeps the answers for types that are asked for again and again.
func (w *lockWalk) isLock(t types.Type) bool { return cached(w.locks, t, isLock) }

// ownUse reports whether what is around the mention of a lock keeps it where
// it is: a call of a method, an assignment to it, a sync.Cond on it.
func (w *lockWalk) ownUse(e ast.Expr, up []ast.Node) bool {
	for i := len(up) - 1; i >= 0; i-- {
		switch n := up[i].(type) {
		case *ast.ParenExpr, *ast.UnaryExpr, *ast.StarExpr:
			continue
		case *ast.SelectorExpr:
			if n.Sel == e {
				return true // of a package: the selector is looked at itself
			}
			if w.lockMethod(n) == model.Unknown {
				return true // a field or another method of its type
			}
			if i == 0 {
				return false
			}
			call, ok := up[i-1].(*ast.CallExpr)
			return ok && ast.Unparen(call.Fun) == ast.Expr(n)
		case *ast.AssignStmt:
			for _, l := range n.Lhs {
				if l == e {
					return true
				}
			}
			return false
		case *ast.CallExpr:
			fn, ok := w.callee(n).(*types.Func)
			return ok && fn.FullName() == "sync.NewCond"
		default:
			return false
		}
	}
	return false
}

// lockers lists the arguments of a call that are passed as locks.
func (w *lockWalk) lockers(call *ast.CallExpr) []ast.Expr {
	if len(call.Args) == 0 {
		return nil
	}
	t := w.pkg.Info.TypeOf(call.Fun)
	if t == nil {
		return nil
	}
	sig, ok := t.Underlying().(*types.Signature)
	if !ok {
		return nil
	}
	var out []ast.Expr
	for i, a := range call.Args {
		if i < sig.Params().Len() && types.IsInterface(sig.Params().At(i).Type()) && w.isLock(sig.Params().At(i).Type()) {
			out = append(out, a)
		}
	}
	return out
}

// embeddedLock is the lock that an object embeds, nil if there is none.
func (w *lockWalk) embeddedLock(e ast.Expr) *lockRef {
	t := w.pkg.Info.TypeOf(e)
	ref := w.ref(e)
	if t == nil || ref == nil {
		return nil
	}
	if i, ok := embedsLock(t); ok {
		return w.through(ref, t, []int{i})
	}
	return nil
}
