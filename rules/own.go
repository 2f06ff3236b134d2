package rules

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// perTurn gives each turn of a loop its own variable, as the language does
// from go 1.22 on.
func (v *variable) perTurn() (*rewrite.Fix, bool) {
	loop, block := v.loop()
	if loop == nil || len(block.List) == 0 || goAtLeast(v.site.Module.GoVersion(v.file), 22) {
		return nil, false
	}
	_, counts := loop.(*ast.ForStmt)
	for _, u := range v.uses {
		inside := contains(block, u.Path[0])
		if inside && counts && v.changes(u) == rewrite.Write || !inside && v.races(u) && function(u) != v.owner() {
			return nil, false
		}
	}
	name := v.obj.Name()
	return &rewrite.Fix{
		Title:  fmt.Sprintf("Give each turn of the loop its own %s", name),
		Places: []string{v.site.Finding.Place.Key}, Safety: rewrite.Safe,
		Edits: []rewrite.Edit{rewrite.Insert{Stmt: v.file.Span(block.List[0]), Code: rewrite.Code{Text: name + " := " + name}}},
	}, true
}

// loop returns the loop in whose head the variable is declared, with its body.
func (v *variable) loop() (ast.Stmt, *ast.BlockStmt) {
	switch d := v.path[1].(type) {
	case *ast.RangeStmt:
		return d, d.Body
	case *ast.AssignStmt:
		if loop, ok := v.path[2].(*ast.ForStmt); ok {
			return loop, loop.Body
		}
	}
	return nil, nil
}

// own gives each function literal that always sets the variable before it
// reads it a variable of its own, if nobody else wants what it sets: each
// reads only what it has set itself.
func (v *variable) own() (*rewrite.Fix, bool) {
	parts := make(map[*ast.FuncLit][]*rewrite.Use)
	var order []*ast.FuncLit
	racing := false
	for _, u := range v.uses {
		lit := v.literal(u)
		if v.atEnd(lit) {
			lit = nil // a part of its owner
		}
		if parts[lit] == nil {
			order = append(order, lit)
		}
		parts[lit] = append(parts[lit], u)
		racing = racing || lit != nil && v.races(u)
	}
	if !racing || v.changesInPlace() {
		return nil, false
	}
	var edits []rewrite.Edit
	for _, lit := range order {
		if lit == nil {
			continue
		}
		if !v.selfContained(parts[lit], lit, len(parts[nil]) == 0 && v.bare()) {
			return nil, false
		}
		more, ok := v.declareIn(lit, parts[lit])
		if !ok {
			return nil, false
		}
		edits = append(edits, more...)
	}
	drop, ok := v.without(parts[nil], order)
	if !ok {
		return nil, false
	}
	return &rewrite.Fix{
		Title:  fmt.Sprintf("Give each goroutine its own %s", v.obj.Name()),
		Places: []string{v.site.Finding.Place.Key}, Safety: rewrite.Safe, Edits: append(edits, drop...),
	}, true
}

// literal returns the outermost function literal below the variable's owner
// that a mention is in.
func (v *variable) literal(u *rewrite.Use) *ast.FuncLit {
	var outer *ast.FuncLit
	for _, n := range u.Path {
		if n == v.owner() {
			break
		}
		if lit, ok := n.(*ast.FuncLit); ok {
			outer = lit
		}
	}
	return outer
}

// atEnd reports whether a literal is one that the variable's owner defers, where each
// return has set the variable.
func (v *variable) atEnd(lit *ast.FuncLit) bool {
	if lit == nil || !v.parameter() || v.returned() {
		return false
	}
	found := false
	ast.Inspect(body(v.owner()), func(n ast.Node) bool {
		d, ok := n.(*ast.DeferStmt)
		found = found || ok && ast.Unparen(d.Call.Fun) == ast.Expr(lit)
		return !found
	})
	return found
}

// changesInPlace reports whether a mention changes only a part of what the
// variable holds, or needs its address.
func (v *variable) changesInPlace() bool {
	return slices.ContainsFunc(v.uses, func(u *rewrite.Use) bool {
		return addressed(u) || v.changes(u) != "" && !v.sets(u)
	})
}

// addressed reports whether a mention is there for the variable's address.
func addressed(u *rewrite.Use) bool {
	addr, ok := u.Path[1].(*ast.UnaryExpr)
	return ok && addr.Op == token.AND
}

