package effect

import (
	"go/types"
	"slices"

	"golang.org/x/tools/go/ssa"
)

// abroad lists the names of the methods that other modules can call on values they
// are given: those of their interfaces which values of the package become.
func abroad(funcs []*ssa.Function, own func(path string) bool) []string {
	seen := make(map[types.Type]bool)
	var names []string
	eachInstr(funcs, func(in ssa.Instruction) {
		var to types.Type
		switch in := in.(type) {
		case *ssa.MakeInterface:
			to = in.Type()
		case *ssa.ChangeInterface:
			to = in.Type()
		default:
			return
		}
		if n := named(to); seen[to] || n != nil && n.Obj().Pkg() != nil && own(n.Obj().Pkg().Path()) {
			return
		}
		seen[to] = true
		if iface, ok := to.Underlying().(*types.Interface); ok {
			for m := range iface.Methods() {
				names = append(names, m.Name())
			}
		}
	})
	slices.Sort(names)
	return slices.Compact(names)
}
