package rules

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// A getter is a method that takes the lock, or is about to get it, and returns
// a field or its length: elsewhere a call of it reads the field as well.
type getter struct {
	fn     *types.Func
	field  string
	length bool
}

// findGetters looks for them among the functions with accesses.
func (l *locking) findGetters() {
	l.getters = nil
	for _, lists := range []map[ast.Node][]spot{l.spots, l.held} {
		for fn, spots := range lists {
			if len(spots) == 1 {
				if g, ok := l.getter(fn, spots[0]); ok {
					l.getters = append(l.getters, g)
				}
			}
		}
	}
	slices.SortFunc(l.getters, func(a, b getter) int { return int(a.fn.Pos() - b.fn.Pos()) })
}

func (l *locking) getter(fn ast.Node, s spot) (getter, bool) {
	fd, ok := fn.(*ast.FuncDecl)
	if !ok || s.object() == nil || !l.ofReceiver(s) || fd.Type.Params.NumFields() > 0 || fd.Type.Results.NumFields() != 1 || fd.Type.TypeParams != nil {
		return getter{}, false
	}
	if _, pointer := fd.Recv.List[0].Type.(*ast.StarExpr); !pointer {
		return getter{}, false
	}
	stmts := fd.Body.List
	if len(stmts) == 3 && l.lockCall(s, stmts[0], "Lock", "RLock") && l.lockCall(s, stmts[1], "Unlock", "RUnlock") && !isExpr(stmts[1]) {
		stmts = stmts[2:]
	}
	if len(stmts) != 1 {
		return getter{}, false
	}
	ret, ok := stmts[0].(*ast.ReturnStmt)
	if !ok || len(ret.Results) != 1 {
		return getter{}, false
	}
	e, reason := s.readable()
	if reason != "" || ret.Results[0] != e {
		return getter{}, false
	}
	f, _ := s.File.Info.Defs[fd.Name].(*types.Func)
	g := getter{fn: f, field: s.name(), length: e != s.sel}
	if call, ok := e.(*ast.CallExpr); g.length && (!ok || s.File.Info.Types[call.Fun].Value != nil || text(s.File, call.Fun) != "len") {
		return getter{}, false
	}
	return g, f != nil && types.Identical(f.Signature().Results().At(0).Type(), s.File.Info.TypeOf(e))
}

// get reads a spot by a call of a getter, in its place; it reports whether
// there is one.
func (l *locking) get(s spot) bool {
	sel, ok := s.sel.(*ast.SelectorExpr)
	if !ok || s.write || s.object() == nil || l.outer() {
		return false
	}
	if amp, ok := s.Path[1].(*ast.UnaryExpr); ok && amp.Op == token.AND {
		return false
	}
	e, reason := s.readable()
	if reason != "" {
		return false
	}
	if _, index := e.(*ast.IndexExpr); index {
		return false
	}
	info := s.File.Info
	for _, g := range l.getters {
		if g.length != (e != s.sel) || g.field != s.name() || !g.fn.Exported() && g.fn.Pkg().Path() != s.File.Pkg.Path() {
			continue
		}
		// What the object calls so must be the getter. A package with tests is
		// there twice: names tell.
		m, _, _ := types.LookupFieldOrMethod(info.TypeOf(sel.X), info.Types[sel.X].Addressable(), s.File.Pkg, g.fn.Name())
		if fn, ok := m.(*types.Func); !ok || fn.FullName() != g.fn.FullName() {
			continue
		}
		l.edits = append(l.edits, rewrite.Replace{Node: s.File.Span(e), Code: rewrite.Code{Text: "$0." + g.fn.Name() + "()"},
			Holes: []rewrite.Span{s.File.Span(sel.X)}})
		return true
	}
	return false
}
