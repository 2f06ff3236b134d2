package rules

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// branch covers a test and the writes right below it, in the branch it
// decides about, where the rest of the branch is slow: the lock is released
// before that, and where the branch isn't taken.
//
//	if !x.on {         x.mu.Lock()
//		x.on = true    if !x.on {
//		slow()             x.on = true
//	}                      x.mu.Unlock()
//	                       slow()
//	                   } else {
//	                       x.mu.Unlock()
//	                   }
func (l *locking) branch(fn ast.Node, spots []spot, stmt ast.Stmt) bool {
	is, ok := stmt.(*ast.IfStmt)
	if !ok || is.Else != nil {
		return false
	}
	last := -1
	for _, s := range spots {
		i := slices.IndexFunc(is.Body.List, func(t ast.Stmt) bool { return contains(t, s.sel) })
		if i < 0 && contains(is.Body, s.sel) {
			return false
		}
		last = max(last, i)
	}
	f := spots[0].File
	if last < 0 || l.quietBetween(f, is.If, is.Body.Lbrace) != "" || takes(f, is.Cond, l.needy) != nil || is.Init != nil && takes(f, is.Init, l.needy) != nil {
		return false
	}
	region := is.Body.List[:last+1]
	if _, tested := l.afterNilTest(fn, []ast.Stmt{stmt}); tested || leaves(region) || l.quiet(f, fn, region) != "" || spins(region, spots) {
		return false
	}
	expr := l.lockExpr(spots[0])
	unlock := rewrite.Code{Text: expr + ".Unlock()"}
	l.edits = append(l.edits,
		rewrite.Insert{Stmt: f.Span(is), Code: rewrite.Code{Text: expr + ".Lock()"}},
		rewrite.Insert{Stmt: f.Span(is.Body.List[last]), After: true, Code: unlock})
	if _, ok := is.Body.List[len(is.Body.List)-1].(*ast.ReturnStmt); ok {
		l.edits = append(l.edits, rewrite.Insert{Stmt: f.Span(is), After: true, Code: unlock})
	} else {
		l.edits = append(l.edits, rewrite.Else{If: f.Span(is), Code: unlock})
	}
	return true
}

// leave covers a test and the write below it, where all that is slow between them
// stands in branches that leave: those release the lock first.
//
//	if x.n > 3 {       x.mu.Lock()
//		slow()         if x.n > 3 {
//		return             x.mu.Unlock()
//	}                      slow()
//	x.n++                  return
//	                   }
//	                   x.n++
//	                   x.mu.Unlock()
func (l *locking) leave(fn ast.Node, spots []spot, stmts []ast.Stmt) bool {
	f := spots[0].File
	h := rewrite.Hold{Lock: l.lockExpr(spots[0]), Mode: l.mode(l.spots[fn]), First: f.Span(stmts[0]), Last: f.Span(stmts[len(stmts)-1])}
	edits := []rewrite.Edit{h}
	for _, st := range stmts {
		if !leavesAfter(st) || l.touches(fn, st.(*ast.IfStmt).Body) {
			if leaves([]ast.Stmt{st}) || l.quiet(f, fn, []ast.Stmt{st}) != "" {
				return false
			}
			continue
		}
		is := st.(*ast.IfStmt)
		if l.quietBetween(f, is.Pos(), is.Body.Lbrace) != "" || takes(f, is.Cond, l.needy) != nil || is.Init != nil && takes(f, is.Init, l.needy) != nil {
			return false
		}
		edits = append(edits, rewrite.Insert{Stmt: f.Span(is.Body.List[0]), Code: rewrite.Code{Text: end(h)}})
	}
	if len(edits) == 1 || leavesAfter(stmts[len(stmts)-1]) || spins(stmts, spots) {
		return false
	}
	l.edits = append(l.edits, edits...)
	return true
}

