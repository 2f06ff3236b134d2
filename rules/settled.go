package rules

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// setWhen reports whether one of the uses in a literal sets the variable before a
// read under a condition that is the same for all calls of the literal: where it
// is false, no call ever sets the variable.
//
//	if timed {
//		start = time.Now()
//	}
//	handle()
//	log.Print(time.Since(start))
func (v *variable) setWhen(r *rewrite.Use, uses []*rewrite.Use, lit *ast.FuncLit) bool {
	return slices.ContainsFunc(uses, func(w *rewrite.Use) bool {
		if !v.sets(w) || w.Path[0].Pos() < lit.Body.Pos() || w.Path[1].End() > r.Path[0].Pos() {
			return false
		}
		block, ok := w.Path[2].(*ast.BlockStmt)
		is, isIf := w.Path[3].(*ast.IfStmt)
		return ok && isIf && is.Body == block && is.Init == nil && inList(w.Path[4]) && contains(w.Path[4], r.Path[0]) && v.settled(is.Cond, lit)
	})
}

// settled reports whether an expression has the same value in all calls of a
// literal: it is made of constants and variables of the function around it which
// have their values when the literal is made.
func (v *variable) settled(e ast.Expr, lit *ast.FuncLit) bool {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return v.settled(e.X, lit)
	case *ast.UnaryExpr:
		return e.Op == token.NOT && v.settled(e.X, lit)
	case *ast.BinaryExpr:
		return v.settled(e.X, lit) && v.settled(e.Y, lit)
	case *ast.SelectorExpr:
		se := v.file.Info.Selections[e]
		return se != nil && se.Kind() == types.FieldVal && throughValues(se) && !isPointer(se.Recv()) && v.settled(e.X, lit)
	case *ast.Ident:
		o, ok := v.file.Info.Uses[e].(*types.Var)
		return v.file.Info.Types[e].Value != nil || v.file.Info.Types[e].IsNil() ||
			ok && v.around(lit.Pos()) == nil && v.fixedFrom(o, lit.Pos())
	case *ast.BasicLit:
		return true
	}
	return false
}

// fixedFrom reports whether a variable of the function is declared above a position, and
// keeps its value from there on.
func (v *variable) fixedFrom(o *types.Var, from token.Pos) bool {
	return v.owner().Pos() <= o.Pos() && o.Pos() < from && !v.changedFrom(o, from)
}

// changedFrom reports whether something from a position on may change a variable,
// or a part of it: by an assignment, or by its address.
func (v *variable) changedFrom(o *types.Var, from token.Pos) bool {
	found := false
	root := func(e ast.Expr) bool {
		id := rootIdent(e)
		return id != nil && v.file.Info.Uses[id] == o
	}
	ast.Inspect(body(v.owner()), func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			found = found || n.End() > from && slices.ContainsFunc(n.Lhs, root)
		case *ast.IncDecStmt:
			found = found || n.End() > from && root(n.X)
		case *ast.RangeStmt:
			found = found || n.End() > from && (n.Key != nil && root(n.Key) || n.Value != nil && root(n.Value))
		case *ast.UnaryExpr:
			found = found || n.Op == token.AND && root(n.X) // kept, perhaps, wherever it is taken
		case *ast.SelectorExpr:
			se := v.file.Info.Selections[n]
			found = found || se != nil && se.Kind() == types.MethodVal && root(n.X) && !isPointer(v.file.Info.TypeOf(n.X)) && takesPointer(se)
		}
		return !found
	})
	return found
}

// takesPointer reports whether a method has a pointer as its receiver.
func takesPointer(se *types.Selection) bool {
	sig, ok := se.Obj().Type().(*types.Signature)
	return ok && sig.Recv() != nil && isPointer(sig.Recv().Type())
}
