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

// fresh returns a name for a variable that nothing in the function has.
func (a *atomicEdit) fresh(u *rewrite.Use, name string) string {
	fn := function(u)
	name = fresh(u, name, a.names[fn]...)
	a.names[fn] = append(a.names[fn], name)
	return name
}

// objectName returns a name for a new object that is used by a statement and
// those inserted above it: other lists of statements may use the name again.
func (a *atomicEdit) objectName(u *rewrite.Use, stmt ast.Stmt) string {
	var in ast.Node
	for i, n := range u.Path {
		if n == ast.Node(stmt) {
			in = u.Path[i+1]
		}
	}
	taken := append(slices.Clone(a.names[in]), a.names[function(u)]...)
	name := receiverName(u, a.site)
	for _, try := range []string{name, lowerFirst(a.site.Module.Struct(a.site.Finding.Place.Owner).Name.Name()), "new" + upperFirst(name)} {
		if name = fresh(u, try, taken...); name == try {
			break
		}
	}
	a.names[in] = append(a.names[in], name)
	return name
}

// literal moves an initial value out of a composite literal: below the
// statement that gives the new object a name, or, where it gets none, below a
// new one that does.
func (a *atomicEdit) literal(u *rewrite.Use, kv *ast.KeyValueExpr) string {
	if zero(kv.Value) {
		a.edits = append(a.edits, rewrite.Drop{Node: u.File.Span(kv)})
		return ""
	}
	lit := u.Path[1].(*ast.CompositeLit)
	var made ast.Expr = lit
	up := u.Path[2:]
	if addr, ok := up[0].(*ast.UnaryExpr); ok && addr.Op == token.AND {
		made, up = addr, up[1:]
	}
	late := fmt.Sprintf("%s:%d computes the initial value: its place in the order of evaluation would change", base(u.File.Name), u.File.Span(kv).Line)
	constant := movable(u.File.Info, kv.Value)
	if v, stmt := named(u, made, up); v != "" {
		if !constant && calls(u.File.Info, stmt, kv.End(), stmt.End()) {
			return late
		}
		a.store(u, kv, v, stmt, true)
		return ""
	}
	if stmt := ahead(u, made, up); stmt != nil && made != ast.Expr(lit) {
		if !constant && calls(u.File.Info, lit, kv.End(), lit.End()) {
			return late
		}
		v := a.objectName(u, stmt)
		a.edits = append(a.edits,
			rewrite.Insert{Stmt: u.File.Span(stmt), Code: rewrite.Code{Text: v + " := $0"}, Holes: []rewrite.Span{u.File.Span(made)}},
			rewrite.Replace{Node: u.File.Span(made), Code: rewrite.Code{Text: v}})
		a.store(u, kv, v, stmt, false)
		return ""
	}
	return fmt.Sprintf("the object made at %s:%d has no name by which its initial value could be stored", base(u.File.Name), u.File.Span(lit).Line)
}

// store turns an element of a literal into a Store beside a statement.
func (a *atomicEdit) store(u *rewrite.Use, kv *ast.KeyValueExpr, object string, stmt ast.Stmt, after bool) {
	v, arg := a.arg(u, kv.Value)
	a.edits = append(a.edits,
		rewrite.Drop{Node: u.File.Span(kv)},
		rewrite.Insert{Stmt: u.File.Span(stmt), After: after,
			Code:  rewrite.Code{Text: object + "." + shortName(a.site.Finding.Place) + ".Store(" + arg + ")"},
			Holes: []rewrite.Span{u.File.Span(v)}, Comments: u.File.Span(kv)})
}

// named returns the local variable that a statement assigns a new object to.
func named(u *rewrite.Use, made ast.Expr, up []ast.Node) (string, ast.Stmt) {
	local := func(id *ast.Ident) bool {
		o := u.File.Info.ObjectOf(id)
		return id.Name != "_" && o != nil && o.Parent() != u.File.Pkg.Scope()
	}
	switch p := up[0].(type) {
	case *ast.AssignStmt:
		if i := slices.Index(p.Rhs, made); i >= 0 && len(p.Lhs) == len(p.Rhs) && inList(up[1]) {
			if v, ok := p.Lhs[i].(*ast.Ident); ok && local(v) {
				return v.Name, p
			}
		}
	case *ast.ValueSpec:
		if i := slices.Index(p.Values, made); i >= 0 && len(up) > 2 && len(p.Names) == len(p.Values) {
			if d, ok := up[2].(*ast.DeclStmt); ok && local(p.Names[i]) {
				return p.Names[i].Name, d
			}
		}
	}
	return "", nil
}

// ahead returns the statement around a new object if the object may as well
// be made in a statement of its own above it.
func ahead(u *rewrite.Use, made ast.Expr, up []ast.Node) ast.Stmt {
	for i, n := range up {
		switch n := n.(type) {
		case *ast.ParenExpr, *ast.CallExpr, *ast.CompositeLit, *ast.KeyValueExpr, *ast.SelectorExpr:
		case *ast.UnaryExpr:
			if n.Op != token.AND {
				return nil
			}
		case *ast.ReturnStmt, *ast.AssignStmt, *ast.ExprStmt, *ast.SendStmt, *ast.GoStmt, *ast.DeferStmt:
			if !inList(up[i+1]) || !slices.Contains(list(up[i+1]), n.(ast.Stmt)) || calls(u.File.Info, n, n.Pos(), made.Pos()) {
				return nil
			}
			return n.(ast.Stmt)
		default:
			return nil
		}
	}
	return nil
}

// calls reports whether something between two positions of a node calls or
// receives something.
func calls(info *types.Info, n ast.Node, from, to token.Pos) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if e, ok := n.(ast.Expr); ok && from <= e.Pos() && e.End() <= to && !movable(info, e) {
			found = true
		}
		_, isFunc := n.(*ast.FuncLit)
		return !found && !isFunc
	})
	return found
}

// zero reports whether an expression is the zero value an atomic starts with.
func zero(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name == "false" || e.Name == "nil"
	case *ast.BasicLit:
		return strings.Trim(e.Value, "0x_.") == ""
	}
	return false
}

// movable reports whether evaluating an expression a little later gives the
// same value: constants, and variables nothing in between can change.
func movable(info *types.Info, e ast.Expr) bool {
	ok := true
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if tv := info.Types[n.Fun]; !tv.IsType() && !tv.IsBuiltin() && info.Types[n].Value == nil {
				ok = false
			}
		case *ast.UnaryExpr:
			ok = ok && n.Op != token.ARROW
		case *ast.FuncLit:
			return false
		}
		return ok
	})
	return ok
}
