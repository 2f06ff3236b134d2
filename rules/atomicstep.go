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

// all rewrites uses: those that belong together as one, then each of the others. It
// says why one can't be.
func (a *atomicEdit) all(uses []*rewrite.Use) string {
	a.apart = changedUnderLock(a.site.Module.Uses(a.site.Finding.Place.Key))
	if reason := a.steps(uses); reason != "" {
		return reason
	}
	for _, u := range uses {
		if a.done[u] {
			continue
		}
		if reason := a.use(u); reason != "" {
			return reason
		}
	}
	return ""
}

// steps finds, function by function, accesses that belong together, and
// makes one atomic operation of them or says which can't be.
func (a *atomicEdit) steps(uses []*rewrite.Use) string {
	type object struct {
		fn   ast.Node
		root types.Object
		text string
	}
	spots := make(map[object][]spot)
	var order []object
	for _, u := range uses {
		sel, ok := mention(u)
		if !ok || atomicCall(u) != nil {
			continue
		}
		s := spot{Use: u, sel: sel, write: writes(u)}
		o := object{function(u), s.root(), s.objectText()}
		if spots[o] == nil {
			order = append(order, o)
		}
		spots[o] = append(spots[o], s)
	}
	counted := slices.ContainsFunc(uses, func(u *rewrite.Use) bool { return writes(u) && compound(spot{Use: u}) })
	for _, o := range order {
		list := spots[o]
		if len(list) == 1 || a.swap(list) || a.compareAndSwap(list) || a.setOnce(list) || steady(o.fn, list[0]) && a.result(list) {
			continue
		}
		if reason := a.split(list, counted); reason != "" {
			return reason
		}
		if reason := a.once(o.fn, list); reason != "" {
			return reason
		}
	}
	return ""
}

// root is the variable that a spot's object is reached from, nil if it is none.
func (s spot) root() types.Object {
	if id := rootIdent(s.object()); id != nil {
		return s.File.Info.Uses[id]
	}
	return nil
}

// steady reports whether the object of a spot is in a variable that the
// function does not assign again.
func steady(fn ast.Node, s spot) bool {
	if fn == nil {
		return false
	}
	if s.object() == nil {
		return true
	}
	id, ok := s.object().(*ast.Ident)
	if !ok {
		return false
	}
	v, ok := s.File.Info.Uses[id].(*types.Var)
	return ok && v.Parent() != s.File.Pkg.Scope() && !reassigned(s.File.Info, fn, v)
}

// split finds accesses that two atomic steps would tear apart: a test and the
// write it decides, a value read and the write that uses it, a count read and
// reset, a pointer used and replaced, a counter that is changed and read back.
func (a *atomicEdit) split(spots []spot, counted bool) string {
	for i, w := range spots {
		if !w.write {
			continue
		}
		stmt := w.Path[1]
		for _, r := range spots[:i] {
			if r.write || contains(stmt, r.sel) || inSection(r, w) {
				continue
			}
			if c := condition(r.Use); c != nil && decides(c, w) {
				return fmt.Sprintf("%s tests %s and line %d then writes it: the two must be one step", r.at(), r.thing(), w.line())
			}
			if counted || a.pointer && sameList(r, w) || flows(r, w) {
				return fmt.Sprintf("%s reads %s and line %d then writes it: the two must be one step", r.at(), r.thing(), w.line())
			}
		}
		for _, r := range spots[i+1:] {
			if !r.write && compound(w) && !contains(stmt, r.sel) && !inSection(w, r) {
				return fmt.Sprintf("%s changes %s and line %d reads it back: the two must be one step", w.at(), w.thing(), r.line())
			}
		}
	}
	return ""
}

// inSection reports whether two accesses, one after the other, are in one section of
// a lock that shuts out others: it makes one step of them, as far as anything does.
func inSection(a, b spot) bool {
	if a.Access == nil || b.Access == nil {
		return false
	}
	held := slices.ContainsFunc(a.Access.Locks, func(l rewrite.Lock) bool {
		return l.Mode == rewrite.Exclusive && slices.Contains(b.Access.Locks, l)
	})
	if !held {
		return false
	}
	apart := false
	ast.Inspect(function(a.Use), func(n ast.Node) bool {
		s, ok := n.(*ast.ExprStmt)
		apart = apart || ok && a.sel.Pos() < s.Pos() && s.Pos() < b.sel.Pos() && (isCallOf(s.X, "Unlock") || isCallOf(s.X, "Wait"))
		return !apart
	})
	return !apart
}

