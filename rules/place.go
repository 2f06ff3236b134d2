package rules

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"unicode"
	"unicode/utf8"
)

// place finds the statement in a list around a spot that a lock can be taken
// above, and the node that holds the list.
func place(s spot) (up ast.Node, index int) {
	for i := 1; i < len(s.Path); i++ {
		stmt, ok := s.Path[i-1].(ast.Stmt)
		if !ok {
			continue
		}
		if inList(s.Path[i]) {
			for j, t := range list(s.Path[i]) {
				if t == stmt {
					return s.Path[i], j
				}
			}
			return nil, 0 // the head of a select clause
		}
		switch n := s.Path[i].(type) {
		case *ast.IfStmt:
			if n.Else == stmt {
				return nil, 0 // else if: a lock above the whole chain would cover other conditions
			}
		case *ast.ForStmt:
			if n.Cond != nil && contains(n.Cond, s.sel) || n.Post == stmt {
				return nil, 0
			}
		case *ast.CommClause:
			return nil, 0
		}
	}
	return nil, 0
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

// cover returns the shortest run of statements of one list that holds all
// spots.
func cover(fn ast.Node, spots []spot) (stretch, bool) {
	for _, up := range spots[0].Path {
		if up == fn {
			break
		}
		if !inList(up) {
			continue
		}
		r := stretch{up: up, first: -1}
		for _, s := range spots {
			found := false
			for j, t := range list(up) {
				if contains(t, s.sel) {
					found = true
					if r.first < 0 || j < r.first {
						r.first = j
					}
					r.last = max(r.last, j)
				}
			}
			if !found {
				r.first = -1
				break
			}
		}
		if r.first >= 0 {
			return r, true
		}
	}
	return stretch{}, false
}

// leaves reports whether control may leave the statements other than at
// their end.
func leaves(stmts []ast.Stmt) bool {
	out := false
	for _, s := range stmts {
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
					out = true
				case *ast.BranchStmt:
					switch {
					case m.Label != nil, m.Tok == token.GOTO:
						out = true
					case m.Tok == token.CONTINUE && loops == 0, m.Tok == token.BREAK && breaks == 0:
						out = true
					}
				case *ast.ForStmt, *ast.RangeStmt:
					visit(m, loops+1, breaks+1)
					return false
				case *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
					visit(m, loops, breaks+1)
					return false
				case *ast.CallExpr:
					if id, ok := m.Fun.(*ast.Ident); ok && id.Name == "panic" {
						out = true
					}
				}
				return true
			})
		}
		visit(&ast.BlockStmt{List: []ast.Stmt{s}}, 0, 0)
	}
	return out
}

// dependent reports whether what is read at one spot may decide about a write
// at a later one: it stands in a condition, in the written value, or flows
// into a variable that does.
func dependent(fn ast.Node, spots []spot) bool {
	for _, r := range spots {
		if r.write && r.sel != nil && !compound(r) {
			continue
		}
		for _, w := range spots {
			if !w.write || w.sel.Pos() < r.sel.Pos() || w.sel == r.sel {
				continue
			}
			if condition(r.Use) != nil || flows(r, w) {
				return true
			}
		}
	}
	for i, w := range spots { // x.a = ...; x.b = ... change together
		for _, v := range spots[i+1:] {
			if w.write && v.write && sameList(w, v) {
				return true
			}
		}
	}
	return false
}

func sameList(a, b spot) bool {
	u, i := place(a)
	v, j := place(b)
	return u != nil && u == v && j == i+1
}

// compound reports whether the spot is of a statement that reads and writes.
func compound(s spot) bool {
	switch p := s.Path[1].(type) {
	case *ast.IncDecStmt:
		return true
	case *ast.AssignStmt:
		return p.Tok != token.ASSIGN && p.Tok != token.DEFINE
	}
	return s.elem
}

