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

// setBeforeTold moves what sets a field above the statement right above it that
// tells others to look, wherever there is one, or above the section in which the
// object is put where others find it; nil if there is none. Whether they all wait
// for that is for the checks to see.
//
//	close(x.done)    x.err = err
//	x.err = err      close(x.done)
func setBeforeTold(s *rewrite.Site) *rewrite.Fix {
	fix := &rewrite.Fix{Title: fmt.Sprintf("Set %s before others are told", s.Finding.Place.Name), Safety: rewrite.Safe, Places: []string{s.Finding.Place.Key}}
	racing := false
	for _, a := range s.Finding.Accesses {
		if a.Op != rewrite.Write || a.Fresh || a.Test {
			continue
		}
		f, path := s.Module.Around(a.At)
		as, up := assignment(path)
		if len(up) == 0 || !inList(up[0]) || as.Tok != token.ASSIGN {
			continue
		}
		tells := toldAbove(s, f, list(up[0]), as)
		if tells == nil {
			continue
		}
		racing = racing || slices.ContainsFunc(s.Finding.Sides[:], func(side rewrite.Side) bool { return side.Access.At == a.At })
		fix.Edits = append(fix.Edits, moveUp(f, as, tells)...)
	}
	if !racing {
		return nil
	}
	return fix
}

// toldAbove is the statement above an assignment that tells others something, nil
// if there is none, or if the assignment means something else above it. Other
// assignments may stand between that have nothing to do with it.
func toldAbove(s *rewrite.Site, f *rewrite.File, stmts []ast.Stmt, as *ast.AssignStmt) ast.Stmt {
	for i := slices.Index(stmts, ast.Stmt(as)) - 1; i >= 0; i-- {
		if tells(f, stmts[i]) {
			named := slices.ContainsFunc(as.Lhs, func(e ast.Expr) bool { return mentionsText(f, stmts[i], text(f, e)) })
			if e := s.Module.Calls(f, as.Pos(), as.End()); named || len(e.Slow)+len(e.Locks) > 0 || callsOut(f, as) {
				return nil
			}
			return stmts[i]
		}
		if unlocks(stmts[i]) {
			return shownAbove(s, f, stmts[:i], as)
		}
		if o, ok := stmts[i].(*ast.AssignStmt); !ok || o.Tok != token.ASSIGN || callsOut(f, o) || dependent(f, o, as) || dependent(f, as, o) {
			return nil
		}
	}
	return nil
}

// shownAbove is the statement that begins a section of which all but its end is the last of
// a list, if the section puts the object of which an assignment sets a field where others
// find it, and leaves alone what the assignment goes by; else it is nil.
//
//	m.mu.Lock()          c.seen = time.Now()
//	m.conns[id] = c      m.mu.Lock()
//	m.mu.Unlock()        m.conns[id] = c
//	c.seen = time.Now()  m.mu.Unlock()
func shownAbove(s *rewrite.Site, f *rewrite.File, stmts []ast.Stmt, as *ast.AssignStmt) ast.Stmt {
	sel, ok := as.Lhs[0].(*ast.SelectorExpr)
	if e := s.Module.Calls(f, as.Pos(), as.End()); !ok || len(as.Lhs) > 1 || len(e.Slow)+len(e.Locks) > 0 || callsOwn(f, as) {
		return nil
	}
	object, ok := sel.X.(*ast.Ident)
	if !ok {
		return nil
	}
	shown := false
	for _, stmt := range slices.Backward(stmts) {
		if x, ok := stmt.(*ast.ExprStmt); ok && isCallOf(x.X, "Lock") {
			if !shown {
				return nil
			}
			return stmt
		}
		o, ok := stmt.(*ast.AssignStmt)
		if !ok || o.Tok != token.ASSIGN || dependent(f, o, as) || dependent(f, as, o) {
			return nil
		}
		shown = shown || slices.ContainsFunc(o.Rhs, func(e ast.Expr) bool {
			call, ok := e.(*ast.CallExpr) // append
			return text(f, e) == object.Name || ok && slices.ContainsFunc(call.Args, func(e ast.Expr) bool { return text(f, e) == object.Name })
		})
	}
	return nil
}

// callsOwn reports whether code calls a function that is not the standard library's: the
// module's own may go by what is changed above.
func callsOwn(f *rewrite.File, n ast.Node) bool {
	first := func(p *types.Package) string {
		path, _, _ := strings.Cut(p.Path(), "/")
		return path
	}
	return callsAny(f, n, func(fn *types.Func) bool {
		return fn == nil || fn.Pkg() == nil || first(fn.Pkg()) == first(f.Pkg) || strings.Contains(first(fn.Pkg()), ".")
	})
}

// dependent reports whether an assignment mentions what another one sets.
func dependent(f *rewrite.File, as, on *ast.AssignStmt) bool {
	return slices.ContainsFunc(on.Lhs, func(e ast.Expr) bool { return mentionsText(f, as, text(f, e)) })
}

// tells reports whether a statement closes a channel, sends to one, or counts a
// WaitGroup down.
func tells(f *rewrite.File, s ast.Stmt) bool {
	switch s := s.(type) {
	case *ast.SendStmt:
		return true
	case *ast.ExprStmt:
		call, ok := s.X.(*ast.CallExpr)
		if !ok {
			return false
		}
		if id, ok := call.Fun.(*ast.Ident); ok {
			return id.Name == "close" && f.Info.Types[call.Fun].IsBuiltin()
		}
		fn := callee(f.Info, call)
		return fn != nil && fn.FullName() == "(*sync.WaitGroup).Done"
	}
	return false
}
