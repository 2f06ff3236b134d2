package effect

import (
	"go/types"
	"maps"
	"slices"

	"golang.org/x/tools/go/ssa"
)

// presented lists the types of which values are made those of interfaces, and the
// interfaces that values of other ones are asserted to be.
func (x *extractor) presented(funcs []*ssa.Function) (list []Presented, asserted []string) {
	type conversion struct{ from, to types.Type }
	seen := make(map[conversion]bool)
	as := make(map[string][]string)
	add := func(list []string, t types.Type) []string {
		if i, ok := t.Underlying().(*types.Interface); ok && i.NumMethods() > 0 {
			return append(list, x.spell.signatures(i))
		}
		return list
	}
	eachInstr(funcs, func(in ssa.Instruction) {
		switch in := in.(type) {
		case *ssa.MakeInterface:
			c := conversion{in.X.Type(), in.Type()}
			if key := TypeKey(c.from); key != "" && !seen[c] {
				as[key] = add(as[key], c.to)
			}
			seen[c] = true
		case *ssa.TypeAssert:
			if c := (conversion{to: in.AssertedType}); !seen[c] {
				seen[c] = true
				asserted = add(asserted, c.to)
			}
		}
	})
	for _, key := range slices.Sorted(maps.Keys(as)) {
		list = append(list, Presented{key, sortedSet(as[key])})
	}
	return list, sortedSet(asserted)
}

func sortedSet(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
