package rules

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// thisTurn gives goroutines that a loop starts the value of the turn they are started
// in: the loop sets the variable above their start and goes on to its next turn, and
// they don't ask what became of it meanwhile.
//
//	for ... {
//		round++
//		go func() { results <- result{round, work()} }()
//	}
func (v *variable) thisTurn() (*rewrite.Fix, bool) {
	var lits []*ast.FuncLit
	for _, u := range v.uses {
		lit := v.literal(u)
		switch {
		case addressed(u), lit == nil && v.changes(u) != "" && !replaced(u), lit != nil && (v.changes(u) != "" || v.asked(u, lit)):
			return nil, false
		case lit == nil:
		case v.races(u) && !slices.Contains(lits, lit):
			lits = append(lits, lit)
		}
	}
	type listed struct {
		stmt ast.Stmt
		in   ast.Node
	}
	var starts []listed
	for _, lit := range lits {
		start, in := v.startOf(lit)
		if start == nil {
			return nil, false
		}
		loop := v.around(start.Pos())
		if loop == nil || !v.setAbove(start, loop) || v.polled(lit) && !v.eachTurn(start, loop, lit) {
			return nil, false
		}
		starts = append(starts, listed{start, in})
	}
	slices.SortFunc(starts, func(a, b listed) int { return int(a.stmt.Pos() - b.stmt.Pos()) })
	name := v.obj.Name()
	var copied []ast.Node // the lists that have their own
	var edits []rewrite.Edit
	for _, s := range starts {
		if slices.ContainsFunc(copied, func(in ast.Node) bool { return contains(in, s.stmt) }) {
			continue
		}
		copied = append(copied, s.in)
		edits = append(edits, rewrite.Insert{Stmt: v.file.Span(s.stmt), Code: rewrite.Code{Text: name + " := " + name}})
	}
	return &rewrite.Fix{
		Title:  fmt.Sprintf("Give the goroutines of each turn its %s", name),
		Places: []string{v.site.Finding.Place.Key}, Safety: rewrite.Safe, Edits: edits,
	}, len(edits) > 0
}

// replaced reports whether a mention gives the variable another value.
func replaced(u *rewrite.Use) bool {
	switch s := u.Path[1].(type) {
	case *ast.IncDecStmt:
		return true
	case *ast.AssignStmt:
		return slices.Contains(s.Lhs, u.Path[0].(ast.Expr))
	}
	return false
}

// asked reports whether what a literal does depends on the variable: it may be there to
// see it change.
func (v *variable) asked(u *rewrite.Use, lit *ast.FuncLit) bool {
	for i, n := range u.Path[1:] {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			return true
		case *ast.IfStmt:
			return n.Cond == u.Path[i]
		case *ast.ForStmt:
			return n.Cond == u.Path[i]
		case *ast.SwitchStmt, *ast.CaseClause:
			return true
		case ast.Stmt:
			return false
		}
		if n == ast.Node(lit) {
			return false
		}
	}
	return false
}

// setAbove reports whether the loop around a start sets the variable, and only above it.
func (v *variable) setAbove(start, loop ast.Stmt) bool {
	sets := false
	for _, u := range v.uses {
		if v.changes(u) == "" || u.Path[0].Pos() < loop.Pos() {
			continue
		}
		if u.Path[1].End() > start.Pos() {
			return false
		}
		sets = true
	}
	return sets
}

// polled reports whether a literal reads the variable again and again.
func (v *variable) polled(lit *ast.FuncLit) bool {
	return slices.ContainsFunc(v.uses, func(u *rewrite.Use) bool { return v.literal(u) == lit && v.repeats(u, lit) })
}

// eachTurn reports whether every turn of the loop around a start makes it, or waits
// behind it for the literal: then that is none which goes on beside the loop.
func (v *variable) eachTurn(start, loop ast.Stmt, lit *ast.FuncLit) bool {
	always, awaited := true, false
	ast.Inspect(loop, func(n ast.Node) bool {
		if n == nil || !contains(n, start) {
			return false
		}
		switch n := n.(type) {
		case *ast.IfStmt:
			always = always && v.same(n.Cond, loop)
		case *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
			always = false
		}
		awaited = awaited || slices.ContainsFunc(list(n), func(s ast.Stmt) bool { return s.Pos() > start.End() && v.waitsFor(s, lit) })
		return true
	})
	return always || awaited
}

// same reports whether a condition is made of variables that nothing in a loop changes,
// and of constants.
func (v *variable) same(cond ast.Expr, loop ast.Stmt) bool {
	ok := true
	ast.Inspect(cond, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr, *ast.IndexExpr, *ast.StarExpr, *ast.FuncLit:
			ok = false
		case *ast.SelectorExpr:
			ok = ok && !isPointer(v.file.Info.TypeOf(n.X))
		case *ast.Ident:
			o, isVar := v.file.Info.Uses[n].(*types.Var)
			ok = ok && (!isVar || o.IsField() || v.fixedFrom(o, loop.Pos()))
		}
		return ok
	})
	return ok
}

// waitsFor reports whether a statement waits for something that a literal has to do with.
func (v *variable) waitsFor(s ast.Stmt, lit *ast.FuncLit) bool {
	if _, send := s.(*ast.SendStmt); send || !v.waits(s) {
		return false
	}
	found := false
	ast.Inspect(s, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			o, isVar := v.file.Info.Uses[id].(*types.Var)
			found = found || isVar && mentionsObject(v.file.Info, lit, o)
		}
		return !found
	})
	return found
}
