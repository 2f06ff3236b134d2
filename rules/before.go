package rules

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// before hands a goroutine the value that the variable has when it starts,
// where it only reads the variable, once, and its starter goes on to change
// it. The context that it is started with is meant however often it is read: its
// starter derives another one for itself.
func (v *variable) before() (*rewrite.Fix, bool) {
	ctx := typeKey(v.obj.Type()) == "context.Context"
	var lit *ast.FuncLit
	var reads []*rewrite.Use
	for _, u := range v.uses {
		l := v.literal(u)
		switch {
		case l == nil, ctx && v.changes(u) == "" && !v.races(u):
			continue
		case v.changes(u) != "" || lit != nil && l != lit || !ctx && v.repeats(u, l) || v.changesInPlace():
			return nil, false
		}
		lit = l
		reads = append(reads, u)
	}
	_, plain := v.obj.Type().Underlying().(*types.Basic)
	if lit == nil || !slices.ContainsFunc(reads, v.races) || !ctx && !plain || !v.startsWithValue() {
		return nil, false
	}
	start, _ := v.startOf(lit)
	if start == nil || start.Pos() < v.obj.Pos() {
		return nil, false
	}
	name := fresh(&rewrite.Use{File: v.file, Path: []ast.Node{v.outermost()}}, v.obj.Name())
	edits := []rewrite.Edit{rewrite.Insert{Stmt: v.file.Span(start), Code: rewrite.Code{Text: name + " := " + v.obj.Name()}}}
	for _, u := range reads {
		edits = append(edits, rewrite.Replace{Node: v.file.Span(u.Path[0]), Code: rewrite.Code{Text: name}})
	}
	return &rewrite.Fix{
		Title:  fmt.Sprintf("Give the goroutine the %s it is started with", v.obj.Name()),
		Places: []string{v.site.Finding.Place.Key}, Safety: rewrite.Safe, Edits: edits,
	}, true
}

// startsWithValue reports whether the variable has a value that means something
// where it is declared: it is a parameter, or set to more than zero.
func (v *variable) startsWithValue() bool {
	if v.parameter() {
		return !v.result()
	}
	define, ok := v.path[1].(*ast.AssignStmt)
	return ok && len(define.Rhs) == 1 && !zero(define.Rhs[0])
}

// repeats reports whether a literal reads a mention again and again, or in a
// function of its own: it may want to see what changes.
func (v *variable) repeats(u *rewrite.Use, lit *ast.FuncLit) bool {
	for _, n := range u.Path {
		switch n.(type) {
		case *ast.ForStmt, *ast.RangeStmt:
			return true
		case *ast.FuncLit:
			return n != ast.Node(lit)
		}
	}
	return true
}

// startOf returns the statement that starts a goroutine with a literal, itself or by
// a call that it is handed to, if the variable's owner lists it, and what lists it.
func (v *variable) startOf(lit *ast.FuncLit) (start ast.Stmt, in ast.Node) {
	ast.Inspect(body(v.owner()), func(n ast.Node) bool {
		if start == nil && inList(n) {
			for _, s := range list(n) {
				var call ast.Expr
				switch s := s.(type) {
				case *ast.GoStmt:
					call = s.Call
				case *ast.ExprStmt:
					call = s.X
				}
				if c, ok := call.(*ast.CallExpr); ok && (c.Fun == ast.Expr(lit) || slices.Contains(c.Args, ast.Expr(lit))) {
					start, in = s, n
				}
			}
		}
		return start == nil
	})
	return start, in
}