// decides reports whether the outcome of a condition says if a later write is
// reached.
func decides(cond ast.Stmt, w spot) bool {
	if _, ok := cond.(*ast.ForStmt); ok {
		return true
	}
	return contains(cond, w.sel) || leaves([]ast.Stmt{cond})
}

// swap makes one operation of a value that is read into a variable and
// replaced by the next statement.
func (a *atomicEdit) swap(spots []spot) bool {
	r, w := spots[0], spots[1]
	if len(spots) != 2 || r.write || !w.write || !sameList(r, w) {
		return false
	}
	read, ok := r.Path[1].(*ast.AssignStmt)
	if !ok || len(read.Lhs) != 1 || read.Rhs[0] != r.sel || !inList(r.Path[2]) || !inList(w.Path[2]) {
		return false
	}
	if _, ok := read.Lhs[0].(*ast.Ident); !ok {
		return false
	}
	info := w.File.Info
	switch p := w.Path[1].(type) {
	case *ast.IncDecStmt:
		if a.unsigned(w.Use, w.sel) && p.Tok == token.DEC {
			return false
		}
		code := a.load(r.Use, "$0.Add(1)") + " - 1"
		if p.Tok == token.DEC {
			code = a.load(r.Use, "$0.Add(-1)") + " + 1"
		}
		a.replace(r.Use, r.sel, code, r.File.Span(r.sel))
	case *ast.AssignStmt:
		if p.Tok != token.ASSIGN || len(p.Lhs) != 1 || !movable(info, p.Rhs[0]) {
			return false
		}
		old := info.ObjectOf(read.Lhs[0].(*ast.Ident))
		if mentionsObject(info, p.Rhs[0], old) {
			return false
		}
		v, code := a.arg(w.Use, p.Rhs[0])
		a.replace(r.Use, r.sel, a.load(r.Use, "$0.Swap("+strings.ReplaceAll(code, "$0", text(w.File, v))+")"), r.File.Span(r.sel))
	default:
		return false
	}
	a.edits = append(a.edits, rewrite.Drop{Node: w.File.Span(w.Path[1])})
	a.done[r.Use], a.done[w.Use] = true, true
	return true
}

func mentionsObject(info *types.Info, in ast.Node, o types.Object) bool {
	found := false
	ast.Inspect(in, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		found = found || ok && info.Uses[id] == o
		return !found
	})
	return found
}

// result lets those who read a counter back use what Add returns: in place of
// the read if it is the next thing that happens, else through a variable.
func (a *atomicEdit) result(spots []spot) bool {
	w := spots[0]
	if !w.write || !compound(w) || !inList(w.Path[2]) {
		return false
	}
	add, holes := a.change(w.Use)
	if add == "" {
		return false
	}
	stmts := list(w.Path[2])
	at := slices.Index(stmts, w.Path[1].(ast.Stmt))
	for _, r := range spots[1:] {
		if r.write || contains(w.Path[1], r.sel) || !within(r, stmts[at+1:]) {
			return false
		}
	}
	for _, s := range spots {
		a.done[s.Use] = true
	}
	r := spots[1]
	if len(spots) == 2 && len(holes) == 1 && at+1 < len(stmts) && next(r, stmts[at+1]) {
		a.edits = append(a.edits, rewrite.Drop{Node: w.File.Span(w.Path[1])})
		a.replace(r.Use, r.sel, a.load(r.Use, add), r.File.Span(r.sel))
		return true
	}
	name := a.fresh(w.Use, lowerFirst(w.name()))
	code := add
	if a.narrow != "" {
		code = a.narrow + "(" + add + ")"
	}
	a.replace(w.Use, w.Path[1], name+" := "+code, holes...)
	for _, r := range spots[1:] {
		a.replace(r.Use, r.sel, name)
	}
	return true
}

