package rules

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// next covers the first spot and those that can share its critical section;
// it returns how many steps that are.
func (l *locking) next(fn ast.Node, spots []spot, groups [][]spot) (int, string) {
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
		if u2 == nil || j > last+2 || l.lockExpr(s) != l.lockExpr(spots[0]) ||
			l.quiet(f, fn, stmts[i:j+1]) != "" || leaves(stmts[i:j+1]) || spins(stmts[i:j+1], spots[:n+1]) {
			break
		}
		last = max(last, j)
		n++
	}
	if m, end := l.run(fn, spots, up, i); m > n && end > last && !l.betterRead(spots[:m], stmts[i:end+1], up) && l.release(fn, spots[:m], stmts[i:end+1]) {
		return m, ""
	}
	if n > 0 && !l.betterRead(spots[:n], stmts[i:last+1], up) {
		l.hold(spots[:n], stmts[i], stmts[last], false)
		return n, ""
	}
	if spots[0].write {
		if n, ok := l.slowWrite(fn, spots[:1], groups[1:], up, i); ok {
			return 1 + n, ""
		}
		if l.clearIndex(spots[0], up, i) || l.clearArgs(spots[0], up, i) {
			return 1, ""
		}
	}
	if l.ownWork(fn, spots[0], up, i) {
		return 1, ""
	}
	n, reason := l.hoist(fn, spots, up, i)
	if region := stmts[i : i+1]; reason != "" && l.quiet(f, fn, region) == "" && !spins(region, spots[:1]) && l.release(fn, spots[:1], region) {
		return 1, ""
	}
	return n, reason
}

// run counts the spots in statements that follow each other from an index on
// and do nothing slow, whether they leave or not. It returns the last index.
func (l *locking) run(fn ast.Node, spots []spot, up ast.Node, i int) (n, last int) {
	stmts := list(up)
	last = i
	for n < len(spots) {
		s := spots[n]
		u2, j := placeIn(s, up)
		if u2 == nil || j > last+1 || l.lockExpr(s) != l.lockExpr(spots[0]) ||
			l.quiet(s.File, fn, stmts[i:j+1]) != "" || spins(stmts[i:j+1], spots[:n+1]) {
			break
		}
		last = max(last, j)
		n++
	}
	return n, last
}

// slowWrite computes a value that takes long above the lock, into a variable,
// and assigns that under the lock, in one section with the accesses right
// below. It returns how many further steps that served.
func (l *locking) slowWrite(fn ast.Node, spots []spot, more [][]spot, up ast.Node, i int) (int, bool) {
	s := spots[0]
	for _, t := range spots {
		if t.write {
			s = t
		}
	}
	f := s.File
	stmts := list(up)
	as, ok := stmts[i].(*ast.AssignStmt)
	if !ok || len(as.Lhs) != 1 || len(as.Rhs) != 1 || !contains(as.Lhs[0], s.sel) || !movable(f.Info, as.Lhs[0]) {
		return 0, false
	}
	value, grown, ok := l.slowPart(s, spots, as.Rhs[0])
	if !ok {
		return 0, false
	}
	name := lowerFirst(s.name())
	if as.Lhs[0] != s.sel || grown != nil && !grown.Ellipsis.IsValid() {
		name = "v"
	}
	name = fresh(s.Use, name, l.names[up]...)
	l.names[up] = append(l.names[up], name)

	lock, unlock := l.calls(s)
	if l.toTheEnd(fn, s, slices.Concat(more...), up, i+1) {
		l.edits = append(l.edits,
			rewrite.Insert{Stmt: f.Span(as), Code: rewrite.Code{Text: name + " := $0\n" + lock + "\ndefer " + unlock}, Holes: []rewrite.Span{f.Span(value)}},
			rewrite.Replace{Node: f.Span(value), Code: rewrite.Code{Text: name}})
		return len(more), true
	}
	last, n := i, 0
	for _, step := range more {
		to, ok := last, true
		for _, t := range step {
			u2, j := placeIn(t, up)
			ok = ok && u2 != nil && j > i && j <= to+1 && l.lockExpr(t) == l.lockExpr(s)
			to = max(to, j)
		}
		if !ok || l.quiet(f, fn, stmts[i+1:to+1]) != "" || leaves(stmts[i+1:to+1]) {
			break
		}
		last = to
		n++
	}
	l.edits = append(l.edits,
		rewrite.Insert{Stmt: f.Span(as), Code: rewrite.Code{Text: name + " := $0\n" + lock}, Holes: []rewrite.Span{f.Span(value)}},
		rewrite.Replace{Node: f.Span(value), Code: rewrite.Code{Text: name}},
		rewrite.Insert{Stmt: f.Span(stmts[last]), After: true, Code: rewrite.Code{Text: unlock}})
	return n, true
}

