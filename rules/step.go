package rules

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// How much a write depends on a read: not at all; by the value of another
// field, or because the function went on in view of one; or by the value of the
// same field, or by a test of it or around the write.
const (
	none = iota
	soft
	hard
)

// steps splits the spots of a function into runs that are one step: where what
// is read at one decides, at least so much, about what is written at a later
// one.
func steps(spots []spot, least int) [][]spot {
	var out [][]spot
	for i := 0; i < len(spots); {
		end := i
		for j := i; j <= end; j++ {
			for k := len(spots) - 1; k > end; k-- {
				if depends(spots[j], spots[k]) >= least || depends(spots[k], spots[j]) >= least {
					end = k
				}
			}
		}
		out = append(out, spots[i:end+1])
		i = end + 1
	}
	return out
}

// groups splits the spots of a function into steps, or returns them as one.
func (l *locking) groups(fn ast.Node, spots []spot) [][]spot {
	switch {
	case l.refresh != nil && fn == ast.Node(l.refresh.decl):
		return l.refresh.writes(spots)
	case l.atOnce(fn, spots):
		return [][]spot{spots}
	}
	return steps(spots, soft)
}

// depends tells how much of what is read at r decides about a write at w.
func depends(r, w spot) int {
	if r.sel == w.sel || !w.write || r.write && !compound(r) {
		return none
	}
	if as := statement(w); as != nil && !inList(as) && contains(as, r.sel) {
		return hard // x.f = g(x.f)
	}
	if w.sel.Pos() < r.sel.Pos() {
		return none
	}
	if resets(r, w) {
		return hard
	}
	c := condition(r.Use)
	head, loop := c.(*ast.ForStmt)
	switch {
	case c != nil && makes(c, r, w):
		return none // it is there from then on
	case loop && sameField(r, w) && stopsLoop(head, r, w):
		return none // whoever says so, and however often
	case c != nil && !loop && contains(c, w.sel):
		return hard
	case flows(r, w) || c != nil && sameField(r, w) && !apartInClauses(r, w):
		if sameField(r, w) {
			return hard
		}
		return soft
	case c != nil && !loop && leaves([]ast.Stmt{c}):
		return soft
	}
	return none
}

// makes reports whether a test makes a map or a slice if there is none yet, and a write
// that comes later puts something into it, or takes something out.
//
//	if c.pending == nil {
//		c.pending = make(map[uint64]*Call)
//	}
func makes(test ast.Stmt, r, w spot) bool {
	in, ok := test.(*ast.IfStmt)
	if !ok || in.Init != nil || in.Else != nil || contains(in, w.sel) || leaves([]ast.Stmt{in}) {
		return false
	}
	cond, ok := in.Cond.(*ast.BinaryExpr)
	return ok && cond.Op == token.EQL && cond.X == r.sel && w.File.Info.Types[cond.Y].IsNil() && w.Access != nil && w.Access.Op == rewrite.WriteElem
}

// apartInClauses reports whether two spots are in different clauses of one switch or
// select statement: one of them runs, or the other.
func apartInClauses(a, b spot) bool {
	for _, n := range a.Path {
		if !contains(n, b.sel) {
			continue
		}
		block, ok := n.(*ast.BlockStmt)
		return ok && len(block.List) > 0 && clause(block.List[0])
	}
	return false
}

// stopsLoop reports whether a write in a loop sets the flag that the loop looks at in
// its head to what ends it.
//
//	for !c.closed { ...; c.closed = true }
func stopsLoop(loop *ast.ForStmt, r, w spot) bool {
	as, ok := w.Path[1].(*ast.AssignStmt)
	if !ok || as.Tok != token.ASSIGN || len(as.Lhs) != len(as.Rhs) || !contains(loop.Body, w.sel) {
		return false
	}
	i := slices.Index(as.Lhs, w.sel)
	if i < 0 {
		return false
	}
	value := constantOf(w.File.Info, as.Rhs[i])
	for e := loop.Cond; ; {
		switch x := e.(type) {
		case *ast.ParenExpr:
			e = x.X
			continue
		case *ast.BinaryExpr:
			if x.Op != token.LAND {
				return false
			}
			if e = x.X; !contains(e, r.sel) {
				e = x.Y
			}
			continue
		case *ast.UnaryExpr:
			return x.Op == token.NOT && x.X == r.sel && value == "true"
		}
		return e == r.sel && value == "false"
	}
}

// constantOf is the value of a constant expression, "" of another one.
func constantOf(info *types.Info, e ast.Expr) string {
	if v := info.Types[e].Value; v != nil {
		return v.ExactString()
	}
	return ""
}

