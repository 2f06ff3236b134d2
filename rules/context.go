package rules

import (
	"fmt"
	"go/ast"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// wrapped gives each goroutine that wraps the context of its starter a context
// variable of its own: what it does to it is meant for what it calls.
//
//	go func() {
//		ctx := ctx
//		if t > 0 {
//			ctx, cancel = context.WithTimeout(ctx, t)
//		}
//		...
func (v *variable) wrapped() (*rewrite.Fix, bool) {
	if typeKey(v.obj.Type()) != "context.Context" {
		return nil, false
	}
	var literals []*ast.FuncLit
	racing := false
	for _, u := range v.uses {
		lit := v.literal(u)
		if !v.sets(u) || lit == nil {
			continue
		}
		if racing = racing || v.races(u); !slices.Contains(literals, lit) {
			literals = append(literals, lit)
		}
		if !beside(u, lit) {
			return nil, false
		}
	}
	if !racing || v.changesInPlace() || v.setBeside(literals) || v.awaited(literals) {
		return nil, false
	}
	var edits []rewrite.Edit
	name := v.obj.Name()
	for _, lit := range literals {
		first := slices.IndexFunc(lit.Body.List, func(s ast.Stmt) bool {
			return slices.ContainsFunc(v.uses, func(u *rewrite.Use) bool { return contains(s, u.Path[0]) })
		})
		edits = append(edits, rewrite.Insert{Stmt: v.file.Span(lit.Body.List[first]), Code: rewrite.Code{Text: name + " := " + name}})
	}
	return &rewrite.Fix{
		Title:  fmt.Sprintf("Give each goroutine its own %s", name),
		Places: []string{v.site.Finding.Place.Key}, Safety: rewrite.Safe, Edits: edits,
	}, true
}

// setBeside reports whether something else than some literals sets the variable
// once the first of them may run.
func (v *variable) setBeside(literals []*ast.FuncLit) bool {
	return slices.ContainsFunc(v.uses, func(u *rewrite.Use) bool {
		return v.sets(u) && !slices.Contains(literals, v.literal(u)) && slices.ContainsFunc(literals, func(lit *ast.FuncLit) bool {
			loop := v.around(lit.Pos())
			return u.Path[0].Pos() > lit.Pos() || loop != nil && contains(loop, u.Path[0])
		})
	})
}

// awaited reports whether something else than some literals reads the variable when
// they are waited for: what they make of it, perhaps.
func (v *variable) awaited(literals []*ast.FuncLit) bool {
	return slices.ContainsFunc(v.uses, func(u *rewrite.Use) bool {
		return !v.sets(u) && !slices.Contains(literals, v.literal(u)) && v.waitBefore(u) != nil
	})
}

// beside reports whether the literal around a use runs in a goroutine of its own: a
// go statement runs it, or the method Go of a group.
func beside(u *rewrite.Use, lit *ast.FuncLit) bool {
	i := slices.Index(u.Path, ast.Node(lit))
	call, ok := u.Path[i+1].(*ast.CallExpr)
	if !ok {
		return false
	}
	if call.Fun == ast.Expr(lit) {
		_, started := u.Path[i+2].(*ast.GoStmt)
		return started
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	return ok && sel.Sel.Name == "Go"
}
