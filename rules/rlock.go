package rules

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// rlock: take a read lock for writing where it is written under
//
// An RWMutex is held for reading where something is written: several readers
// are in the section at once, and all of them write. The whole section, from
// RLock to each of its releases, becomes one for writing. Where Lock is paired
// with RUnlock, or RLock with Unlock, the release is made to fit; a section
// that writes is taken for writing.
//
// It is refused
//
//   - where several callers take the read lock, or another function does;
//   - where the section takes the lock again, which two readers may do;
//   - where the section does something slow, which readers do side by side, and
//     no section of the function that writes does;
//   - where other accesses don't hold the lock at all, which is for guard to mend.
var rlock = &rewrite.Rule{
	Name:  "rlock",
	Title: "take a read lock for writing where it is written under",
	Mends: []rewrite.Kind{rewrite.Field, rewrite.Global, rewrite.Locking},
	Fix:   fixRLock,
}

func fixRLock(s *rewrite.Site) (*rewrite.Fix, string) {
	f := s.Finding
	if f.Kind == rewrite.Locking {
		return fixPair(s)
	}
	lock, writes := writtenUnder(f)
	if lock == "" {
		return nil, ""
	}
	for _, a := range f.Accesses {
		if ownerOf(lock) == f.Place.Owner && !a.Fresh && !a.Test && !rewrite.Holds(a.Locks, lock) {
			return nil, fmt.Sprintf("%s:%d does not hold %s at all", base(a.At.File), a.At.Line, rewrite.ShortKey(lock))
		}
	}
	fix := &rewrite.Fix{Title: fmt.Sprintf("Hold %s for writing", rewrite.ShortKey(lock)),
		Places: []string{f.Place.Key}, Safety: rewrite.Safe}
	done := make(map[*ast.CallExpr]bool)
	for _, a := range writes {
		sec, reason := sectionAround(s, a, lock)
		if reason != "" {
			return nil, reason
		}
		if !done[sec.take] {
			done[sec.take] = true
			fix.Edits = append(fix.Edits, sec.turn("Lock", "Unlock")...)
		}
	}
	for _, g := range s.Group { // what is written in the same sections
		if l, more := writtenUnder(g); g != f && l == lock && len(more) > 0 {
			fix.Places = append(fix.Places, g.Place.Key)
			for _, a := range more {
				sec, reason := sectionAround(s, a, lock)
				if reason != "" || !done[sec.take] {
					fix.Places = fix.Places[:len(fix.Places)-1]
					break
				}
			}
		}
	}
	return fix, ""
}

// writtenUnder returns the lock that is held for reading where the place is
// written, and the accesses that do so.
func writtenUnder(f *rewrite.Finding) (lock string, writes []rewrite.Access) {
	for _, a := range slices.Concat(f.Accesses, []rewrite.Access{f.Sides[0].Access, f.Sides[1].Access}) {
		if !a.Op.Writes() || a.Fresh || a.Test {
			continue
		}
		for _, l := range a.Locks {
			if l.Mode == rewrite.Shared && (lock == "" || lock == l.Key) {
				lock = l.Key
				if !slices.ContainsFunc(writes, func(b rewrite.Access) bool { return b.At == a.At }) {
					writes = append(writes, a)
				}
			}
		}
	}
	return lock, writes
}

// A section is the code from a call that takes a lock to the calls that
// release it.
type section struct {
	file  *rewrite.File
	take  *ast.CallExpr
	gives []*ast.CallExpr
}

// sectionAround finds the read section of a lock that an access stands in, or a
// call on the way to it.
func sectionAround(s *rewrite.Site, a rewrite.Access, lock string) (*section, string) {
	at := a.At
	var calls []rewrite.Step
	for _, side := range s.Finding.Sides {
		if side.Access.At == a.At && side.Access.Func == a.Func {
			calls = side.Path
		}
	}
	for {
		f, path := s.Module.Around(at)
		if len(path) == 0 {
			return nil, fmt.Sprintf("%s:%d is not in the files at hand", base(at.File), at.Line)
		}
		fn := function(&rewrite.Use{File: f, Path: path})
		if fn == nil {
			return nil, fmt.Sprintf("%s:%d is not in a function", base(at.File), at.Line)
		}
		held := slices.ContainsFunc(s.Module.Entry(f, path[0].Pos()), func(l rewrite.Lock) bool { return l.Key == lock })
		n := len(calls) - 1
		switch {
		case !held:
			return sectionAt(s, f, fn, path[0].Pos(), lock)
		case n < 0:
			return nil, fmt.Sprintf("callers of %s hold %s for reading", a.Func, rewrite.ShortKey(lock))
		}
		at, calls = calls[n].At, calls[:n]
	}
}

