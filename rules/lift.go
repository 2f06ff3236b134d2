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
// lock: if v, ok := x.m[k]; ok { ... }. Names it would hide get others. It
// returns how many of the spots that served.
func (l *locking) lift(spots []spot, up ast.Node, stmt ast.Stmt) int {
	s := spots[0]
	is, ok := stmt.(*ast.IfStmt)
	if !ok || is.Init == nil || !contains(is.Init, s.sel) {
		return 0
	}
	as, ok := is.Init.(*ast.AssignStmt)
	if !ok || as.Tok != token.DEFINE || len(as.Rhs) != 1 || l.quietBetween(s.File, as.Pos(), as.End()) != "" || l.touchesOther(s, as) {
		return 0
	}
	f := s.File
	var names []string
	assign := " = "
	for _, lhs := range as.Lhs {
		id, ok := lhs.(*ast.Ident)
		again := ok && l.liftedBefore(f, up, id)
		if !ok || id.Name != "_" && !again && taken(f, up, is, id.Name, l.names[up]) {
			return 0
		}
		if id.Name != "_" && !again {
			assign = " := "
		}
		names = append(names, id.Name)
	}
	n := 1
	switch use, known := l.usesElement(s, up, is, as); {
	case known && use != nil && (len(spots) < 2 || spots[1].sel != use.(*ast.IndexExpr).X), !known:
		return 0
	case use != nil:
		n, assign, names[0] = 2, " := ", fresh(s.Use, l.oneOf(s, use), l.names[up]...)
		l.edits = append(l.edits, rewrite.Replace{Node: f.Span(use), Code: rewrite.Code{Text: names[0]}})
	}
	code := l.below(s, list(up), stmt, strings.Join(names, ", ")+assign+"$0")
	l.names[up] = append(l.names[up], names...)
	l.lifted[up] = append(l.lifted[up], is)
	l.edits = append(l.edits, rewrite.Drop{Node: f.Span(as)},
		rewrite.Insert{Stmt: f.Span(is), Code: rewrite.Code{Text: code}, Holes: []rewrite.Span{f.Span(as.Rhs[0])}})
	return n
}

// usesElement returns the expression that reads the element which the head of
// an if statement looks for, right where it was found: the two are one step. It
// returns nil if nothing does, and is not known if it is read elsewhere.
//
//	if _, ok := x.m[k]; ok {    if _, ok := x.m[k]; !ok {
//		x.m[k]()                    return
//	}                           }
//	                            x.m[k]()
func (l *locking) usesElement(s spot, up ast.Node, is *ast.IfStmt, as *ast.AssignStmt) (use ast.Expr, known bool) {
	blank, ok := as.Lhs[0].(*ast.Ident)
	index, indexed := as.Rhs[0].(*ast.IndexExpr)
	if !ok || blank.Name != "_" || !indexed {
		return nil, true
	}
	for _, t := range l.spots[function(s.Use)] {
		e, ok := t.Path[1].(*ast.IndexExpr)
		if !ok || t.sel.Pos() < is.Pos() || t.sel == s.sel || text(s.File, e) != text(s.File, index) {
			continue
		}
		if use != nil || t.write {
			return nil, false
		}
		use = e
	}
	if use == nil {
		return nil, true
	}
	stmts := list(up)
	i := slices.Index(stmts, ast.Stmt(is))
	cond := text(s.File, is.Cond)
	found := text(s.File, as.Lhs[1])
	switch {
	case cond == found && len(is.Body.List) > 0 && contains(is.Body.List[0], use):
		return use, movable(s.File.Info, use)
	case cond == "!"+found && is.Else == nil && ends(is.Body) && i+1 < len(stmts) && contains(stmts[i+1], use):
		return use, movable(s.File.Info, use)
	}
	return nil, false
}

// ends reports whether control never comes to the end of a block.
func ends(b *ast.BlockStmt) bool {
	if len(b.List) == 0 {
		return false
	}
	switch s := b.List[len(b.List)-1].(type) {
	case *ast.ReturnStmt:
		return true
	case *ast.BranchStmt:
		return s.Tok != token.FALLTHROUGH
	}
	return false
}

// liftedBefore reports whether a variable of the same name and type was lifted
// into a list already, for a statement that is over when the next one begins:
// nothing that may run later has it.
func (l *locking) liftedBefore(f *rewrite.File, up ast.Node, id *ast.Ident) bool {
	v := f.Info.Defs[id]
	if v == nil {
		return false
	}
	for _, is := range l.lifted[up] {
		for _, lhs := range is.Init.(*ast.AssignStmt).Lhs {
			was, ok := lhs.(*ast.Ident)
			if o := f.Info.Defs[was]; ok && o != nil && was.Name == id.Name {
				return types.Identical(o.Type(), v.Type()) && !capturedOrPointedTo(f, is, o)
			}
		}
	}
	return false
}

// capturedOrPointedTo reports whether a literal in a node has a variable, or its
// address is taken there.
func capturedOrPointedTo(f *rewrite.File, n ast.Node, v types.Object) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			found = found || mentionsObject(f.Info, n, v)
		case *ast.UnaryExpr:
			found = found || n.Op == token.AND && mentionsObject(f.Info, n.X, v)
		}
		return !found
	})
	return found
}

// below puts a statement that holds a spot under the lock, above another one of
// a list: in the section that ends there, if one does.
func (l *locking) below(s spot, stmts []ast.Stmt, next ast.Stmt, code string) string {
	shared := l.mode([]spot{s}) == rewrite.Shared
	i := slices.Index(stmts, next)
	for _, end := range []string{"Unlock", "RUnlock"} {
		if i > 0 && isExpr(stmts[i-1]) && l.lockCall(s, stmts[i-1], end) && (end == "Unlock" || shared) {
			drop := rewrite.Drop{Node: s.File.Span(stmts[i-1])}
			if slices.Contains(l.edits, rewrite.Edit(drop)) {
				break // another one is there already
			}
			l.edits = append(l.edits, drop)
			return code + "\n" + l.lockExpr(s) + "." + end + "()"
		}
	}
	lock, unlock := l.calls(s)
	return lock + "\n" + code + "\n" + unlock
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

// judged reports whether what is read is compared with nil: who goes on after
// that relies on the answer.
func (s spot) judged() bool {
	read, up := s.Path[0], s.Path[1]
	if index, ok := up.(*ast.IndexExpr); ok && s.elem {
		read, up = index, s.Path[2]
	}
	b, ok := up.(*ast.BinaryExpr)
	if !ok || b.Op != token.EQL && b.Op != token.NEQ {
		return false
	}
	return s.File.Info.Types[b.Y].IsNil() && ast.Node(b.X) == read
}

// fixedKey reports whether an index is the same throughout a function.
func fixedKey(info *types.Info, fn ast.Node, e ast.Expr) bool {
	if info.Types[e].Value != nil {
		return true
	}
	id, ok := e.(*ast.Ident)
	if !ok {
		return false
	}
	v, ok := info.Uses[id].(*types.Var)
	return ok && v.Pos() >= fn.Pos() && v.Pos() < fn.End() && !reassigned(info, fn, v)
}
