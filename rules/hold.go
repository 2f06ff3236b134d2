package rules

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// A locking puts the accesses to some places under one lock of their struct.
type locking struct {
	site   *rewrite.Site
	key    string   // of the lock
	method string   // what follows the object in the lock's expression: ".mu", "" if embedded
	rw     bool     // has RLock
	places []string // keys
	edits  []rewrite.Edit
	names  map[ast.Node][]string // variables made so far, by the list they are in
}

// A spot is an access that needs the lock and does not have it.
type spot struct {
	*rewrite.Use
	sel   *ast.SelectorExpr
	write bool
	elem  bool // reads or writes what the field holds, not just the field
}

// A stretch is a run of statements in one list.
type stretch struct {
	up          ast.Node // that holds the list
	first, last int
}

// plan makes the edits, or says why not.
func (l *locking) plan() string {
	byFunc := make(map[ast.Node][]spot)
	var order []ast.Node
	for _, place := range l.places {
		for _, u := range l.site.Module.Uses(place) {
			s, need, reason := l.need(u)
			if reason != "" {
				return reason
			}
			if !need {
				continue
			}
			fn := function(u)
			if byFunc[fn] == nil {
				order = append(order, fn)
			}
			byFunc[fn] = append(byFunc[fn], s)
		}
	}
	for _, fn := range order {
		spots := byFunc[fn]
		slices.SortFunc(spots, func(a, b spot) int { return int(a.sel.Pos() - b.sel.Pos()) })
		if reason := l.function(fn, spots); reason != "" {
			return reason
		}
	}
	return ""
}

// need tells whether a use must get the lock.
func (l *locking) need(u *rewrite.Use) (s spot, need bool, reason string) {
	sel, ok := u.Path[0].(*ast.SelectorExpr)
	if !ok {
		return s, false, "" // a composite literal: nobody else has the object
	}
	a := u.Access
	if a == nil || a.Fresh || u.File.Test {
		return s, false, ""
	}
	s = spot{Use: u, sel: sel, write: writes(u), elem: a.Op == rewrite.ReadElem || a.Op == rewrite.WriteElem}
	if a.Op == rewrite.Address {
		return s, false, fmt.Sprintf("the field's address is taken at %s", s.at())
	}
	if a.Whole {
		return s, false, fmt.Sprintf("the struct is copied or assigned as a whole at %s", s.at())
	}
	for _, h := range a.Locks {
		if h.Key == l.key {
			if s.write && h.Mode == rewrite.Shared {
				return s, false, fmt.Sprintf("%s writes under a read lock", s.at())
			}
			return s, false, ""
		}
	}
	for _, h := range l.site.Module.Entry(u.File, sel.Pos()) {
		if h.Key == l.key {
			return s, false, fmt.Sprintf("some callers of %s hold the lock and some do not", a.Func)
		}
	}
	return s, true, ""
}

func (s spot) at() string {
	return fmt.Sprintf("%s:%d", base(s.File.Name), s.File.Span(s.sel).Line)
}

// function puts the spots of one function under the lock.
func (l *locking) function(fn ast.Node, spots []spot) string {
	if fn == nil {
		return fmt.Sprintf("%s is not in a function", spots[0].at())
	}
	for _, s := range spots {
		if reason := l.stable(fn, s); reason != "" {
			return reason
		}
	}
	if slices.ContainsFunc(spots, func(s spot) bool { return s.write }) && len(spots) > 1 && dependent(fn, spots) {
		return l.together(fn, spots)
	}
	if l.short(fn, spots) {
		return ""
	}
	return l.apart(fn, spots)
}

// stable refuses objects whose name may mean another one by the time the lock
// is released, or which are reached in ways that have side effects.
func (l *locking) stable(fn ast.Node, s spot) string {
	for e := s.sel.X; ; {
		switch x := e.(type) {
		case *ast.ParenExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.Ident:
			v, ok := s.File.Info.Uses[x].(*types.Var)
			if ok && reassigned(s.File.Info, fn, v) {
				return fmt.Sprintf("%s is reassigned in the function, so its lock may not be the one that was taken", x.Name)
			}
			return ""
		default:
			return fmt.Sprintf("%s reaches the object through %s, which has no name to take a lock by", s.at(), text(s.File, s.sel.X))
		}
	}
}

// reassigned reports whether a function assigns a variable other than where
// it declares it.
func reassigned(info *types.Info, fn ast.Node, v *types.Var) bool {
	found := false
	ast.Inspect(fn, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, lhs := range n.Lhs {
				if id, ok := lhs.(*ast.Ident); ok && info.Uses[id] == v {
					found = true
				}
			}
		case *ast.UnaryExpr:
			if id, ok := n.X.(*ast.Ident); ok && n.Op == token.AND && info.Uses[id] == v {
				found = true
			}
		}
		return !found
	})
	return found
}

