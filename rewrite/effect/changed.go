package effect

import (
	"go/token"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// changed lists the package variables, by key, whose memory may change once
// packages are initialised: those that something is stored to then, and those
// whose address goes where nobody follows it. Most variables, such as defaults
// and prefabricated errors, are only read.
func changed(funcs []*ssa.Function) []string {
	var keys []string
	var operands []*ssa.Value
	seen := make(map[*ssa.Global]bool)
	for _, fn := range funcs {
		initial := fn.Parent() == nil && fn.Signature.Recv() == nil && (fn.Name() == "init" || strings.HasPrefix(fn.Name(), "init#"))
		for _, b := range fn.Blocks {
			for _, in := range b.Instrs {
				operands = in.Operands(operands[:0])
				for _, op := range operands {
					if g, ok := (*op).(*ssa.Global); ok && !seen[g] && !spares(in, g, initial) {
						seen[g] = true
						keys = append(keys, globalKey(g))
					}
				}
			}
		}
	}
	slices.Sort(keys)
	return keys
}

// spares reports whether an instruction leaves the memory at an address as it
// is, but for what is stored when packages are initialised.
func spares(in ssa.Instruction, addr ssa.Value, initial bool) bool {
	switch in := in.(type) {
	case *ssa.UnOp:
		return in.Op == token.MUL
	case *ssa.Store:
		return initial && in.Addr == addr && in.Val != addr
	case *ssa.FieldAddr, *ssa.IndexAddr: // the address of a part
		part := in.(ssa.Value)
		return !slices.ContainsFunc(*part.Referrers(), func(user ssa.Instruction) bool { return !spares(user, part, initial) })
	}
	return false
}

// globalKey is the key of a package variable.
func globalKey(g *ssa.Global) string { return g.Pkg.Pkg.Path() + "." + g.Name() }
