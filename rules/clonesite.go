package rules

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// copies edits all that lets objects out of the lock: methods that copy a
// struct around a pointer to one, and methods of the lock's owner that return
// a pointer.
func (c *cloning) copies(st, owner *rewrite.Struct) string {
	for _, pkg := range []*types.Package{owner.File.Pkg, st.File.Pkg} {
		for _, name := range pkg.Scope().Names() {
			tn, ok := pkg.Scope().Lookup(name).(*types.TypeName)
			if !ok || tn.IsAlias() {
				continue
			}
			if n, ok := tn.Type().(*types.Named); ok {
				c.deepen(n)
			}
		}
		if owner.File.Pkg == st.File.Pkg {
			break
		}
	}
	n, ok := owner.Name.Type().(*types.Named)
	if !ok {
		return "the struct that has the lock has no name"
	}
	for i := range n.NumMethods() {
		u, fd := c.declaration(n.Method(i))
		if fd == nil || u.File.Test || !c.locks(u.File, fd) {
			continue
		}
		c.getter(u, fd, n.Method(i))
	}
	return ""
}

// locks reports whether a method takes the lock by itself, and no caller holds
// it already.
func (c *cloning) locks(f *rewrite.File, fd *ast.FuncDecl) bool {
	held := func(l rewrite.Lock) bool { return l.Key == c.lock }
	return !slices.ContainsFunc(c.site.Module.Entry(f, fd.Body.Pos()), held) &&
		slices.Contains(c.site.Module.Calls(f, fd.Body.Pos(), fd.Body.End()).Locks, c.lock)
}

// deepen lets the methods of a struct type that copy it copy the objects it
// points to as well.
func (c *cloning) deepen(n *types.Named) {
	st, ok := n.Underlying().(*types.Struct)
	if !ok {
		return
	}
	var fields []string
	for v := range st.Fields() {
		if c.is(v.Type()) {
			fields = append(fields, v.Name())
		}
	}
	if len(fields) == 0 {
		return
	}
	for i := range n.NumMethods() {
		m := n.Method(i)
		u, fd := c.declaration(m)
		if fd == nil || u.File.Test || m.Signature().Results().Len() != 1 || len(fd.Recv.List[0].Names) == 0 {
			continue
		}
		recv := fd.Recv.List[0].Names[0].Name
		if t := deref(m.Signature().Results().At(0).Type()); !types.Identical(t, n) {
			continue
		}
		for _, s := range fd.Body.List {
			to := copyOf(s, recv)
			if to == "" {
				continue
			}
			for _, field := range fields {
				if assigns(u.File, fd, to+"."+field) {
					continue
				}
				c.edited[m.FullName()] = m
				c.kinds = append(c.kinds, n)
				c.edits = append(c.edits, rewrite.Insert{Stmt: u.File.Span(s), After: true,
					Code: rewrite.Code{Text: c.assignment(u, to+"."+field, recv+"."+field, field)}})
			}
		}
	}
}

// copyOf returns the variable to which a statement copies the receiver as a
// whole: *to = *recv, or to := *recv.
func copyOf(s ast.Stmt, recv string) string {
	as, ok := s.(*ast.AssignStmt)
	if !ok || len(as.Lhs) != 1 || len(as.Rhs) != 1 {
		return ""
	}
	from, ok := as.Rhs[0].(*ast.StarExpr)
	if !ok {
		return ""
	}
	if id, ok := from.X.(*ast.Ident); !ok || id.Name != recv {
		return ""
	}
	to := as.Lhs[0]
	if star, ok := to.(*ast.StarExpr); ok {
		to = star.X
	}
	if id, ok := to.(*ast.Ident); ok && (as.Tok == token.DEFINE || to != as.Lhs[0]) {
		return id.Name
	}
	return ""
}

// assigns reports whether a function assigns an expression of this text.
func assigns(f *rewrite.File, fd *ast.FuncDecl, expr string) bool {
	found := false
	ast.Inspect(fd, func(n ast.Node) bool {
		if as, ok := n.(*ast.AssignStmt); ok {
			found = found || slices.ContainsFunc(as.Lhs, func(e ast.Expr) bool { return text(f, e) == expr })
		}
		return !found
	})
	return found
}

