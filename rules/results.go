package rules

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// returnThatSets returns where a return statement sets the variable, a result
// with a name, while others are at it.
func (v *variable) returnThatSets() (rewrite.Span, bool) {
	for _, a := range v.site.Finding.Accesses {
		if a.Races && a.Op == rewrite.Write && v.result() && !v.named(a) {
			return a.At, true
		}
	}
	return rewrite.Span{}, false
}

// result reports whether the variable is a result of its function.
func (v *variable) result() bool {
	typ := funcType(v.owner())
	return typ.Results != nil && contains(typ.Results, v.path[0])
}

// unnamed takes the names off the results of the function and declares them as
// variables of its body: what a return gives back is nobody else's then.
func (v *variable) unnamed(set rewrite.Span) (*rewrite.Fix, string) {
	sets := fmt.Sprintf("the return at %s:%d sets it", base(set.File), set.Line)
	if v.returned() {
		return nil, sets + ", and another one returns what it holds without a word"
	}
	results, block := funcType(v.owner()).Results, body(v.owner()).List
	var edits []rewrite.Edit
	var vars []string
	last := block[len(block)-1]
	defined := make(map[*ast.AssignStmt]bool)
	for _, field := range results.List {
		for _, name := range field.Names {
			m := v.tells(name)
			switch {
			case len(m.all) == 0:
				continue
			case m.deferred != token.NoPos:
				return v.renamed(fmt.Sprintf("%s, and the deferred function at line %d is told what is returned", sets, v.file.Fset.Position(m.deferred).Line))
			case !m.read:
				return nil, fmt.Sprintf("%s, and nothing else reads %s", sets, name.Name)
			}
			stmt, as := m.first()
			if as != nil && (as.Tok == token.DEFINE || defined[as] || v.defines(as)) {
				if as.Tok == token.ASSIGN && !defined[as] {
					edits = append(edits, rewrite.Replace{Node: v.file.Span(as), Code: rewrite.Code{Text: lhsText(v.file, as) + " := $0"}, Holes: []rewrite.Span{v.file.Span(as.Rhs[0])}})
				}
				defined[as] = true
				continue
			}
			vars = append(vars, "var "+name.Name+" "+text(v.file, field.Type))
			if stmt = v.aboveLabel(stmt); stmt.Pos() < last.Pos() {
				last = stmt
			}
		}
	}
	if len(vars) > 0 {
		edits = append(edits, rewrite.Insert{Stmt: v.file.Span(last), Code: rewrite.Code{Text: strings.Join(vars, "\n")}})
	}
	return &rewrite.Fix{
		Title:  fmt.Sprintf("Give the function a %s that no return sets", v.obj.Name()),
		Places: []string{v.site.Finding.Place.Key}, Safety: rewrite.Safe,
		Edits: append(edits, rewrite.Drop{Node: v.file.Span(results.List[0].Names[0])}),
	}, ""
}

// renamed gives the result another name, which the functions know that are deferred to be
// told of it, and declares a variable of the body by its old one. Where that can't be, it
// says what was in the way of less.
func (v *variable) renamed(sets string) (*rewrite.Fix, string) {
	result := v.path[0].(*ast.Ident)
	use := &rewrite.Use{File: v.file, Path: []ast.Node{body(v.owner()), v.owner()}}
	name := fresh(use, "ret"+upperFirst(result.Name))
	edits := []rewrite.Edit{rewrite.Replace{Node: v.file.Span(result), Code: rewrite.Code{Text: name}}}
	var own told
	for _, path := range v.tells(result).all {
		up := path[:len(path)-1]
		if !mayBeDeferred(up) {
			own.all = append(own.all, path)
			continue
		}
		i := slices.IndexFunc(up, func(n ast.Node) bool { _, ok := n.(*ast.DeferStmt); return ok })
		if i < 0 {
			return nil, sets
		}
		d := up[i].(*ast.DeferStmt)
		addr, _ := up[len(up)-1].(*ast.UnaryExpr)
		if !runsLiteral(d, up) || addr != nil && addr.Op == token.AND || recovers(v.file, d.Call.Fun) {
			return nil, sets
		}
		edits = append(edits, rewrite.Replace{Node: v.file.Span(path[len(path)-1]), Code: rewrite.Code{Text: name}})
	}
	if len(own.all) == 0 {
		return nil, sets
	}
	if stmt, as := own.first(); as == nil || as.Tok != token.DEFINE {
		typ, ok := v.typeText()
		if !ok {
			return nil, sets
		}
		edits = append(edits, rewrite.Insert{Stmt: v.file.Span(v.aboveLabel(stmt)), Code: rewrite.Code{Text: "var " + result.Name + " " + typ}})
	}
	return &rewrite.Fix{
		Title:  fmt.Sprintf("Give the function a %s that no return sets", result.Name),
		Places: []string{v.site.Finding.Place.Key}, Safety: rewrite.Safe, Edits: edits,
	}, ""
}

