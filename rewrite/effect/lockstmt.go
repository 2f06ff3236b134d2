package effect

import (
	"go/ast"
	"go/token"
	"go/types"

	"github.com/go-fixer/fixer/rewrite/model"
)

// A target is a statement that break and continue can mean.
type target struct {
	stmt         ast.Stmt
	label        string
	loop         bool
	broken, next states
}

// block follows a list of statements.
func (w *lockWalk) block(list []ast.Stmt, in states) states {
	for _, s := range list {
		in = w.stmt(s, "", in)
	}
	return in
}

// stmt follows one statement; label is its own.
func (w *lockWalk) stmt(s ast.Stmt, label string, in states) states {
	if l, ok := s.(*ast.LabeledStmt); ok {
		return w.stmt(l.Stmt, l.Label.Name, w.join(in, w.labels[l.Label.Name]))
	}
	if len(in) == 0 && !hasLabel(s) || w.lost {
		return nil
	}
	switch s := s.(type) {
	case *ast.BlockStmt:
		return w.block(s.List, in)
	case *ast.ExprStmt:
		return w.exprStmt(s, in)
	case *ast.DeclStmt:
		if d, ok := s.Decl.(*ast.GenDecl); ok {
			for _, sp := range d.Specs {
				if v, ok := sp.(*ast.ValueSpec); ok && d.Tok == token.VAR {
					in = w.assign(idents(v.Names), v.Values, w.exprs(v.Values, in))
				}
			}
		}
		return in
	case *ast.AssignStmt:
		return w.assign(s.Lhs, s.Rhs, w.exprs(s.Lhs, w.exprs(s.Rhs, in)))
	case *ast.IncDecStmt:
		return w.forget([]ast.Expr{s.X}, in)
	case *ast.SendStmt:
		return w.expr(s.Value, w.expr(s.Chan, in))
	case *ast.GoStmt:
		return w.exprs(s.Call.Args, in)
	case *ast.DeferStmt:
		return w.deferred(s.Call, w.exprs(s.Call.Args, in))
	case *ast.ReturnStmt:
		return w.returned(s, w.exprs(s.Results, in))
	case *ast.BranchStmt:
		return w.jump(s, in)
	case *ast.IfStmt:
		yes, no := w.test(s.Cond, w.simple(s.Init, in))
		yes = w.block(s.Body.List, yes)
		if s.Else != nil {
			no = w.stmt(s.Else, "", no)
		}
		return w.join(yes, no)
	case *ast.ForStmt:
		return w.forLoop(s, label, w.simple(s.Init, in))
	case *ast.RangeStmt:
		return w.rangeLoop(s, label, w.expr(s.X, in))
	case *ast.SwitchStmt:
		return w.switches(s, label, w.simple(s.Init, in))
	case *ast.TypeSwitchStmt:
		return w.clauses(s, label, s.Body, w.simple(s.Assign, w.simple(s.Init, in)))
	case *ast.SelectStmt:
		return w.clauses(s, label, s.Body, in)
	}
	return in
}

// hasLabel reports whether a goto may bring control into a statement that it
// doesn't reach otherwise.
func hasLabel(s ast.Stmt) bool {
	found := false
	ast.Inspect(s, func(n ast.Node) bool {
		_, is := n.(*ast.LabeledStmt)
		found = found || is
		return !found
	})
	return found
}

func idents(names []*ast.Ident) []ast.Expr {
	var out []ast.Expr
	for _, id := range names {
		out = append(out, id)
	}
	return out
}

// simple follows a statement that may be missing.
func (w *lockWalk) simple(s ast.Stmt, in states) states {
	if s == nil {
		return in
	}
	return w.stmt(s, "", in)
}

func (w *lockWalk) exprStmt(s *ast.ExprStmt, in states) states {
	call, ok := ast.Unparen(s.X).(*ast.CallExpr)
	if !ok {
		return w.expr(s.X, in)
	}
	in = w.expr(call, in)
	switch fn := w.callee(call).(type) {
	case *types.Builtin:
		if fn.Name() == "panic" {
			w.panics(s, in)
			return nil
		}
	case *types.Func:
		if fn.Pkg() == nil {
			break
		}
		if w.own(fn.Pkg().Path()) {
			return w.each(in, func(s *lockState) states {
				next := *s
				next.after = fn.Origin().FullName()
				return states{&next}
			})
		}
		if w.model.Of(fn).Kind == model.Exits {
			return nil
		}
	}
	return in
}

