package rules

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// unlock: release a lock on the ways out that forget it
//
// A function takes a lock and releases it on some ways out but not on others:
// an early return, a break, continue or goto, a panic that is recovered. Or it
// never does, where every other function that takes the lock does. The next
// goroutine that wants the lock then waits for ever; a read lock that is left
// held makes the next writer wait, and behind it all readers.
//
// Where the critical section is the rest of the function, the lock is released
// by defer, which no way out can forget. Where slow work follows, it is released
// above that. Elsewhere the release is put on the ways that lack it, behind what
// is returned if others may change that. An explicit release is dropped where a
// deferred one follows it. A deferred Lock below a Lock was meant to be Unlock.
//
// Locks that are meant to be left held are not reported: those that another
// function, goroutine or closure releases, or that a function whose name or
// comment says so returns with.
//
// It is refused
//
//   - where ways with and without the lock meet before the lock could be
//     released;
//   - where the function goes on to something that takes the lock itself;
//   - where what is returned takes long to compute under the lock, and releasing
//     it by defer would hold it over slow work elsewhere in the function.
var unlock = &rewrite.Rule{
	Name:  "unlock",
	Title: "release a lock on the ways out that forget it",
	Mends: []rewrite.Kind{rewrite.Locking},
	Fix:   fixUnlock,
}

func fixUnlock(s *rewrite.Site) (*rewrite.Fix, string) {
	f := s.Finding
	a, b := f.Sides[0].Access, f.Sides[1].Access
	var edits []rewrite.Edit
	var reason string
	switch {
	case len(f.Leaks) > 0:
		edits, reason = releaseAll(s)
	case a.Op == rewrite.Release && b.Op == rewrite.Release:
		edits, reason = releaseOnce(s)
	default:
		return nil, ""
	}
	if reason != "" {
		return nil, reason
	}
	return &rewrite.Fix{
		Title:  fmt.Sprintf("Release %s on every way out of %s", f.Place.Name, a.Func),
		Places: []string{f.Place.Key}, Safety: rewrite.Safe, Edits: edits,
	}, ""
}

// A holding is one call that takes a lock, and the ways on which the lock is
// not released again.
type holding struct {
	site   *rewrite.Site
	file   *rewrite.File
	call   *ast.CallExpr
	stmt   *ast.ExprStmt  // the call
	late   *ast.DeferStmt // instead, where the call is deferred
	up     ast.Node       // the list it is in
	fn     ast.Node
	unlock string // the statement that releases the lock
	key    string // of the lock
	leaks  []rewrite.Leak
}

// releaseAll releases the lock wherever it is forgotten.
func releaseAll(s *rewrite.Site) ([]rewrite.Edit, string) {
	var edits []rewrite.Edit
	done := make(map[rewrite.Span]bool)
	for _, l := range s.Finding.Leaks {
		if done[l.Taken] {
			continue
		}
		done[l.Taken] = true
		h, reason := newHolding(s, l.Taken)
		if reason != "" {
			return nil, reason
		}
		fix := h.mend
		if h.late != nil {
			fix = h.reverse
		}
		more, reason := fix()
		if reason != "" {
			return nil, reason
		}
		edits = append(edits, more...)
	}
	return edits, ""
}

func newHolding(s *rewrite.Site, taken rewrite.Span) (*holding, string) {
	f, path := s.Module.Around(taken)
	h := &holding{site: s, file: f}
	for _, l := range s.Finding.Leaks {
		if l.Taken == taken {
			h.leaks = append(h.leaks, l)
		}
	}
	at := fmt.Sprintf("%s:%d", base(taken.File), taken.Line)
	if len(path) < 3 {
		return nil, at + " is not in a function"
	}
	h.call, _ = path[0].(*ast.CallExpr)
	h.stmt, _ = path[1].(*ast.ExprStmt)
	h.late, _ = path[1].(*ast.DeferStmt)
	h.up = path[2]
	if h.call == nil || h.stmt == nil && h.late == nil || !inList(h.up) {
		return nil, at + " takes the lock inside another statement"
	}
	sel, ok := ast.Unparen(h.call.Fun).(*ast.SelectorExpr)
	if !ok {
		return nil, at + " takes the lock without naming it"
	}
	h.unlock = text(f, sel.X) + "." + releaser(sel.Sel.Name) + "()"
	h.key, _, _ = strings.Cut(s.Finding.Place.Key, " ")
	h.fn = function(&rewrite.Use{File: f, Path: path})
	return h, ""
}

// releaser is the method that releases what another one took.
func releaser(method string) string {
	if strings.HasSuffix(method, "RLock") {
		return "RUnlock"
	}
	return "Unlock"
}

