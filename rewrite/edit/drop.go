package edit

import (
	"fmt"
	"slices"

	"github.com/dave/dst"
)

// dropAll removes literals' elements and statements. Comments that didn't move
// stay where they were.
func (p *player) dropAll() error {
	for _, d := range p.drops {
		if err := p.drop(d); err != nil {
			return err
		}
	}
	return nil
}

func (p *player) drop(d *drop) error {
	done := false
	look := func(n dst.Node) bool {
		if done {
			return false
		}
		if lit, ok := n.(*dst.CompositeLit); ok {
			if i := slices.IndexFunc(lit.Elts, func(x dst.Expr) bool { return dst.Node(x) == d.node }); i >= 0 {
				lit.Elts, done = cut(lit.Elts, i, &lit.Decs.Lbrace), true
			}
		} else if loop, ok := n.(*dst.ForStmt); ok && loop.Cond != nil && dst.Node(loop.Cond) == d.node {
			n.Decorations().Start = append(n.Decorations().Start, commentsOf(loop.Cond)...)
			loop.Cond, done = nil, true
		} else if r, ok := n.(*dst.RangeStmt); ok && r.Value == d.node && d.node != nil {
			r.Value, done = nil, true
		} else if typ, ok := n.(*dst.FuncType); ok && namesResult(typ.Results, d.node) {
			done = unname(typ.Results)
		} else if init := initOf(n); init != nil && dst.Node(*init) == d.node {
			n.Decorations().Start = append(n.Decorations().Start, commentsOf(*init)...)
			*init, done = nil, true
		} else if list := stmtList(n); list != nil {
			if i := slices.IndexFunc(*list, func(s dst.Stmt) bool { return dst.Node(s) == d.node }); i >= 0 {
				*list, done = cut(*list, i, head(n)), true
			} else if i = slices.IndexFunc(*list, func(s dst.Stmt) bool { return undeclare(s, d.node) }); i >= 0 {
				if done = true; len((*list)[i].(*dst.DeclStmt).Decl.(*dst.GenDecl).Specs) == 0 {
					*list = cut(*list, i, head(n))
				}
			}
		}
		return !done
	}
	dst.Inspect(p.root, look)
	if done {
		return nil
	}
	return p.refuse(d.ext.from, fmt.Sprintf("the %s here can't be dropped: it is in the header of a statement, or replaced", kind(d.node)))
}

// namesResult reports whether a list of results has a name in it.
func namesResult(results *dst.FieldList, name dst.Node) bool {
	return results != nil && slices.ContainsFunc(results.List, func(f *dst.Field) bool {
		return slices.ContainsFunc(f.Names, func(id *dst.Ident) bool { return dst.Node(id) == name })
	})
}

// unname takes the names off results, unless there are comments among them: each
// has a type of its own then.
func unname(results *dst.FieldList) bool {
	if len(commentsOf(results)) > 0 {
		return false
	}
	var list []*dst.Field
	for _, f := range results.List {
		for range f.Names {
			list = append(list, &dst.Field{Type: dst.Clone(f.Type).(dst.Expr)})
		}
	}
	results.List = list
	return true
}

// undeclare takes a variable out of the statement that declares it, if that does:
// with its line of a group if nothing else stands there.
func undeclare(s dst.Stmt, name dst.Node) bool {
	stmt, ok := s.(*dst.DeclStmt)
	if !ok {
		return false
	}
	group, ok := stmt.Decl.(*dst.GenDecl)
	if !ok {
		return false
	}
	for i, spec := range group.Specs {
		v, ok := spec.(*dst.ValueSpec)
		if !ok {
			return false
		}
		at := slices.IndexFunc(v.Names, func(id *dst.Ident) bool { return dst.Node(id) == name })
		if at < 0 {
			continue
		}
		if v.Names = slices.Delete(v.Names, at, at+1); len(v.Names) == 0 {
			group.Specs = cut(group.Specs, i, &group.Decs.Lparen)
		}
		return true
	}
	return false
}

// initOf returns the place of the statement before a condition or tag.
func initOf(n dst.Node) *dst.Stmt {
	switch n := n.(type) {
	case *dst.IfStmt:
		return &n.Init
	case *dst.SwitchStmt:
		return &n.Init
	case *dst.TypeSwitchStmt:
		return &n.Init
	}
	return nil
}

// head returns the comments that open a block or clause.
func head(n dst.Node) *dst.Decorations {
	switch n := n.(type) {
	case *dst.CaseClause:
		return &n.Decs.Colon
	case *dst.CommClause:
		return &n.Decs.Colon
	}
	return &n.(*dst.BlockStmt).Decs.Lbrace
}

// cut removes element i of a list. Its comments go above the next element,
// else below the one before, else into the head of the list.
func cut[T dst.Node](list []T, i int, head *dst.Decorations) []T {
	old := list[i].Decorations()
	lost := commentsOf(list[i])
	switch {
	case i+1 < len(list):
		next := list[i+1].Decorations()
		if len(lost) > 0 {
			next.Start = append(lost, next.Start...)
		}
		if i == 0 {
			next.Before = old.Before
		}
		if len(lost) > 0 {
			next.Before = max(next.Before, dst.NewLine)
		}
	case i > 0:
		prev := list[i-1].Decorations()
		if len(lost) > 0 {
			prev.End = append(append(prev.End, "\n"), lost...)
		}
		prev.After = old.After
	case len(lost) > 0:
		*head = append(append(*head, "\n"), lost...)
	}
	return slices.Delete(list, i, i+1)
}