// sectionAt finds the read section that a place in a function stands in.
func sectionAt(s *rewrite.Site, f *rewrite.File, fn ast.Node, pos token.Pos, lock string) (*section, string) {
	var sec *section
	for _, c := range lockCalls(f, body(fn), lock, "RLock") {
		if c.Pos() < pos {
			sec = &section{file: f, take: c}
		}
	}
	line := fmt.Sprintf("the function around %s:%d", base(f.Name), f.Fset.Position(pos).Line)
	if sec == nil {
		return nil, fmt.Sprintf("%s does not take %s itself", line, rewrite.ShortKey(lock))
	}
	receiver := text(f, ast.Unparen(sec.take.Fun).(*ast.SelectorExpr).X)
	for _, c := range lockCalls(f, body(fn), lock, "RLock") {
		if c != sec.take && text(f, c) == receiver+".RLock()" {
			return nil, fmt.Sprintf("%s takes %s several times", line, rewrite.ShortKey(lock))
		}
	}
	for _, c := range lockCalls(f, body(fn), lock, "RUnlock") {
		if text(f, c) == receiver+".RUnlock()" {
			sec.gives = append(sec.gives, c)
		}
	}
	if len(sec.gives) == 0 {
		return nil, fmt.Sprintf("%s does not release %s itself", line, rewrite.ShortKey(lock))
	}
	return sec, sec.exclusive(s, fn, lock)
}

// exclusive refuses sections that would wait for themselves, or long, if they
// were for writing. What a section for writing does already, others may do.
func (sec *section) exclusive(s *rewrite.Site, fn ast.Node, lock string) string {
	e := sec.effects(s, fn)
	line := sec.file.Span(sec.take).Line
	if slices.Contains(e.Locks, lock) {
		return fmt.Sprintf("the section that begins at %s:%d takes the lock again", base(sec.file.Name), line)
	}
	done := make(map[string]bool)
	for _, take := range lockCalls(sec.file, body(fn), lock, "Lock") {
		other := &section{file: sec.file, take: take, gives: lockCalls(sec.file, body(fn), lock, "Unlock")}
		if len(other.gives) > 0 {
			for _, slow := range other.effects(s, fn).Slow {
				done[work(slow)] = true
			}
		}
	}
	for _, slow := range e.Slow {
		if !done[work(slow)] {
			return fmt.Sprintf("the section that begins at %s:%d does something slow: %s", base(sec.file.Name), line, slow)
		}
	}
	return ""
}

// effects is what a section does.
func (sec *section) effects(s *rewrite.Site, fn ast.Node) rewrite.Effects {
	end := body(fn).End()
	if last := sec.gives[len(sec.gives)-1]; !deferred(fn, last) {
		end = last.Pos()
	}
	return s.Module.Calls(sec.file, sec.take.End(), end)
}

// work says what is slow, not where.
func work(slow string) string {
	what, _, _ := strings.Cut(slow, " at ")
	return what
}

// deferred reports whether a call is in a defer statement of a function.
func deferred(fn ast.Node, call *ast.CallExpr) bool {
	found := false
	ast.Inspect(body(fn), func(n ast.Node) bool {
		if d, ok := n.(*ast.DeferStmt); ok && contains(d, call) {
			found = true
		}
		return !found
	})
	return found
}

// lockCalls lists the calls of one method of a lock in a body.
func lockCalls(f *rewrite.File, b *ast.BlockStmt, lock, method string) []*ast.CallExpr {
	var out []*ast.CallExpr
	ast.Inspect(b, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && len(call.Args) == 0 {
			if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok && sel.Sel.Name == method && lockKey(f, sel) == lock {
				out = append(out, call)
			}
		}
		return true
	})
	return out
}

