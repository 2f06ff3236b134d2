package effect

import (
	"go/token"

	"golang.org/x/tools/go/ssa"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/model"
)

// A weighted semaphore of size one is a lock that one can give up waiting for; of a larger
// size it is none, and the calls look alike:
// https://pkg.go.dev/golang.org/x/sync/semaphore#Weighted

// sized notes whether a field or variable is given a semaphore of size one, and nothing
// else.
func (c *captures) sized(s *ssa.Store) {
	key := c.givenTo(s, model.Semaphore)
	if key == nil {
		return
	}
	made := calledBy(s.Val, model.MakesSemaphore)
	throughout(c.ones, key, made != nil && isOne(made.Call.Args[0]))
}

func isOne(v ssa.Value) bool {
	k, ok := v.(*ssa.Const)
	return ok && isInt(k) && k.Int64() == 1
}

// semaphore is the method that is called of a semaphore of size one; "" if it is none.
func (x *extractor) semaphore(c *ssa.CallCommon) string {
	callee := c.StaticCallee()
	if callee == nil || callee.Signature.Recv() == nil {
		return ""
	}
	load, ok := c.Args[0].(*ssa.UnOp)
	if !ok || load.Op != token.MUL || !x.caps.ones[x.caps.holder(load.X)] {
		return ""
	}
	return callee.Name()
}

// weighted emits what a method of a semaphore of size one does as a lock; it reports whether
// it is one. Where Acquire says whether it has it, a branch tells.
func (x *extractor) weighted(c *ssa.CallCommon, in ssa.Instruction) bool {
	switch x.semaphore(c) {
	case "":
		return false
	case "Release":
		x.emit(Event{Kind: Unlock, At: x.pos(in.Pos()), Path: x.path(c.Args[0]), Mode: rewrite.Exclusive})
	case "Acquire":
		if v, ok := in.(ssa.Value); ok && len(*v.Referrers()) == 0 {
			x.emit(Event{Kind: Lock, At: x.pos(in.Pos()), Path: x.path(c.Args[0]), Mode: rewrite.Exclusive})
		}
	}
	return true
}

// acquired records where a call is known to have got a semaphore of size one: it was told
// so, or got no error.
func (x *extractor) acquired(call *ssa.Call, name string, edge int) {
	if x.semaphore(&call.Call) == name {
		x.blk.Conds = append(x.blk.Conds, Cond{Edge: edge, Path: x.path(call.Call.Args[0]), Mode: rewrite.Exclusive})
	}
}
