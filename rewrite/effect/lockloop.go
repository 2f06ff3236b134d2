package effect

import (
	"go/ast"
	"go/token"
)

// enter makes a statement one that break and continue can mean.
func (w *lockWalk) enter(s ast.Stmt, label string, loop bool) *target {
	t := &target{stmt: s, label: label, loop: loop}
	w.targets = append(w.targets, t)
	return t
}

func (w *lockWalk) leave() { w.targets = w.targets[:len(w.targets)-1] }

// jump follows break, continue, goto and fallthrough.
func (w *lockWalk) jump(s *ast.BranchStmt, in states) states {
	switch s.Tok {
	case token.FALLTHROUGH:
		return in // clauses sees to it
	case token.GOTO:
		in = w.pass(s, in)
		before := len(w.labels[s.Label.Name])
		w.labels[s.Label.Name] = w.join(w.labels[s.Label.Name], in)
		w.jumps += len(w.labels[s.Label.Name]) - before
		return nil
	}
	for i := len(w.targets) - 1; i >= 0; i-- {
		t := w.targets[i]
		if s.Label != nil && s.Label.Name != t.label || s.Label == nil && s.Tok == token.CONTINUE && !t.loop {
			continue
		}
		in = w.pass(s, in)
		if t.loop {
			in = w.ends(t.stmt, s, in)
		}
		if s.Tok == token.BREAK {
			t.broken = w.join(t.broken, in)
		} else {
			t.next = w.join(t.next, in)
		}
		break
	}
	return nil
}

// turns follows the turns of a loop until they bring nothing new. turn runs
// one of them, and returns the ways out by the loop's condition; post comes after
// each.
func (w *lockWalk) turns(s, post ast.Stmt, body *ast.BlockStmt, label string, in states, turn func(states) (round, out states)) states {
	var out states
	for range 50 {
		t := w.enter(s, label, true)
		round, done := turn(in)
		w.leave()
		round = w.ends(s, body, w.pass(body, round))
		out = w.join(done, t.broken)
		next := w.join(in, w.simple(post, w.join(round, t.next)))
		if len(next) == len(in) || w.lost {
			return out
		}
		in = next
	}
	w.lost = true
	return nil
}

func (w *lockWalk) forLoop(s *ast.ForStmt, label string, in states) states {
	return w.turns(s, s.Post, s.Body, label, in, func(head states) (round, out states) {
		yes := head
		if s.Cond != nil {
			yes, out = w.test(s.Cond, head)
		}
		return w.block(s.Body.List, yes), out
	})
}

func (w *lockWalk) rangeLoop(s *ast.RangeStmt, label string, in states) states {
	return w.turns(s, nil, s.Body, label, in, func(head states) (round, out states) {
		return w.block(s.Body.List, w.forget([]ast.Expr{s.Key, s.Value}, head)), head
	})
}

// switches follows a switch on values.
func (w *lockWalk) switches(s *ast.SwitchStmt, label string, in states) states {
	if s.Tag != nil {
		in = w.expr(s.Tag, in)
	}
	t := w.enter(s, label, false)
	defer w.leave()
	bodies := make([]states, len(s.Body.List))
	rest, standard := in, -1
	for i, c := range s.Body.List {
		cc := c.(*ast.CaseClause)
		if cc.List == nil {
			standard = i
		}
		for _, e := range cc.List {
			var yes states
			if s.Tag == nil {
				yes, rest = w.test(e, rest)
			} else {
				yes, rest = w.test(&ast.BinaryExpr{X: s.Tag, Op: token.EQL, Y: e}, rest)
			}
			bodies[i] = w.join(bodies[i], yes)
		}
	}
	if standard >= 0 {
		bodies[standard], rest = w.join(bodies[standard], rest), nil
	}
	out := rest
	var through states
	for i, c := range s.Body.List {
		body := c.(*ast.CaseClause).Body
		end := w.block(body, w.join(bodies[i], through))
		through = nil
		if fallsThrough(body) {
			through, end = end, nil
		}
		out = w.join(out, end)
	}
	return w.join(out, t.broken)
}

func fallsThrough(body []ast.Stmt) bool {
	if len(body) == 0 {
		return false
	}
	b, ok := body[len(body)-1].(*ast.BranchStmt)
	return ok && b.Tok == token.FALLTHROUGH
}

// clauses follows a statement that runs one of its clauses, by what is not
// known.
func (w *lockWalk) clauses(s ast.Stmt, label string, body *ast.BlockStmt, in states) states {
	t := w.enter(s, label, false)
	defer w.leave()
	_, waits := s.(*ast.SelectStmt)
	whole := waits
	var out states
	for _, c := range body.List {
		switch c := c.(type) {
		case *ast.CaseClause:
			whole = whole || c.List == nil
			out = w.join(out, w.block(c.Body, in))
		case *ast.CommClause:
			out = w.join(out, w.block(c.Body, w.simple(c.Comm, in)))
		}
	}
	if !whole {
		out = w.join(out, in)
	}
	return w.join(out, t.broken)
}