// toTheEnd reports whether the lock of a spot may be held from an index of the function's
// list to its end: all other spots are there, right below, and one of them is returned.
func (l *locking) toTheEnd(fn ast.Node, s spot, more []spot, up ast.Node, from int) bool {
	stmts := list(up)
	if up != ast.Node(body(fn)) || len(more) == 0 || len(stmts)-from > len(more)+1 {
		return false
	}
	rest := stmts[from:]
	return leaves(rest) && l.quiet(s.File, fn, rest) == "" && !l.meetsForeign(rest) && !spins(rest, more) &&
		!slices.ContainsFunc(more, func(t spot) bool {
			u, j := placeIn(t, up)
			return u == nil || j < from || l.lockExpr(t) != l.lockExpr(s)
		})
}

// slowPart finds what is slow in the value that is assigned at a spot: all of
// it, or what append adds to the field itself.
func (l *locking) slowPart(s spot, spots []spot, rhs ast.Expr) (value ast.Expr, grown *ast.CallExpr, ok bool) {
	value = rhs
	for _, t := range spots {
		if t.sel == s.sel || !contains(rhs, t.sel) {
			continue
		}
		call, ok := rhs.(*ast.CallExpr)
		if !ok || len(call.Args) != 2 || t.sel != call.Args[0] || !s.File.Info.Types[call.Fun].IsBuiltin() || grown != nil {
			return nil, nil, false
		}
		grown, value = call, call.Args[1]
	}
	slow := l.quietBetween(s.File, value.Pos(), value.End()) != ""
	return value, grown, slow && typed(s.File.Info, value)
}

// typed reports whether := gives a variable the type that an expression's
// value is used at: constants and nil have none of their own.
func typed(info *types.Info, e ast.Expr) bool {
	tv := info.Types[e]
	if tv.Type == nil || tv.Value != nil || tv.IsNil() {
		return false
	}
	b, ok := tv.Type.(*types.Basic)
	return !ok || b.Info()&types.IsUntyped == 0
}

// betterRead reports whether reading into a variable first makes a smaller or
// plainer section than holding the lock over the statements: they have
// bodies, start or defer a call, or read one thing more than once around
// calls.
func (l *locking) betterRead(spots []spot, stmts []ast.Stmt, up ast.Node) bool {
	if slices.ContainsFunc(spots, func(s spot) bool { return s.elem || s.write }) {
		return false
	}
	if l.meetsForeign(stmts) {
		return true
	}
	switch stmts[0].(type) {
	case *ast.GoStmt, *ast.DeferStmt:
		return true
	case *ast.IfStmt, *ast.SwitchStmt, *ast.ForStmt, *ast.RangeStmt, *ast.BlockStmt:
		if len(spots) == 1 {
			return true
		}
	}
	for _, s := range spots[1:] {
		if !l.same(s, spots[0], up) {
			return false
		}
	}
	return len(spots) > 1 && slices.ContainsFunc(stmts, func(s ast.Stmt) bool { return callsOut(spots[0].File, s) })
}

// callsOut reports whether a statement calls anything but a builtin.
func callsOut(f *rewrite.File, n ast.Node) bool {
	return callsAny(f, n, func(*types.Func) bool { return true })
}

// callsAny reports whether code calls a function of some kind; nil stands for one that is not
// known.
func callsAny(f *rewrite.File, n ast.Node, kind func(*types.Func) bool) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			tv := f.Info.Types[call.Fun]
			found = found || !tv.IsType() && !tv.IsBuiltin() && kind(callee(f.Info, call))
		}
		return !found
	})
	return found
}

// hoist reads a spot into a variable above its statement, under the lock, and
// uses that for later reads in the same list.
func (l *locking) hoist(fn ast.Node, spots []spot, up ast.Node, i int) (int, string) {
	s := spots[0]
	stmts := list(up)
	f := s.File
	if s.write {
		if n := l.assignResult(fn, spots, up, stmts[i]); n > 0 {
			return n, ""
		}
		return 0, fmt.Sprintf("%s writes %s in a statement that also runs %s", s.at(), s.thing(), or(l.quiet(f, fn, stmts[i:i+1]), "code that leaves it"))
	}
	if n := l.counted(fn, spots, up, stmts[i]); n > 0 {
		return n, ""
	}
	loop, inLoop := condition(s.Use).(*ast.ForStmt)
	again := slices.ContainsFunc(l.spots[fn], func(t spot) bool {
		return t.sel != s.sel && (inLoop && contains(loop.Cond, t.sel) || !inLoop && (sameField(t, s) || contains(stmts[i], t.sel)))
	})
	if !again && l.get(s) {
		return 1, ""
	}
	if inLoop {
		return l.loop(fn, s, loop)
	}
	if n := l.lift(spots, up, stmts[i]); n > 0 {
		return n, ""
	}
	if l.clearLookup(s, up, stmts[i]) || l.snapshot(fn, s, up, stmts[i]) {
		return 1, ""
	}
	expr, reason := s.readable()
	if lookedInto(s.Use) {
		expr, reason = s.sel, ""
	}
	if reason != "" {
		return 0, reason
	}
	if reason := early(s, stmts[i], func(call *ast.CallExpr) bool { return l.harmless(s, call) }); reason != "" {
		if !s.judged() && l.get(s) {
			return 1, ""
		}
		return 0, reason
	}
	if reason := l.outlives(s, fn, stmts[i]); reason != "" {
		return 0, reason
	}
	if element := s.element(); expr == s.sel && element != nil && l.changedInPlace(s) {
		expr = element // the analysis kept no access of its own for it
	}
	if expr == s.sel && !s.judged() && l.changedInPlace(s) {
		if lookedInto(s.Use) && l.copyAbove([]spot{s}, up, stmts[i], true) {
			return 1, ""
		}
		return 0, fmt.Sprintf("%s hands out what %s holds, which others change, to %s", s.at(), s.thing(), or(l.quiet(f, fn, stmts[i:i+1]), "code that leaves"))
	}
	name := lowerFirst(s.name())
	if expr != s.sel {
		name = l.elementName(s, expr)
	}
	name = l.nameFor(s, name, up)
	l.names[up] = append(l.names[up], name)
	h := rewrite.Hoist{Lock: l.lockExpr(s), Mode: l.mode(spots[:1]), Stmt: f.Span(stmts[i]), Name: name, Exprs: []rewrite.Span{f.Span(expr)}}
	n, reason := l.reuse(&h, spots, expr, up, fn, stmts[i])
	if reason != "" {
		return 0, reason
	}
	l.edits = append(l.edits, h)
	return n, ""
}

