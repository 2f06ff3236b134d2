package load

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
)

// A Declared is a field, or a package variable, as other files may know it.
type Declared struct {
	Name  string
	Type  string   // the struct of a field, "" for a variable
	File  string   // that declares it
	Users []string // the files that use it
}

// Mentions returns the files of the module's packages that the build left out,
// or that were not named where others beside them were, and that use a field
// of this name, of whichever struct, or a variable: a change may break them. A
// file that does not parse may use anything; one that no build has together
// with the file that declares the field, or variable, means another. Where it
// declares that other one, what users do to the one they do to the other.
func (prog *Program) Mentions(d Declared) []string {
	seen := make(map[string]bool)
	var names []string
	for _, p := range prog.graph {
		if !prog.world.own[p.ID] {
			continue
		}
		for _, f := range slices.Concat(p.IgnoredFiles, prog.beside(p)) {
			if !seen[f] && strings.HasSuffix(f, ".go") && prog.mentions(f, d) {
				names = append(names, f)
			}
			seen[f] = true
		}
	}
	slices.Sort(names)
	return names
}

func (prog *Program) mentions(file string, d Declared) bool {
	text, err := prog.Source(file)
	if err != nil {
		return false
	}
	if together(file, d.File, prog.Source) {
		return usesName(file, text, d.Name, d.Type == "")
	}
	user := func(u string) bool { return u != d.File && together(file, u, prog.Source) }
	return filepath.Dir(file) == filepath.Dir(d.File) && declares(file, text, d) && slices.ContainsFunc(d.Users, user)
}

// declares reports whether a file declares a variable, or the struct type of a
// field, at the top level.
func declares(file string, text []byte, d Declared) bool {
	f, err := parser.ParseFile(token.NewFileSet(), file, text, 0)
	return err == nil && f.Scope.Lookup(cmp.Or(d.Type, d.Name)) != nil
}

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
