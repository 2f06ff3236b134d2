package rules

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// clearIndex computes the key of a map or index of a slice that takes long
// above the lock, and the value with it: x.m[key()] = value().
func (l *locking) clearIndex(s spot, up ast.Node, i int) bool {
	f, stmt := s.File, list(up)[i]
	index, ok := s.Path[1].(*ast.IndexExpr)
	if !ok || index.X != s.sel || s.Path[2] != ast.Node(stmt) || l.quietBetween(f, index.Index.Pos(), index.Index.End()) == "" || !typed(f.Info, index.Index) {
		return false
	}
	made := []string{fresh(s.Use, "key", l.names[up]...)}
	clear := []ast.Expr{index.Index}
	switch stmt := stmt.(type) {
	case *ast.IncDecStmt:
	case *ast.AssignStmt:
		if len(stmt.Lhs) != 1 || len(stmt.Rhs) != 1 || stmt.Lhs[0] != ast.Expr(index) || l.touchesOther(s, stmt) {
			return false
		}
		if rhs := stmt.Rhs[0]; l.quietBetween(f, rhs.Pos(), rhs.End()) != "" {
			if !typed(f.Info, rhs) {
				return false
			}
			made = append(made, fresh(s.Use, "v", append(made, l.names[up]...)...))
			clear = append(clear, rhs)
		}
	default:
		return false
	}
	l.above(s, up, stmt, clear, made)
	return true
}

// clearArgs computes above the lock what takes long among the arguments of a method
// of the object that a place holds: x.buf.WriteString(line()).
func (l *locking) clearArgs(s spot, up ast.Node, i int) bool {
	f, stmt := s.File, list(up)[i]
	call := callOn(s.Use)
	es, ok := stmt.(*ast.ExprStmt)
	if call == nil || !ok || es.X != ast.Expr(call) || call.Fun.(*ast.SelectorExpr).X != s.sel || len(call.Args) == 0 || call.Ellipsis.IsValid() {
		return false
	}
	fn := callee(f.Info, call)
	if fn == nil || l.touchesOther(s, stmt) || l.quietBetween(f, call.Pos(), call.Args[0].Pos()) != "" {
		return false
	}
	var clear []ast.Expr
	var made []string
	for i, a := range call.Args {
		switch {
		case l.quietBetween(f, a.Pos(), a.End()) == "":
			if callsOut(f, a) {
				return false // in its turn
			}
		case !typed(f.Info, a):
			return false
		default:
			taken := append(slices.Clip(made), l.names[up]...)
			name := ""
			if p := fn.Signature().Params(); i < p.Len() {
				name = p.At(i).Name()
			}
			if name == "" || fresh(s.Use, name, taken...) != name {
				name = fresh(s.Use, "v", taken...)
			}
			clear, made = append(clear, a), append(made, name)
		}
	}
	if len(clear) == 0 {
		return false
	}
	l.above(s, up, stmt, clear, made)
	return true
}

// above computes expressions of a statement into variables above the lock that is
// held over the rest of it.
func (l *locking) above(s spot, up ast.Node, stmt ast.Stmt, clear []ast.Expr, made []string) {
	l.names[up] = append(l.names[up], made...)
	code := rewrite.Insert{Stmt: s.File.Span(stmt), Clear: true}
	var lines []string
	for i, e := range clear {
		lines = append(lines, fmt.Sprintf("%s := $%d", made[i], i))
		code.Holes = append(code.Holes, s.File.Span(e))
		l.edits = append(l.edits, rewrite.Replace{Node: s.File.Span(e), Code: rewrite.Code{Text: made[i]}})
	}
	code.Code.Text = strings.Join(lines, "\n")
	l.edits = append(l.edits, code)
	l.hold([]spot{s}, stmt, stmt, false)
}

// touchesOther reports whether a node holds an access beside a given one.
func (l *locking) touchesOther(s spot, n ast.Node) bool {
	fn := function(s.Use)
	return slices.ContainsFunc(slices.Concat(l.spots[fn], l.held[fn]), func(t spot) bool { return t.sel != s.sel && contains(n, t.sel) })
}

// clearHead runs what takes long in the head of an if statement above it, and
// holds the lock over the rest: if n := size(); n > x.max { x.max = n }.
func (l *locking) clearHead(fn ast.Node, spots []spot, up ast.Node, i int) bool {
	is, ok := list(up)[i].(*ast.IfStmt)
	if !ok || is.Init == nil {
		return false
	}
	f := spots[0].File
	as, ok := is.Init.(*ast.AssignStmt)
	if !ok || as.Tok != token.DEFINE || len(as.Rhs) != 1 || l.touches(fn, as) || spins([]ast.Stmt{is}, spots) ||
		leaves([]ast.Stmt{is}) || l.quietBetween(f, is.Cond.Pos(), is.End()) != "" || l.needs(f, fn, []ast.Stmt{is}) != "" {
		return false
	}
	var names []string
	for _, lhs := range as.Lhs {
		id, ok := lhs.(*ast.Ident)
		if !ok || id.Name != "_" && taken(f, up, is, id.Name, l.names[up]) {
			return false
		}
		names = append(names, id.Name)
	}
	l.names[up] = append(l.names[up], names...)
	l.edits = append(l.edits, rewrite.Drop{Node: f.Span(as)},
		rewrite.Insert{Stmt: f.Span(is), Clear: true, Code: rewrite.Code{Text: strings.Join(names, ", ") + " := $0"}, Holes: []rewrite.Span{f.Span(as.Rhs[0])}})
	l.hold(spots, is, is, false)
	return true
}

// clearLookup computes a key that takes long above the lock, and looks it up
// under it: if v, ok := x.m[key()]; ok.
func (l *locking) clearLookup(s spot, up ast.Node, stmt ast.Stmt) bool {
	f := s.File
	index, ok := s.Path[1].(*ast.IndexExpr)
	if !ok || index.X != s.sel || l.quietBetween(f, index.Index.Pos(), index.Index.End()) == "" || !typed(f.Info, index.Index) {
		return false
	}
	as, ok := s.Path[2].(*ast.AssignStmt)
	if !ok || len(as.Rhs) != 1 || as.Rhs[0] != ast.Expr(index) || l.touchesOther(s, as) {
		return false
	}
	is, head := stmt.(*ast.IfStmt)
	if head && (is.Init != ast.Stmt(as) || as.Tok != token.DEFINE) || !head && stmt != ast.Stmt(as) {
		return false
	}
	var names []string
	for _, lhs := range as.Lhs {
		id, ok := lhs.(*ast.Ident)
		if !ok || head && id.Name != "_" && taken(f, up, is, id.Name, l.names[up]) {
			return false
		}
		names = append(names, id.Name)
	}
	key := fresh(s.Use, "key", append(names, l.names[up]...)...)
	if !head {
		l.above(s, up, stmt, []ast.Expr{index.Index}, []string{key})
		return true
	}
	lock, unlock := l.calls(s)
	code := rewrite.Code{Text: key + " := $1\n" + lock + "\n" + strings.Join(names, ", ") + " := $0[" + key + "]\n" + unlock}
	l.names[up] = append(append(l.names[up], key), names...)
	l.edits = append(l.edits, rewrite.Drop{Node: f.Span(as)}, rewrite.Insert{Stmt: f.Span(is), Code: code, Holes: []rewrite.Span{f.Span(s.sel), f.Span(index.Index)}})
	return true
}
