package rules

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// copies replaces what copies the struct as a whole, while functions of
// sync/atomic change fields of it, by a literal that loads these:
//
//	return s.stats    return Stats{
//	                      Hits: atomic.LoadInt64(&s.stats.Hits),
//	                      ...
func (a *atomicEdit) copies(st *rewrite.Struct) string {
	for _, x := range a.site.Finding.Accesses {
		if !x.Whole || x.Fresh || x.Test {
			continue
		}
		at := fmt.Sprintf("%s:%d", base(x.At.File), x.At.Line)
		if x.Op != rewrite.Read {
			return "the struct is assigned as a whole at " + at
		}
		f, path := a.site.Module.Around(x.At)
		whole := copiedAt(f, path, st.Name.Type())
		if whole == nil {
			return "the struct is copied as a whole at " + at
		}
		code, reason := a.loaded(f, whole, st)
		if reason != "" {
			return reason
		}
		a.edits = append(a.edits, rewrite.Replace{Node: f.Span(whole), Code: code})
	}
	return ""
}

// copiedAt is the expression of a type on the path from a place, if it is one
// whose value goes elsewhere and that a chain of fields leads to.
func copiedAt(f *rewrite.File, path []ast.Node, t types.Type) ast.Expr {
	for i := 0; i < min(3, len(path)-1); i++ {
		e, ok := path[i].(ast.Expr)
		if !ok || f.Info.TypeOf(e) == nil || !types.Identical(f.Info.TypeOf(e), t) || rootIdent(e) == nil {
			continue
		}
		switch p := path[i+1].(type) {
		case *ast.SelectorExpr:
			if p.Sel == path[i] {
				continue // the selector is meant
			}
		case *ast.ReturnStmt:
			return e
		case *ast.AssignStmt:
			if slices.Contains(p.Rhs, e) {
				return e
			}
		case *ast.CallExpr:
			if i := slices.Index(p.Args, e); i >= 0 && !printed(f.Info, p, i) {
				return e
			}
		}
		return nil
	}
	return nil
}

// printed reports whether a call takes an argument for any value: it is shown to
// people, who want no literal there.
func printed(info *types.Info, call *ast.CallExpr, i int) bool {
	sig, ok := info.TypeOf(call.Fun).Underlying().(*types.Signature)
	return !ok || i >= sig.Params().Len() || sig.Variadic() && i == sig.Params().Len()-1 || types.IsInterface(sig.Params().At(i).Type())
}

// loaded is a literal of a struct's type with the values of its fields, those
// loaded that functions of sync/atomic change.
func (a *atomicEdit) loaded(f *rewrite.File, whole ast.Expr, st *rewrite.Struct) (rewrite.Code, string) {
	object := text(f, whole)
	if star, ok := whole.(*ast.StarExpr); ok {
		object = text(f, star.X)
	}
	name, imports := typeText(f, st.Name.Type())
	loads, fields := 0, 0
	code := rewrite.Code{Text: name + "{\n", Imports: append(imports, "sync/atomic")}
	for _, fl := range st.Type.Fields.List {
		if len(fl.Names) == 0 {
			return code, "the struct embeds another one"
		}
		for _, id := range fl.Names {
			fields++
			value := object + "." + id.Name
			if a.changedAtomically(st, st.File.Info.Defs[id]) {
				t, reason := atomicType(st.File.Info.TypeOf(fl.Type), fl, st)
				if reason != "" || t.narrow != "" || t.pointer {
					return code, id.Name + " has no function of sync/atomic that loads it"
				}
				loads++
				value = "atomic.Load" + upperFirst(t.value) + "(&" + value + ")"
			}
			code.Text += id.Name + ": " + value + ",\n"
		}
	}
	if 2*loads < fields {
		return code, "most of what is copied with it is no counter"
	}
	code.Text = strings.TrimSuffix(code.Text, "\n") + "\n}"
	return code, ""
}

// changedAtomically reports whether the package of a struct gives a function of
// sync/atomic the address of a field.
func (a *atomicEdit) changedAtomically(st *rewrite.Struct, field types.Object) bool {
	for _, f := range a.site.Module.Files(st.File.Pkg) {
		found := false
		ast.Inspect(f.Syntax, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return !found
			}
			addr, ok := ast.Unparen(call.Args[0]).(*ast.UnaryExpr)
			if !ok || !isAtomic(f.Info, call) {
				return !found
			}
			sel, ok := ast.Unparen(addr.X).(*ast.SelectorExpr)
			found = found || ok && f.Info.Uses[sel.Sel] == field
			return !found
		})
		if found {
			return true
		}
	}
	return false
}
