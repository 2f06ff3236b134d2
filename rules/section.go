package rules

import (
	"fmt"
	"go/ast"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// together covers all spots of a step with one critical section: what is
// read there decides what is written. It returns how many of the steps after
// this one are covered too.
func (l *locking) together(fn ast.Node, spots []spot, more [][]spot) (int, string) {
	from, to := spots[0].at(), spots[len(spots)-1].at()
	if s, ok := l.otherObject(spots); ok {
		if from == s.at() {
			return 0, fmt.Sprintf("%s is one step on two objects", from)
		}
		return 0, fmt.Sprintf("%s and %s belong to one step on two objects", from, s.at())
	}
	if r, ok := l.whole(fn, spots); ok {
		l.hold(spots, r.stmts()[0], r.stmts()[r.last-r.first], false)
		return 0, ""
	}
	r, ok := cover(fn, spots)
	if !ok {
		return 0, fmt.Sprintf("%s and %s are one step with no statements around it", from, to)
	}
	f := spots[0].File
	stmts := list(r.up)
	region := stmts[r.first : r.last+1]
	if reason := l.quiet(f, fn, region); reason != "" {
		if l.leave(fn, spots, region) {
			return 0, ""
		}
		if r.first == r.last {
			if n, ok := l.slowWrite(fn, spots, more, r.up, r.first); ok {
				return n, ""
			}
			if l.clearHead(fn, spots, r.up, r.first) || l.branch(fn, spots, region[0]) {
				return 0, ""
			}
		}
		if l.takeOut(fn, spots, r) {
			return 0, ""
		}
		return 0, fmt.Sprintf("%s and %s are one step, and between them runs %s", from, to, reason)
	}
	if spins(region, spots) {
		return 0, fmt.Sprintf("%s waits in a loop for others to change it", from)
	}
	if r.up == ast.Node(body(fn)) && l.quiet(f, fn, stmts[r.first:]) == "" {
		l.hold(spots, region[0], stmts[len(stmts)-1], true)
		return 0, ""
	}
	if !l.release(fn, spots, region) {
		return 0, fmt.Sprintf("%s and %s are one step, which returns what it reads from inside a block", from, to)
	}
	return 0, ""
}

// release holds the lock over statements that may be left early, and releases
// it on each of these ways too.
func (l *locking) release(fn ast.Node, spots []spot, stmts []ast.Stmt) bool {
	f := spots[0].File
	h := rewrite.Hold{Lock: l.lockExpr(spots[0]), Mode: l.mode(l.spots[fn]), First: f.Span(stmts[0]), Last: f.Span(stmts[len(stmts)-1])}
	edits, ok := l.ways(fn, f, stmts, h)
	if !ok {
		return false
	}
	l.edits = append(append(l.edits, h), edits...)
	return true
}

// ways releases the lock where statements that hold it are left early.
func (l *locking) ways(fn ast.Node, f *rewrite.File, stmts []ast.Stmt, h rewrite.Hold) ([]rewrite.Edit, bool) {
	list, ok := exits(stmts)
	if !ok {
		return nil, false
	}
	var edits []rewrite.Edit
	for _, s := range list {
		if !l.touches(fn, s) {
			edits = append(edits, rewrite.Insert{Stmt: f.Span(s), Code: rewrite.Code{Text: end(h)}})
			continue
		}
		more, ok := l.kept(fn, s, end(h))
		if !ok {
			return nil, false
		}
		edits = append(edits, more...)
	}
	return edits, true
}

// begin is the statement that takes the lock of a section.
func begin(h rewrite.Hold) string {
	if h.Mode == rewrite.Shared {
		return h.Lock + ".RLock()"
	}
	return h.Lock + ".Lock()"
}

// end is the one that releases it.
func end(h rewrite.Hold) string {
	if h.Mode == rewrite.Shared {
		return h.Lock + ".RUnlock()"
	}
	return h.Lock + ".Unlock()"
}

// otherObject returns the first spot whose lock isn't that of the first.
func (l *locking) otherObject(spots []spot) (spot, bool) {
	for _, s := range spots[1:] {
		if l.lockExpr(s) != l.lockExpr(spots[0]) {
			return s, true
		}
	}
	return spot{}, false
}

// split refuses to lock one half of a step whose other half holds the lock
// already, in a section of its own.
func (l *locking) split(fn ast.Node, spots []spot) string {
	for _, s := range spots {
		for _, h := range l.held[fn] {
			if l.lockExpr(h) != l.lockExpr(s) {
				continue
			}
			if h.write && depends(s, h) == hard && !l.again(fn, s, h) {
				return fmt.Sprintf("%s tests it without the lock and %s then writes it under the lock: the two must be one step", s.at(), h.at())
			}
			if s.write && depends(h, s) == hard {
				return fmt.Sprintf("%s reads it, the lock is released, and %s writes what depends on that: the two must be one step", h.at(), s.at())
			}
		}
	}
	return ""
}

// again reports whether what was read without the lock is tested once more
// under it before the write.
func (l *locking) again(fn ast.Node, r, w spot) bool {
	return slices.ContainsFunc(l.held[fn], func(h spot) bool {
		return !h.write && h.sel.Pos() > r.sel.Pos() && h.sel.Pos() < w.sel.Pos() && condition(h.Use) != nil && sameField(h, r)
	})
}

func (l *locking) hold(spots []spot, first, last ast.Stmt, deferred bool) {
	f := spots[0].File
	l.edits = append(l.edits, rewrite.Hold{Lock: l.lockExpr(spots[0]), Mode: l.mode(spots),
		First: f.Span(first), Last: f.Span(last), Defer: deferred})
}

// tail covers the rest of a function that does nothing slow: a getter or
// setter, or what may return early, reads best with Lock and defer Unlock.
func (l *locking) tail(fn ast.Node, spots []spot) bool {
	b := body(fn)
	r, ok := cover(fn, spots)
	if !ok || r.up != ast.Node(b) {
		return false
	}
	if _, other := l.otherObject(spots); other {
		return false
	}
	rest := b.List[r.first:]
	region := b.List[r.first : r.last+1]
	switch {
	case l.meetsForeign(rest) || !leaves(rest) || l.quiet(spots[0].File, fn, rest) != "" || spins(region, spots):
		return false
	case len(b.List) > 12 && len(rest)-len(region) > 2:
		return false // most of what would be covered has nothing to do with it
	case !leaves(region) && (r.first > 0 || len(b.List) > 4 || !l.ofReceiver(spots[0])):
		return false
	}
	if r.first > 0 && l.lockCall(spots[0], b.List[r.first-1], "Unlock", "RUnlock") && l.lengthen(spots, b.List, r.first-1) {
		return true
	}
	if l.split(fn, spots) != "" {
		return false
	}
	l.hold(spots, b.List[r.first], b.List[len(b.List)-1], true)
	return true
}

// meetsForeign reports whether some statements hold what needs another lock.
func (l *locking) meetsForeign(stmts []ast.Stmt) bool {
	return slices.ContainsFunc(l.foreign, func(n ast.Node) bool {
		return slices.ContainsFunc(stmts, func(s ast.Stmt) bool { return contains(s, n) })
	})
}

// ofReceiver reports whether the spot's object is the method's receiver, or
// the spot is a variable in a function of its own.
func (l *locking) ofReceiver(s spot) bool {
	holder := l.holder(s)
	if holder == nil {
		fd, ok := function(s.Use).(*ast.FuncDecl)
		return ok && len(fd.Body.List) <= 2
	}
	id, ok := holder.(*ast.Ident)
	return ok && isReceiver(s, id)
}

// lockCall reports whether a statement is a call of one of the methods on the
// spot's lock.
func (l *locking) lockCall(s spot, stmt ast.Stmt, methods ...string) bool {
	call := stmtCall(stmt)
	if call == nil {
		return false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	return ok && slices.Contains(methods, sel.Sel.Name) && text(s.File, sel.X) == l.lockExpr(s)
}

// lengthen makes a critical section that ends at an index of the function's
// list last to its end, if that is all it takes.
func (l *locking) lengthen(spots []spot, stmts []ast.Stmt, end int) bool {
	s := spots[0]
	lock, unlock := "Lock", "Unlock"
	if l.lockCall(s, stmts[end], "RUnlock") {
		lock, unlock = "RLock", "RUnlock"
	}
	if lock == "RLock" && l.mode(spots) == rewrite.Exclusive || !isExpr(stmts[end]) {
		return false
	}
	for i := end - 1; i >= 0; i-- {
		if l.lockCall(s, stmts[i], lock) && isExpr(stmts[i]) {
			l.edits = append(l.edits, rewrite.Drop{Node: s.File.Span(stmts[end])},
				rewrite.Insert{Stmt: s.File.Span(stmts[i]), After: true, Code: rewrite.Code{Text: "defer " + l.lockExpr(s) + "." + unlock + "()"}})
			return true
		}
		if mentionsText(s.File, stmts[i], l.lockExpr(s)) {
			return false // unlocks on the way
		}
	}
	return false
}

// join adds the first spots to the critical section that ends just above
// them, or begins just below; it returns how many groups that served.
func (l *locking) join(fn ast.Node, groups [][]spot) int {
	first := groups[0][0]
	up, i := place(first)
	if up == nil {
		return 0
	}
	stmts := list(up)
	f := first.File
	last, n := i, 0
	var spots []spot
	for n < len(groups) {
		to := last
		fits := true
		for _, s := range groups[n] {
			u2, j := placeIn(s, up)
			fits = fits && u2 != nil && j <= to+1 && l.lockExpr(s) == l.lockExpr(first)
			to = max(to, j)
		}
		if !fits || l.quiet(f, fn, stmts[i:to+1]) != "" || spins(stmts[i:to+1], groups[n]) {
			break
		}
		last = to
		spots = append(spots, groups[n]...)
		n++
	}
	if n == 0 {
		return 0
	}
	expr := l.lockExpr(first)
	write := l.mode(spots) == rewrite.Exclusive
	next := l.lockBelow(fn, first, stmts, last)
	if l.stay(fn, first, stmts, i, last, next, write) {
		return n
	}
	if next+1 < len(stmts) && up == ast.Node(body(fn)) && l.lockCall(first, stmts[next], "Lock", "RLock") {
		lock, end := stmts[next], stmts[next+1]
		exclusive := l.lockCall(first, lock, "Lock")
		if _, ok := end.(*ast.DeferStmt); ok && l.lockCall(first, end, "Unlock", "RUnlock") && (exclusive || !write) {
			text := expr + ".Lock()\ndefer " + expr + ".Unlock()"
			if !exclusive {
				text = expr + ".RLock()\ndefer " + expr + ".RUnlock()"
			}
			l.edits = append(l.edits, rewrite.Drop{Node: f.Span(lock)}, rewrite.Drop{Node: f.Span(end)},
				rewrite.Insert{Stmt: f.Span(stmts[i]), Code: rewrite.Code{Text: text}})
			return n
		}
	}
	if !leaves(stmts[i:min(next, len(stmts))]) {
		next = last + 1
	}
	if !l.joinAbove(fn, first, stmts, i, next, write) {
		return 0
	}
	return n
}

// stay lets the critical section that ends just above statements end below them.
// If they leave, it ends on the way, too, where the one below is of another kind: who
// only reads need not wait as those who write do.
//
//	x, ok := s.m[k]              x, ok := s.m[k]
//	s.mu.RUnlock()               if !ok || x.done {
//	if !ok || x.done {               s.mu.RUnlock()
//		return                       return
//	}                            }
//	s.mu.Lock()                  s.mu.RUnlock()
//	...                          s.mu.Lock()
func (l *locking) stay(fn ast.Node, first spot, stmts []ast.Stmt, i, last, next int, write bool) bool {
	f := first.File
	h, ok := l.endsAbove(first, stmts, i, write)
	down, again := l.beginsBelow(first, stmts, next, write)
	switch {
	case !ok, again && next == last+1 && down.Mode == h.Mode: // the two will become one
		return false
	case leaves(stmts[i:last+1]) && (!again || down.Mode == h.Mode):
		return false
	}
	edits, ok := l.ways(fn, f, stmts[i:last+1], h)
	if !ok {
		return false
	}
	l.edits = append(append(l.edits, edits...), rewrite.Drop{Node: f.Span(stmts[i-1])})
	if !ends(&ast.BlockStmt{List: stmts[:last+1]}) {
		l.edits = append(l.edits, rewrite.Insert{Stmt: f.Span(stmts[last]), After: true, Code: rewrite.Code{Text: end(h)}})
	}
	return true
}

// lockBelow is the index of the first statement behind another one that takes the
// lock, where quick code at most stands between that has to do neither with the
// lock nor with what it guards; else of the one right behind.
func (l *locking) lockBelow(fn ast.Node, first spot, stmts []ast.Stmt, last int) int {
	for i := last + 1; i < len(stmts) && i <= last+maxBetween; i++ {
		if l.lockCall(first, stmts[i], "Lock", "RLock") {
			return i
		}
		if l.touches(fn, stmts[i]) || mentionsText(first.File, stmts[i], l.lockExpr(first)) || l.quiet(first.File, fn, stmts[i:i+1]) != "" {
			break
		}
	}
	return last + 1
}

// maxBetween is how many statements a section takes in at most that have nothing
// to do with it.
const maxBetween = 4

// endsAbove is the critical section that ends just above a statement, if it will do for
// what is read there, or written.
func (l *locking) endsAbove(first spot, stmts []ast.Stmt, i int, write bool) (h rewrite.Hold, ok bool) {
	if i == 0 || !isExpr(stmts[i-1]) {
		return h, false
	}
	h = rewrite.Hold{Lock: l.lockExpr(first), Mode: rewrite.Exclusive}
	if l.lockCall(first, stmts[i-1], "Unlock") {
		return h, true
	}
	h.Mode = rewrite.Shared
	return h, !write && l.lockCall(first, stmts[i-1], "RUnlock")
}

// beginsBelow is the one that a statement begins.
func (l *locking) beginsBelow(first spot, stmts []ast.Stmt, next int, write bool) (h rewrite.Hold, ok bool) {
	if next >= len(stmts) || !isExpr(stmts[next]) {
		return h, false
	}
	h = rewrite.Hold{Lock: l.lockExpr(first), Mode: rewrite.Exclusive}
	if l.lockCall(first, stmts[next], "Lock") {
		return h, true
	}
	h.Mode = rewrite.Shared
	return h, !write && l.lockCall(first, stmts[next], "RLock")
}

// joinAbove lets the critical section that begins below statements begin above
// them; where they leave, the lock is released. If another one ends there, the two
// become one.
//
//	if x.closed {         x.mu.Lock()
//		return err        if x.closed {
//	}                         x.mu.Unlock()
//	x.mu.Lock()               return err
//	...                   }
func (l *locking) joinAbove(fn ast.Node, first spot, stmts []ast.Stmt, i, next int, write bool) bool {
	f := first.File
	h, ok := l.beginsBelow(first, stmts, next, write)
	if !ok {
		return false
	}
	edits, ok := l.ways(fn, f, stmts[i:next], h)
	if !ok {
		return false
	}
	edits = append(edits, rewrite.Drop{Node: f.Span(stmts[next])})
	if up, ok := l.endsAbove(first, stmts, i, write); ok && up.Mode == h.Mode {
		edits = append(edits, rewrite.Drop{Node: f.Span(stmts[i-1])})
	} else {
		edits = append(edits, rewrite.Insert{Stmt: f.Span(stmts[i]), Code: rewrite.Code{Text: begin(h)}})
	}
	l.edits = append(l.edits, edits...)
	return true
}

// touches reports whether a node of a function holds an access to the places.
func (l *locking) touches(fn ast.Node, n ast.Node) bool {
	return slices.ContainsFunc(slices.Concat(l.spots[fn], l.held[fn]), func(s spot) bool { return contains(n, s.sel) })
}

func isExpr(s ast.Stmt) bool {
	_, ok := s.(*ast.ExprStmt)
	return ok
}

// mentionsText reports whether an expression of this text stands in a node.
func mentionsText(f *rewrite.File, n ast.Node, expr string) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if e, ok := n.(ast.Expr); ok && !found && text(f, e) == expr {
			found = true
		}
		return !found
	})
	return found
}
