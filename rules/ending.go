package rules

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// wait puts the wait where a goroutine is told to end: right after the signal,
// or after the lock is released that is held there.
func (w *waiting) wait(end rewrite.End, st *rewrite.Struct, group string, old bool) string {
	u := w.site.Module.At(end.At)
	fn := declaration(u)
	if fn == nil {
		return "what tells the goroutine to end is in no declared function"
	}
	if end.Own {
		return fmt.Sprintf("the goroutine may call %s itself, and would wait for itself", fn.Name.Name)
	}
	for _, l := range w.site.Module.Entry(u.File, fn.Body.Lbrace) {
		if slices.Contains(w.info.Locks, l.Key) {
			return fmt.Sprintf("callers of %s may hold %s, which the goroutine takes", fn.Name.Name, rewrite.ShortKey(l.Key))
		}
	}
	object := w.told(u, st)
	if object == "" {
		return fmt.Sprintf("%s:%d reaches the object in a way that has no name", base(end.At.File), end.At.Line)
	}
	path := statementPath(u)
	if path == nil {
		return fmt.Sprintf("%s:%d is no statement of its own", base(end.At.File), end.At.Line)
	}
	if old {
		return ""
	}
	e := &ended{waiting: w, end: end, file: u.File, fn: fn, path: path, code: object + "." + group + ".Wait()"}
	return e.place(w.locksIn(u.File, fn, end))
}

// locksIn are the locks that a function itself holds where it tells the
// goroutine to end.
func (w *waiting) locksIn(f *rewrite.File, fn *ast.FuncDecl, end rewrite.End) []rewrite.Lock {
	callers := w.site.Module.Entry(f, fn.Body.Lbrace)
	return slices.DeleteFunc(slices.Clone(end.Locks), func(l rewrite.Lock) bool {
		return slices.ContainsFunc(callers, func(c rewrite.Lock) bool { return c.Key == l.Key })
	})
}

// told is the expression for the object whose goroutine is told to end.
func (w *waiting) told(u *rewrite.Use, st *rewrite.Struct) string {
	call, ok := u.Path[0].(*ast.CallExpr)
	if !ok {
		return ""
	}
	e := ast.Unparen(call.Fun)
	if len(call.Args) == 1 && u.File.Info.Types[call.Fun].IsBuiltin() {
		e = ast.Unparen(call.Args[0])
	}
	sel, ok := e.(*ast.SelectorExpr)
	if !ok || !isOf(u.File.Info.TypeOf(sel.X), st) {
		return ""
	}
	id := rootIdent(sel.X)
	if id == nil {
		return ""
	}
	if v, ok := u.File.Info.Uses[id].(*types.Var); !ok || reassigned(u.File.Info, declaration(u), v) {
		return ""
	}
	return text(u.File, sel.X)
}

// statementPath is the path from the statement that gives the signal on; nil if
// that is in a function which may run at another time: in any literal but one
// for a sync.Once.
func statementPath(u *rewrite.Use) []ast.Node {
	for i, n := range u.Path {
		lit, ok := n.(*ast.FuncLit)
		if !ok {
			continue
		}
		call, ok := u.Path[i+1].(*ast.CallExpr)
		if !ok || len(call.Args) != 1 || call.Args[0] != ast.Expr(lit) || !isCallOf(call, "Do") {
			return nil
		}
		once := u.File.Info.TypeOf(call.Fun.(*ast.SelectorExpr).X)
		if p, ok := once.Underlying().(*types.Pointer); ok {
			once = p.Elem()
		}
		if once.String() != "sync.Once" {
			return nil
		}
	}
	if len(u.Path) < 3 {
		return nil
	}
	if _, ok := u.Path[1].(*ast.ExprStmt); !ok || !inList(u.Path[2]) {
		return nil
	}
	return u.Path[1:]
}

// An ended is a place where the goroutine is told to end, and what is to run
// after it.
type ended struct {
	*waiting
	end  rewrite.End
	file *rewrite.File
	fn   *ast.FuncDecl
	path []ast.Node // from the statement outwards
	code string
}

func (e *ended) insert(stmt ast.Stmt, after bool, code string) {
	e.edits = append(e.edits, rewrite.Insert{Stmt: e.file.Span(stmt), After: after, Code: rewrite.Code{Text: code}})
}

// place finds the place for the wait. Under a lock that the goroutine does not
// take it keeps out who would start the next one meanwhile; but then nobody else
// may want the lock, or the goroutine must end at once.
func (e *ended) place(locks []rewrite.Lock) string {
	taken := slices.IndexFunc(locks, func(l rewrite.Lock) bool { return slices.Contains(e.info.Locks, l.Key) })
	switch {
	case taken < 0 && (len(locks) == 0 || e.end.Private || len(e.info.Slow) == 0):
		e.insert(e.below(), true, e.code)
		return ""
	case len(locks) == 1 && e.released():
		if e.info.Again {
			e.caution = "that also waits for a goroutine that is started meanwhile"
		}
		return ""
	case taken >= 0:
		return fmt.Sprintf("%s holds %s, which the goroutine takes, until it returns", e.fn.Name.Name, rewrite.ShortKey(locks[taken].Key))
	}
	return fmt.Sprintf("%s holds %s until it returns, and others would have to wait for %s", e.fn.Name.Name, rewrite.ShortKey(locks[0].Key), e.info.Slow[0])
}

