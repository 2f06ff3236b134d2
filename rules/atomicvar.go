package rules

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"

	"github.com/go-fixer/fixer/rewrite"
)

// atomicVariable rewrites the uses of a variable for the typed atomic that can
// hold it, or says why none can. Typ is its type as its declaration spells it,
// nil if that does not.
func atomicVariable(s *rewrite.Site, f *rewrite.File, t types.Type, typ ast.Expr, uses []*rewrite.Use) (*atomicEdit, string) {
	if !goAtLeast(s.Module.GoVersion(f), 19) {
		return nil, "typed atomics need go 1.19 in go.mod"
	}
	a, reason := atomicType(t, &ast.Field{Type: typ}, &rewrite.Struct{File: f})
	if reason != "" {
		return nil, reason
	}
	a.site = s
	for _, u := range uses {
		if addr, ok := u.Path[1].(*ast.UnaryExpr); ok && addr.Op == token.AND && atomicCall(u) == nil {
			return nil, addressTaken(u)
		}
	}
	if reason := a.all(uses); reason != "" {
		return nil, reason
	}
	return a, ""
}

// startsZero reports whether a declaration gives a variable the zero value
// that an atomic starts with.
func startsZero(f *rewrite.File, spec *ast.ValueSpec) bool {
	return len(spec.Values) == 0 || len(spec.Names) == 1 && zero(converted(f, spec.Values[0]))
}

// converted looks through a conversion.
func converted(f *rewrite.File, e ast.Expr) ast.Expr {
	if call, ok := e.(*ast.CallExpr); ok && len(call.Args) == 1 && f.Info.Types[call.Fun].IsType() {
		return call.Args[0]
	}
	return e
}

// atomic makes a flag or counter of a function a typed atomic, or says why
// not.
func (v *variable) atomic() (*rewrite.Fix, string) {
	var typ ast.Expr
	f := v.file
	spec, declared := v.path[1].(*ast.ValueSpec)
	if declared {
		typ = spec.Type
	}
	a, reason := atomicVariable(v.site, f, v.obj.Type(), typ, v.uses)
	if reason != "" {
		return nil, reason
	}
	define, _ := v.path[1].(*ast.AssignStmt)
	switch {
	case declared && startsZero(f, spec):
		a.edits = append(a.edits, rewrite.Redeclare{Var: f.Span(v.path[0]), Type: a.code})
	case define != nil && len(define.Lhs) == 1 && inList(v.path[2]) && zero(converted(f, define.Rhs[0])):
		a.edits = append(a.edits, rewrite.Replace{Node: f.Span(define),
			Code: rewrite.Code{Text: "var " + v.obj.Name() + " " + a.code.Text, Imports: a.code.Imports}})
	default:
		return nil, fmt.Sprintf("%s:%d gives it a value that an atomic can't start with", base(f.Name), f.Span(v.path[0]).Line)
	}
	return &rewrite.Fix{
		Title:  fmt.Sprintf("Make %s an %s", v.obj.Name(), a.code.Text),
		Places: []string{v.site.Finding.Place.Key}, Safety: rewrite.Safe, Edits: a.edits,
	}, ""
}
