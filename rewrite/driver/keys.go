package driver

import (
	"go/ast"
	"go/types"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// selectionKey returns the key of the field a selector names, "" for others.
func selectionKey(info *types.Info, sel *ast.SelectorExpr) string {
	se := info.Selections[sel]
	if se == nil || se.Kind() != types.FieldVal {
		return ""
	}
	t, key := se.Recv(), holderKey(info, sel.X)
	for _, i := range se.Index() { // through embedded structs
		st, ok := deref(t).Underlying().(*types.Struct)
		if !ok {
			return ""
		}
		if k, ok := effect.FieldKey(t, i); ok {
			key = k
		} else if key != "" {
			key += "." + st.Field(i).Name()
		}
		t = st.Field(i).Type()
	}
	return key
}

// holderKey is the key of what holds a value: a field or a package variable.
func holderKey(info *types.Info, x ast.Expr) string {
	switch x := ast.Unparen(x).(type) {
	case *ast.SelectorExpr:
		if key := selectionKey(info, x); key != "" {
			return key
		}
		return globalKey(info.Uses[x.Sel])
	case *ast.Ident:
		return globalKey(info.Uses[x])
	case *ast.IndexExpr:
		return holderKey(info, x.X)
	case *ast.StarExpr:
		return holderKey(info, x.X)
	}
	return ""
}
