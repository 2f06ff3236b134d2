package rules

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"unicode"
)

// place finds the statement in a list around a spot that a lock can be taken
// above, and the node that holds the list. For the heads of clauses that is
// the switch or select statement.
func place(s spot) (up ast.Node, index int) {
	for i := 1; i < len(s.Path); i++ {
		stmt, ok := s.Path[i-1].(ast.Stmt)
		if !ok {
			continue
		}
		switch n := s.Path[i].(type) {
		case *ast.CommClause:
			if n.Comm == stmt {
				continue // the operands are evaluated once, before the select waits
			}
		case *ast.ForStmt:
			if n.Cond != nil && contains(n.Cond, s.sel) || n.Post == stmt {
				return nil, 0
			}
		}
		if !inList(s.Path[i]) || clause(stmt) {
			continue
		}
		if j := slices.Index(list(s.Path[i]), stmt); j >= 0 {
			return s.Path[i], j
		}
	}
	return nil, 0
}

// clause reports whether a statement is a clause of a switch or select: no
// statement can stand beside it.
func clause(s ast.Stmt) bool {
	switch s.(type) {
	case *ast.CaseClause, *ast.CommClause:
		return true
	}
	return false
}

// clauses reports whether a block is the body of a switch or select.
func clauses(n ast.Node) bool {
	b, ok := n.(*ast.BlockStmt)
	return ok && len(b.List) > 0 && clause(b.List[0])
}

// placeIn finds the statement of a given list around a spot.
func placeIn(s spot, up ast.Node) (ast.Node, int) {
	if u, i := place(s); u == up {
		return u, i
	}
	for i := 1; i < len(s.Path); i++ {
		if _, ok := s.Path[i].(*ast.FuncLit); ok {
			return nil, 0
		}
		if s.Path[i] == up {
			for j, t := range list(up) {
				if ast.Node(t) == s.Path[i-1] {
					if u, _ := place(s); u == nil {
						return nil, 0
					}
					return up, j
				}
			}
		}
	}
	return nil, 0
}

func contains(n ast.Node, inner ast.Node) bool {
	return n.Pos() <= inner.Pos() && inner.End() <= n.End()
}

// covers returns the runs of statements that hold all spots, each in one list,
// the shortest first.
func covers(fn ast.Node, spots []spot) []stretch {
	var out []stretch
	for _, up := range spots[0].Path {
		if up == fn {
			break
		}
		if !inList(up) || clauses(up) || headOnly(up, spots) {
			continue
		}
		r := stretch{up: up, first: -1}
		for _, s := range spots {
			i := slices.IndexFunc(list(up), func(t ast.Stmt) bool { return contains(t, s.sel) })
			if i < 0 {
				r.first = -1
				break
			}
			if r.first < 0 || i < r.first {
				r.first = i
			}
			r.last = max(r.last, i)
		}
		if r.first >= 0 {
			out = append(out, r)
		}
	}
	return out
}

// cover returns the shortest of them.
func cover(fn ast.Node, spots []spot) (stretch, bool) {
	all := covers(fn, spots)
	if len(all) == 0 {
		return stretch{}, false
	}
	return all[0], true
}

// stmts returns the run itself.
func (r stretch) stmts() []ast.Stmt { return list(r.up)[r.first : r.last+1] }

// headOnly reports whether a spot stands in the head of a clause, not in its
// statements.
func headOnly(up ast.Node, spots []spot) bool {
	return slices.ContainsFunc(spots, func(s spot) bool {
		return contains(up, s.sel) && !slices.ContainsFunc(list(up), func(t ast.Stmt) bool { return contains(t, s.sel) })
	})
}

// leaves reports whether control may leave the statements other than at
// their end.
func leaves(stmts []ast.Stmt) bool {
	ways, ok := exits(stmts)
	return !ok || len(ways) > 0
}

