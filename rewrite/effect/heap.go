package effect

import (
	"go/types"

	"golang.org/x/tools/go/ssa"

	"github.com/go-fixer/fixer/rewrite"
)

// ordered emits that a function of container/heap changes the heap that it gets
// the address of: "any type that satisfies sort.Interface may be used", and its
// methods Push and Pop change it. See https://pkg.go.dev/container/heap.
func (x *extractor) ordered(c *ssa.CallCommon, in ssa.Instruction) {
	if !ofHeap(c) {
		return
	}
	mi, ok := c.Args[0].(*ssa.MakeInterface)
	if !ok {
		return
	}
	if _, ok := mi.X.Type().Underlying().(*types.Pointer); ok {
		x.access(rewrite.Write, mi.X, in.Pos())
	}
}

// ordersAll reports whether all that is done with an interface value is to hand
// it to functions of container/heap, which don't keep it.
func ordersAll(mi *ssa.MakeInterface) bool {
	for _, r := range *mi.Referrers() {
		switch r := r.(type) {
		case *ssa.DebugRef:
		case *ssa.Call:
			if !ofHeap(&r.Call) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

func ofHeap(c *ssa.CallCommon) bool {
	callee := c.StaticCallee()
	return callee != nil && callee.Pkg != nil && callee.Pkg.Pkg.Path() == "container/heap" && len(c.Args) > 0
}
