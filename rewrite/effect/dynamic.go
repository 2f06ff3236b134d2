package effect

import (
	"go/types"
	"slices"

	"golang.org/x/tools/go/ssa"
)

// dynamic emits a call through one of the module's own interfaces: linking
// knows what may be behind it.
func (x *extractor) dynamic(kind Kind, c *ssa.CallCommon, in ssa.Instruction) {
	n, ok := types.Unalias(c.Value.Type()).(*types.Named)
	if !ok || n.Obj().Pkg() == nil || !x.own(n.Obj().Pkg().Path()) || n.TypeArgs().Len() > 0 {
		return
	}
	x.emit(Event{Kind: kind, At: x.pos(in.Pos()), ID: x.id(), Args: x.args(c), Loop: x.loops[in.Block()],
		Method: x.spell.signature(c.Method), Iface: x.spell.signatures(n.Underlying().(*types.Interface))})
}

// behind emits that a call takes or releases not only what an interface stands for,
// but also the lock of the module's own type behind it, which that type's other
// methods take by itself.
func (x *extractor) behind(c *ssa.CallCommon, in ssa.Instruction) {
	if c.IsInvoke() {
		x.dynamic(Call, c, in)
	}
}

// adapted emits a call of a value of one of the module's own function types
// that comes out of a container or a field, or is the receiver of a method of the
// type: linking knows what was converted to it.
func (x *extractor) adapted(kind Kind, c *ssa.CallCommon, in ssa.Instruction) {
	n, ok := types.Unalias(c.Value.Type()).(*types.Named)
	if !ok || n.Obj().Pkg() == nil || !x.own(n.Obj().Pkg().Path()) || n.TypeArgs().Len() > 0 {
		return
	}
	own := x.fn.Signature.Recv() != nil && c.Value == x.fn.Params[0]
	method := Converted
	switch p := x.path(c.Value); {
	case own, p.HasElem():
	case p.Field() != "":
		method = Declared
	default:
		return
	}
	x.emit(Event{Kind: kind, At: x.pos(in.Pos()), ID: x.id(), Args: x.args(c), Loop: x.loops[in.Block()], Method: method, Iface: TypeKey(n)})
}

// maxChosen is how many functions a variable may hold before a call of it says
// nothing about any of them. Dispatch by a switch has about as many clauses.
const maxChosen = 16

// chosen emits a call of a variable that holds one function or another, by the way
// that led to the call: each of them is known.
func (x *extractor) chosen(kind Kind, c *ssa.CallCommon, in ssa.Instruction) {
	list, ok := x.choices(c.Value, make(map[*ssa.Phi]bool))
	if !ok || len(list) == 0 || len(list) > maxChosen {
		return
	}
	x.emit(Event{Kind: kind, At: x.pos(in.Pos()), ID: x.id(), OneOf: list, Args: x.args(c), Loop: x.loops[in.Block()]})
}

// choices lists the functions a value may be. It is false if it may be another one;
// nil is none.
func (x *extractor) choices(v ssa.Value, seen map[*ssa.Phi]bool) ([]Value, bool) {
	switch v := v.(type) {
	case *ssa.Const:
		return nil, true
	case *ssa.ChangeType:
		return x.choices(v.X, seen)
	case *ssa.Phi:
		if seen[v] {
			return nil, true
		}
		seen[v] = true
		var list []Value
		for _, e := range v.Edges {
			more, ok := x.choices(e, seen)
			if !ok {
				return nil, false
			}
			for _, f := range more {
				if !slices.ContainsFunc(list, func(g Value) bool { return g.Func == f.Func && slices.Equal(g.Bind, f.Bind) }) {
					list = append(list, f)
				}
			}
		}
		return list, true
	}
	if f := x.function(v); f.Func != "" {
		return []Value{f}, true
	}
	return nil, false
}
