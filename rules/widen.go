package rules

import (
	"go/ast"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// widen makes one critical section of a step of which one half holds the lock
// already, in a section of its own: what that releases and takes in between goes.
// It returns how many of the groups that served, 0 if it can't be done.
//
//	if x.m[k] == nil {        x.mu.Lock()
//		x.mu.Lock()           if x.m[k] == nil {
//		x.m[k] = v                x.m[k] = v
//		x.mu.Unlock()         }
//	}                         x.mu.Unlock()
func (l *locking) widen(fn ast.Node, groups [][]spot) int {
	for n := len(groups); n > 0; n-- {
		spots := slices.Concat(groups[:n]...)
		if _, other := l.otherObject(spots); other {
			continue
		}
		step := slices.Clone(spots)
		for _, h := range l.held[fn] {
			if l.lockExpr(h) == l.lockExpr(spots[0]) && slices.ContainsFunc(spots, func(s spot) bool { return bound(s, h) }) {
				step = append(step, h)
			}
		}
		for _, r := range covers(fn, step) {
			if edits := l.widened(fn, step, r); len(edits) > 0 && l.split(fn, slices.Concat(groups[n:]...)) == "" {
				l.edits = append(l.edits, edits...)
				return n
			}
		}
	}
	return 0
}

// bound reports whether what is read at one of two spots decides about what is
// written at the other.
func bound(a, b spot) bool { return depends(a, b) == hard || depends(b, a) == hard }

// widened holds the lock over statements, and takes out the sections in them; nil
// if one of these goes on outside, or if something slow is among them.
func (l *locking) widened(fn ast.Node, step []spot, r stretch) []rewrite.Edit {
	s := step[0]
	f, stmts := s.File, list(r.up)
	for r.last+1 < len(stmts) && l.open(s, stmts[r.first:r.last+1]) {
		r.last++
	}
	for r.first > 0 && l.ends(s, stmts[r.first:r.last+1]) {
		r.first--
	}
	region := r.stmts()
	inner, ok := l.sections(s, region)
	if !ok || len(inner) == 0 || spins(region, step) || l.needs(f, fn, region) != "" || l.replaced(fn, region) != "" {
		return nil
	}
	if _, compared := l.afterNilTest(fn, region); compared {
		return nil
	}
	first, last := region[0], region[len(region)-1]
	for len(region) > 1 && slices.Contains(inner, first) {
		region, first = region[1:], region[1]
	}
	for len(region) > 1 && slices.Contains(inner, last) {
		region, last = region[:len(region)-1], region[len(region)-2]
	}
	var edits []rewrite.Edit
	at := r.stmts()[0].Pos()
	for _, c := range inner {
		if l.quietBetween(f, at, c.Pos()) != "" {
			return nil
		}
		at = c.End()
		edits = append(edits, rewrite.Drop{Node: f.Span(c)})
	}
	if end := r.stmts()[len(r.stmts())-1].End(); at < end && l.quietBetween(f, at, end) != "" {
		return nil
	}
	h := rewrite.Hold{Lock: l.lockExpr(s), Mode: l.widest(step, inner), First: f.Span(first), Last: f.Span(last)}
	out, ok := l.ways(fn, f, r.stmts(), h)
	if !ok {
		return nil
	}
	return append(append(edits, h), out...)
}

// widest is how a section must hold the lock that takes in what others held, for
// other fields perhaps.
func (l *locking) widest(step []spot, inner []ast.Stmt) rewrite.Mode {
	if slices.ContainsFunc(inner, func(c ast.Stmt) bool { return l.lockCall(step[0], c, "Lock") }) {
		return rewrite.Exclusive
	}
	return l.mode(step)
}

// sections lists the calls that take and release the spot's lock among
// statements, in order; ok is false if they are not whole sections, each in one
// list.
func (l *locking) sections(s spot, region []ast.Stmt) (inner []ast.Stmt, ok bool) {
	ok = true
	named := 0
	for _, stmt := range region {
		ast.Inspect(stmt, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncLit:
				ok = ok && !mentionsText(s.File, n, l.lockExpr(s))
				return false
			case *ast.SelectorExpr:
				switch n.Sel.Name {
				case "Lock", "RLock", "Unlock", "RUnlock", "TryLock", "TryRLock", "RLocker":
					if text(s.File, n.X) == l.lockExpr(s) {
						named++
					}
				}
			}
			return true
		})
	}
	check := func(stmts []ast.Stmt) {
		open := ""
		for _, t := range stmts {
			if !isExpr(t) {
				continue
			}
			for lock, unlock := range map[string]string{"Lock": "Unlock", "RLock": "RUnlock"} {
				switch {
				case l.lockCall(s, t, lock):
					ok = ok && open == ""
					open, inner = unlock, append(inner, t)
				case l.lockCall(s, t, unlock):
					ok = ok && open == unlock
					open, inner = "", append(inner, t)
				}
			}
		}
		ok = ok && open == ""
	}
	check(region)
	for _, stmt := range region {
		ast.Inspect(stmt, func(n ast.Node) bool {
			if n != nil && inList(n) && !clauses(n) {
				check(list(n))
			}
			return true
		})
	}
	slices.SortFunc(inner, func(a, b ast.Stmt) int { return int(a.Pos() - b.Pos()) })
	return inner, ok && named == len(inner)
}

// open reports whether the last section that begins among statements of one list
// goes on below them.
func (l *locking) open(s spot, stmts []ast.Stmt) bool {
	for i := len(stmts) - 1; i >= 0; i-- {
		if isExpr(stmts[i]) && l.lockCall(s, stmts[i], "Unlock", "RUnlock") {
			return false
		}
		if isExpr(stmts[i]) && l.lockCall(s, stmts[i], "Lock", "RLock") {
			return true
		}
	}
	return false
}

// ends reports whether the first section that ends among statements of one list
// begins above them.
func (l *locking) ends(s spot, stmts []ast.Stmt) bool {
	i := slices.IndexFunc(stmts, func(t ast.Stmt) bool { return isExpr(t) && l.lockCall(s, t, "Lock", "RLock", "Unlock", "RUnlock") })
	return i >= 0 && l.lockCall(s, stmts[i], "Unlock", "RUnlock")
}