// resets reports whether a variable that is read is set to zero below, in the
// same list: what came in between would be lost.
func resets(r, w spot) bool {
	as, ok := w.Path[1].(*ast.AssignStmt)
	if !ok || r.object() != nil || !sameField(r, w) || len(as.Lhs) != len(as.Rhs) || !inList(w.Path[2]) {
		return false
	}
	u, _ := placeIn(r, w.Path[2])
	return u != nil && zero(as.Rhs[slices.Index(as.Lhs, w.sel)])
}

// statement returns the innermost statement around a spot.
func statement(s spot) ast.Stmt {
	for _, n := range s.Path {
		if s, ok := n.(ast.Stmt); ok {
			return s
		}
	}
	return nil
}

func sameField(a, b spot) bool { return text(a.File, a.sel) == text(b.File, b.sel) }

// spins reports whether a loop among the statements waits for the spots to be
// changed from outside: under the lock it would wait for ever.
func spins(stmts []ast.Stmt, spots []spot) bool {
	found := false
	for _, s := range stmts {
		ast.Inspect(s, func(n ast.Node) bool {
			loop, ok := n.(*ast.ForStmt)
			if !ok {
				return true
			}
			reads, changes := false, false
			for _, s := range spots {
				if contains(loop, s.sel) && (loop.Cond == nil || contains(loop.Cond, s.sel)) {
					reads = reads || !s.write
				}
				changes = changes || s.write && contains(loop.Body, s.sel)
			}
			found = found || reads && !changes && !counts(loop)
			return true
		})
	}
	return found
}

// counts reports whether a loop ends by a variable that it changes each time
// round.
func counts(loop *ast.ForStmt) bool {
	var counter ast.Expr
	switch post := loop.Post.(type) {
	case *ast.IncDecStmt:
		counter = post.X
	case *ast.AssignStmt:
		counter = post.Lhs[0]
	}
	id, ok := counter.(*ast.Ident)
	cond, compares := loop.Cond.(*ast.BinaryExpr)
	if !ok || !compares {
		return false
	}
	for _, e := range []ast.Expr{cond.X, cond.Y} {
		if x, ok := e.(*ast.Ident); ok && x.Name == id.Name {
			return true
		}
	}
	return false
}

func sameList(a, b spot) bool {
	u, i := place(a)
	v, j := place(b)
	return u != nil && u == v && j == i+1
}

// compound reports whether the spot is of a statement that reads and writes.
func compound(s spot) bool {
	switch p := s.Path[1].(type) {
	case *ast.IncDecStmt:
		return true
	case *ast.AssignStmt:
		return p.Tok != token.ASSIGN && p.Tok != token.DEFINE
	}
	return s.elem
}

// flows reports whether a value read at r may reach the statement of w
// through variables.
func flows(r, w spot) bool {
	tainted := make(map[types.Object]bool)
	info := r.File.Info
	for _, n := range r.Path {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if contains(n, w.sel) {
				return true
			}
			if n.Tok == token.DEFINE && headed(r, n) && !contains(condition(r.Use), w.sel) {
				return false // its variables end with the statement they stand in the head of
			}
			for _, lhs := range n.Lhs {
				if id, ok := lhs.(*ast.Ident); ok {
					if o := info.ObjectOf(id); o != nil && lhs != r.sel { // that is a write of its own
						tainted[o] = true
					}
				}
			}
		case *ast.RangeStmt:
			return contains(n, w.sel)
		case *ast.ValueSpec:
			for _, id := range n.Names {
				tainted[info.ObjectOf(id)] = true
			}
		case ast.Stmt:
			if !inList(n) && contains(n, w.sel) {
				return true
			}
		}
		if inList(n) {
			break
		}
	}
	if len(tainted) == 0 {
		return false
	}
	// Any use of such a variable between the read and the end of the write's
	// statement counts, in conditions on the way included.
	found := false
	var stmt ast.Node = w.sel
	for _, n := range w.Path {
		if s, ok := n.(ast.Stmt); ok {
			stmt = s
			break
		}
	}
	fn := function(r.Use)
	ast.Inspect(fn, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if ok && id.Pos() > r.sel.End() && id.Pos() < stmt.End() && tainted[info.Uses[id]] {
			found = true
		}
		return !found
	})
	return found
}

// headed reports whether a statement around a spot stands in the head of the
// one whose condition the spot is in.
func headed(r spot, init ast.Stmt) bool {
	switch c := condition(r.Use).(type) {
	case *ast.IfStmt:
		return c.Init == init
	case *ast.SwitchStmt:
		return c.Init == init
	}
	return false
}