// below is the statement below which the wait comes: the signal, or the if
// around it that asks whether it was given before.
func (e *ended) below() ast.Stmt {
	stmt := e.path[0].(ast.Stmt)
	for i := 1; i+2 < len(e.path); i += 2 {
		stmts := list(e.path[i])
		is, ok := e.path[i+1].(*ast.IfStmt)
		if !ok || !e.forgets(stmts[slices.Index(stmts, stmt)+1:]) || is.Else != nil || is.Init != nil || !inList(e.path[i+2]) || !e.told(is.Cond) {
			break
		}
		stmt = is
	}
	return stmt
}

// forgets reports whether statements only note that the goroutine was told to
// end.
func (e *ended) forgets(stmts []ast.Stmt) bool {
	return (len(stmts) == 0 || !e.info.Reads) && !slices.ContainsFunc(stmts, func(s ast.Stmt) bool {
		as, ok := s.(*ast.AssignStmt)
		if !ok || len(as.Lhs) != 1 {
			return true
		}
		_, name := as.Rhs[0].(*ast.Ident)
		return !name || !e.told(as.Lhs[0])
	})
}

// released puts the wait after the lock is released: below the call of Unlock
// that follows the signal, or, if that is deferred, into a defer above Lock.
func (e *ended) released() bool {
	if e.info.Reads && slices.Contains(e.end.Writes, e.info.Field) {
		return false // it may be empty before the goroutine looks at it again
	}
	stmt := e.path[0].(ast.Stmt)
	for i := 1; i < len(e.path); i++ {
		if !inList(e.path[i]) {
			continue
		}
		stmts := list(e.path[i])
		at := slices.Index(stmts, stmt)
		if at < 0 {
			return false
		}
		for _, s := range stmts[at+1:] {
			if unlocks(s) {
				e.insert(s, true, e.code)
				return true
			}
			if leaves([]ast.Stmt{s}) {
				return e.late()
			}
		}
		if e.path[i] == ast.Node(e.fn.Body) {
			return e.late()
		}
		is, ok := e.path[i+1].(*ast.IfStmt)
		if !ok || is.Else != nil || is.Init != nil || !e.told(is.Cond) {
			return false
		}
		stmt = is
	}
	return false
}

// late defers the wait above the lock that is released by a defer.
func (e *ended) late() bool {
	if !e.info.Again {
		return false // something below the signal is to come after the wait
	}
	stmts := e.fn.Body.List
	for i, s := range stmts {
		d, ok := s.(*ast.DeferStmt)
		if !ok || i == 0 || !isCallOf(d.Call, "Unlock") {
			continue
		}
		lock, ok := stmts[i-1].(*ast.ExprStmt)
		if !ok || !isCallOf(lock.X, "Lock") || !e.returnsTold(stmts) || i > 1 {
			return false
		}
		e.insert(lock, false, "defer "+e.code)
		return true
	}
	return false
}

// returnsTold reports whether all returns above the signal are for goroutines
// that were told to end before.
func (e *ended) returnsTold(stmts []ast.Stmt) bool {
	for _, s := range stmts {
		if s.End() > e.path[0].Pos() {
			break
		}
		if !leaves([]ast.Stmt{s}) {
			continue
		}
		is, ok := s.(*ast.IfStmt)
		if !ok || is.Init != nil || is.Else != nil || !e.told(is.Cond) {
			return false
		}
	}
	for _, n := range e.path { // and so are the conditions around it
		if is, ok := n.(*ast.IfStmt); ok && (is.Else != nil || !e.told(is.Cond)) {
			return false
		}
	}
	return true
}

// told reports whether a condition asks only whether the goroutine was told to
// end before, or never started.
func (e *ended) told(cond ast.Expr) bool {
	switch c := ast.Unparen(cond).(type) {
	case *ast.UnaryExpr:
		return e.told(c.X)
	case *ast.BinaryExpr:
		return e.told(c.X) && e.told(c.Y)
	case *ast.Ident:
		return c.Name == "nil" || c.Name == "true" || c.Name == "false"
	case *ast.SelectorExpr:
		return slices.Contains(e.end.Sets, e.info.Field[:strings.LastIndexByte(e.info.Field, '.')+1]+c.Sel.Name)
	}
	return false
}

func unlocks(s ast.Stmt) bool {
	x, ok := s.(*ast.ExprStmt)
	return ok && isCallOf(x.X, "Unlock")
}

// isCallOf reports whether an expression calls a method with a name.
func isCallOf(e ast.Expr, name string) bool {
	sel := selected(e)
	return sel != nil && sel.Sel.Name == name
}
