package golden

import (
	"go/ast"
	"go/token"
	"slices"
)

// place names what a node makes of one right in it; "other" if that says nothing
// by itself.
func place(inner, n ast.Node) string {
	switch n := n.(type) {
	case *ast.IfStmt:
		return choose(inner, "other", part{n.Cond, "if condition"}, part{n.Init, "if init"})
	case *ast.ForStmt:
		return choose(inner, "other", part{n.Cond, "for condition"}, part{n.Init, "for init"}, part{n.Post, "for post"})
	case *ast.SwitchStmt:
		return choose(inner, "other", part{n.Tag, "switch tag"}, part{n.Init, "switch init"})
	case *ast.TypeSwitchStmt:
		return choose(inner, "other", part{n.Assign, "type switch"})
	case *ast.CaseClause:
		if e, ok := inner.(ast.Expr); ok && slices.Contains(n.List, e) {
			return "case"
		}
	case *ast.CommClause:
		return choose(inner, "other", part{n.Comm, "select case"})
	case *ast.RangeStmt:
		if callsAny(n.Body) {
			return choose(inner, "other", part{n.X, "range with slow body"})
		}
		return choose(inner, "other", part{n.X, "range"})
	case *ast.BinaryExpr:
		if n.Op == token.LAND || n.Op == token.LOR {
			return choose(inner, "other", part{n.Y, "right of && or ||"})
		}
	case *ast.UnaryExpr:
		if n.Op == token.AND {
			return "address"
		}
	case *ast.CallExpr:
		return argument(inner, n)
	case *ast.IndexExpr:
		return choose(inner, "other", part{n.X, "element read"})
	case *ast.SelectorExpr:
		return "method call"
	case *ast.SendStmt:
		return "send"
	case *ast.KeyValueExpr, *ast.CompositeLit:
		return "composite literal"
	case *ast.ValueSpec:
		return "variable"
	case *ast.ReturnStmt:
		return "return"
	case *ast.IncDecStmt:
		return "++ and --"
	case *ast.AssignStmt:
		return assigned(inner, n)
	}
	return "other"
}

// refined tells places apart by what is around the node that named them, the
// first of the path.
func refined(name string, path []ast.Node) string {
	if len(path) < 2 {
		return name
	}
	switch up := path[1].(type) {
	case *ast.IfStmt:
		if name == "if condition" && up.Else == path[0] {
			return "else if"
		}
		return choose(path[0], name, part{up.Init, "if init"})
	case *ast.ForStmt:
		return choose(path[0], name, part{up.Init, "for init"}, part{up.Post, "for post"})
	case *ast.SwitchStmt:
		return choose(path[0], name, part{up.Init, "switch init"})
	case *ast.CommClause:
		return choose(path[0], name, part{up.Comm, "select case"})
	case *ast.GoStmt:
		if name == "argument" {
			return "go argument"
		}
	case *ast.DeferStmt:
		if name == "argument" {
			return "defer argument"
		}
	case *ast.IncDecStmt:
		if name == "element read" {
			return "element written"
		}
	case *ast.AssignStmt:
		if e, ok := path[0].(ast.Expr); ok && name == "element read" && slices.Contains(up.Lhs, e) {
			return "element written"
		}
	}
	return name
}

// A part is a child of a node, and what standing there is called.
type part struct {
	node ast.Node
	name string
}

func choose(inner ast.Node, otherwise string, parts ...part) string {
	for _, p := range parts {
		if p.node == inner {
			return p.name
		}
	}
	return otherwise
}

func argument(inner ast.Node, call *ast.CallExpr) string {
	if inner == ast.Node(call.Fun) {
		return "call of the field"
	}
	if id, ok := call.Fun.(*ast.Ident); ok {
		switch id.Name {
		case "append", "delete":
			return id.Name
		case "len", "cap", "int", "string":
			return "other"
		}
	}
	for _, a := range call.Args {
		if a == inner {
			break
		}
		if callsAny(a) {
			return "argument after a call"
		}
	}
	return "argument"
}

func assigned(inner ast.Node, as *ast.AssignStmt) string {
	left := slices.ContainsFunc(as.Lhs, func(e ast.Expr) bool { return e == inner })
	switch {
	case !left:
		return "assigned from"
	case len(as.Lhs) > 1:
		return "assigned with others"
	case as.Tok != token.ASSIGN:
		return "compound assignment"
	}
	return "assigned to"
}

// callsAny reports whether a node calls anything but builtins.
func callsAny(n ast.Node) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			id, ok := call.Fun.(*ast.Ident)
			found = found || !ok || !slices.Contains([]string{"append", "cap", "delete", "len", "make", "new"}, id.Name)
		}
		return !found
	})
	return found
}
