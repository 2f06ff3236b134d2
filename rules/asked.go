package rules

import (
	"go/ast"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// asked reports whether a use comes after a call, on the same object, of the method
// that sets the place first of all: it is there by then.
//
//	func (c *Client) ensure() {
//		if c.cache == nil {
//			c.cache = newCache()
//		}
//	}
//
//	func (c *Client) Get(k string) string {
//		c.ensure()
//		return c.cache.get(k)
//	}
func (z *lazy) asked(u *rewrite.Use) bool {
	setter, ok := z.fn.(*ast.FuncDecl)
	object := spot{Use: u, sel: u.Path[0].(ast.Expr)}.object()
	id, named := object.(*ast.Ident)
	if !ok || setter.Recv == nil || setter.Body.List[0] != ast.Stmt(z.test) || !named {
		return false
	}
	obj := z.File.Info.Defs[setter.Name]
	for _, n := range u.Path {
		fd, ok := n.(*ast.FuncDecl)
		if !ok {
			continue
		}
		i := slices.IndexFunc(fd.Body.List, func(s ast.Stmt) bool {
			call := stmtCall(s)
			if call == nil || !isExpr(s) {
				return false
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			return ok && u.File.Info.Uses[sel.Sel] == obj && text(u.File, sel.X) == id.Name
		})
		return i >= 0 && fd.Body.List[i].End() < u.Path[0].Pos() && isReceiver(spot{Use: &rewrite.Use{File: u.File, Path: []ast.Node{id, fd}}}, id)
	}
	return false
}
