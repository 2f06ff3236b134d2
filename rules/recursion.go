package rules

import (
	"go/ast"
	"go/types"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// recursion makes two of a method that calls itself on its own object: one that
// takes the lock, and one that calls itself while it is held. It reports whether
// it could.
func (l *locking) recursion(fn ast.Node) bool {
	fd, ok := fn.(*ast.FuncDecl)
	if !ok || len(l.held[fn]) > 0 || len(l.shared) > 0 || l.refresh != nil && l.refresh.decl == fd {
		return false
	}
	f := l.spots[fn][0].File
	if takes(f, fd.Body, map[types.Object]bool{f.Info.Defs[fd.Name]: true}) == nil {
		return false
	}
	for _, s := range l.spots[fn] {
		if !l.ofReceiver(s) {
			return false
		}
	}
	edits := slices.Clone(l.edits)
	if l.splitAll([]*ast.FuncDecl{fd}, map[*ast.FuncDecl]*rewrite.File{fd: f}) != "" {
		l.edits = edits
		return false
	}
	return true
}