// assignResult keeps what a slow call returns for fields, beside other results,
// in variables, and assigns these under the lock. It returns how many of the
// spots that served.
//
//	x.f, err = slow()    f, err := slow()
//	                     x.mu.Lock()
//	                     x.f = f
//	                     x.mu.Unlock()
func (l *locking) assignResult(fn ast.Node, spots []spot, up ast.Node, stmt ast.Stmt) int {
	as, _ := stmt.(*ast.AssignStmt)
	is, head := stmt.(*ast.IfStmt)
	if head {
		as, _ = is.Init.(*ast.AssignStmt)
	}
	s := spots[0]
	f := s.File
	if as == nil || len(as.Rhs) != 1 || len(as.Lhs) < 2 || !slices.Contains(as.Lhs, s.sel) || l.touches(fn, as.Rhs[0]) {
		return 0
	}
	scope := f.Pkg.Scope().Innermost(stmt.Pos())
	if sc := f.Info.Scopes[stmt]; sc != nil {
		scope = sc.Parent()
	}
	var names, places, values, vars, imports []string
	here := true // := declares only the new ones
	for _, lhs := range as.Lhs {
		id, ok := lhs.(*ast.Ident)
		n := len(places)
		switch {
		case n < len(spots) && lhs == spots[n].sel && l.lockExpr(spots[n]) == l.lockExpr(s):
			name := fresh(s.Use, lowerFirst(spots[n].name()), slices.Concat(l.names[up], values)...)
			typ, more := typeText(f, f.Info.TypeOf(lhs))
			vars, imports = append(vars, "var "+name+" "+typ+"\n"), append(imports, more...)
			places, values = append(places, text(f, lhs)), append(values, name)
			names = append(names, name)
		case !ok || l.touches(fn, lhs):
			return 0
		default:
			here = here && (id.Name == "_" || scope != nil && scope.Lookup(id.Name) == f.Info.ObjectOf(id))
			names = append(names, id.Name)
		}
	}
	if tuple, ok := f.Info.TypeOf(as.Rhs[0]).(*types.Tuple); !ok || tuple.Len() != len(names) {
		return 0
	}
	code := rewrite.Code{Text: strings.Join(names, ", ") + " := $0"}
	if !here {
		code = rewrite.Code{Text: strings.Join(vars, "") + strings.Join(names, ", ") + " = $0", Imports: imports}
	}
	lock := l.lockExpr(s)
	store := fmt.Sprintf("%s.Lock()\n%s = %s\n%s.Unlock()", lock, strings.Join(places, ", "), strings.Join(values, ", "), lock)
	l.names[up] = append(l.names[up], values...)
	if head {
		code.Text += "\n" + store
		l.edits = append(l.edits, rewrite.Drop{Node: f.Span(as)},
			rewrite.Insert{Stmt: f.Span(stmt), Code: code, Holes: []rewrite.Span{f.Span(as.Rhs[0])}})
		return len(places)
	}
	l.edits = append(l.edits, rewrite.Replace{Node: f.Span(as), Code: code, Holes: []rewrite.Span{f.Span(as.Rhs[0])}},
		rewrite.Insert{Stmt: f.Span(as), After: true, Code: rewrite.Code{Text: store}})
	return len(places)
}

// typeText writes a type as code in a file, with the packages that takes but for
// those to which the file gives names of its own.
func typeText(f *rewrite.File, t types.Type) (string, []string) {
	var imports []string
	s := types.TypeString(t, func(p *types.Package) string {
		if p == f.Pkg {
			return ""
		}
		for _, spec := range f.Syntax.Imports {
			if of := f.Info.PkgNameOf(spec); spec.Name != nil && of != nil && of.Imported() == p && token.IsIdentifier(of.Name()) && of.Name() != "_" {
				return of.Name()
			}
		}
		imports = append(imports, p.Path())
		return p.Name()
	})
	return s, imports
}

// kept makes the edits for a way out of a section that returns what is read
// in it: the results are kept in variables, and then the lock is released.
func (l *locking) kept(fn ast.Node, way ast.Stmt, unlock string) ([]rewrite.Edit, bool) {
	ret, ok := way.(*ast.ReturnStmt)
	if !ok {
		return nil, false
	}
	var edits []rewrite.Edit
	var names, holes []string
	var spans []rewrite.Span
	var f *rewrite.File
	for _, e := range ret.Results {
		i := slices.IndexFunc(l.spots[fn], func(s spot) bool { return contains(e, s.sel) })
		if i < 0 {
			continue
		}
		s := l.spots[fn][i]
		f = s.File
		if !typed(f.Info, e) || l.quietBetween(f, e.Pos(), e.End()) != "" ||
			slices.ContainsFunc(ret.Results, func(o ast.Expr) bool { return o != e && callsOut(f, o) }) {
			return nil, false
		}
		name := resultName(e, f.Info.TypeOf(e))
		if e == s.sel {
			name = lowerFirst(s.name())
		}
		name = fresh(s.Use, name, names...)
		holes = append(holes, fmt.Sprintf("$%d", len(spans)))
		names, spans = append(names, name), append(spans, f.Span(e))
		edits = append(edits, rewrite.Replace{Node: f.Span(e), Code: rewrite.Code{Text: name}})
	}
	if f == nil {
		return nil, false
	}
	return append(edits, rewrite.Insert{Stmt: f.Span(ret), Holes: spans,
		Code: rewrite.Code{Text: strings.Join(names, ", ") + " := " + strings.Join(holes, ", ") + "\n" + unlock}}), true
}
