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

// snapshot copies the map or slice that a range statement goes over, under the
// lock, where the body is slow: elements that others add or remove meanwhile
// are none of this loop's business. It reports whether it could.
func (l *locking) snapshot(fn ast.Node, s spot, up ast.Node, stmt ast.Stmt) bool {
	r, ok := s.Path[1].(*ast.RangeStmt)
	if !ok || ast.Stmt(r) != stmt || r.X != s.sel || l.changes(fn, s, r.Body.Pos()) {
		return false
	}
	if _, isMap := s.File.Info.TypeOf(s.sel).Underlying().(*types.Map); !isMap && r.Value == nil {
		return false // it counts only
	}
	return l.copyAbove([]spot{s}, up, stmt, true)
}

// counted reads a slice once, under the lock, above a loop whose head asks for its length
// and whose body is slow: element and length are of one slice. It returns how many of the
// spots that served.
//
//	for i := len(x.s) - 1; i >= 0; i-- {    x.mu.Lock()
//		x.s[i]()                            s := x.s
//	}                                       x.mu.Unlock()
//	                                        for i := len(s) - 1; i >= 0; i-- {
//	                                            s[i]()
func (l *locking) counted(fn ast.Node, spots []spot, up ast.Node, stmt ast.Stmt) int {
	s := spots[0]
	f, info := s.File, s.File.Info
	if _, ok := info.TypeOf(s.sel).Underlying().(*types.Slice); !ok || !asksLength(info, stmt, s) {
		return 0
	}
	n := 0
	for n < len(spots) && contains(stmt, spots[n].sel) {
		t := spots[n]
		if t.write || !sameField(t, s) || t.element() == nil && !lengthOf(info, t) {
			return 0
		}
		n++
	}
	if n < 2 || l.changes(fn, s, stmt.Pos()) || l.needs(f, fn, []ast.Stmt{stmt}) != "" || l.lockExpr(spots[n-1]) != l.lockExpr(s) {
		return 0
	}
	if _, reason := l.reachable(fn, spots[:n]); reason != "" {
		return 0
	}
	if !l.copyAbove(spots[:n], up, stmt, l.changedInPlace(s)) {
		return 0
	}
	return n
}

// asksLength reports whether a spot asks in the head of a loop how long a slice is.
func asksLength(info *types.Info, stmt ast.Stmt, s spot) bool {
	switch loop := stmt.(type) {
	case *ast.ForStmt:
		return lengthOf(info, s) && s.sel.End() < loop.Body.Pos()
	case *ast.RangeStmt:
		return loop.X == s.sel && loop.Value == nil
	}
	return false
}

// lengthOf reports whether a spot is only asked how long it is.
func lengthOf(info *types.Info, s spot) bool {
	switch p := s.Path[1].(type) {
	case *ast.CallExpr:
		id, ok := p.Fun.(*ast.Ident)
		return ok && id.Name == "len" && info.Types[p.Fun].IsBuiltin()
	case *ast.RangeStmt:
		return p.X == s.sel && p.Value == nil
	}
	return false
}