// aboveLabel returns the statement of the function's body that a variable has to be declared
// above to be the same one in a statement which is run again and again: one with a label
// that a goto below that goes back to.
func (v *variable) aboveLabel(stmt ast.Stmt) ast.Stmt {
	back := make(map[string]bool)
	ast.Inspect(body(v.owner()), func(n ast.Node) bool {
		if b, ok := n.(*ast.BranchStmt); ok && b.Tok == token.GOTO && b.Pos() >= stmt.Pos() {
			back[b.Label.Name] = true
		}
		return true
	})
	for _, s := range body(v.owner()).List {
		if l, ok := s.(*ast.LabeledStmt); ok && l.Pos() <= stmt.Pos() && back[l.Label.Name] {
			return l
		}
	}
	return stmt
}

// told is what the body of a function tells of a result.
type told struct {
	all      [][]ast.Node // what is around each, outermost first, and the name
	read     bool         // one of them does not set it
	deferred token.Pos    // of one in what may run when the function returns
}

// tells looks for the mentions of a result of the variable's function.
func (v *variable) tells(result *ast.Ident) told {
	var m told
	ast.PreorderStack(body(v.owner()), nil, func(n ast.Node, up []ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok || v.file.Info.Uses[id] != v.file.Info.Defs[result] {
			return true
		}
		m.all = append(m.all, append(slices.Clone(up), n))
		as, ok := up[len(up)-1].(*ast.AssignStmt)
		m.read = m.read || !ok || as.Tok != token.ASSIGN && as.Tok != token.DEFINE || !slices.Contains(as.Lhs, ast.Expr(id))
		if m.deferred == token.NoPos && mayBeDeferred(up) {
			m.deferred = id.Pos()
		}
		return true
	})
	return m
}

// mayBeDeferred reports whether what is below these nodes, outermost first, may run
// when the function returns: in a defer statement, or a function literal that is
// kept. What is below the start of a goroutine does not.
func mayBeDeferred(up []ast.Node) bool {
	for i, n := range up {
		switch n.(type) {
		case *ast.GoStmt:
			return false
		case *ast.DeferStmt:
			return true
		case *ast.FuncLit:
			_, called := up[i-1].(*ast.CallExpr)
			return !called
		}
	}
	return false
}

// first returns the statement of the function's body with the first mention,
// and that as an assignment to the result.
func (m told) first() (ast.Stmt, *ast.AssignStmt) {
	path := m.all[0]
	as, ok := path[1].(*ast.AssignStmt)
	if !ok || !slices.Contains(as.Lhs, path[len(path)-1].(ast.Expr)) {
		as = nil
	}
	return path[1].(ast.Stmt), as
}

// defines reports whether an assignment in the function's body would declare
// its results, and nothing else, with the types they have, if it had a :=.
func (v *variable) defines(as *ast.AssignStmt) bool {
	if as.Tok != token.ASSIGN || len(as.Rhs) != 1 {
		return false
	}
	t := v.file.Info.TypeOf(as.Rhs[0])
	for i, l := range as.Lhs {
		id, ok := l.(*ast.Ident)
		if !ok {
			return false
		}
		typ := t
		if tuple, ok := t.(*types.Tuple); ok {
			typ = tuple.At(i).Type()
		}
		o, _ := v.file.Info.Uses[id].(*types.Var)
		if id.Name != "_" && (o == nil || o.Kind() != types.ResultVar || !types.Identical(o.Type(), typ)) {
			return false
		}
	}
	return true
}
