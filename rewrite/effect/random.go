package effect

import (
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ssa"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/model"
)

// drawn notes whether a field or variable is given a generator of random
// numbers that only one goroutine may use at a time, and nothing else.
func (c *captures) drawn(s *ssa.Store) {
	key := c.givenTo(s, model.Random)
	if key == nil {
		return
	}
	alone := false
	if made := calledBy(s.Val, model.Generates); made != nil {
		v := made.Call.Args[0]
		if mi, ok := v.(*ssa.MakeInterface); ok {
			v = mi.X
		}
		alone = calledBy(v, model.LoneSource) != nil
	}
	throughout(c.lone, key, alone)
}

// givenTo is the field or variable, see holder, that a store gives something of a kind of
// types; nil for other stores.
func (c *captures) givenTo(s *ssa.Store, kind func(typeKey string) bool) any {
	n := named(s.Val.Type())
	if _, zero := s.Val.(*ssa.Const); zero || n == nil || !kind(TypeKey(n)) {
		return nil
	}
	return c.holder(s.Addr)
}

// throughout notes of what a field or variable is given whether all that it was given up to
// now is such.
func throughout(list map[any]bool, key any, such bool) {
	before, seen := list[key]
	list[key] = such && (before || !seen)
}

// calledBy returns the call of a function of some kind that a value comes from,
// or nil.
func calledBy(v ssa.Value, kind func(*types.Func) bool) *ssa.Call {
	call, ok := v.(*ssa.Call)
	if !ok {
		return nil
	}
	if callee := call.Call.StaticCallee(); callee != nil {
		if obj, ok := callee.Object().(*types.Func); ok && kind(obj) {
			return call
		}
	}
	return nil
}

// draws emits that a method changes the generator of random numbers in a field
// or variable.
func (x *extractor) draws(c *ssa.CallCommon, in ssa.Instruction) {
	callee := c.StaticCallee()
	if callee == nil || callee.Signature.Recv() == nil {
		return
	}
	if n := named(callee.Signature.Recv().Type()); n == nil || !model.Random(TypeKey(n)) {
		return
	}
	if load, ok := c.Args[0].(*ssa.UnOp); ok && load.Op == token.MUL && x.caps.lone[x.caps.holder(load.X)] {
		n := len(x.blk.Events)
		x.elem(rewrite.WriteElem, load, in.Pos())
		x.note(n, callee.Name())
	}
}
