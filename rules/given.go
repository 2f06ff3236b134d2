package rules

import (
	"go/ast"
	"go/types"

	"github.com/go-fixer/fixer/rewrite"
)

// ownGiven copies a library's map, by its method Clone, where a field of an object is set to
// it by which it is then changed.
//
//	req.Header = header
//	req.Header.Set(k, v)
func ownGiven(s *rewrite.Site) (edits []rewrite.Edit) {
	done := make(map[ast.Expr]bool)
	for _, a := range s.Finding.Accesses {
		if a.Fresh || a.Op != rewrite.WriteElem {
			continue
		}
		f, path := s.Module.Around(a.At)
		field := fieldChanged(path)
		fn := function(&rewrite.Use{File: f, Path: path})
		if field == nil || fn == nil {
			continue // by its own name
		}
		from := setTo(f, fn, field)
		if from == nil || !clones(f.Info.TypeOf(from)) {
			return nil
		}
		if !done[from] {
			done[from] = true
			edits = append(edits, rewrite.Replace{Node: f.Span(from), Code: rewrite.Code{Text: "$0.Clone()"}, Holes: []rewrite.Span{f.Span(from)}})
		}
	}
	return edits
}

// fieldChanged is the field at the innermost place of a path of which a method is called.
func fieldChanged(path []ast.Node) *ast.SelectorExpr {
	for i, n := range path[:max(len(path)-1, 0)] {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if _, method := path[i+1].(*ast.CallExpr); method {
				field, _ := ast.Unparen(sel.X).(*ast.SelectorExpr)
				return field
			}
		}
	}
	return nil
}

// setTo is the variable, or field, to which a function sets a field, once; nil for other
// values.
func setTo(f *rewrite.File, fn ast.Node, field *ast.SelectorExpr) ast.Expr {
	var from ast.Expr
	n := 0
	ast.Inspect(fn, func(node ast.Node) bool {
		as, ok := node.(*ast.AssignStmt)
		if !ok || len(as.Lhs) != len(as.Rhs) {
			return true
		}
		for i, lhs := range as.Lhs {
			if text(f, lhs) == text(f, field) {
				from = as.Rhs[i]
				n++
			}
		}
		return true
	})
	if n != 1 {
		return nil
	}
	switch from.(type) {
	case *ast.Ident, *ast.SelectorExpr:
		return from
	}
	return nil
}

// clones reports whether a type is a map with a method Clone that returns another one.
func clones(t types.Type) bool {
	if _, ok := t.Underlying().(*types.Map); !ok {
		return false
	}
	m, _, _ := types.LookupFieldOrMethod(t, false, nil, "Clone")
	fn, ok := m.(*types.Func)
	return ok && fn.Signature().Params().Len() == 0 && fn.Signature().Results().Len() == 1 && types.Identical(fn.Signature().Results().At(0).Type(), t)
}
