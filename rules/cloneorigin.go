package rules

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// maxCallers bounds how far back it is looked where an object comes from.
const maxCallers = 8

// meant says why a write means an object that will be a copy: what it writes
// to came out of the lock by one of the functions that will copy, or it can't
// be told where it came from.
func (c *cloning) meant(u *rewrite.Use, x ast.Expr, depth int) string {
	at := fmt.Sprintf("%s:%d", base(u.File.Name), u.File.Span(u.Path[0]).Line)
	id, call := startOf(x)
	if call != nil {
		return c.called(u, call, at)
	}
	if id == nil {
		return at + " writes to an object that has no name"
	}
	v, ok := u.File.Info.Uses[id].(*types.Var)
	if !ok {
		return ""
	}
	if !c.returned(v.Type()) {
		return "" // what holds the object was not copied
	}
	fn := function(u)
	if i, fd := parameterOf(u.File, fn, v); fd != nil {
		return c.passed(u, fd, i, depth, at)
	}
	reason := ""
	ast.Inspect(fn, func(n ast.Node) bool {
		if reason != "" {
			return false
		}
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, lhs := range n.Lhs {
				l, ok := lhs.(*ast.Ident)
				if !ok || u.File.Info.ObjectOf(l) != v {
					continue
				}
				if len(n.Rhs) == 1 {
					i = 0
				}
				reason = c.from(u, n.Rhs[i], depth, at)
			}
		case *ast.RangeStmt:
			if l, ok := n.Value.(*ast.Ident); ok && u.File.Info.ObjectOf(l) == v {
				reason = c.from(u, n.X, depth, at)
			}
		}
		return true
	})
	return reason
}

// returned reports whether values of a type may be, or hold, what one of the
// edited functions returns.
func (c *cloning) returned(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Pointer:
		return c.returned(u.Elem())
	case *types.Slice:
		return c.returned(u.Elem())
	case *types.Map:
		return c.returned(u.Elem())
	case *types.Array:
		return c.returned(u.Elem())
	}
	n, ok := types.Unalias(t).(*types.Named)
	return ok && slices.ContainsFunc(c.kinds, func(k *types.Named) bool { return sameNamed(n, k.Obj()) })
}

// from judges the value that a variable gets by which an object is written.
func (c *cloning) from(u *rewrite.Use, e ast.Expr, depth int, at string) string {
	id, call := startOf(e)
	switch {
	case call != nil:
		return c.called(u, call, at)
	case id == nil || depth >= maxCallers:
		return ""
	}
	if v, ok := u.File.Info.Uses[id].(*types.Var); !ok || v.Parent() == nil || v.Parent() == u.File.Pkg.Scope() {
		return ""
	}
	return c.meant(u, id, depth+1)
}

// called judges an object that a call returned.
func (c *cloning) called(u *rewrite.Use, call *ast.CallExpr, at string) string {
	name := text(u.File, call.Fun)
	if fn := callee(u.File.Info, call); fn != nil && c.edited[fn.Origin().FullName()] != nil {
		return fmt.Sprintf("%s writes to what %s returned, and means what is shared", at, name)
	}
	if slices.Contains(c.site.Module.Calls(u.File, call.Pos(), call.End()).Locks, c.lock) {
		return fmt.Sprintf("%s writes to what %s let out of the lock", at, name)
	}
	return ""
}

// passed judges an object that is a parameter, or the receiver, for all who
// call the function.
func (c *cloning) passed(u *rewrite.Use, fd *ast.FuncDecl, i, depth int, at string) string {
	fn, ok := u.File.Info.Defs[fd.Name].(*types.Func)
	if !ok || depth >= maxCallers {
		return at + " writes to an object that comes from further away"
	}
	if key := fmt.Sprint(fn.FullName(), i); c.seen[key] {
		return ""
	} else {
		c.seen[key] = true
	}
	for _, m := range c.site.Module.Mentions(fn) {
		if m.Path[1] == ast.Node(fd) || m.File.Test {
			continue
		}
		arg := argument(m, i)
		if arg == nil {
			return fmt.Sprintf("%s writes to an object, in %s, which is not only called", at, fn.Name())
		}
		if reason := c.meant(m, arg, depth+1); reason != "" {
			return reason
		}
	}
	return ""
}

// startOf is where a chain of fields and elements starts: a name or a call.
func startOf(e ast.Expr) (*ast.Ident, *ast.CallExpr) {
	for {
		switch x := e.(type) {
		case *ast.ParenExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.UnaryExpr:
			e = x.X
		case *ast.Ident:
			return x, nil
		case *ast.CallExpr:
			return nil, x
		default:
			return nil, nil
		}
	}
}

// parameterOf returns the number of a variable among the parameters of a function
// declaration, the receiver being -1.
func parameterOf(f *rewrite.File, fn ast.Node, v *types.Var) (int, *ast.FuncDecl) {
	fd, ok := fn.(*ast.FuncDecl)
	if !ok {
		return 0, nil
	}
	sig := f.Info.Defs[fd.Name].(*types.Func).Signature()
	if sig.Recv() == v {
		return -1, fd
	}
	for i := range sig.Params().Len() {
		if sig.Params().At(i) == v {
			return i, fd
		}
	}
	return 0, nil
}

// argument is what a call gives for a parameter, nil if the mention is none.
func argument(m *rewrite.Use, i int) ast.Expr {
	for k, n := range m.Path[1:] {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if n.Sel != m.Path[0] {
				return nil
			}
		case *ast.CallExpr:
			if n.Fun != m.Path[k] {
				return nil
			}
			if i >= 0 && i < len(n.Args) {
				return n.Args[i]
			}
			if sel, ok := n.Fun.(*ast.SelectorExpr); ok && i < 0 {
				return sel.X
			}
			return nil
		default:
			return nil
		}
	}
	return nil
}
