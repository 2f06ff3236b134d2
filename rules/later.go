package rules

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// later: tell that a goroutine is over when it is
//
// A goroutine defers what tells others that it is done, by a WaitGroup or a channel,
// below a deferred function that writes what they are waiting for. Deferred calls run
// last in, first out: others are told before the write. The fix defers the telling
// first, so that it runs last.
//
// It is refused where that is not the same:
//
//   - other statements than defer stand between the two;
//   - what runs before the telling then waits for something, for which others may
//     be needed who wait to be told.
var later = &rewrite.Rule{
	Name:  "later",
	Title: "tell that a goroutine is over when it is",
	Mends: []rewrite.Kind{rewrite.Field, rewrite.Variable, rewrite.Global},
	Fix:   fixLater,
}

func fixLater(s *rewrite.Site) (*rewrite.Fix, string) {
	fix := &rewrite.Fix{Title: "Tell that the goroutine is over when it is", Safety: rewrite.Safe, Places: []string{s.Finding.Place.Key}}
	var moved []*ast.DeferStmt
	for _, side := range s.Finding.Sides {
		f, path := s.Module.Around(side.Access.At)
		for i, n := range path[:max(len(path)-1, 0)] {
			d, ok := n.(*ast.DeferStmt)
			if !ok || !inList(path[i+1]) || !runsLiteral(d, path[:i]) {
				continue
			}
			tells, reason := toldBefore(f, list(path[i+1]), d)
			if reason != "" {
				return nil, reason
			}
			if tells != nil && !slices.Contains(moved, tells) {
				moved = append(moved, tells)
				fix.Edits = append(fix.Edits, deferAbove(f, tells, d)...)
			}
		}
	}
	if len(fix.Edits) == 0 {
		return nil, ""
	}
	return fix, ""
}

// toldBefore is the deferred call below another one that tells others and so runs before
// that, nil if there is none; or why it must not run after it.
func toldBefore(f *rewrite.File, stmts []ast.Stmt, first *ast.DeferStmt) (*ast.DeferStmt, string) {
	at := slices.Index(stmts, ast.Stmt(first))
	n := slices.IndexFunc(stmts[at+1:], func(s ast.Stmt) bool { d, ok := s.(*ast.DeferStmt); return ok && tellsAtEnd(f, d) })
	if n < 0 {
		return nil, ""
	}
	before, tells := stmts[at:at+1+n], stmts[at+1+n].(*ast.DeferStmt)
	if slices.ContainsFunc(before, func(s ast.Stmt) bool { _, ok := s.(*ast.DeferStmt); return !ok }) {
		return nil, fmt.Sprintf("between the deferred function at %s:%d and what tells others there are statements that are not deferred", base(f.Name), f.Span(first).Line)
	}
	for _, d := range before {
		if w := waitsIn(f, d); w != nil {
			return nil, fmt.Sprintf("what is told then waits for %s:%d, too", base(f.Name), f.Span(w).Line)
		}
	}
	return tells, ""
}

// deferAbove moves a defer statement, with its comments, above a statement.
func deferAbove(f *rewrite.File, d *ast.DeferStmt, above ast.Stmt) []rewrite.Edit {
	holes := []rewrite.Span{f.Span(d.Call.Fun)}
	var args []string
	for i, a := range d.Call.Args {
		holes = append(holes, f.Span(a))
		args = append(args, fmt.Sprintf("$%d", i+1))
	}
	return []rewrite.Edit{
		rewrite.Insert{Stmt: f.Span(above), Code: rewrite.Code{Text: "defer $0(" + strings.Join(args, ", ") + ")"}, Holes: holes, Comments: f.Span(d)},
		rewrite.Drop{Node: f.Span(d)},
	}
}

// runsLiteral reports whether a statement defers a function literal that a path leads
// into.
func runsLiteral(d *ast.DeferStmt, path []ast.Node) bool {
	lit, ok := ast.Unparen(d.Call.Fun).(*ast.FuncLit)
	return ok && slices.Contains(path, ast.Node(lit.Body))
}

// tellsAtEnd reports whether a deferred call tells others something, or runs a literal
// that does at its end.
func tellsAtEnd(f *rewrite.File, d *ast.DeferStmt) bool {
	lit, ok := ast.Unparen(d.Call.Fun).(*ast.FuncLit)
	if !ok {
		return tells(f, &ast.ExprStmt{X: d.Call})
	}
	stmts := lit.Body.List
	return len(stmts) > 0 && tells(f, stmts[len(stmts)-1])
}

// waitsIn is an operation on a channel in some code, or a call of a method Wait; nil if
// there is none.
func waitsIn(f *rewrite.File, n ast.Node) (found ast.Node) {
	ast.Inspect(n, func(n ast.Node) bool {
		waits := communicates(f.Info, n)
		if call, ok := n.(*ast.CallExpr); ok {
			fn := callee(f.Info, call)
			waits = fn != nil && fn.Name() == "Wait"
		}
		if waits {
			found = n
		}
		return found == nil
	})
	return found
}
