package effect

import (
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// takenOut reports whether what is read from memory is taken out of it: the
// same memory gets something else right after, in the same critical section if
// there is one. What was there belongs to who took it out, as what is received
// from a channel does. That holds for maps and slices, and for pointers that lead
// to their objects alone: copies of others are what others work with.
func (x *extractor) takenOut(load *ssa.UnOp) bool {
	switch addr := load.X.(type) {
	case *ssa.FieldAddr:
		if isPointer(load.Type()) && !x.caps.lonely[fieldAt(addr)] {
			return false
		}
	case *ssa.Global:
		if isPointer(load.Type()) {
			return false
		}
	default:
		return false
	}
	switch load.Type().Underlying().(type) {
	case *types.Map, *types.Slice, *types.Pointer:
		return replaced(load)
	}
	return false
}

// replaced reports whether memory gets something else right after it was read, whichever
// way is taken. A goroutine may have started meanwhile, for what was read.
func replaced(load *ssa.UnOp) bool {
	seen := make(map[*ssa.BasicBlock]bool)
	set := false // on some way: a loop without end has none
	var on func(list []ssa.Instruction) bool
	on = func(list []ssa.Instruction) bool {
		for _, in := range list {
			switch in := in.(type) {
			case *ssa.Store:
				if sameMemory(in.Addr, load.X) {
					set = true
					return !derived(in.Val, load, 4)
				}
			case *ssa.Call:
				if ends(in.Call) {
					return false
				}
			case *ssa.Go:
				if !handedTo(load, in) {
					return false
				}
			case *ssa.Send, *ssa.Select, *ssa.RunDefers, *ssa.Return, *ssa.Panic:
				return false
			case *ssa.Jump, *ssa.If:
				for _, next := range in.Block().Succs {
					if seen[next] {
						continue
					}
					if seen[next] = true; len(seen) > maxWays || !on(next.Instrs) {
						return false
					}
				}
				return true
			}
		}
		return false
	}
	return on(fromOn(load)) && set
}

// maxWays is how many blocks replaced looks at: more is not right after.
const maxWays = 12

// handedTo reports whether a goroutine is given a value, or captures a variable that it was
// put into.
func handedTo(v ssa.Value, in *ssa.Go) bool {
	if slices.Contains(in.Call.Args, v) {
		return true
	}
	lit, ok := in.Call.Value.(*ssa.MakeClosure)
	return ok && slices.ContainsFunc(lit.Bindings, func(b ssa.Value) bool {
		a, ok := b.(*ssa.Alloc)
		return ok && slices.ContainsFunc(*a.Referrers(), func(use ssa.Instruction) bool {
			set, ok := use.(*ssa.Store)
			return ok && set.Addr == a && set.Val == v
		})
	})
}

// fromOn lists the instructions that come after one in its block, with it.
func fromOn(in ssa.Instruction) []ssa.Instruction {
	rest := in.Block().Instrs
	for len(rest) > 0 && rest[0] != in {
		rest = rest[1:]
	}
	return rest
}

// loaded returns the address of the atomic.Pointer that a call loads: all that
// load it have one object. nil if the call is another.
func loaded(c *ssa.CallCommon) ssa.Value {
	if method, addr := pointerMethod(c); method == "Load" {
		return addr
	}
	return nil
}

// exchanged reports whether the function exchanges what an atomic.Pointer holds:
// what it loads may be its own by then, as a node that it takes off a list is.
func (x *extractor) exchanged(addr ssa.Value) bool {
	for _, b := range x.fn.Blocks {
		for _, in := range b.Instrs {
			c, ok := in.(*ssa.Call)
			if !ok {
				continue
			}
			if method, other := pointerMethod(&c.Call); (method == "CompareAndSwap" || method == "Swap") && sameMemory(addr, other) {
				return true
			}
		}
	}
	return false
}

// pointerMethod returns the method of an atomic.Pointer that a call is of, and
// the address of that.
func pointerMethod(c *ssa.CallCommon) (method string, addr ssa.Value) {
	callee := c.StaticCallee()
	if callee == nil || callee.Signature.Recv() == nil || TypeKey(callee.Signature.Recv().Type()) != "sync/atomic.Pointer" {
		return "", nil
	}
	return callee.Name(), c.Args[0]
}

// sameMemory reports whether two addresses are of one field of one object, or
// of one variable.
func sameMemory(a, b ssa.Value) bool {
	if a == b {
		return true
	}
	switch a := a.(type) {
	case *ssa.FieldAddr:
		b, ok := b.(*ssa.FieldAddr)
		return ok && a.Field == b.Field && sameMemory(a.X, b.X)
	case *ssa.UnOp: // an object by the variable that refers to it
		b, ok := b.(*ssa.UnOp)
		return ok && a.Op == token.MUL && b.Op == token.MUL && (a.Block() == b.Block() || setOnce(a.X)) && sameMemory(a.X, b.X)
	}
	return false
}

// setOnce reports whether an address is of a variable with one store, in the function or in
// literals that capture it: of a parameter that one does.
func setOnce(addr ssa.Value) bool {
	a, ok := addr.(*ssa.Alloc)
	var u usage
	return ok && u.collect(a, 0) && len(u.stores) == 1
}

// ends reports whether a call may end a critical section.
func ends(c ssa.CallCommon) bool {
	if _, ok := c.Value.(*ssa.Builtin); ok {
		return false
	}
	callee := c.StaticCallee()
	return callee == nil || strings.HasSuffix(strings.ToLower(callee.Name()), "unlock") || strings.HasSuffix(callee.Name(), "Wait")
}

func isPhi(v ssa.Value) bool {
	_, ok := v.(*ssa.Phi)
	return ok
}

// derived reports whether a value is made of another one: a part of it, it with
// more, or what is chosen among others. What a call makes of it is not known.
func derived(v, from ssa.Value, depth int) bool {
	if v == from {
		return true
	}
	in, ok := v.(ssa.Instruction)
	if _, variable := v.(*ssa.Alloc); !ok || variable {
		return false
	}
	if at, ok := from.(ssa.Instruction); ok && isPhi(v) && in.Block().Dominates(at.Block()) {
		return false // of the turn before
	}
	if depth == 0 {
		return true
	}
	for _, op := range in.Operands(nil) {
		if *op != nil && derived(*op, from, depth-1) {
			return true
		}
	}
	return false
}
