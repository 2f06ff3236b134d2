package rules

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// quiet returns what must not run under the lock in some statements: slow
// work, or something that takes the lock itself.
func (l *locking) quiet(f *rewrite.File, fn ast.Node, stmts []ast.Stmt) string {
	if reason := l.needs(f, fn, stmts); reason != "" {
		return reason
	}
	if s, ok := l.afterNilTest(fn, stmts); ok {
		return fmt.Sprintf("a comparison of %s with nil", s.objectText())
	}
	if name := l.replaced(fn, stmts); name != "" {
		return "an assignment of " + name
	}
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

// needs returns the name of what will take the lock itself in some
// statements of a function: a call, or a function literal in them.
func (l *locking) needs(f *rewrite.File, fn ast.Node, stmts []ast.Stmt) string {
	for _, s := range stmts {
		if id := takes(f, s, l.needy); id != nil {
			return fmt.Sprintf("a call of %s, which takes the lock itself", id.Name)
		}
		reason := ""
		ast.Inspect(s, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				return false
			case *ast.FuncLit:
				if n != fn && len(l.spots[n])+len(l.held[n]) > 0 {
					reason = "a function literal that takes the lock itself"
				}
			}
			return true
		})
		if reason != "" {
			return reason
		}
	}
	return ""
}

// takers finds the functions that will take the lock, themselves or by a call
// they make, in the files that use the places.
func (l *locking) takers(files map[*rewrite.File]bool) map[types.Object]bool {
	needy := make(map[types.Object]bool)
	for _, list := range l.spots {
		for _, n := range list[0].Path {
			if fd, ok := n.(*ast.FuncDecl); ok {
				needy[list[0].File.Info.Defs[fd.Name]] = true
			}
		}
	}
	return withCallers(files, needy)
}

// withCallers adds to some functions those of the files that call one of them, go
// statements left out.
func withCallers(files map[*rewrite.File]bool, needy map[types.Object]bool) map[types.Object]bool {
	for more := true; more; {
		more = false
		for f := range files {
			for _, d := range f.Syntax.Decls {
				fd, ok := d.(*ast.FuncDecl)
				if !ok || needy[f.Info.Defs[fd.Name]] || fd.Body == nil {
					continue
				}
				if takes(f, fd.Body, needy) != nil {
					needy[f.Info.Defs[fd.Name]] = true
					more = true
				}
			}
		}
	}
	return needy
}