// next reports whether a spot is read whenever a statement runs, before it
// calls anything.
func next(r spot, stmt ast.Stmt) bool {
	for i := 1; i < len(r.Path); i++ {
		inner := r.Path[i-1]
		switch n := r.Path[i].(type) {
		case *ast.BinaryExpr:
			if (n.Op == token.LAND || n.Op == token.LOR) && n.Y == inner {
				return false
			}
		case *ast.ParenExpr, *ast.UnaryExpr, *ast.CallExpr, *ast.SelectorExpr, *ast.IndexExpr, *ast.KeyValueExpr, *ast.CompositeLit:
		case *ast.IfStmt:
			return n == stmt && n.Init == nil && n.Cond == inner
		case *ast.SwitchStmt:
			return n == stmt && n.Init == nil && n.Tag == inner
		case *ast.ReturnStmt, *ast.AssignStmt, *ast.ExprStmt, *ast.SendStmt:
			return n == stmt && !calls(r.File.Info, stmt, stmt.Pos(), r.sel.Pos())
		default:
			return false
		}
	}
	return false
}

// within reports whether a spot is in one of the statements and runs at most
// once for each run of these, in their goroutine.
func within(s spot, stmts []ast.Stmt) bool {
	for _, n := range s.Path {
		switch n.(type) {
		case *ast.ForStmt, *ast.RangeStmt, *ast.FuncLit, *ast.SelectStmt:
			return false
		}
		if stmt, ok := n.(ast.Stmt); ok && slices.Contains(stmts, stmt) {
			return true
		}
	}
	return false
}

// once loads a pointer that a function reads several times into a variable,
// so that a check and the use that relies on it see the same one; and a number
// that one statement reads several times.
func (a *atomicEdit) once(fn ast.Node, spots []spot) string {
	if fn == nil || a.value == "bool" || slices.ContainsFunc(spots, func(s spot) bool { return s.write || s.File.Test }) {
		return ""
	}
	r, ok := cover(fn, spots)
	if !ok || !a.pointer && r.first != r.last {
		return ""
	}
	stmts := list(r.up)[r.first : r.last+1]
	first, last := spots[0], spots[len(spots)-1]
	if slices.ContainsFunc(spots, func(s spot) bool { return !within(s, stmts) }) || !steady(fn, first) || early(first, stmts[0], never) != "" || touched(first, last) {
		if a.pointer && slices.ContainsFunc(spots, func(s spot) bool { return condition(s.Use) != nil }) {
			return fmt.Sprintf("%s tests the pointer and line %d uses it: both must see the same one", first.at(), last.line())
		}
		return ""
	}
	name := a.fresh(first.Use, lowerFirst(first.name()))
	f := first.File
	code := "$0.Load()"
	if a.narrow != "" {
		code = a.narrow + "(" + code + ")"
	}
	a.edits = append(a.edits, rewrite.Insert{Stmt: f.Span(stmts[0]), Code: a.spell(name+" := "+code, a.imports),
		Holes: []rewrite.Span{f.Span(first.sel)}})
	for _, s := range spots {
		a.replace(s.Use, s.sel, name)
		a.done[s.Use] = true
	}
	return ""
}

// touched reports whether something between two reads may be meant to change
// the field: a method of the object, a call that gets it, a channel operation.
func touched(first, last spot) bool {
	object := first.objectText()
	found := false
	ast.Inspect(function(first.Use), func(n ast.Node) bool {
		if n == nil || n.End() < first.sel.Pos() || n.Pos() > last.sel.Pos() {
			return false
		}
		switch n := n.(type) {
		case *ast.CallExpr:
			if contains(n, last.sel) {
				return true // runs after its arguments are read
			}
			if m, ok := n.Fun.(*ast.SelectorExpr); ok && text(first.File, m.X) == object {
				found = true
			}
			for _, arg := range n.Args {
				found = found || text(first.File, arg) == object
			}
		case *ast.SendStmt:
			found = true
		case *ast.UnaryExpr:
			found = found || n.Op == token.ARROW
		}
		return !found
	})
	return found
}