// lockExpr is the expression that has the Lock methods for a spot's object.
func (l *locking) lockExpr(s spot) string { return text(s.File, s.sel.X) + l.method }

func (l *locking) mode(spots []spot) rewrite.Mode {
	if !l.rw || slices.ContainsFunc(spots, func(s spot) bool { return s.write }) {
		return rewrite.Exclusive
	}
	return rewrite.Shared
}

// together covers all spots of a function with one critical section: what is
// read there decides what is written.
func (l *locking) together(fn ast.Node, spots []spot) string {
	for _, s := range spots[1:] {
		if l.lockExpr(s) != l.lockExpr(spots[0]) {
			return fmt.Sprintf("%s and %s belong to one step on two objects", spots[0].at(), s.at())
		}
	}
	r, ok := cover(fn, spots)
	if !ok {
		return fmt.Sprintf("%s and %s are in different functions", spots[0].at(), spots[len(spots)-1].at())
	}
	f := spots[0].File
	stmts := list(r.up)
	if reason := l.quiet(f, stmts[r.first:r.last+1]); reason == "" && !leaves(stmts[r.first:r.last+1]) {
		l.hold(spots, stmts[r.first], stmts[r.last], false)
		return ""
	} else if reason != "" {
		return fmt.Sprintf("%s and %s are one step, and between them runs %s", spots[0].at(), spots[len(spots)-1].at(), reason)
	}
	if r.up != ast.Node(body(fn)) {
		return fmt.Sprintf("the step from %s to %s returns from inside a block", spots[0].at(), spots[len(spots)-1].at())
	}
	if reason := l.quiet(f, stmts[r.first:]); reason != "" {
		return fmt.Sprintf("the step that begins at %s returns on some ways, and after it runs %s", spots[0].at(), reason)
	}
	l.hold(spots, stmts[r.first], stmts[len(stmts)-1], true)
	return ""
}

func (l *locking) hold(spots []spot, first, last ast.Stmt, deferred bool) {
	f := spots[0].File
	l.edits = append(l.edits, rewrite.Hold{Lock: l.lockExpr(spots[0]), Mode: l.mode(spots),
		First: f.Span(first), Last: f.Span(last), Defer: deferred})
}

// quiet returns what must not run under the lock in some statements: slow
// work, or something that takes the lock itself.
func (l *locking) quiet(f *rewrite.File, stmts []ast.Stmt) string {
	return l.quietBetween(f, stmts[0].Pos(), stmts[len(stmts)-1].End())
}

func (l *locking) quietBetween(f *rewrite.File, from, to token.Pos) string {
	e := l.site.Module.Calls(f, from, to)
	if slices.Contains(e.Locks, l.key) {
		return "a call that takes the lock itself"
	}
	if len(e.Slow) > 0 {
		return e.Slow[0]
	}
	return ""
}

// short covers a small function that does nothing slow as a whole: a getter
// or setter reads best with Lock and defer Unlock.
func (l *locking) short(fn ast.Node, spots []spot) bool {
	b := body(fn)
	r, ok := cover(fn, spots)
	if !ok || r.up != ast.Node(b) {
		return false
	}
	for _, s := range spots[1:] {
		if l.lockExpr(s) != l.lockExpr(spots[0]) {
			return false
		}
	}
	rest := b.List[r.first:]
	if !leaves(rest) || l.quiet(spots[0].File, rest) != "" || l.callsNeedy(spots[0].File, rest) {
		return false
	}
	if len(b.List) > 12 && len(rest)-(r.last-r.first+1) > 2 {
		return false // most of what would be covered has nothing to do with it
	}
	l.hold(spots, b.List[r.first], b.List[len(b.List)-1], true)
	return true
}

// callsNeedy reports whether the statements call a method of the struct that
// this fix makes take the lock.
func (l *locking) callsNeedy(f *rewrite.File, stmts []ast.Stmt) bool {
	needy := make(map[types.Object]bool)
	for _, place := range l.places {
		for _, u := range l.site.Module.Uses(place) {
			if _, need, _ := l.need(u); need {
				if fd, ok := function(u).(*ast.FuncDecl); ok {
					needy[u.File.Info.Defs[fd.Name]] = true
				}
			}
		}
	}
	found := false
	for _, s := range stmts {
		ast.Inspect(s, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && needy[f.Info.Uses[id]] {
				found = true
			}
			return !found
		})
	}
	return found
}

// apart gives each statement its own critical section; neighbours share one.
func (l *locking) apart(fn ast.Node, spots []spot) string {
	for len(spots) > 0 {
		n, reason := l.next(fn, spots)
		if reason != "" {
			return reason
		}
		spots = spots[n:]
	}
	return ""
}

