package effect

import (
	"go/types"
	"slices"

	"golang.org/x/tools/go/ssa"

	"github.com/go-fixer/fixer/rewrite"
)

// ordering are the methods that functions of sort and container/heap call of what they
// are given; see https://pkg.go.dev/sort#Interface. Some of container/heap call another
// one, too: https://pkg.go.dev/container/heap#Interface.
var (
	ordering = []string{"Len", "Less", "Swap"}
	resizing = map[string]string{"Push": "Push", "Pop": "Pop", "Remove": "Pop"}
)

// ordered emits what a function of container/heap or sort does to what it gets: it calls
// its methods, in the goroutine and with the locks of its caller. Where they are not
// known, what a heap gets the address of is changed.
func (x *extractor) ordered(c *ssa.CallCommon, in ssa.Instruction) {
	heap := callsInto(c, "container/heap")
	if !heap && !callsInto(c, "sort") {
		return
	}
	mi, ok := c.Args[0].(*ssa.MakeInterface)
	if !ok {
		return
	}
	names := ordering
	if more := resizing[c.StaticCallee().Name()]; heap && more != "" {
		names = append(slices.Clip(names), more)
	}
	if structOf(mi.X.Type()) != nil && x.callsOf(mi, names, in) {
		return
	}
	if _, ok := mi.X.Type().Underlying().(*types.Pointer); ok && heap {
		x.access(rewrite.Write, mi.X, in.Pos())
	}
}

// callsOf emits calls of methods of a value that is one of the module's own; it reports
// whether all are declared for its type.
func (x *extractor) callsOf(mi *ssa.MakeInterface, names []string, in ssa.Instruction) bool {
	var methods []*ssa.Function
	set := types.NewMethodSet(mi.X.Type())
	for _, name := range names {
		sel := set.Lookup(nil, name)
		if sel == nil || len(sel.Index()) > 1 {
			return false
		}
		m := x.fn.Prog.FuncValue(sel.Obj().(*types.Func))
		if m == nil || m.Pkg == nil || !x.own(m.Pkg.Pkg.Path()) {
			return false
		}
		methods = append(methods, m)
	}
	for _, m := range methods {
		recv := m.Signature.Recv().Type()
		args := make([]Value, 1+m.Signature.Params().Len()) // those of another package have no Params
		args[0].Path = x.path(mi.X)
		if _, pointer := recv.Underlying().(*types.Pointer); !pointer && mi.X.Type() != recv {
			args[0].Path, _ = args[0].Path.With(Deref)
		}
		x.emit(Event{Kind: Call, At: x.pos(in.Pos()), ID: x.id(), Fn: Value{Func: funcKey(m)}, Args: args, Loop: x.loops[in.Block()]})
	}
	return true
}

// ordersAll reports whether all that is done with an interface value is to hand
// it to functions of container/heap, which don't keep it.
func ordersAll(mi *ssa.MakeInterface) bool {
	for _, r := range *mi.Referrers() {
		switch r := r.(type) {
		case *ssa.DebugRef:
		case *ssa.Call:
			if !callsInto(&r.Call, "container/heap") {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// callsInto reports whether a function of a package is called with arguments.
func callsInto(c *ssa.CallCommon, pkg string) bool {
	callee := c.StaticCallee()
	return callee != nil && callee.Pkg != nil && callee.Pkg.Pkg.Path() == pkg && len(c.Args) > 0
}