// sets reports whether a mention is assigned, whatever was in it before.
func (v *variable) sets(u *rewrite.Use) bool {
	as, ok := u.Path[1].(*ast.AssignStmt)
	return ok && (as.Tok == token.ASSIGN || as.Tok == token.DEFINE) && slices.Contains(as.Lhs, u.Path[0].(ast.Expr))
}

// selfContained reports whether a literal reads the variable, and only what it
// has set itself, or the zero it has where no call of the literal ever sets it.
func (v *variable) selfContained(uses []*rewrite.Use, lit *ast.FuncLit, zero bool) bool {
	reads := false
	for _, u := range uses {
		if v.sets(u) {
			continue
		}
		reads = true
		if !v.setBefore(u, uses, lit.Body.Pos()) && (!zero || !v.setWhen(u, uses, lit)) {
			return false
		}
	}
	return reads
}

// setBefore reports whether one of the uses, below a position, sets the
// variable whenever control comes to a read of it.
func (v *variable) setBefore(r *rewrite.Use, uses []*rewrite.Use, from token.Pos) bool {
	for _, w := range uses {
		if w.Path[0].Pos() < from || !v.sets(w) || w.Path[1].End() > r.Path[0].Pos() {
			continue
		}
		stmt, up := w.Path[1], w.Path[2]
		switch head := up.(type) { // in the head of a statement around the read
		case *ast.IfStmt:
			if head.Init == stmt && contains(head, r.Path[0]) {
				return true
			}
			stmt, up = head, w.Path[3] // or below it: the head runs in any case
		case *ast.SwitchStmt:
			if head.Init == stmt && contains(head, r.Path[0]) {
				return true
			}
			stmt, up = head, w.Path[3]
		}
		if inList(up) && contains(up, r.Path[0]) {
			if s, ok := stmt.(ast.Stmt); ok && slices.Contains(list(up), s) {
				return true
			}
		}
	}
	return false
}

// without says what becomes of the variable in the function that declares it,
// once its literals have their own: it stays if the function uses it, and goes
// if it is nobody's. The function must not read what a literal has set.
func (v *variable) without(uses []*rewrite.Use, literals []*ast.FuncLit) ([]rewrite.Edit, bool) {
	first := token.Pos(0)
	for _, lit := range literals {
		if lit != nil && (first == 0 || lit.Pos() < first) {
			first = lit.Pos()
		}
	}
	if v.returned() {
		return nil, false
	}
	reads := v.parameter()
	for _, u := range uses {
		if v.sets(u) {
			continue
		}
		reads = true
		if u.Path[0].Pos() > first && !v.setBefore(u, uses, first) {
			return nil, false
		}
	}
	if loop := v.around(first); loop != nil && slices.ContainsFunc(uses, func(u *rewrite.Use) bool {
		return !v.sets(u) && contains(loop, u.Path[0]) && !v.setBefore(u, uses, loop.Pos())
	}) {
		return nil, false // read by the next turn
	}
	if reads {
		return nil, true
	}
	if as, ok := v.path[1].(*ast.AssignStmt); ok && len(uses) == 0 && len(as.Lhs) == 1 && inList(v.path[2]) && v.file.Info.Types[as.Rhs[0]].Value != nil {
		return []rewrite.Edit{rewrite.Drop{Node: v.file.Span(as)}}, true
	}
	if len(uses) > 0 || !v.bare() {
		return nil, false
	}
	return []rewrite.Edit{rewrite.Drop{Node: v.file.Span(v.path[0])}}, true
}

// bare reports whether the variable is declared without a value, or a comment in a
// group that is about it.
func (v *variable) bare() bool {
	spec, ok := v.path[1].(*ast.ValueSpec)
	return ok && len(spec.Values) == 0 && (!v.grouped() || spec.Doc == nil && spec.Comment == nil)
}

// returned reports whether the variable is a result that a bare return gives
// back.
func (v *variable) returned() bool {
	if !v.parameter() {
		return false
	}
	found := false
	ast.Inspect(body(v.owner()), func(n ast.Node) bool {
		r, ok := n.(*ast.ReturnStmt)
		_, lit := n.(*ast.FuncLit)
		found = found || ok && len(r.Results) == 0
		return !lit
	})
	return found
}