// deferred releases the lock by defer right where it is taken, and drops the
// other releases, or says why that would hold it for longer than is good.
func (h *holding) deferred() ([]rewrite.Edit, string) {
	b := body(h.fn)
	if h.up != ast.Node(b) {
		return nil, fmt.Sprintf("line %d takes the lock inside a block", h.line(h.call))
	}
	edits := []rewrite.Edit{rewrite.Insert{Stmt: h.file.Span(h.stmt), After: true, Code: rewrite.Code{Text: "defer " + h.unlock}}}
	var reason string
	eachList(b, func(list []ast.Stmt) {
		for i, st := range list {
			if st.Pos() < h.stmt.End() || reason != "" {
				continue
			}
			switch st := st.(type) {
			case *ast.ExprStmt:
				switch call := text(h.file, st.X); {
				case call == h.unlock:
					if reason = h.last(b, list, i); reason == "" {
						edits = append(edits, rewrite.Drop{Node: h.file.Span(st)})
					}
				case call == text(h.file, h.call):
					reason = fmt.Sprintf("line %d takes the lock again", h.line(st))
				}
			case *ast.DeferStmt:
				reason = h.quiet(st)
			case *ast.BranchStmt:
				if st.Tok == token.GOTO {
					reason = fmt.Sprintf("line %d may bring the function back", h.line(st))
				}
			}
		}
	})
	if reason == "" && h.mentions(b) != len(edits)-1 {
		reason = "the lock is also released elsewhere than in a statement of its own"
	}
	return edits, reason
}

// last refuses to hold the lock for longer than up to the i-th statement of a
// list, unless what comes after it is next to nothing.
func (h *holding) last(b *ast.BlockStmt, list []ast.Stmt, i int) string {
	if i+1 == len(list) {
		if &list[0] == &b.List[0] {
			return ""
		}
		return fmt.Sprintf("the function goes on after line %d releases the lock", h.line(list[i]))
	}
	ret, ok := list[i+1].(*ast.ReturnStmt)
	if !ok {
		return fmt.Sprintf("the function goes on after line %d releases the lock", h.line(list[i]))
	}
	return h.quiet(ret)
}

// quiet returns what must not run under the lock in a statement.
func (h *holding) quiet(st ast.Stmt) string {
	e := h.site.Module.Calls(h.file, st.Pos(), st.End())
	if slices.Contains(e.Locks, h.key) {
		return fmt.Sprintf("line %d takes the lock itself", h.line(st))
	}
	if len(e.Slow) > 0 {
		return e.Slow[0]
	}
	return ""
}

// mentions counts the releases of the lock below where it is taken, however
// they are called.
func (h *holding) mentions(b *ast.BlockStmt) int {
	n := 0
	ast.Inspect(b, func(m ast.Node) bool {
		if call, ok := m.(*ast.CallExpr); ok && call.Pos() > h.call.Pos() && text(h.file, call) == h.unlock {
			n++
		}
		return true
	})
	return n
}

func (h *holding) line(n ast.Node) int { return h.file.Fset.Position(n.Pos()).Line }

// releaseOnce drops an explicit release that a deferred one follows.
func releaseOnce(s *rewrite.Site) ([]rewrite.Edit, string) {
	at := s.Finding.Sides[0].Access.At
	f, path := s.Module.Around(at)
	_, other := s.Module.Around(s.Finding.Sides[1].Access.At)
	line := fmt.Sprintf("%s:%d", base(at.File), at.Line)
	if len(path) < 3 || !slices.ContainsFunc(other, func(n ast.Node) bool { _, ok := n.(*ast.DeferStmt); return ok }) {
		return nil, "neither release is deferred, so it is not clear which is one too many"
	}
	st, ok := path[1].(*ast.ExprStmt)
	i := slices.Index(list(path[2]), ast.Stmt(st))
	if !ok || i < 0 {
		return nil, line + " releases the lock inside another statement"
	}
	fn := function(&rewrite.Use{File: f, Path: path})
	h := &holding{site: s, file: f, fn: fn}
	h.key, _, _ = strings.Cut(s.Finding.Place.Key, " ")
	if reason := h.last(body(fn), list(path[2]), i); reason != "" {
		return nil, "without the release the lock would be held for longer: " + reason
	}
	return []rewrite.Edit{rewrite.Drop{Node: f.Span(st)}}, ""
}

// eachList calls fn for each list of statements in a body, function literals
// left out.
func eachList(b *ast.BlockStmt, fn func([]ast.Stmt)) {
	ast.Inspect(b, func(n ast.Node) bool {
		if _, ok := n.(*ast.FuncLit); ok {
			return false
		}
		if inList(n) && !clauses(n) && len(list(n)) > 0 {
			fn(list(n))
		}
		return true
	})
}