// exits lists the statements by which control leaves others early; ok is false
// if it may also panic, or jump to a label.
func exits(stmts []ast.Stmt) (ways []ast.Stmt, ok bool) {
	ok = true
	var visit func(n ast.Node, loops, breaks int)
	visit = func(n ast.Node, loops, breaks int) {
		ast.Inspect(n, func(m ast.Node) bool {
			if m == n {
				return true
			}
			switch m := m.(type) {
			case *ast.FuncLit:
				return false
			case *ast.ReturnStmt:
				ways = append(ways, m)
			case *ast.BranchStmt:
				switch {
				case m.Label != nil, m.Tok == token.GOTO:
					ok = false
				case m.Tok == token.CONTINUE && loops == 0, m.Tok == token.BREAK && breaks == 0:
					ways = append(ways, m)
				}
			case *ast.ForStmt, *ast.RangeStmt:
				visit(m, loops+1, breaks+1)
				return false
			case *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
				visit(m, loops, breaks+1)
				return false
			case *ast.CallExpr:
				if id, is := m.Fun.(*ast.Ident); is && id.Name == "panic" {
					ok = false
				}
			}
			return true
		})
	}
	visit(&ast.BlockStmt{List: stmts}, 0, 0)
	return ways, ok
}

// readable returns the expression to read under the lock: the field, or for
// what it holds the smallest expression that gives a value of its own.
func (s spot) readable() (ast.Expr, string) {
	switch p := s.Path[1].(type) {
	case *ast.IndexExpr:
		if !s.elem {
			break
		}
		if as, ok := s.Path[2].(*ast.AssignStmt); ok && len(as.Lhs) == 2 && len(as.Rhs) == 1 {
			return nil, fmt.Sprintf("%s looks an element up in the head of a statement whose body is slow or leaves it", s.at())
		}
		return p, ""
	case *ast.CallExpr:
		if id, ok := p.Fun.(*ast.Ident); ok && (id.Name == "len" || id.Name == "cap") {
			return p, ""
		}
	case *ast.RangeStmt:
		if !s.elem {
			break
		}
		return nil, fmt.Sprintf("%s ranges over %s with slow work in the body, or returns what it finds: it needs a copy to range over", s.at(), text(s.File, s.sel))
	}
	if !s.elem {
		return s.sel, ""
	}
	return nil, fmt.Sprintf("%s hands out what %s holds", s.at(), text(s.File, s.sel))
}

// element is the element that a spot looks up, nil if it looks whether there is
// one, too, or does something else.
func (s spot) element() ast.Expr {
	p, ok := s.Path[1].(*ast.IndexExpr)
	if !ok || p.X != s.sel {
		return nil
	}
	if as, ok := s.Path[2].(*ast.AssignStmt); ok && len(as.Lhs) == 2 && len(as.Rhs) == 1 {
		return nil
	}
	return p
}

// early refuses to move a read in front of what comes before it. Harmless tells
// the calls that can't change what is read.
func early(s spot, stmt ast.Node, harmless func(*ast.CallExpr) bool) string {
	why := ""
	for i := 1; i < len(s.Path) && s.Path[i-1] != stmt; i++ {
		switch n := s.Path[i].(type) {
		case *ast.BinaryExpr:
			if (n.Op == token.LAND || n.Op == token.LOR) && n.Y == s.Path[i-1] {
				if s.indexed() {
					return fmt.Sprintf("%s is looked into only if the left side allows it", s.at())
				}
				if id, ok := s.object().(*ast.Ident); s.object() != nil && (!ok || !isReceiver(s, id) && !follows(s, n.X, id) || mentionsNil(n.X, id)) {
					return fmt.Sprintf("%s is read only if the left side allows it", s.at())
				}
			}
		case *ast.IfStmt:
			if n.Else == s.Path[i-1] {
				if s.indexed() {
					return fmt.Sprintf("%s is looked into only if the condition above it fails", s.at())
				}
				if id, ok := s.object().(*ast.Ident); s.object() != nil && (!ok || !isReceiver(s, id) || mentionsNil(n.Cond, id)) {
					return fmt.Sprintf("%s is read only if the condition above it fails", s.at())
				}
			}
			if n.Init != nil && n.Cond == s.Path[i-1] {
				return fmt.Sprintf("%s is read after the statement before the condition", s.at())
			}
		case *ast.SwitchStmt:
			if n.Init != nil && n.Tag == s.Path[i-1] {
				return fmt.Sprintf("%s is read after the statement before the tag", s.at())
			}
		case *ast.CommClause, *ast.SelectStmt:
			// The operands of all clauses are evaluated before one is chosen.
		case *ast.CaseClause:
			if s.indexed() {
				return fmt.Sprintf("%s is looked into only if no case above it is taken", s.at())
			}
			if id, ok := s.object().(*ast.Ident); s.object() != nil && (!ok || !isReceiver(s, id)) {
				return fmt.Sprintf("%s is read only if no case above it is taken", s.at())
			}
		case *ast.ForStmt, *ast.RangeStmt:
			if r, ok := n.(*ast.RangeStmt); ok && r.X == s.Path[i-1] {
				continue
			}
			if l, ok := n.(*ast.ForStmt); ok && l.Init != nil && l.Init == s.Path[i-1] {
				continue // once
			}
			return fmt.Sprintf("%s is read each time round a loop, with no place for a lock", s.at())
		}
	}
	ast.Inspect(stmt, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || why != "" || call.Pos() >= s.sel.Pos() || contains(call, s.sel) {
			return why == ""
		}
		if call.End() <= s.sel.Pos() && contains(stmt, call) && evaluatedFirst(s, call) {
			if tv := s.File.Info.Types[call.Fun]; !tv.IsType() && !tv.IsBuiltin() && !harmless(call) {
				why = fmt.Sprintf("%s is read after a call in the same statement", s.at())
			}
		}
		return true
	})
	return why
}

