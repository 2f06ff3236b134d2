package load

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
)

// usesName reports whether a file selects a field of this name, or sets one in
// a composite literal; or, if bare is set, names a package variable so. A file
// that does not parse may do anything.
func usesName(file string, text []byte, name string, bare bool) bool {
	f, err := parser.ParseFile(token.NewFileSet(), file, text, 0)
	if err != nil {
		return true
	}
	if bare {
		return usesVariable(f, name)
	}
	found := false
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			found = found || n.Sel.Name == name
		case *ast.KeyValueExpr:
			id, ok := n.Key.(*ast.Ident)
			found = found || ok && id.Name == name
		}
		return !found
	})
	return found
}

// usesVariable reports whether a file has a name that nothing declared around
// it in that file explains, or selects it from what may be a package. Keys of
// composite literals may be fields or values; they count.
func usesVariable(f *ast.File, name string) bool {
	free := func(id *ast.Ident) bool { return slices.Contains(f.Unresolved, id) }
	found := slices.ContainsFunc(f.Unresolved, func(id *ast.Ident) bool { return id.Name == name }) ||
		f.Scope.Lookup(name) != nil
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			x, ok := n.X.(*ast.Ident)
			found = found || ok && n.Sel.Name == name && ast.IsExported(name) && free(x)
		case *ast.KeyValueExpr:
			id, ok := n.Key.(*ast.Ident)
			found = found || ok && id.Name == name && id.Obj == nil
		}
		return !found
	})
	return found
}
