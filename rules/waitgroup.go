package rules

import (
	"go/ast"
	"go/types"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// waitgroup: wait for goroutines in time
//
// A goroutine that adds itself to a WaitGroup may do so when Wait is over
// already, and one that is added below the go statement may call Done first:
// Add moves above the go statement, or both become WaitGroup.Go where the
// module's Go version has it.
//
// A function that counts goroutines by a WaitGroup of its own, each from Add above
// its start to a deferred Done, and reads next what they set, gets the Wait that
// nobody calls: unless what follows, or they themselves, send or receive.
//
// A method that tells a goroutine to end, by closing a channel or calling a
// cancel function, returns while the goroutine still runs. That is reported
// only where it does harm: the method then closes a channel on which the
// goroutine may send; or another method may start a second goroutine beside the
// first. Nor is it asked of others than those whose own accesses, after the
// signal, race with the goroutine's. The struct gets a WaitGroup, unless the
// method waits for one already: Add stands before the go statement, a deferred
// Done in the goroutine, and Wait right after the signal, or after the lock is
// released that is held there.
//
// The method then returns later than before. Where the goroutine waits for
// nothing but the signal and runs nothing slow, that is no time at all; else
// the change is made with --unsafe only.
//
// It is refused where the wait could last for ever:
//
//   - the goroutine itself may call the method;
//   - callers of the method may hold a lock that the goroutine takes;
//   - the goroutine waits for something else as well, without looking at the
//     signal: a channel that nobody serves any more, or another group (what it
//     calls through an interface counts as slow only);
//
// and where Add and Done can't be told to come in pairs: the function of the
// goroutine is called by others too.
var waitgroup = &rewrite.Rule{
	Name:  "waitgroup",
	Title: "wait for goroutines in time",
	Mends: []rewrite.Kind{rewrite.Goroutine, rewrite.Field, rewrite.Variable},
	Fix:   fixWait,
}

func fixWait(s *rewrite.Site) (*rewrite.Fix, string) {
	if s.Finding.Kind == rewrite.Goroutine {
		for _, side := range s.Finding.Sides {
			if info := s.Module.Goroutine(side.Context.Start); info != nil {
				return proposeWait(s, info)
			}
		}
		if info := s.Module.Goroutine(s.Finding.Place.Decl); info != nil {
			return proposeWait(s, info)
		}
		return nil, "the go statement was not found"
	}
	for i, side := range s.Finding.Sides {
		info := s.Module.Goroutine(side.Context.Start)
		if info != nil && (len(info.Late) > 0 || afterEnd(s, info, s.Finding.Sides[1-i].Access)) {
			return proposeWait(s, info)
		}
	}
	if s.Finding.Kind == rewrite.Variable {
		return unawaited(s)
	}
	return nil, ""
}

func proposeWait(s *rewrite.Site, info *rewrite.GoroutineInfo) (*rewrite.Fix, string) {
	start := s.Module.At(info.Start)
	if start == nil {
		return nil, "the go statement is in a file that was not read"
	}
	stmt, ok := start.Path[0].(*ast.GoStmt)
	if !ok || len(start.Path) < 2 || !inList(start.Path[1]) {
		return nil, "the go statement has no place for a statement beside it"
	}
	w := &waiting{site: s, info: info, start: start, stmt: stmt, runs: s.Module.At(info.Runs),
		modern: goAtLeast(s.Module.GoVersion(start.File), 25)}
	if w.runs == nil {
		return nil, "the function of the goroutine is in a file that was not read"
	}
	switch {
	case len(info.Below) > 0:
		return w.above()
	case len(info.Late) > 0:
		return w.early()
	}
	return w.join()
}

// A waiting is a goroutine that is to be waited for.
type waiting struct {
	site   *rewrite.Site
	info   *rewrite.GoroutineInfo
	start  *rewrite.Use // the go statement
	stmt   *ast.GoStmt
	runs   *rewrite.Use // the function it runs
	modern bool         // WaitGroup.Go may be used
	edits  []rewrite.Edit
	// caution says what may take longer than before.
	caution string
}

func (w *waiting) fix(title string) *rewrite.Fix {
	return &rewrite.Fix{Title: title, Places: []string{w.site.Finding.Place.Key}, Safety: rewrite.Safe, Edits: w.edits}
}

// literal is the function literal that the go statement calls; nil for others.
func (w *waiting) literal() *ast.FuncLit {
	lit, _ := w.stmt.Call.Fun.(*ast.FuncLit)
	return lit
}

// plain reports whether WaitGroup.Go can run what the go statement calls.
func (w *waiting) plain() bool {
	sig, ok := w.start.File.Info.TypeOf(w.stmt.Call.Fun).Underlying().(*types.Signature)
	return ok && sig.Params().Len() == 0 && sig.Results().Len() == 0
}

// outside reports why a declared function may be run by others than the go
// statement; "" for those that are not.
func (w *waiting) outside() string {
	d, ok := w.runs.Path[0].(*ast.FuncDecl)
	switch {
	case !ok:
		return ""
	case w.info.Shared:
		return d.Name.Name + " is also run by others than this goroutine"
	case d.Name.IsExported() && importable(w.runs.File.Pkg):
		return d.Name.Name + " is exported, and others may call it"
	}
	return ""
}

// early moves the calls of Add above the go statement.
func (w *waiting) early() (*rewrite.Fix, string) {
	if reason := w.outside(); reason != "" {
		return nil, reason
	}
	for _, at := range w.info.Late {
		u := w.site.Module.At(at)
		if u == nil || len(u.Path) < 3 {
			return nil, "the call of Add was not found"
		}
		add, _ := u.Path[0].(*ast.CallExpr)
		stmt, ok := u.Path[1].(*ast.ExprStmt)
		if !ok || add == nil || len(add.Args) != 1 || body(w.runs.Path[0]) != u.Path[2] {
			return nil, "the call of Add is no statement of its own in the goroutine"
		}
		if tv := u.File.Info.Types[add.Args[0]]; tv.Value == nil {
			return nil, "what is added is computed in the goroutine"
		}
		sel, ok := add.Fun.(*ast.SelectorExpr)
		if !ok {
			return nil, "the call of Add has no group before it"
		}
		group, reason := w.before(u, sel.X)
		if reason != "" {
			return nil, reason
		}
		if done := w.firstDone(u, stmt, sel); done != nil && text(u.File, add.Args[0]) == "1" {
			f := w.start.File
			w.edits = append(w.edits, rewrite.Replace{Node: f.Span(w.stmt), Code: rewrite.Code{Text: group + ".Go($0)"}, Holes: []rewrite.Span{f.Span(w.literal())}},
				rewrite.Drop{Node: f.Span(stmt)}, rewrite.Drop{Node: f.Span(done)})
			continue
		}
		in := rewrite.Insert{Stmt: w.start.File.Span(w.stmt), Code: rewrite.Code{Text: group + ".Add(" + text(u.File, add.Args[0]) + ")"}}
		if u.File.Name == w.start.File.Name {
			in.Comments = u.File.Span(stmt)
		}
		w.edits = append(w.edits, in, rewrite.Drop{Node: u.File.Span(stmt)})
	}
	return w.fix("Count the goroutine before it starts"), ""
}

// above moves the calls of Add from below the go statement above it.
func (w *waiting) above() (*rewrite.Fix, string) {
	stmts := list(w.start.Path[1])
	first := slices.Index(stmts, ast.Stmt(w.stmt))
	for _, at := range w.info.Below {
		u := w.site.Module.At(at)
		if u == nil || len(u.Path) < 3 || u.Path[2] != w.start.Path[1] {
			return nil, "the call of Add is no statement beside the go statement"
		}
		add, _ := u.Path[0].(*ast.CallExpr)
		stmt, ok := u.Path[1].(*ast.ExprStmt)
		if !ok || add == nil || len(add.Args) != 1 || u.File.Info.Types[add.Args[0]].Value == nil {
			return nil, "the call of Add is no statement that adds a constant"
		}
		for _, s := range stmts[first+1 : slices.Index(stmts, ast.Stmt(stmt))] {
			switch s.(type) {
			case *ast.ExprStmt, *ast.SendStmt, *ast.GoStmt:
			default:
				return nil, "there is more than calls between the go statement and the call of Add"
			}
		}
		w.edits = append(w.edits, rewrite.Insert{Stmt: w.start.File.Span(w.stmt), Code: rewrite.Code{Text: text(u.File, add)}, Comments: u.File.Span(stmt)},
			rewrite.Drop{Node: u.File.Span(stmt)})
	}
	return w.fix("Count the goroutine before it starts"), ""
}

// before says a WaitGroup of the goroutine's function in the terms of the go
// statement.
func (w *waiting) before(u *rewrite.Use, group ast.Expr) (string, string) {
	id := rootIdent(group)
	if id == nil {
		return "", "the group is reached through " + text(u.File, group) + ", which may be another one there"
	}
	obj := u.File.Info.Uses[id]
	call, typ, recv := w.stmt.Call, funcType(w.runs.Path[0]), (*ast.FieldList)(nil)
	if d, ok := w.runs.Path[0].(*ast.FuncDecl); ok {
		recv = d.Recv
	}
	var arg ast.Expr
	switch i := parameter(u.File.Info, typ.Params, obj); {
	case i >= 0 && i < len(call.Args):
		arg = call.Args[i]
	case parameter(u.File.Info, recv, obj) == 0:
		if sel, ok := call.Fun.(*ast.SelectorExpr); ok {
			arg = sel.X
		}
	case obj != nil && obj.Pos() >= w.runs.Path[0].Pos() && obj.Pos() < w.runs.Path[0].End():
		return "", "the group is declared in the goroutine"
	case obj == nil || w.literal() == nil && obj.Parent() != obj.Pkg().Scope() || w.literal() == nil && obj.Pkg() != w.start.File.Pkg:
		return "", "the group has no name at the go statement"
	default:
		return text(u.File, group), ""
	}
	if addr, ok := arg.(*ast.UnaryExpr); ok {
		arg = addr.X
	}
	if arg == nil || rootIdent(arg) == nil {
		return "", "the group has no name at the go statement"
	}
	if fn := function(u); fn == nil || reassigned(u.File.Info, fn, obj.(*types.Var)) {
		return "", id.Name + " is reassigned in the goroutine"
	}
	return text(w.start.File, arg) + text(u.File, group)[len(id.Name):], ""
}

// parameter is the index of the parameter that a variable is, or -1.
func parameter(info *types.Info, list *ast.FieldList, obj types.Object) int {
	i := 0
	if list == nil || obj == nil {
		return -1
	}
	for _, fl := range list.List {
		for _, id := range fl.Names {
			if info.Defs[id] == obj {
				return i
			}
			i++
		}
		if len(fl.Names) == 0 {
			i++
		}
	}
	return -1
}

// firstDone finds the deferred Done that WaitGroup.Go makes needless: the first
// of a literal's defers, so that it runs last, and the only Done.
func (w *waiting) firstDone(u *rewrite.Use, add ast.Stmt, group *ast.SelectorExpr) *ast.DeferStmt {
	lit := w.literal()
	if lit == nil || !w.modern || !w.plain() {
		return nil
	}
	isDone := func(call *ast.CallExpr) bool {
		sel, ok := call.Fun.(*ast.SelectorExpr)
		return ok && sel.Sel.Name == "Done" && text(u.File, sel.X) == text(u.File, group.X)
	}
	i := slices.Index(lit.Body.List, add)
	if i != 0 || len(lit.Body.List) < 3 {
		return nil
	}
	done, ok := lit.Body.List[1].(*ast.DeferStmt)
	n := 0
	ast.Inspect(lit, func(n2 ast.Node) bool {
		if call, ok := n2.(*ast.CallExpr); ok && isDone(call) {
			n++
		}
		return true
	})
	if !ok || !isDone(done.Call) || n != 1 {
		return nil
	}
	return done
}
