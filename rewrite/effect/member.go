package effect

import (
	"go/types"

	"golang.org/x/tools/go/ssa"
)

// puts emits that a value becomes an element of a map or slice.
func (x *extractor) puts(v ssa.Value, container Path, in ssa.Instruction) {
	p := x.path(v)
	if p.Root.Kind == NoRoot || container.Root.Kind == NoRoot || !refers(v.Type()) {
		return
	}
	x.emit(Event{Kind: Put, At: x.pos(in.Pos()), Path: p, Args: []Value{{Path: container}}})
}

// members emits what the assignment of a slice to a field or package variable
// says about the elements of the one that was there: there are more now, or
// some are taken out.
func (x *extractor) members(in *ssa.Store) {
	switch in.Addr.(type) {
	case *ssa.FieldAddr, *ssa.Global:
	default:
		return
	}
	if _, ok := in.Val.Type().Underlying().(*types.Slice); !ok {
		return
	}
	own := func(v ssa.Value) bool {
		load, ok := v.(*ssa.UnOp)
		return ok && sameMemory(load.X, in.Addr)
	}
	list := with(x.path(in.Addr), Deref)
	switch v := in.Val.(type) {
	case *ssa.Slice:
		if own(v.X) {
			x.takes(list, in)
		}
	case *ssa.Call:
		if b, ok := v.Call.Value.(*ssa.Builtin); !ok || b.Name() != "append" {
			return
		}
		if base, part := x.grown(v.Call.Args[0], 0); part && own(base) {
			x.takes(list, in)
			return
		}
		for _, e := range variadic(v.Call.Args[1]) {
			if e != nil {
				x.puts(e, list, in)
			}
		}
	}
}

// takes emits that some element is taken out of a map or slice.
func (x *extractor) takes(container Path, in ssa.Instruction) {
	if container.Root.Kind != NoRoot {
		x.emit(Event{Kind: Take, At: x.pos(in.Pos()), Path: container})
	}
}
