package effect

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// conditions finds the tests worth remembering: those that are made twice, and
// variables that hold what a test can ask for.
func (w *lockWalk) conditions(body *ast.BlockStmt) {
	count := make(map[string]int)
	var atom func(e ast.Expr)
	atom = func(e ast.Expr) {
		switch x := ast.Unparen(e).(type) {
		case *ast.UnaryExpr:
			if x.Op == token.NOT {
				atom(x.X)
				return
			}
		case *ast.BinaryExpr:
			if x.Op == token.LAND || x.Op == token.LOR {
				atom(x.X)
				atom(x.Y)
				return
			}
		case *ast.Ident:
			count[w.exprKey(x)]++ // its value may come from an assignment
		}
		if k, _ := w.testKey(e); k != "" {
			count[k]++
		}
	}
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.IfStmt:
			atom(n.Cond)
		case *ast.ForStmt:
			if n.Cond != nil {
				atom(n.Cond)
			}
		case *ast.SwitchStmt:
			for _, c := range n.Body.List {
				for _, e := range c.(*ast.CaseClause).List {
					if n.Tag != nil {
						e = &ast.BinaryExpr{X: n.Tag, Op: token.EQL, Y: e}
					}
					atom(e)
				}
			}
		case *ast.AssignStmt: // x = nil answers x == nil
			for i, r := range n.Rhs {
				if id, ok := ast.Unparen(r).(*ast.Ident); ok && id.Name == "nil" && len(n.Lhs) == len(n.Rhs) {
					k, _ := w.testKey(&ast.BinaryExpr{X: n.Lhs[i], Op: token.EQL, Y: r})
					count[k]++
				}
			}
		}
		return true
	})
	w.tests = make(map[string]bool)
	for k, n := range count {
		w.tests[k] = n > 1
	}
}

// testKey spells a condition so that one and its negation are spelled alike;
// the second result tells them apart.
func (w *lockWalk) testKey(e ast.Expr) (key string, not bool) {
	b, ok := ast.Unparen(e).(*ast.BinaryExpr)
	if !ok {
		return w.exprKey(e), false
	}
	x, y := w.exprKey(b.X), w.exprKey(b.Y)
	if x == "" || y == "" {
		return "", false
	}
	switch b.Op {
	case token.EQL, token.NEQ:
		if x > y {
			x, y = y, x
		}
		return x + "==" + y, b.Op == token.NEQ
	case token.LSS:
		return x + "<" + y, false
	case token.GEQ:
		return x + "<" + y, true
	case token.GTR:
		return y + "<" + x, false
	case token.LEQ:
		return y + "<" + x, true
	}
	return w.exprKey(b), false
}

// exprKey spells an expression so that equal ones have equal values as long as
// nothing they mention changes; "" if that can't be done.
func (w *lockWalk) exprKey(e ast.Expr) string {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		if o := w.pkg.Info.ObjectOf(e); o != nil {
			return objectKey(o)
		}
	case *ast.BasicLit:
		return e.Value
	case *ast.SelectorExpr:
		if x := w.exprKey(e.X); x != "" {
			return x + "." + e.Sel.Name + "·"
		}
	case *ast.StarExpr:
		return w.prefixed("*", e.X)
	case *ast.UnaryExpr:
		return w.prefixed(e.Op.String(), e.X)
	case *ast.BinaryExpr:
		if x, y := w.exprKey(e.X), w.exprKey(e.Y); x != "" && y != "" {
			return "(" + x + e.Op.String() + y + ")"
		}
	case *ast.IndexExpr:
		if x, i := w.exprKey(e.X), w.exprKey(e.Index); x != "" && i != "" {
			return x + "[" + i + "]"
		}
	case *ast.CallExpr:
		parts := []string{w.exprKey(e.Fun)}
		for _, a := range e.Args {
			parts = append(parts, w.exprKey(a))
		}
		if !slices.Contains(parts, "") {
			return parts[0] + "(" + strings.Join(parts[1:], ",") + ")"
		}
	}
	return ""
}

