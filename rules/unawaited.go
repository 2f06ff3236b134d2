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

// unawaited waits for goroutines that a function counts, each from its start to
// its end, and never waits for, although it reads next what they set.
func unawaited(s *rewrite.Site) (*rewrite.Fix, string) {
	v, reason := variableOf(s)
	if reason != "" || v.unguarded() != nil {
		return nil, ""
	}
	at := v.wanted()
	if at == nil {
		return nil, ""
	}
	t := &tally{v: v, counted: make(map[*ast.FuncLit]bool)}
	if t.group = t.common(); t.group == nil {
		return nil, ""
	}
	if reason := t.reason(at); reason != "" {
		return nil, reason
	}
	return &rewrite.Fix{
		Title: "Wait for the goroutines that " + t.group.Name() + " counts", Places: []string{s.Finding.Place.Key}, Safety: rewrite.Safe,
		Edits: []rewrite.Edit{rewrite.Insert{Stmt: v.file.Span(at), Code: rewrite.Code{Text: t.group.Name() + ".Wait()"}}},
	}, ""
}

// wanted is the first statement below the start of goroutines that reads what
// they set, and comes too early; nil if there is none.
func (v *variable) wanted() ast.Stmt {
	for _, u := range v.uses {
		if v.races(u) && v.changes(u) == "" {
			loop := v.around(u.Path[0].Pos())
			_, turns := loop.(*ast.ForStmt) // may wait for the goroutines by itself
			if stmt := v.next(u); stmt != nil && !turns {
				return stmt
			}
		}
	}
	return nil
}

// A tally is a WaitGroup of the function that a variable is of.
type tally struct {
	v       *variable
	group   *types.Var
	counted map[*ast.FuncLit]bool // the functions of goroutines, and whether they were found to be added
}

// common is the group that all goroutines which set the variable are done with;
// nil if there is none.
func (t *tally) common() *types.Var {
	var group *types.Var
	for _, u := range t.v.uses {
		lit := t.v.literal(u)
		if lit == nil || !t.v.races(u) || t.v.changes(u) == "" {
			continue
		}
		g := t.doneBy(lit)
		if g == nil || group != nil && g != group {
			return nil
		}
		group = g
	}
	return group
}

// doneBy is the group of the function that a literal is done with whatever it
// does; nil if there is none.
func (t *tally) doneBy(lit *ast.FuncLit) *types.Var {
	for _, s := range lit.Body.List {
		d, ok := s.(*ast.DeferStmt)
		if !ok {
			break
		}
		if g := t.called(d.Call, "Done"); g != nil {
			return g
		}
	}
	return nil
}

// called is the group of which a call is of a method; nil if it is of none.
func (t *tally) called(call *ast.CallExpr, method string) *types.Var {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != method {
		return nil
	}
	id, ok := sel.X.(*ast.Ident)
	if !ok {
		return nil
	}
	g, ok := t.v.file.Info.Uses[id].(*types.Var)
	if !ok || g.Type().String() != "sync.WaitGroup" || g.Pos() < t.v.owner().Pos() || g.Pos() >= t.v.owner().End() {
		return nil
	}
	return g
}

// reason tells why a wait above a statement could last for ever, or would be for
// something else; "" if it would not.
func (t *tally) reason(at ast.Stmt) string {
	name := t.group.Name()
	if _, o := t.v.file.Pkg.Scope().Innermost(at.Pos()).LookupParent(name, at.Pos()); o != t.group {
		return fmt.Sprintf("%s is another one at line %d", name, t.v.file.Span(at).Line)
	}
	mentions := 0
	ast.Inspect(body(t.v.owner()), func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && t.v.file.Info.Uses[id] == t.group {
			mentions++
		}
		if inList(n) {
			mentions -= t.pairs(list(n))
		}
		return true
	})
	if mentions != 0 {
		return "the calls of Add and Done on " + name + " can't be told to come in pairs"
	}
	if t.communicates(body(t.v.owner()), at.Pos()) {
		return fmt.Sprintf("the goroutines that %s counts may wait for what follows line %d", name, t.v.file.Span(at).Line)
	}
	for lit := range t.counted {
		if lasting(lit.Body) {
			return "the goroutines that " + name + " counts may go on for long"
		}
		if t.communicates(lit.Body, lit.Pos()) {
			return "the goroutines that " + name + " counts wait for others, who may come after"
		}
	}
	return ""
}

