package effect

import (
	"go/constant"
	"go/token"
	"slices"

	"golang.org/x/tools/go/ssa"
)

// An edge is a way from one block to the next.
type edge = [2]*ssa.BasicBlock

// findLoops numbers the natural loops of a function; every block gets the
// number of the innermost loop around it, every edge back to a loop's head that
// of the loop, and so does every edge from the head out of the loop. What looks
// like a loop and has one turn at most is none.
func (x *extractor) findLoops() {
	x.loops = make(map[*ssa.BasicBlock]int)
	x.backs = make(map[edge]int)
	x.exits = make(map[edge]int)
	x.bypass = make(map[edge]bool)
	heads := make(map[*ssa.BasicBlock]int)
	size := make(map[int]int)
	n := 0
	for _, b := range x.fn.Blocks {
		for _, head := range b.Succs {
			if !head.Dominates(b) || heads[head] == 0 && x.turnsOnce(head) {
				continue
			}
			// Several ways back to one head are one loop (continue).
			if heads[head] == 0 {
				n++
				heads[head] = n
			}
			x.backs[edge{b, head}] = heads[head]
		}
	}
	around := make(map[int]int)
	for _, b := range x.fn.Blocks {
		n := heads[b]
		if n == 0 {
			continue
		}
		body := loopBody(b)
		for c, m := range heads {
			if old := around[m]; body[c] && m != n && (old == 0 || size[old] > len(body)) {
				around[m] = n
			}
		}
		size[n] = len(body)
		for c := range body {
			if old := x.loops[c]; old == 0 || size[old] > len(body) {
				x.loops[c] = n
			}
			for _, s := range c.Succs {
				if old := x.exits[edge{c, s}]; !body[s] && (old == 0 || size[old] < len(body)) {
					x.exits[edge{c, s}] = n
				}
			}
		}
	}
	x.bypasses(heads)
	x.out.Within = make([]int, n+1)
	for m, outer := range around {
		x.out.Within[m] = outer
	}
}

// bypasses finds the ways around loops that test their condition at the end, as
// ranges over integers do: that a loop has no turn at all is no way of its own,
// as it is none where the test is at the head.
func (x *extractor) bypasses(heads map[*ssa.BasicBlock]int) {
	for head, n := range heads {
		for _, before := range head.Preds {
			if x.backs[edge{before, head}] != 0 {
				continue
			}
			for _, s := range before.Succs {
				if s != head && slices.ContainsFunc(s.Preds, func(p *ssa.BasicBlock) bool { return x.exits[edge{p, s}] == n }) {
					x.bypass[edge{before, s}] = true
				}
			}
		}
	}
}

// turnsOnce reports whether the loop with this head is a count from one
// constant to another that ends after one turn, or none.
func (x *extractor) turnsOnce(head *ssa.BasicBlock) bool {
	test, from, step := x.counter(head)
	if test == nil {
		return false
	}
	limit := x.constOf(test.Y)
	next := constant.BinaryOp(from, token.ADD, step)
	return !constant.Compare(next, test.Op, limit.Value)
}

// counter returns the test of a loop that counts from a constant to a constant
// by a constant, with its start and step; nil for others.
func (x *extractor) counter(head *ssa.BasicBlock) (test *ssa.BinOp, from, step constant.Value) {
	branch, ok := last(head).(*ssa.If)
	if !ok {
		return nil, nil, nil
	}
	test, ok = branch.Cond.(*ssa.BinOp)
	if !ok || test.Op != token.LSS && test.Op != token.LEQ && test.Op != token.NEQ {
		return nil, nil, nil
	}
	phi, ok := test.X.(*ssa.Phi)
	if !ok || phi.Block() != head || !isInt(x.constOf(test.Y)) {
		return nil, nil, nil
	}
	step = constant.MakeInt64(0)
	for _, e := range phi.Edges {
		switch e := e.(type) {
		case *ssa.Const:
			if !isInt(e) || from != nil && !constant.Compare(from, token.EQL, e.Value) {
				return nil, nil, nil
			}
			from = e.Value
		case *ssa.BinOp:
			by, ok := e.Y.(*ssa.Const)
			if e.Op != token.ADD || e.X != phi || !ok || !isInt(by) {
				return nil, nil, nil
			}
			step = by.Value
		case *ssa.Phi:
			if e != phi {
				return nil, nil, nil
			}
		default:
			return nil, nil, nil
		}
	}
	if from == nil {
		return nil, nil, nil
	}
	return test, from, step
}

func isInt(c *ssa.Const) bool {
	return c != nil && c.Value != nil && c.Value.Kind() == constant.Int
}

func last(b *ssa.BasicBlock) ssa.Instruction {
	if len(b.Instrs) == 0 {
		return nil
	}
	return b.Instrs[len(b.Instrs)-1]
}

// dead reports whether a way out of a block is never taken, by conditions that
// are constant.
func (x *extractor) dead(b *ssa.BasicBlock, way int) bool {
	branch, ok := last(b).(*ssa.If)
	if !ok {
		return false
	}
	if test, from, _ := x.counter(b); test != nil {
		return way == 0 && !constant.Compare(from, test.Op, x.constOf(test.Y).Value)
	}
	known := x.decide(branch.Cond)
	return known != nil && constant.BoolVal(known) == (way == 1)
}

// decide evaluates a condition of constants; nil where it isn't one.
func (x *extractor) decide(cond ssa.Value) constant.Value {
	switch c := cond.(type) {
	case *ssa.UnOp:
		if v := x.decide(c.X); c.Op == token.NOT && v != nil {
			return constant.UnaryOp(token.NOT, v, 0)
		}
	case *ssa.BinOp:
		a, b := x.constOf(c.X), x.constOf(c.Y)
		switch c.Op {
		case token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ:
			if isInt(a) && isInt(b) {
				return constant.MakeBool(constant.Compare(a.Value, c.Op, b.Value))
			}
		}
	}
	if c := x.constOf(cond); c != nil && c.Value != nil && c.Value.Kind() == constant.Bool {
		return c.Value
	}
	return nil
}

// loopBody lists the blocks of the loop with this head.
func loopBody(head *ssa.BasicBlock) map[*ssa.BasicBlock]bool {
	body := map[*ssa.BasicBlock]bool{head: true}
	var work []*ssa.BasicBlock
	for _, p := range head.Preds {
		if head.Dominates(p) {
			work = append(work, p)
		}
	}
	for len(work) > 0 {
		c := work[len(work)-1]
		work = work[:len(work)-1]
		if !body[c] {
			body[c] = true
			work = append(work, c.Preds...)
		}
	}
	return body
}