func (w *lockWalk) prefixed(op string, e ast.Expr) string {
	if x := w.exprKey(e); x != "" {
		return op + x
	}
	return ""
}

// test splits the states by a condition.
func (w *lockWalk) test(e ast.Expr, in states) (yes, no states) {
	e = ast.Unparen(e)
	if v := w.pkg.Info.Types[e].Value; v != nil && v.Kind() == constant.Bool {
		if constant.BoolVal(v) {
			return in, nil
		}
		return nil, in
	}
	switch x := e.(type) {
	case *ast.UnaryExpr:
		if x.Op == token.NOT {
			no, yes = w.test(x.X, in)
			return yes, no
		}
	case *ast.BinaryExpr:
		switch x.Op {
		case token.LAND:
			yes, no = w.test(x.X, in)
			yes, rest := w.test(x.Y, yes)
			return yes, w.join(no, rest)
		case token.LOR:
			yes, no = w.test(x.X, in)
			rest, no := w.test(x.Y, no)
			return w.join(yes, rest), no
		}
	}
	if call := w.tryCall(e); call != nil {
		ref, kind := w.lockCall(call)
		return w.operate(ref, kind, call, in), in
	}
	in = w.expr(e, in)
	key, not := w.testKey(e)
	for _, s := range in {
		known, ok := s.facts[key]
		if !ok || known != not {
			yes = append(yes, w.learn(s, key, !not))
		}
		if !ok || known == not {
			no = append(no, w.learn(s, key, not))
		}
	}
	return w.join(yes), w.join(no)
}

func (w *lockWalk) learn(s *lockState, key string, yes bool) *lockState {
	if _, known := s.facts[key]; known || !w.tests[key] {
		return s
	}
	return s.knowing(key, yes)
}

// forget drops what is known of what is assigned.
func (w *lockWalk) forget(list []ast.Expr, in states) states {
	for _, l := range list {
		if l == nil {
			continue
		}
		mention := ""
		switch l := ast.Unparen(l).(type) {
		case *ast.Ident:
			if o := w.pkg.Info.ObjectOf(l); o != nil {
				mention = objectKey(o)
			}
		case *ast.SelectorExpr:
			mention = "." + l.Sel.Name + "·"
		}
		if mention != "" {
			in = w.each(in, func(s *lockState) states { return states{s.forgetting(mention)} })
		}
	}
	return in
}

// assign follows an assignment whose calls are made, those that try to take a
// lock excepted.
func (w *lockWalk) assign(lhs, rhs []ast.Expr, in states) states {
	in = w.forget(lhs, in)
	if len(rhs) == 0 {
		for _, l := range lhs { // var x bool
			if t := w.pkg.Info.TypeOf(l); t != nil && types.Identical(t.Underlying(), types.Typ[types.Bool]) {
				in = w.answer(l, false, in)
			}
		}
		return in
	}
	if len(lhs) != len(rhs) {
		return in
	}
	for i, r := range rhs {
		r = ast.Unparen(r)
		if call := w.tryCall(r); call != nil {
			ref, kind := w.lockCall(call)
			in = w.join(w.answer(lhs[i], true, w.operate(ref, kind, call, in)), w.answer(lhs[i], false, in))
			continue
		}
		if v := w.pkg.Info.Types[r].Value; v != nil && v.Kind() == constant.Bool {
			in = w.answer(lhs[i], constant.BoolVal(v), in)
			continue
		}
		if id, ok := r.(*ast.Ident); ok && w.pkg.Info.Uses[id] == types.Universe.Lookup("nil") {
			in = w.answer(&ast.BinaryExpr{X: lhs[i], Op: token.EQL, Y: id}, true, in)
		}
	}
	return in
}

// answer notes what a test of something just assigned would say.
func (w *lockWalk) answer(e ast.Expr, yes bool, in states) states {
	key, not := w.testKey(e)
	if !w.tests[key] {
		return in
	}
	return w.each(in, func(s *lockState) states { return states{s.knowing(key, yes != not)} })
}
