package rules

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// receivers makes a value receiver a pointer, and those of other methods of the
// type: of all that call this one, which they would do on a copy, and of those that
// take no lock and have no reason to stay as they are.
func (c *duplicate) receivers() ([]rewrite.Edit, string) {
	fd, ok := c.path[len(c.path)-2].(*ast.FuncDecl)
	if !ok || fd.Recv == nil {
		return nil, "the receiver is not where it is declared"
	}
	if reason := c.receiver(fd); reason != "" {
		return nil, reason
	}
	edits := []rewrite.Edit{c.star(fd.Recv.List[0].Type)}
	others := c.methods()
	callers := map[types.Object]bool{c.file.Info.Defs[fd.Name]: true}
	for range others { // they may call each other in turn
		for _, d := range others {
			if d.calls(callers) {
				callers[d.method()] = true
			}
		}
	}
	for _, d := range others {
		reason := d.receiver(d.path[1].(*ast.FuncDecl))
		if d.written() {
			reason = fmt.Sprintf("%s writes into its copy, which others would see", d.method().Name())
		}
		if !callers[d.method()] {
			if reason != "" || d.caution != "" && c.caution == "" || d.takesLock() {
				continue
			}
		} else if reason != "" {
			return nil, reason
		}
		c.caution = cmp.Or(c.caution, d.caution)
		edits = append(edits, d.star(d.path[1].(*ast.FuncDecl).Recv.List[0].Type))
	}
	return edits, ""
}

// receiver says why a value receiver can't become a pointer.
func (c *duplicate) receiver(fd *ast.FuncDecl) string {
	name, t := fd.Name.Name, types.Unalias(deref(c.v.Type()))
	if slices.Contains(onValues, name) {
		return fmt.Sprintf("libraries look for %s on values", name)
	}
	if n, ok := t.(*types.Named); ok && fd.Name.IsExported() && n.Obj().Exported() && !closed(c.file.Pkg) {
		c.caution = fmt.Sprintf("%s is exported: code outside the module may call it on values of %s that have no address", name, n.Obj().Name())
	}
	if use := c.whole(fd.Body); use != nil {
		return fmt.Sprintf("%s uses the copy as a whole", c.at(use))
	}
	return ""
}

// methods finds the other methods of the type with a receiver that is a copy.
func (c *duplicate) methods() []*duplicate {
	var out []*duplicate
	for f, fd := range functions(c.site.Module, c.file.Pkg) {
		if fd.Recv == nil || len(fd.Recv.List[0].Names) == 0 {
			continue
		}
		id := fd.Recv.List[0].Names[0]
		if v := f.Info.Defs[id]; v != nil && v.Pos() != c.v.Pos() && types.Identical(v.Type(), c.v.Type()) {
			out = append(out, &duplicate{site: c.site, file: f, name: id, v: v, path: []ast.Node{id, fd, f.Syntax}})
		}
	}
	return out
}

func (c *duplicate) method() types.Object {
	return c.file.Info.Defs[c.path[1].(*ast.FuncDecl).Name]
}

// takesLock reports whether a method takes a lock by itself.
func (c *duplicate) takesLock() bool {
	b := c.path[1].(*ast.FuncDecl).Body
	return len(c.site.Module.Calls(c.file, b.Pos(), b.End()).Locks) > 0
}

// written reports whether a method changes the copy itself, or takes the address
// of a part of it.
func (c *duplicate) written() bool {
	found := false
	part := func(e ast.Expr) {
		if sel, ok := ast.Unparen(e).(*ast.SelectorExpr); ok {
			id := rootIdent(sel)
			found = found || id != nil && c.file.Info.Uses[id] == c.v
		}
	}
	ast.Inspect(c.path[1], func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, l := range n.Lhs {
				part(l)
			}
		case *ast.IncDecStmt:
			part(n.X)
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				part(n.X)
			}
		}
		return !found
	})
	return found
}

// calls reports whether a method calls one of some others on what it got.
func (c *duplicate) calls(methods map[types.Object]bool) bool {
	found := false
	ast.Inspect(c.path[1], func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && methods[c.file.Info.Uses[sel.Sel]] {
			x, ok := ast.Unparen(sel.X).(*ast.Ident)
			found = found || ok && c.file.Info.Uses[x] == c.v
		}
		return !found
	})
	return found
}