// next covers the first spot and those that can share its critical section;
// it returns how many that are.
func (l *locking) next(fn ast.Node, spots []spot) (int, string) {
	up, i := place(spots[0])
	if up == nil {
		return 0, fmt.Sprintf("%s is in the head of a statement that has no place for a lock before it", spots[0].at())
	}
	stmts := list(up)
	f := spots[0].File
	last, n := i, 0
	for n < len(spots) {
		s := spots[n]
		u2, j := placeIn(s, up)
		if u2 == nil || j > last+1 || l.lockExpr(s) != l.lockExpr(spots[0]) ||
			l.quiet(f, stmts[i:j+1]) != "" || leaves(stmts[i:j+1]) || l.callsNeedy(f, stmts[i:j+1]) {
			break
		}
		last = max(last, j)
		n++
	}
	if n > 0 && !onlyRead(spots[:n], stmts[i]) {
		l.hold(spots[:n], stmts[i], stmts[last], false)
		return n, ""
	}
	return l.hoist(fn, spots, up, i)
}

// onlyRead reports whether the only thing under the lock would be the
// condition of a statement with a body: then reading it first is the smaller
// section.
func onlyRead(spots []spot, stmt ast.Stmt) bool {
	if len(spots) != 1 || spots[0].elem || spots[0].write {
		return false
	}
	switch stmt.(type) {
	case *ast.IfStmt, *ast.SwitchStmt, *ast.ForStmt, *ast.RangeStmt, *ast.BlockStmt:
		return true
	}
	return false
}

// hoist reads a spot into a variable above its statement, under the lock, and
// uses that for later reads in the same list.
func (l *locking) hoist(fn ast.Node, spots []spot, up ast.Node, i int) (int, string) {
	s := spots[0]
	stmts := list(up)
	f := s.File
	if s.write {
		return 0, fmt.Sprintf("%s writes the field in a statement that also runs %s", s.at(), or(l.quiet(f, stmts[i:i+1]), "code that leaves it"))
	}
	expr, reason := s.readable()
	if reason != "" {
		return 0, reason
	}
	if reason := early(s, stmts[i]); reason != "" {
		return 0, reason
	}
	name := lowerFirst(s.sel.Sel.Name)
	if expr != ast.Expr(s.sel) {
		name = elementName(expr)
	}
	name = fresh(s.Use, name, l.names[up]...)
	if l.names == nil {
		l.names = make(map[ast.Node][]string)
	}
	l.names[up] = append(l.names[up], name)
	h := rewrite.Hoist{Lock: l.lockExpr(s), Mode: l.mode(spots[:1]), Stmt: f.Span(stmts[i]), Name: name, Exprs: []rewrite.Span{f.Span(expr)}}
	n := 1
	for n < len(spots) && expr == ast.Expr(s.sel) && l.same(spots[n], s, up) {
		h.Exprs = append(h.Exprs, f.Span(spots[n].sel))
		n++
	}
	l.edits = append(l.edits, h)
	return n, ""
}

// same reports whether a later read may use what was read before: in the same
// list, not in a loop or another function, with nothing between that could be
// meant to change it.
func (l *locking) same(s, first spot, up ast.Node) bool {
	if s.write || s.elem || text(s.File, s.sel) != text(first.File, first.sel) {
		return false
	}
	u2, j := placeIn(s, up)
	if u2 == nil {
		return false
	}
	for _, n := range s.Path {
		if n == ast.Node(list(up)[j]) {
			break
		}
		switch n.(type) {
		case *ast.ForStmt, *ast.RangeStmt, *ast.FuncLit, *ast.SelectStmt:
			return false
		}
	}
	switch list(up)[j].(type) {
	case *ast.ForStmt, *ast.RangeStmt, *ast.SelectStmt:
		return false
	}
	object := text(s.File, s.sel.X)
	changes := false
	ast.Inspect(up, func(n ast.Node) bool {
		if n == nil || n.End() < first.sel.Pos() || n.Pos() > s.sel.Pos() {
			return n == up
		}
		switch n := n.(type) {
		case *ast.CallExpr:
			if contains(n, s.sel) {
				return true // runs after its arguments are read
			}
			if m, ok := n.Fun.(*ast.SelectorExpr); ok && text(s.File, m.X) == object {
				changes = true
			}
			for _, a := range n.Args {
				changes = changes || text(s.File, a) == object
			}
		case *ast.SendStmt:
			changes = true
		case *ast.UnaryExpr:
			changes = changes || n.Op == token.ARROW
		}
		return true
	})
	return !changes
}

func or(s, other string) string {
	if s != "" {
		return s
	}
	return other
}