// flows reports whether a value read at r may reach the statement of w
// through variables.
func flows(r, w spot) bool {
	tainted := make(map[types.Object]bool)
	info := r.File.Info
	for _, n := range r.Path {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if contains(n, w.sel) {
				return true
			}
			for _, lhs := range n.Lhs {
				if id, ok := lhs.(*ast.Ident); ok {
					if o := info.ObjectOf(id); o != nil {
						tainted[o] = true
					}
				}
			}
		case *ast.RangeStmt:
			return contains(n, w.sel)
		case *ast.ValueSpec:
			for _, id := range n.Names {
				tainted[info.ObjectOf(id)] = true
			}
		case ast.Stmt:
			if !inList(n) && contains(n, w.sel) {
				return true
			}
		}
		if inList(n) {
			break
		}
	}
	if len(tainted) == 0 {
		return false
	}
	// Any use of such a variable between the read and the end of the write's
	// statement counts, in conditions on the way included.
	found := false
	var stmt ast.Node = w.sel
	for _, n := range w.Path {
		if s, ok := n.(ast.Stmt); ok {
			stmt = s
			break
		}
	}
	fn := function(r.Use)
	ast.Inspect(fn, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if ok && id.Pos() > r.sel.End() && id.Pos() < stmt.End() && tainted[info.Uses[id]] {
			found = true
		}
		return !found
	})
	return found
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
		return nil, fmt.Sprintf("%s ranges over it with slow work, or with returns, in the body: it needs a copy to range over", s.at())
	}
	if !s.elem {
		return s.sel, ""
	}
	return nil, fmt.Sprintf("%s hands out what the field holds", s.at())
}

// early refuses to move a read in front of what comes before it.
func early(s spot, stmt ast.Stmt) string {
	why := ""
	for i := 1; i < len(s.Path) && s.Path[i-1] != ast.Node(stmt); i++ {
		switch n := s.Path[i].(type) {
		case *ast.BinaryExpr:
			if (n.Op == token.LAND || n.Op == token.LOR) && n.Y == s.Path[i-1] {
				if id, ok := s.sel.X.(*ast.Ident); !ok || !isReceiver(s, id) || mentionsNil(n.X, id) {
					return fmt.Sprintf("%s is read only if the left side allows it", s.at())
				}
			}
		case *ast.IfStmt:
			if n.Init != nil && n.Cond == s.Path[i-1] {
				return fmt.Sprintf("%s is read after the statement before the condition", s.at())
			}
		case *ast.SwitchStmt:
			if n.Init != nil && n.Tag == s.Path[i-1] {
				return fmt.Sprintf("%s is read after the statement before the tag", s.at())
			}
		case *ast.ForStmt, *ast.RangeStmt, *ast.CaseClause, *ast.SelectStmt:
			if r, ok := n.(*ast.RangeStmt); ok && r.X == s.Path[i-1] {
				continue
			}
			return fmt.Sprintf("%s is read each time round", s.at())
		}
	}
	ast.Inspect(stmt, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || why != "" || call.Pos() >= s.sel.Pos() || contains(call, s.sel) {
			return why == ""
		}
		if call.End() <= s.sel.Pos() && contains(stmt, call) && evaluatedFirst(s, call) {
			if tv := s.File.Info.Types[call.Fun]; !tv.IsType() && !tv.IsBuiltin() {
				why = fmt.Sprintf("%s is read after a call in the same statement", s.at())
			}
		}
		return true
	})
	return why
}

// evaluatedFirst reports whether a call comes before the spot in one
// evaluation; a call in another branch of the statement does not.
func evaluatedFirst(s spot, call *ast.CallExpr) bool {
	for _, n := range s.Path {
		if inList(n) {
			return false
		}
		if contains(n, call) {
			return true
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

func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}

// elementName names the value of an expression over a container.
func elementName(e ast.Expr) string {
	if _, ok := e.(*ast.CallExpr); ok {
		return "n"
	}
	return "v"
}