// pairs returns how many mentions of the group stand in calls of Add and Done
// that come in pairs: Add above the go statement, or above the loop of one.
func (t *tally) pairs(stmts []ast.Stmt) int {
	n := 0
	for i, s := range stmts[:max(len(stmts)-1, 0)] {
		x, ok := s.(*ast.ExprStmt)
		if !ok {
			continue
		}
		call, ok := x.X.(*ast.CallExpr)
		if !ok || t.called(call, "Add") != t.group || len(call.Args) != 1 {
			continue
		}
		if lit := t.starts(stmts[i+1], call.Args[0]); lit != nil {
			t.counted[lit] = true
			n += 2
		}
	}
	return n
}

// starts is the function of the goroutines that a statement starts, as many as
// are added; nil if they can't be told to be as many.
func (t *tally) starts(s ast.Stmt, added ast.Expr) *ast.FuncLit {
	if text(t.v.file, added) == "1" {
		return t.started(s)
	}
	loop, ok := s.(*ast.RangeStmt)
	if !ok {
		return nil
	}
	over := text(t.v.file, loop.X)
	_, plain := loop.X.(*ast.Ident)
	switch t.v.file.Info.TypeOf(loop.X).Underlying().(type) {
	case *types.Basic: // a number; not a string, of which nobody starts so many
	case *types.Slice, *types.Array, *types.Map:
		over = "len(" + over + ")"
	default:
		return nil
	}
	if !plain || text(t.v.file, added) != over || leaves(loop.Body.List) {
		return nil
	}
	var lit *ast.FuncLit
	for _, s := range loop.Body.List {
		if l := t.started(s); l != nil {
			if lit != nil {
				return nil
			}
			lit = l
		}
	}
	return lit
}

// started is the literal that a go statement runs, if that is done with the group.
func (t *tally) started(s ast.Stmt) *ast.FuncLit {
	g, ok := s.(*ast.GoStmt)
	if !ok {
		return nil
	}
	lit, ok := g.Call.Fun.(*ast.FuncLit)
	if !ok || t.doneBy(lit) != t.group {
		return nil
	}
	return lit
}

// communicates reports whether code, but for the goroutines it starts, may deal
// with others from a position on: it sends, receives, waits, hands a channel on,
// or calls a literal of the function, which may.
func (t *tally) communicates(code *ast.BlockStmt, from token.Pos) bool {
	info := t.v.file.Info
	channel := func(e ast.Expr) bool { return isChannel(info, e) }
	found := false
	ast.Inspect(code, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			return false
		case *ast.CallExpr:
			found = found || n.Pos() >= from && (isCallOf(n, "Wait") || t.ownLiteral(n.Fun) || slices.ContainsFunc(n.Args, channel))
		}
		found = found || communicates(info, n) && n.Pos() >= from
		return !found
	})
	return found
}

// ownLiteral reports whether what is called is a variable of the function.
func (t *tally) ownLiteral(fun ast.Expr) bool {
	id, ok := fun.(*ast.Ident)
	if !ok {
		return false
	}
	o, ok := t.v.file.Info.Uses[id].(*types.Var)
	return ok && contains(body(t.v.owner()), id) && o.Pos() > body(t.v.owner()).Pos() && o.Pos() < body(t.v.owner()).End()
}

// lasting reports whether code may go on until it is told to end: it has a loop
// that only a condition ends, or none, or calls what by its name serves others.
func lasting(code *ast.BlockStmt) bool {
	found := false
	ast.Inspect(code, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ForStmt:
			found = found || n.Post == nil
		case *ast.CallExpr:
			name := ""
			switch fun := n.Fun.(type) {
			case *ast.Ident:
				name = fun.Name
			case *ast.SelectorExpr:
				name = fun.Sel.Name
			}
			found = found || slices.ContainsFunc(serving, func(s string) bool { return strings.HasPrefix(strings.ToLower(name), s) })
		}
		return !found
	})
	return found
}

// serving are how the names of functions begin that return when they are told to.
var serving = []string{"serve", "listen", "run", "start", "watch", "accept", "loop", "handle", "poll", "consume", "subscribe"}
