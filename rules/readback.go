package rules

import (
	"go/ast"
	"go/token"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// readBack lets a critical section read what the statement right below it
// would take the lock for once more: x.n++; log.Print(x.n).
func (l *locking) readBack() {
	for fn, spots := range l.spots {
		if fn == nil {
			continue
		}
		f := spots[0].File
		ast.Inspect(body(fn), func(n ast.Node) bool {
			if n != nil && inList(n) && !clauses(n) {
				stmts := list(n)
				for i := range len(stmts) - 1 {
					l.readBelow(f, stmts[i], stmts[i+1])
				}
			}
			return true
		})
	}
}

// readBelow moves reads above a statement into the critical section that ends
// with the statement before it.
func (l *locking) readBelow(f *rewrite.File, last, next ast.Stmt) {
	l.useComputed(f, last, next)
	if isExpr(last) {
		l.readAbove(f, last.(*ast.ExprStmt), next)
	}
	at := -1
	for i, e := range l.edits {
		if h, ok := e.(rewrite.Hold); ok && h.Last == f.Span(last) && !h.Defer {
			at = i
		}
	}
	if at < 0 {
		return
	}
	hold := l.edits[at].(rewrite.Hold)
	var edits []rewrite.Edit
	for _, e := range l.edits {
		h, ok := e.(rewrite.Hoist)
		if !ok || h.Stmt != f.Span(next) || h.Lock != hold.Lock {
			edits = append(edits, e)
			continue
		}
		hold.Mode = max(hold.Mode, h.Mode)
		edits = append(edits, rewrite.Insert{Stmt: f.Span(last), After: true, Code: rewrite.Code{Text: h.Name + " := " + l.source(f, h.Exprs[0])}})
		for _, x := range h.Exprs {
			edits = append(edits, rewrite.Replace{Node: x, Code: rewrite.Code{Text: h.Name}})
		}
	}
	l.edits = edits
	for i, e := range l.edits {
		if h, ok := e.(rewrite.Hold); ok && h.Last == hold.Last && h.Lock == hold.Lock && !h.Defer {
			l.edits[i] = hold
		}
	}
}

// readAbove moves reads above a statement into the critical section of the
// source that ends just before it.
func (l *locking) readAbove(f *rewrite.File, unlock *ast.ExprStmt, next ast.Stmt) {
	var edits []rewrite.Edit
	for _, e := range l.edits {
		h, ok := e.(rewrite.Hoist)
		if call := text(f, unlock.X); !ok || h.Stmt != f.Span(next) || call != h.Lock+".Unlock()" && call != h.Lock+".RUnlock()" {
			edits = append(edits, e)
			continue
		}
		edits = append(edits, rewrite.Insert{Stmt: f.Span(unlock), Code: rewrite.Code{Text: h.Name + " := " + l.source(f, h.Exprs[0])}})
		for _, x := range h.Exprs {
			edits = append(edits, rewrite.Replace{Node: x, Code: rewrite.Code{Text: h.Name}})
		}
	}
	l.edits = edits
}

// useComputed lets a statement use the variable that the one above it assigns
// from, instead of reading back what was assigned: v := f(); x.n = v; use(x.n).
func (l *locking) useComputed(f *rewrite.File, last, next ast.Stmt) {
	as, ok := last.(*ast.AssignStmt)
	if !ok || len(as.Lhs) != 1 || len(as.Rhs) != 1 || as.Tok != token.ASSIGN {
		return
	}
	i := slices.IndexFunc(l.edits, func(e rewrite.Edit) bool {
		r, ok := e.(rewrite.Replace)
		return ok && r.Node == f.Span(as.Rhs[0]) && token.IsIdentifier(r.Code.Text)
	})
	if i < 0 {
		return
	}
	name, place := l.edits[i].(rewrite.Replace).Code.Text, text(f, as.Lhs[0])
	var edits []rewrite.Edit
	for _, e := range l.edits {
		h, ok := e.(rewrite.Hoist)
		if !ok || h.Stmt != f.Span(next) || l.source(f, h.Exprs[0]) != place {
			edits = append(edits, e)
			continue
		}
		for _, x := range h.Exprs {
			edits = append(edits, rewrite.Replace{Node: x, Code: rewrite.Code{Text: name}})
		}
	}
	l.edits = edits
}

// source is the text of the expression with a span.
func (l *locking) source(f *rewrite.File, at rewrite.Span) string {
	if e := expressionAt(f, at); e != nil {
		return text(f, e)
	}
	return ""
}