// usedIn lists the variables read so far that are used within a span.
func (l *locking) usedIn(within rewrite.Span) []string {
	var names []string
	for _, e := range l.edits {
		if h, ok := e.(rewrite.Hoist); ok && slices.ContainsFunc(h.Exprs, within.Contains) {
			names = append(names, h.Name)
		}
	}
	return names
}

// reuse lets later reads in the same list use what the first one has read; it
// returns how many reads that are.
func (l *locking) reuse(h *rewrite.Hoist, spots []spot, expr ast.Expr, up, fn ast.Node, stmt ast.Stmt) (int, string) {
	s := spots[0]
	n := 1
	for n < len(spots) {
		e, reason := spots[n].readable()
		if index, ok := e.(*ast.IndexExpr); reason != "" || ok && !fixedKey(s.File.Info, fn, index.Index) || text(s.File, e) != text(s.File, expr) || !l.same(spots[n], s, up) {
			break
		}
		if reason := l.outlives(spots[n], fn, stmt); reason != "" {
			return 0, reason
		}
		h.Exprs = append(h.Exprs, s.File.Span(e))
		n++
	}
	return n, ""
}

// waits reports whether something slow runs from a spot to the end of
// statements. What runs before a branch returns doesn't count.
func (l *locking) waits(first spot, stmts []ast.Stmt) bool {
	for _, t := range stmts {
		if t.End() < first.sel.Pos() {
			continue
		}
		to := t.End()
		if is, ok := t.(*ast.IfStmt); ok && is.Else == nil && len(is.Body.List) > 0 {
			if _, ok := is.Body.List[len(is.Body.List)-1].(*ast.ReturnStmt); ok {
				to = is.Cond.End()
			}
		}
		if l.quietBetween(first.File, max(t.Pos(), first.sel.Pos()), to) != "" {
			return true
		}
	}
	return false
}

// same reports whether a later read may use what was read before: in the same
// list, not in a loop or another function, with nothing between that could be
// meant to change it.
func (l *locking) same(s, first spot, up ast.Node) bool {
	if s.write || text(s.File, s.sel) != text(first.File, first.sel) {
		return false
	}
	u2, j := placeIn(s, up)
	if u2 == nil {
		return false
	}
	if !first.judged() && l.waits(first, list(up)[:j]) && !askedInTurn(first, up, j) {
		return false // it is read again because time has passed
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
	object, lock := s.objectText(), l.lockExpr(s)
	if x := l.holder(s); x != nil {
		object = text(s.File, x)
	}
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
			if m, ok := n.Fun.(*ast.SelectorExpr); ok && (text(s.File, m.X) == object || text(s.File, m.X) == lock) {
				changes = true
			}
			for _, a := range n.Args {
				changes = changes || text(s.File, a) == object
			}
		case *ast.AssignStmt:
			for _, lhs := range n.Lhs {
				root := rootIdent(s.sel)
				changes = changes || text(s.File, lhs) == text(s.File, s.sel) || root != nil && text(s.File, lhs) == root.Name
			}
		case *ast.IncDecStmt:
			changes = changes || text(s.File, n.X) == text(s.File, s.sel)
		case *ast.SendStmt:
			changes = true
		case *ast.UnaryExpr:
			changes = changes || n.Op == token.ARROW
		}
		return true
	})
	return !changes
}

// askedInTurn reports whether all that runs from a read up to an index of a list are calls
// of methods of what is read, one after the other: they are meant for one object.
//
//	x.span.SetAttribute(err)
//	x.span.SetStatus(failed)
func askedInTurn(first spot, up ast.Node, to int) bool {
	of, from := placeIn(first, up)
	if of == nil {
		return false
	}
	for _, st := range list(up)[from:to] {
		es, ok := st.(*ast.ExprStmt)
		if !ok {
			return false
		}
		if m := selected(es.X); m == nil || text(first.File, m.X) != text(first.File, first.sel) {
			return false
		}
	}
	return true
}

func or(s, other string) string {
	if s != "" {
		return s
	}
	return other
}
