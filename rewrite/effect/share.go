package effect

import (
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ssa"
)

// shares records what an object made here has in common with another one from
// now on: a struct is copied with the pointers in it, or a value that refers
// to memory is put into a field or a map.
func (x *extractor) shares(v ssa.Value, to Path) {
	if to.Root.Kind != Local {
		return
	}
	e := Event{Kind: Share, At: x.pos(v.Pos()), Path: to}
	switch load, ok := v.(*ssa.UnOp); {
	case ok && load.Op == token.MUL && isStruct(v.Type()):
		e.Covers, e.Args = true, []Value{{Path: x.path(load.X)}}
	case to.Sel != "" && refers(v.Type()):
		e.Path, e.Args = with(to, Deref), []Value{{Path: x.path(v)}}
	default:
		return
	}
	x.emit(e)
}

func isStruct(t types.Type) bool {
	_, ok := t.Underlying().(*types.Struct)
	return ok
}

// readBeside reports whether the literals that capture a variable only read it.
func readBeside(a *ssa.Alloc) bool {
	return !slices.ContainsFunc(*a.Referrers(), func(r ssa.Instruction) bool {
		switch r := r.(type) {
		case *ssa.DebugRef, *ssa.UnOp:
			return false
		case *ssa.Store:
			return r.Addr != a
		case *ssa.MakeClosure:
			return !onlyLoads(r, a)
		}
		return true
	})
}

// returned is the value that a return statement gives for a result: functions
// with deferred calls put it into a variable while these run. Where such a call
// may change the variable, it is the variable.
func returned(in *ssa.Return, r ssa.Value) ssa.Value {
	load, ok := r.(*ssa.UnOp)
	if !ok || load.Op != token.MUL {
		return r
	}
	a, ok := load.X.(*ssa.Alloc)
	if !ok || a.Heap && !readBeside(a) {
		return r
	}
	for _, other := range slices.Backward(in.Block().Instrs) {
		if s, ok := other.(*ssa.Store); ok && s.Addr == a && !same(s) {
			return s.Val
		}
	}
	return r
}