// drain takes what a range statement goes over out of its place, under the lock, where
// the body is slow and the place is emptied right below: what others add meanwhile is
// for the next time. It returns how many groups that served.
//
//	for _, c := range x.conns {    x.mu.Lock()
//		c.Close()                  conns := x.conns
//	}                              x.conns = nil
//	x.conns = nil                  x.mu.Unlock()
//	                               for _, c := range conns {
func (l *locking) drain(fn ast.Node, groups [][]spot) int {
	n := 1
	if len(groups[0]) == 1 {
		n = 2 // the two are steps of their own
	}
	spots := slices.Concat(groups[:min(n, len(groups))]...)
	if len(spots) != 2 || !spots[1].write || !sameField(spots[0], spots[1]) {
		return 0
	}
	s, f := spots[0], spots[0].File
	switch f.Info.TypeOf(s.sel).Underlying().(type) {
	case *types.Map, *types.Slice:
	default:
		return 0 // whoever is to close a channel must find it
	}
	r, ok := s.Path[1].(*ast.RangeStmt)
	up, i := place(s)
	if !ok || up == nil || r.X != s.sel {
		return 0
	}
	stmts := list(up)
	if stmts[i] != ast.Stmt(r) || i+1 == len(stmts) || leaves(stmts[i:i+1]) || l.quiet(f, fn, stmts[i:i+1]) == "" || l.needs(f, fn, r.Body.List) != "" {
		return 0
	}
	as, ok := stmts[i+1].(*ast.AssignStmt)
	if !ok || as.Tok != token.ASSIGN || len(as.Lhs) != 1 || len(as.Rhs) != 1 || as.Lhs[0] != spots[1].sel || !empties(f.Info, as.Rhs[0]) {
		return 0
	}
	l.empty(spots, up, r, as)
	return n
}

// empties reports whether an expression is nil or a new map or slice without elements.
func empties(info *types.Info, e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.CompositeLit:
		return len(e.Elts) == 0
	case *ast.CallExpr:
		id, ok := e.Fun.(*ast.Ident)
		return ok && id.Name == "make" && info.Types[e.Fun].IsBuiltin() && !slices.ContainsFunc(e.Args[1:], func(n ast.Expr) bool { return info.Types[n].Value == nil })
	}
	return info.Types[e].IsNil()
}

// lookedInto reports whether a use hands a map or slice to a function that reads
// its elements and keeps nothing: one that prints or encodes it.
func lookedInto(u *rewrite.Use) bool {
	call, ok := u.Path[1].(*ast.CallExpr)
	return ok && u.Access != nil && u.Access.Op == rewrite.ReadElem &&
		slices.Contains(call.Args, asExpr(u.Path[0])) && !u.File.Info.Types[call.Fun].IsBuiltin()
}

// copyAbove reads the map or slice that some spots name above their statement, under
// the lock, and uses what was read: a copy, if its elements change. It reports whether it
// could.
func (l *locking) copyAbove(spots []spot, up ast.Node, stmt ast.Stmt, elements bool) bool {
	s := spots[0]
	name := l.nameFor(s, lowerFirst(s.name()), up)
	code := rewrite.Code{Text: name + " := $0"}
	if elements {
		if code = cloned(s, name, goAtLeast(l.site.Module.GoVersion(s.File), 21)); code.Text == "" {
			return false
		}
	}
	code.Text = l.below(s, list(up), stmt, code.Text)
	l.names[up] = append(l.names[up], name)
	l.edits = append(l.edits, rewrite.Insert{Stmt: s.File.Span(stmt), Code: code, Holes: []rewrite.Span{s.File.Span(s.sel)}})
	l.instead(spots, name)
	return true
}

// empty takes what the spots name out of its place above a statement, under the lock that
// the last of them needs: as is the assignment, further down, that empties the place.
func (l *locking) empty(spots []spot, up ast.Node, stmt ast.Stmt, as *ast.AssignStmt) {
	s, w := spots[0], spots[len(spots)-1]
	f := s.File
	name := l.nameFor(s, lowerFirst(s.name()), up)
	l.names[up] = append(l.names[up], name)
	lock, unlock := l.calls(w)
	l.edits = append(l.edits,
		rewrite.Drop{Node: f.Span(as)},
		rewrite.Insert{Stmt: f.Span(stmt), Code: rewrite.Code{Text: lock + "\n" + name + " := $0\n$0 = $1\n" + unlock}, Holes: []rewrite.Span{f.Span(s.sel), f.Span(as.Rhs[0])}})
	l.instead(spots[:len(spots)-1], name)
}

// nameFor is a name for what a spot reads that nothing in a list of statements has yet.
func (l *locking) nameFor(s spot, name string, up ast.Node) string {
	return fresh(s.Use, name, append(slices.Clip(l.names[up]), l.usedIn(s.File.Span(up))...)...)
}

