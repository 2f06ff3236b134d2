package rules

import (
	"fmt"
	"go/ast"
	"go/types"

	"github.com/go-fixer/fixer/rewrite"
)

// recovers refuses sections whose lock nobody releases when a call in them panics,
// where a deferred function that recovers takes the lock as well: it would wait for
// ever, and what was a panic would be a hang.
func (l *locking) recovers() string {
	for _, e := range l.edits {
		h, ok := e.(rewrite.Hold)
		if !ok || h.Defer {
			continue
		}
		f, path := l.site.Module.Around(h.First)
		for _, n := range path {
			if body(n) == nil {
				continue
			}
			call := l.callWithin(f, n, h)
			if call != nil && l.recoversUnder(f, n) {
				return fmt.Sprintf("%s:%d may panic under the lock, which the deferred function that recovers takes too", base(f.Name), f.Span(call).Line)
			}
		}
	}
	return ""
}

// callWithin finds a call in a critical section of a function that runs code of
// the module, or nobody knows what.
func (l *locking) callWithin(f *rewrite.File, fn ast.Node, h rewrite.Hold) *ast.CallExpr {
	section := rewrite.Span{File: h.First.File, Line: h.First.Line, Col: h.First.Col, EndLine: h.Last.EndLine, EndCol: h.Last.EndCol}
	var found *ast.CallExpr
	ast.Inspect(body(fn), func(n ast.Node) bool {
		c, ok := n.(*ast.CallExpr)
		if !ok || found != nil || !section.Contains(f.Span(c)) {
			return found == nil
		}
		tv, fn := f.Info.Types[c.Fun], callee(f.Info, c)
		if !tv.IsType() && !tv.IsBuiltin() && (fn == nil || fn.Pkg() == nil || len(l.site.Module.Files(fn.Pkg())) > 0) {
			found = c
		}
		return true
	})
	return found
}

// recoversUnder reports whether a function defers a literal that recovers and takes
// the lock.
func (l *locking) recoversUnder(f *rewrite.File, fn ast.Node) bool {
	found := false
	ast.Inspect(body(fn), func(n ast.Node) bool {
		d, ok := n.(*ast.DeferStmt)
		if !ok {
			return !found
		}
		lit, ok := d.Call.Fun.(*ast.FuncLit)
		if !ok || len(l.spots[lit])+len(l.held[lit]) == 0 && takes(f, lit.Body, l.needy) == nil {
			return false
		}
		found = found || recovers(f, lit)
		return false
	})
	return found
}

// recovers reports whether a function literal calls recover.
func recovers(f *rewrite.File, lit ast.Node) bool {
	found := false
	ast.Inspect(lit, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			b, is := f.Info.Uses[id].(*types.Builtin)
			found = found || is && b.Name() == "recover"
		}
		return !found
	})
	return found
}