func (w *lockWalk) callee(call *ast.CallExpr) types.Object {
	if id := idOf(call.Fun); id != nil {
		return w.pkg.Info.Uses[id]
	}
	return nil
}

// panics leaves the function if something in it recovers: else the goroutine
// ends, and the program with it.
func (w *lockWalk) panics(s *ast.ExprStmt, in states) {
	for _, st := range in {
		for _, d := range st.defers {
			if d != nil && w.recovers(d) {
				w.exit(states{st}, s)
				break
			}
		}
	}
}

func (w *lockWalk) recovers(d *ast.CallExpr) bool {
	found := false
	ast.Inspect(d, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			b, ok := w.callee(call).(*types.Builtin)
			found = found || ok && b.Name() == "recover"
		}
		return !found
	})
	return found
}

// deferred notes what runs at the end, if it has to do with locks or panics.
func (w *lockWalk) deferred(call *ast.CallExpr, in states) states {
	matters := false
	ast.Inspect(call, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok {
			ref, _ := w.lockCall(c)
			matters = matters || ref != nil
		}
		return !matters
	})
	if !matters && !w.recovers(call) {
		return in
	}
	return w.each(in, func(s *lockState) states {
		for _, d := range s.defers {
			if d == call {
				return states{s} // in a loop
			}
		}
		next := *s
		next.defers = append(s.defers[:len(s.defers):len(s.defers)], call)
		return states{&next}
	})
}

// unwind runs what was deferred, last first.
func (w *lockWalk) unwind(in states) states {
	var out states
	for len(in) > 0 && !w.lost {
		s := in[0]
		in = in[1:]
		n := len(s.defers)
		if n == 0 {
			out = append(out, s)
			continue
		}
		next := *s
		next.defers = s.defers[:n-1]
		if d := s.defers[n-1]; d == nil {
			out = append(out, &next)
		} else {
			in = append(w.invoke(d, states{&next}), in...)
		}
	}
	return w.join(out)
}

// invoke runs a call whose arguments are evaluated.
func (w *lockWalk) invoke(call *ast.CallExpr, in states) states {
	if lit, ok := ast.Unparen(call.Fun).(*ast.FuncLit); ok {
		return w.inline(lit, in)
	}
	ref, kind := w.lockCall(call)
	switch {
	case ref == nil || w.uses[ref.path] == nil:
		return in
	case kind == model.TryLock || kind == model.TryRLock:
		return w.join(w.operate(ref, kind, call, in), in)
	}
	return w.operate(ref, kind, call, in)
}

// inline runs a literal that is called where it stands.
func (w *lockWalk) inline(lit *ast.FuncLit, in states) states {
	returns, targets := w.returns, w.targets
	var back states
	w.returns, w.targets = &back, nil
	in = w.each(in, func(s *lockState) states {
		next := *s
		next.defers = append(s.defers[:len(s.defers):len(s.defers)], nil)
		return states{&next}
	})
	end := w.block(lit.Body.List, in)
	w.returns, w.targets = returns, targets
	return w.unwind(w.join(end, back))
}

func (w *lockWalk) returned(s *ast.ReturnStmt, in states) states {
	if w.returns != nil {
		*w.returns = w.join(*w.returns, in)
		return nil
	}
	w.exit(in, s)
	return nil
}

// expr follows what an expression calls.
func (w *lockWalk) expr(e ast.Expr, in states) states {
	var calls []*ast.CallExpr // in order of evaluation
	var visit func(n ast.Node) bool
	visit = func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.CallExpr:
			for _, a := range n.Args {
				ast.Inspect(a, visit)
			}
			ast.Inspect(n.Fun, visit)
			calls = append(calls, n)
			return false
		}
		return true
	}
	if e != nil {
		ast.Inspect(e, visit)
	}
	for _, c := range calls {
		in = w.invoke(c, in)
	}
	return in
}

func (w *lockWalk) exprs(list []ast.Expr, in states) states {
	for _, e := range list {
		if w.tryCall(e) == nil { // assign does these
			in = w.expr(e, in)
		}
	}
	return in
}

// tryCall returns e if it tries to take a lock.
func (w *lockWalk) tryCall(e ast.Expr) *ast.CallExpr {
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok {
		return nil
	}
	if ref, kind := w.lockCall(call); ref != nil && w.uses[ref.path] != nil && (kind == model.TryLock || kind == model.TryRLock) {
		return call
	}
	return nil
}