// assignment is code that lets one expression be a copy of what another one
// points to.
func (c *cloning) assignment(u *rewrite.Use, to, from, name string) string {
	method, safe := c.cloner()
	switch {
	case safe:
		return fmt.Sprintf("%s = %s.%s()", to, from, method)
	case method != "":
		return fmt.Sprintf("if %[2]s != nil {\n%[1]s = %[2]s.%[3]s()\n}", to, from, method)
	}
	v := fresh(u, lowerFirst(name))
	return fmt.Sprintf("if %[2]s != nil {\n%[3]s := *%[2]s\n%[1]s = &%[3]s\n}", to, from, v)
}

// getter lets a method that takes the lock return copies: of what it returns
// itself, or puts into a map or slice of its own.
func (c *cloning) getter(u *rewrite.Use, fd *ast.FuncDecl, fn *types.Func) {
	lists := make(map[types.Object]bool) // that it returns
	ast.Inspect(fd.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			for _, e := range n.Results {
				if c.is(u.File.Info.TypeOf(e)) && c.held(u.File, fd, e) {
					c.edited[fn.FullName()] = fn
					c.replace(u, n, e)
				}
				if id, ok := ast.Unparen(e).(*ast.Ident); ok && c.is(elementOf(u.File.Info.TypeOf(e))) {
					lists[u.File.Info.Uses[id]] = true
				}
			}
		}
		return true
	})
	for i := range fn.Signature().Results().Len() {
		if v := fn.Signature().Results().At(i); v.Name() != "" && c.is(elementOf(v.Type())) {
			lists[v] = true
		}
	}
	if len(lists) == 0 {
		return
	}
	ast.Inspect(fd.Body, func(n ast.Node) bool {
		loop, ok := n.(*ast.RangeStmt)
		if !ok {
			return true
		}
		v, ok := loop.Value.(*ast.Ident)
		if _, field := ast.Unparen(loop.X).(*ast.SelectorExpr); !ok || !field || !c.is(u.File.Info.TypeOf(v)) {
			return true
		}
		for _, s := range statements(loop.Body) {
			if e := put(u.File, s, lists); e != nil && u.File.Info.Uses[e] == u.File.Info.ObjectOf(v) {
				c.edited[fn.FullName()] = fn
				c.replaceElement(u, loop, s, e)
			}
		}
		return true
	})
}

// statements lists the statements of a block, and of those in it.
func statements(b *ast.BlockStmt) []ast.Stmt {
	var out []ast.Stmt
	ast.Inspect(b, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit, *ast.RangeStmt:
			return false
		case *ast.BlockStmt:
			out = append(out, n.List...)
		case *ast.CaseClause:
			out = append(out, n.Body...)
		}
		return true
	})
	return out
}

// put is the name of what a statement puts into one of several lists, nil if it does not.
func put(f *rewrite.File, s ast.Stmt, lists map[types.Object]bool) *ast.Ident {
	as, ok := s.(*ast.AssignStmt)
	if !ok || len(as.Lhs) != 1 || len(as.Rhs) != 1 {
		return nil
	}
	in := func(e ast.Expr) bool {
		id, ok := ast.Unparen(e).(*ast.Ident)
		return ok && lists[f.Info.ObjectOf(id)]
	}
	var e ast.Expr
	switch to := as.Lhs[0].(type) {
	case *ast.IndexExpr:
		if in(to.X) {
			e = as.Rhs[0]
		}
	case *ast.Ident:
		if call, ok := as.Rhs[0].(*ast.CallExpr); ok && in(to) && f.Info.Types[call.Fun].IsBuiltin() && len(call.Args) == 2 && !call.Ellipsis.IsValid() && in(call.Args[0]) {
			e = call.Args[1]
		}
	}
	id, _ := e.(*ast.Ident)
	return id
}

// replaceElement lets a loop over objects put copies into a list.
func (c *cloning) replaceElement(u *rewrite.Use, loop *ast.RangeStmt, s ast.Stmt, e *ast.Ident) {
	f := u.File
	method, safe := c.cloner()
	if method != "" && (safe || c.neverNil(f, loop)) {
		c.edits = append(c.edits, rewrite.Replace{Node: f.Span(e), Code: rewrite.Code{Text: e.Name + "." + method + "()"}})
		return
	}
	if !c.neverNil(f, loop) {
		c.edits = append(c.edits, rewrite.Insert{Stmt: f.Span(s), Code: rewrite.Code{Text: c.assignment(u, e.Name, e.Name, e.Name+"Copy")}})
		return
	}
	name := fresh(u, lowerFirst(c.named.Obj().Name()))
	c.edits = append(c.edits, rewrite.Insert{Stmt: f.Span(s), Code: rewrite.Code{Text: fmt.Sprintf("%s := *%s", name, e.Name)}},
		rewrite.Replace{Node: f.Span(e), Code: rewrite.Code{Text: "&" + name}})
}