// turn makes a section one of other methods.
func (sec *section) turn(take, give string) []rewrite.Edit {
	edits := []rewrite.Edit{sec.call(sec.take, take)}
	for _, c := range sec.gives {
		edits = append(edits, sec.call(c, give))
	}
	return edits
}

func (sec *section) call(c *ast.CallExpr, method string) rewrite.Edit {
	sel := ast.Unparen(c.Fun).(*ast.SelectorExpr)
	return rewrite.Replace{Node: sec.file.Span(c), Code: rewrite.Code{Text: "$0." + method + "()"}, Holes: []rewrite.Span{sec.file.Span(sel.X)}}
}

// fixPair makes a release fit the call that took the lock.
func fixPair(s *rewrite.Site) (*rewrite.Fix, string) {
	a, b := s.Finding.Sides[0].Access, s.Finding.Sides[1].Access
	if a.Op != rewrite.Release || b.Op != rewrite.Acquire {
		return nil, ""
	}
	f, path := s.Module.Around(a.At)
	g, taken := s.Module.Around(b.At)
	if len(path) == 0 || len(taken) == 0 || f != g {
		return nil, "the two calls are not in one file"
	}
	give, ok := path[0].(*ast.CallExpr)
	take, also := taken[0].(*ast.CallExpr)
	if !ok || !also {
		return nil, "one of the two is no call"
	}
	fn := function(&rewrite.Use{File: f, Path: taken})
	sec := &section{file: f, take: take}
	method := "Unlock"
	if a.Locks[0].Mode == rewrite.Shared {
		method = "RUnlock"
	}
	fix := &rewrite.Fix{Title: "Release " + s.Finding.Place.Name + " as it was taken",
		Places: []string{s.Finding.Place.Key}, Safety: rewrite.Safe}
	if w := sec.writes(fn); w != nil && method == "RUnlock" {
		if sec.count(fn, method) > 0 {
			return nil, fmt.Sprintf("the section writes at line %d, and other releases fit RLock", f.Span(w).Line)
		}
		fix.Edits = []rewrite.Edit{sec.call(take, "Lock")}
		return fix, ""
	}
	sec.gives = []*ast.CallExpr{give}
	if sec.count(fn, strings.TrimSuffix(method, "Unlock")+"Lock") == 1 && sec.count(fn, taker[method]) == 0 {
		sec.gives = sec.like(fn, give) // they are all wrong
	}
	for _, c := range sec.gives {
		fix.Edits = append(fix.Edits, sec.call(c, method))
	}
	return fix, ""
}

// taker is, by the method that releases a lock, the one that takes it the other
// way.
var taker = map[string]string{"Unlock": "RLock", "RUnlock": "Lock"}

// writes returns a statement of the section that writes more than variables of
// the function.
func (sec *section) writes(fn ast.Node) ast.Node {
	var found ast.Node
	write := func(e ast.Expr) {
		if _, ok := ast.Unparen(e).(*ast.Ident); !ok {
			found = e
		}
	}
	ast.Inspect(body(fn), func(n ast.Node) bool {
		if n == nil || n.End() < sec.take.Pos() || found != nil {
			return false
		}
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, l := range n.Lhs {
				write(l)
			}
		case *ast.IncDecStmt:
			write(n.X)
		case *ast.CallExpr:
			if id, ok := n.Fun.(*ast.Ident); ok && (id.Name == "delete" || id.Name == "clear") {
				found = n
			}
		}
		return true
	})
	return found
}

// count counts the calls of a method of the section's lock.
func (sec *section) count(fn ast.Node, method string) int {
	receiver := text(sec.file, ast.Unparen(sec.take.Fun).(*ast.SelectorExpr).X)
	n := 0
	ast.Inspect(body(fn), func(m ast.Node) bool {
		if c, ok := m.(*ast.CallExpr); ok && text(sec.file, c) == receiver+"."+method+"()" {
			n++
		}
		return true
	})
	return n
}

// like lists the calls that read as one does.
func (sec *section) like(fn ast.Node, call *ast.CallExpr) []*ast.CallExpr {
	var out []*ast.CallExpr
	ast.Inspect(body(fn), func(m ast.Node) bool {
		if c, ok := m.(*ast.CallExpr); ok && text(sec.file, c) == text(sec.file, call) {
			out = append(out, c)
		}
		return true
	})
	return out
}
