package effect

import (
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// pooled lists the types of which objects are put into a sync.Pool, or taken
// out of one: https://pkg.go.dev/sync#Pool
func pooled(funcs []*ssa.Function) []string {
	var keys []string
	add := func(v ssa.Value) {
		if key := TypeKey(v.Type()); key != "" && structOf(v.Type()) != nil && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	eachInstr(funcs, func(in ssa.Instruction) {
		switch in := in.(type) {
		case ssa.CallInstruction:
			if c := in.Common(); calls(c, "(*sync.Pool).Put") {
				if v, ok := c.Args[1].(*ssa.MakeInterface); ok {
					add(v.X)
				}
			}
		case *ssa.TypeAssert:
			if c, ok := in.X.(*ssa.Call); ok && !in.CommaOk && calls(&c.Call, "(*sync.Pool).Get") {
				add(in)
			}
		}
	})
	slices.Sort(keys)
	return keys
}

// retires notes that an object is put into a sync.Pool: who has it must be the last.
func (x *extractor) retires(p Path) {
	if p.Root.Kind == Param && p.Sel == "" {
		x.out.Retires = p.Root.N + 1
	}
}

// calls reports whether a call is one of the function of a full name. The last
// part of it is looked at first: to spell all of it takes its time, and nearly
// all calls are others.
func calls(c *ssa.CallCommon, name string) bool {
	callee := c.StaticCallee()
	return callee != nil && strings.HasSuffix(name, callee.Name()) && callee.String() == name
}