// instead puts a variable where spots are.
func (l *locking) instead(spots []spot, name string) {
	for _, t := range spots {
		l.edits = append(l.edits, rewrite.Replace{Node: t.File.Span(t.sel), Code: rewrite.Code{Text: name}})
	}
}

// changes reports whether a function changes what a spot reads, from a position
// on.
func (l *locking) changes(fn ast.Node, s spot, from token.Pos) bool {
	return slices.ContainsFunc(slices.Concat(l.spots[fn], l.held[fn]), func(t spot) bool {
		return t.write && sameField(t, s) && from <= t.sel.Pos()
	})
}

// calls returns the calls that take and release a spot's lock to read it.
func (l *locking) calls(s spot) (lock, unlock string) {
	h := rewrite.Hold{Lock: l.lockExpr(s), Mode: l.mode([]spot{s})}
	return begin(h), end(h)
}

// cloned is the code that makes a variable a copy of $0, the map or slice that
// a spot names. There is none where the elements are maps or slices: those
// would be shared.
func cloned(s spot, name string, generic bool) rewrite.Code {
	t := s.File.Info.TypeOf(s.sel)
	var elem types.Type
	kind := ""
	switch u := t.Underlying().(type) {
	case *types.Map:
		elem, kind = u.Elem(), "maps"
	case *types.Slice:
		elem, kind = u.Elem(), "slices"
	default:
		return rewrite.Code{}
	}
	switch elem.Underlying().(type) {
	case *types.Map, *types.Slice:
		return rewrite.Code{}
	}
	if generic {
		return rewrite.Code{Text: fmt.Sprintf("%s := %s.Clone($0)", name, kind), Imports: []string{kind}}
	}
	typ, imports := typeText(s.File, t)
	if kind == "slices" {
		return rewrite.Code{Text: fmt.Sprintf("%s := append(%s{}, $0...)", name, typ), Imports: imports}
	}
	from := text(s.File, s.sel)
	return rewrite.Code{Text: fmt.Sprintf("%s := make(%s, len($0))\nfor k, v := range %s {\n%s[k] = v\n}", name, typ, from, name), Imports: imports}
}

// loop reads what the condition of a for statement needs at the top of its
// body, under the lock, and leaves the loop there:
//
//	for i < 9 && !x.f {    for i < 9 {
//	                           x.mu.Lock()
//	                           f := x.f
//	                           x.mu.Unlock()
//	                           if f {
//	                               break
//	                           }
//
// It returns how many of the spots that served, or why it can't.
func (l *locking) loop(fn ast.Node, s spot, loop *ast.ForStmt) (int, string) {
	var in []spot
	for _, t := range l.spots[fn] {
		if contains(loop.Cond, t.sel) {
			in = append(in, t)
		}
	}
	if reason := l.leavable(fn, loop, in); reason != "" {
		return 0, reason
	}
	f := s.File
	kept, moved := conjuncts(loop.Cond, s.sel)
	lock, unlock := l.calls(s)
	code := rewrite.Insert{Stmt: f.Span(loop.Body.List[0])}
	names := make(map[ast.Expr]string)
	hole := func(e ast.Expr) string {
		if name := names[e]; name != "" {
			return name
		}
		code.Holes = append(code.Holes, f.Span(e))
		return fmt.Sprintf("$%d", len(code.Holes)-1)
	}
	text := lock + "\n"
	for _, t := range in {
		e, reason := t.readable()
		if reason != "" {
			return 0, reason
		}
		name := lowerFirst(t.name())
		if e != t.sel {
			name = l.elementName(t, e)
		}
		name = fresh(t.Use, name, l.names[loop.Body]...)
		l.names[loop.Body] = append(l.names[loop.Body], name)
		text += name + " := " + hole(e) + "\n"
		names[e] = name
		if !slices.Contains(moved, e) {
			l.edits = append(l.edits, rewrite.Replace{Node: f.Span(e), Code: rewrite.Code{Text: name}})
		}
	}
	code.Code.Text = text + unlock + "\nif " + negated(f, moved, hole) + " {\nbreak\n}"
	l.edits = append(l.edits, code)
	if kept == nil {
		l.edits = append(l.edits, rewrite.Drop{Node: f.Span(loop.Cond)})
	} else {
		l.edits = append(l.edits, rewrite.Replace{Node: f.Span(loop.Cond), Code: rewrite.Code{Text: "$0"}, Holes: []rewrite.Span{f.Span(kept)}})
	}
	return len(in), ""
}

