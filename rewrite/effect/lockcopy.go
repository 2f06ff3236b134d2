package effect

import (
	"go/ast"
	"go/token"
	"go/types"

	"github.com/go-fixer/fixer/rewrite"
)

// copied is the misuse that the lock a function takes is a copy that nobody
// else has: of a receiver or parameter that is no pointer, or of the element
// that a range statement is at. nil if it is none.
func (w *lockWalk) copied(f *lockFacts) *Misuse {
	if f.ref.far || len(f.use.Takes) == 0 || structOf(f.ref.last.Type()) == nil {
		return nil
	}
	if _, pointer := f.ref.last.Type().Underlying().(*types.Pointer); pointer {
		return nil
	}
	m := &Misuse{Op: rewrite.Copy, Taken: f.use.Takes[0].At, Mode: f.use.Takes[0].Mode}
	v := f.ref.root
	m.At = rewrite.SpanOf(w.fset, v.Pos(), v.Pos()+token.Pos(len(v.Name())))
	switch {
	case w.declares(w.decl.Recv, v):
		m.Leave = "receiver"
	case w.declares(w.decl.Type.Params, v):
		m.Leave = "parameter"
	case w.ranges(v):
		m.Leave = "range"
	default:
		return nil
	}
	return m
}

func (w *lockWalk) declares(list *ast.FieldList, v *types.Var) bool {
	return list != nil && list.Pos() <= v.Pos() && v.Pos() < list.End()
}

// ranges reports whether a variable is the value of a range statement over a
// list.
func (w *lockWalk) ranges(v *types.Var) bool {
	found := false
	ast.Inspect(w.decl.Body, func(n ast.Node) bool {
		if r, ok := n.(*ast.RangeStmt); ok && r.Tok == token.DEFINE && r.Value != nil {
			id, ok := r.Value.(*ast.Ident)
			found = found || ok && w.pkg.Info.Defs[id] == v
		}
		return !found
	})
	return found
}