// indexed reports whether a spot goes on to an element that need not be there.
func (s spot) indexed() bool {
	if !inside(s.Use) {
		return false
	}
	_, isMap := s.File.Info.TypeOf(s.sel).Underlying().(*types.Map)
	return !isMap
}

// evaluatedFirst reports whether a call comes before the spot in one
// evaluation; a call in another branch of the statement does not.
func evaluatedFirst(s spot, call *ast.CallExpr) bool {
	for _, n := range s.Path {
		if inList(n) {
			return false
		}
		if contains(n, call) {
			is, ok := n.(*ast.IfStmt) // what its branches do comes after it, or not at all
			return !ok || contains(is.Cond, call) || is.Init != nil && contains(is.Init, call)
		}
	}
	return false
}

func isReceiver(s spot, id *ast.Ident) bool {
	fd, ok := function(s.Use).(*ast.FuncDecl)
	if !ok || fd.Recv == nil || len(fd.Recv.List) == 0 || len(fd.Recv.List[0].Names) == 0 {
		return false
	}
	return s.File.Info.Uses[id] == s.File.Info.Defs[fd.Recv.List[0].Names[0]]
}

// follows reports whether an expression goes through the variable's pointer
// itself.
func follows(s spot, e ast.Expr, id *ast.Ident) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			x, ok := sel.X.(*ast.Ident)
			found = found || ok && s.File.Info.Uses[x] == s.File.Info.Uses[id] && s.File.Info.Selections[sel] != nil
		}
		return !found
	})
	return found
}

// mentionsNil reports whether an expression compares the variable.
func mentionsNil(e ast.Expr, id *ast.Ident) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		if b, ok := n.(*ast.BinaryExpr); ok && (b.Op == token.EQL || b.Op == token.NEQ) {
			if x, ok := b.X.(*ast.Ident); ok && x.Name == id.Name {
				found = true
			}
		}
		return !found
	})
	return found
}

// lowerFirst makes a name unexported: of initials, all become small, as in
// TLSConfig and IDs.
func lowerFirst(s string) string {
	r := []rune(s)
	n := 0
	for n < len(r) && unicode.IsUpper(r[n]) {
		n++
	}
	if n > 1 && n < len(r) && unicode.IsLower(r[n]) && string(r[n:]) != "s" {
		n-- // begins the next word
	}
	return strings.ToLower(string(r[:n])) + string(r[n:])
}

// oneOf names an element: a handler of handlers.
func (l *locking) oneOf(s spot, e ast.Expr) string {
	if name := s.name(); strings.HasSuffix(name, "s") && !strings.HasSuffix(name, "ss") {
		return lowerFirst(strings.TrimSuffix(name, "s"))
	}
	return l.elementName(s, e)
}

// elementName names the value of an expression over a container. Where other
// fields of the struct are mended too, each by itself, the name says which.
func (l *locking) elementName(s spot, e ast.Expr) string {
	_, count := e.(*ast.CallExpr)
	field := s.name()
	switch {
	case len(l.site.Group) == 1 && count:
		return "n"
	case len(l.site.Group) == 1:
		return "v"
	case count:
		return "num" + upperFirst(field)
	case strings.HasSuffix(field, "s") && !strings.HasSuffix(field, "ss"):
		return lowerFirst(strings.TrimSuffix(field, "s"))
	}
	return lowerFirst(field) + "Value"
}