// leavable says why the condition of a loop can't move into its body.
func (l *locking) leavable(fn ast.Node, loop *ast.ForStmt, in []spot) string {
	s := in[0]
	round := fmt.Sprintf("%s is read each time round a loop, with no place for a lock", s.at())
	if len(loop.Body.List) == 0 {
		return fmt.Sprintf("%s waits in an empty loop for others to change it", s.at())
	}
	_, moved := conjuncts(loop.Cond, s.sel)
	first := loop.Body.List[0]
	for _, t := range l.spots[fn] {
		at, _ := place(t)
		if contains(first, t.sel) && (at == nil || at == ast.Node(loop.Body)) || contains(loop.Cond, t.sel) && l.lockExpr(t) != l.lockExpr(s) {
			return round
		}
	}
	for _, t := range in {
		if t.judged() && slices.ContainsFunc(l.spots[fn], func(u spot) bool { return sameField(u, t) && u.sel.Pos() > loop.Cond.End() }) {
			return fmt.Sprintf("%s waits until there is one and uses it later: both must see the same one", t.at())
		}
		i := slices.IndexFunc(moved, func(e ast.Expr) bool { return contains(e, t.sel) })
		if t.write || i > 0 && t.indexed() || early(t, moved[i], never) != "" {
			return round
		}
	}
	if slices.ContainsFunc(moved, func(e ast.Expr) bool { return callsOut(s.File, e) }) {
		return round
	}
	return ""
}

// conjuncts splits a condition at the && before the first part that holds a
// node; kept is nil if that is the first.
func conjuncts(cond ast.Expr, n ast.Node) (kept ast.Expr, moved []ast.Expr) {
	for {
		b, ok := cond.(*ast.BinaryExpr)
		switch {
		case !ok || b.Op != token.LAND:
			return nil, append([]ast.Expr{cond}, moved...)
		case contains(b.Y, n):
			return b.X, append([]ast.Expr{b.Y}, moved...)
		}
		moved = append([]ast.Expr{b.Y}, moved...)
		cond = b.X
	}
}

// opposite lists the comparisons that hold when others don't. Those of order
// are not for floating-point numbers.
var opposite = map[token.Token]token.Token{
	token.EQL: token.NEQ, token.NEQ: token.EQL,
	token.LSS: token.GEQ, token.GEQ: token.LSS, token.GTR: token.LEQ, token.LEQ: token.GTR,
}

// negated is the code for the opposite of conditions that all hold; hole names
// what stands for a part of one.
func negated(f *rewrite.File, all []ast.Expr, hole func(ast.Expr) string) string {
	var parts []string
	for _, e := range all {
		part := ""
		b, binary := e.(*ast.BinaryExpr)
		not, unary := e.(*ast.UnaryExpr)
		switch {
		case unary && not.Op == token.NOT:
			part = hole(not.X)
		case binary && opposite[b.Op] != 0 && (b.Op == token.EQL || b.Op == token.NEQ || ordered(f.Info.TypeOf(b.X))):
			part = hole(b.X) + " " + opposite[b.Op].String() + " " + hole(b.Y)
		case binary:
			part = "!(" + hole(e) + ")"
		default:
			part = "!" + hole(e)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " || ")
}

// ordered reports whether of two values of a type one is always less than the
// other, or both are the same.
func ordered(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&(types.IsInteger|types.IsString) != 0
}
