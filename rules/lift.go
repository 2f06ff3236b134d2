package rules

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// lift moves the lookup in the head of an if statement above it, under the
// lock: if v, ok := x.m[k]; ok { ... }. Names it would hide get others.
func (l *locking) lift(s spot, up ast.Node, stmt ast.Stmt) bool {
	is, ok := stmt.(*ast.IfStmt)
	if !ok || is.Init == nil || !contains(is.Init, s.sel) {
		return false
	}
	as, ok := is.Init.(*ast.AssignStmt)
	if !ok || as.Tok != token.DEFINE || len(as.Rhs) != 1 || l.quietBetween(s.File, as.Pos(), as.End()) != "" {
		return false
	}
	for _, t := range l.spots[function(s.Use)] {
		if t.sel != s.sel && contains(as, t.sel) {
			return false
		}
	}
	f := s.File
	for _, lhs := range as.Lhs {
		if id, ok := lhs.(*ast.Ident); !ok || id.Name != "_" && taken(f, up, is, id.Name, l.names[up]) {
			return false
		}
	}
	var names []string
	for _, lhs := range as.Lhs {
		names = append(names, lhs.(*ast.Ident).Name)
	}
	code := l.below(s, list(up), stmt, strings.Join(names, ", ")+" := $0")
	l.names[up] = append(l.names[up], names...)
	l.edits = append(l.edits, rewrite.Drop{Node: f.Span(as)},
		rewrite.Insert{Stmt: f.Span(is), Code: rewrite.Code{Text: code}, Holes: []rewrite.Span{f.Span(as.Rhs[0])}})
	return true
}

// below puts a statement that holds a spot under the lock, above another one of
// a list: in the section that ends there, if one does.
func (l *locking) below(s spot, stmts []ast.Stmt, next ast.Stmt, code string) string {
	lock, unlock := ".Lock()", ".Unlock()"
	if l.mode([]spot{s}) == rewrite.Shared {
		lock, unlock = ".RLock()", ".RUnlock()"
	}
	expr := l.lockExpr(s)
	i := slices.Index(stmts, next)
	for _, end := range []string{"Unlock", "RUnlock"} {
		if i > 0 && isExpr(stmts[i-1]) && l.lockCall(s, stmts[i-1], end) && (end == "Unlock" || unlock == ".RUnlock()") {
			l.edits = append(l.edits, rewrite.Drop{Node: s.File.Span(stmts[i-1])})
			return code + "\n" + expr + "." + end + "()"
		}
	}
	return expr + lock + "\n" + code + "\n" + expr + unlock
}

// taken reports whether a name can't be declared in a list of statements
// instead of in the head of one of them: the list has it, or uses another
// thing of the name below.
func taken(f *rewrite.File, up ast.Node, is *ast.IfStmt, name string, made []string) bool {
	if slices.Contains(made, name) {
		return true
	}
	scope := f.Pkg.Scope().Innermost(is.Pos())
	if s := f.Info.Scopes[is]; s != nil {
		scope = s.Parent()
	}
	if scope == nil || scope.Lookup(name) != nil {
		return true
	}
	found := false
	ast.Inspect(up, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if ok && id.Name == name && id.Pos() > is.End() {
			if o := f.Info.Uses[id]; o != nil && o.Pos() < is.Pos() {
				if v, ok := o.(*types.Var); !ok || !v.IsField() {
					found = true
				}
			}
		}
		return !found
	})
	return found
}

// changedInPlace reports whether what the map or slice at a spot holds is
// changed somewhere: a copy of the variable alone, read under the lock, leads
// to what changes. What append adds is behind the end of all copies.
func (l *locking) changedInPlace(s spot) bool {
	switch s.File.Info.TypeOf(s.sel).Underlying().(type) {
	case *types.Map, *types.Slice:
	default:
		return false
	}
	for _, place := range l.places {
		for _, u := range l.site.Module.Uses(place) {
			t, ok := mention(u)
			if !ok || u.Access == nil || u.Access.Fresh || (spot{Use: u, sel: t}).name() != s.name() {
				continue
			}
			if grows, ok := u.Path[1].(*ast.CallExpr); ok && text(u.File, grows.Fun) == "append" {
				continue
			}
			if u.Access.Op == rewrite.WriteElem {
				return true
			}
		}
	}
	return false
}