// around returns the outermost loop of the variable's owner that a position is
// in and its declaration is not.
func (v *variable) around(at token.Pos) ast.Stmt {
	var loop ast.Stmt
	ast.Inspect(body(v.owner()), func(n ast.Node) bool {
		switch n.(type) {
		case *ast.ForStmt, *ast.RangeStmt:
			if loop == nil && n.Pos() <= at && at < n.End() && (v.obj.Pos() < n.Pos() || n.End() <= v.obj.Pos()) {
				loop = n.(ast.Stmt)
			}
		}
		return loop == nil
	})
	return loop
}

// declareIn declares the variable in a literal that uses it: where it is set,
// if that covers all uses, else at the head.
func (v *variable) declareIn(lit *ast.FuncLit, uses []*rewrite.Use) ([]rewrite.Edit, bool) {
	var edits []rewrite.Edit
	covered := func(u *rewrite.Use) bool { return false }
	for _, u := range uses {
		if !v.sets(u) || covered(u) {
			continue
		}
		as := u.Path[1].(*ast.AssignStmt)
		scope, ok := v.scope(u, as)
		if !ok {
			edits = nil
			break
		}
		f := v.file
		edits = append(edits, rewrite.Replace{Node: f.Span(as), Code: rewrite.Code{Text: lhsText(f, as) + " := $0"}, Holes: []rewrite.Span{f.Span(as.Rhs[0])}})
		before := covered
		covered = func(u *rewrite.Use) bool { return before(u) || scope(u) }
	}
	if len(edits) > 0 && !slices.ContainsFunc(uses, func(u *rewrite.Use) bool { return !covered(u) }) {
		return edits, true
	}
	typ, ok := v.typeText()
	if !ok {
		return nil, false
	}
	first := slices.IndexFunc(lit.Body.List, func(s ast.Stmt) bool { return contains(s, uses[0].Path[0]) })
	return []rewrite.Edit{rewrite.Insert{Stmt: v.file.Span(lit.Body.List[first]), Code: rewrite.Code{Text: "var " + v.obj.Name() + " " + typ}}}, true
}

// scope tells which mentions would mean the variable that := in the place of
// an assignment declares; ok is false if it would declare others too.
func (v *variable) scope(u *rewrite.Use, as *ast.AssignStmt) (covers func(*rewrite.Use) bool, ok bool) {
	if as.Tok != token.ASSIGN || len(as.Rhs) != 1 {
		return nil, false
	}
	for _, l := range as.Lhs {
		if id, ok := l.(*ast.Ident); !ok || id.Name != "_" && ast.Node(id) != u.Path[0] {
			return nil, false
		}
	}
	if len(as.Lhs) == 1 && !types.Identical(types.Default(v.file.Info.TypeOf(as.Rhs[0])), v.obj.Type()) {
		return nil, false // := would give it another type
	}
	if len(as.Lhs) > 1 {
		i := slices.Index(as.Lhs, u.Path[0].(ast.Expr))
		tuple, ok := v.file.Info.TypeOf(as.Rhs[0]).(*types.Tuple)
		if !ok || !types.Identical(tuple.At(i).Type(), v.obj.Type()) {
			return nil, false
		}
	}
	in := u.Path[2]
	from := as.Pos()
	return func(o *rewrite.Use) bool { return contains(in, o.Path[0]) && o.Path[0].Pos() >= from }, true
}

func lhsText(f *rewrite.File, as *ast.AssignStmt) string {
	out := ""
	for i, l := range as.Lhs {
		if i > 0 {
			out += ", "
		}
		out += text(f, l)
	}
	return out
}

// typeText spells the variable's type where the variable is used.
func (v *variable) typeText() (string, bool) {
	if spec, ok := v.path[1].(*ast.ValueSpec); ok && spec.Type != nil {
		return text(v.file, spec.Type), true
	}
	switch t := types.Unalias(v.obj.Type()).(type) {
	case *types.Basic:
		return t.Name(), true
	case *types.Named:
		if t.Obj().Pkg() == nil || t.Obj().Parent() == v.file.Pkg.Scope() && t.TypeArgs().Len() == 0 {
			return t.Obj().Name(), true
		}
	}
	return "", false
}