// neverNil reports whether some loop over the same field looks into each element
// without a test for nil.
func (c *cloning) neverNil(f *rewrite.File, loop *ast.RangeStmt) bool {
	over, ok := ast.Unparen(loop.X).(*ast.SelectorExpr)
	if !ok {
		return false
	}
	field := f.Info.Uses[over.Sel]
	for _, g := range c.site.Module.Files(f.Pkg) {
		found := false
		ast.Inspect(g.Syntax, func(n ast.Node) bool {
			r, ok := n.(*ast.RangeStmt)
			if !ok || found {
				return !found
			}
			sel, ok := ast.Unparen(r.X).(*ast.SelectorExpr)
			v, named := r.Value.(*ast.Ident)
			if ok && named && field != nil && g.Info.Uses[sel.Sel] == field {
				found = looksInto(g, r.Body, v)
			}
			return true
		})
		if found {
			return true
		}
	}
	return false
}

// looksInto reports whether a block reads fields of what a variable points to, and never
// asks whether that is nil.
func looksInto(f *rewrite.File, b *ast.BlockStmt, v *ast.Ident) bool {
	reads, asks := false, false
	is := func(e ast.Expr) bool {
		id, ok := e.(*ast.Ident)
		return ok && f.Info.Uses[id] == f.Info.Defs[v]
	}
	ast.Inspect(b, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			reads = reads || is(n.X) && isField(f.Info, n)
		case *ast.BinaryExpr:
			asks = asks || is(n.X) && (n.Op == token.EQL || n.Op == token.NEQ)
		}
		return true
	})
	return reads && !asks
}

// held reports whether an expression that is returned is an object that the
// struct goes on to hold: a field or an element, or a variable that got one.
func (c *cloning) held(f *rewrite.File, fd *ast.FuncDecl, e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.SelectorExpr, *ast.IndexExpr:
		return true
	case *ast.Ident:
		found := false
		ast.Inspect(fd.Body, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				for i, lhs := range n.Lhs {
					if id, ok := lhs.(*ast.Ident); !ok || f.Info.ObjectOf(id) == nil || f.Info.ObjectOf(id) != f.Info.Uses[e] {
						continue
					}
					if len(n.Rhs) == 1 {
						i = 0
					}
					switch ast.Unparen(n.Rhs[i]).(type) {
					case *ast.SelectorExpr, *ast.IndexExpr:
						found = true
					}
				}
			case *ast.RangeStmt:
				if id, ok := n.Value.(*ast.Ident); ok && f.Info.ObjectOf(id) != nil && f.Info.ObjectOf(id) == f.Info.Uses[e] {
					found = true
				}
			}
			return true
		})
		return found
	}
	return false
}

// replace puts a copy in the place of an expression in a statement.
func (c *cloning) replace(u *rewrite.Use, stmt ast.Stmt, e ast.Expr) {
	f := u.File
	method, safe := c.cloner()
	if safe {
		c.edits = append(c.edits, rewrite.Replace{Node: f.Span(e), Code: rewrite.Code{Text: "$0." + method + "()"}, Holes: []rewrite.Span{f.Span(e)}})
		return
	}
	name := lowerFirst(c.named.Obj().Name())
	if id, ok := e.(*ast.Ident); ok {
		name = id.Name
		code := c.assignment(u, name, name, name+"Copy")
		c.edits = append(c.edits, rewrite.Insert{Stmt: f.Span(stmt), Code: rewrite.Code{Text: code}})
		return
	}
	if sel, ok := e.(*ast.SelectorExpr); ok {
		name = lowerFirst(sel.Sel.Name)
	}
	name = fresh(u, name)
	code := name + " := $0\n" + c.assignment(u, name, name, name+"Copy")
	c.edits = append(c.edits, rewrite.Insert{Stmt: f.Span(stmt), Code: rewrite.Code{Text: code}, Holes: []rewrite.Span{f.Span(e)}},
		rewrite.Replace{Node: f.Span(e), Code: rewrite.Code{Text: name}})
}
