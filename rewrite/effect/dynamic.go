package effect

import (
	"go/types"

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
// that comes out of a container, or is the receiver of a method of the type:
// linking knows what was converted to it.
func (x *extractor) adapted(kind Kind, c *ssa.CallCommon, in ssa.Instruction) {
	n, ok := types.Unalias(c.Value.Type()).(*types.Named)
	if !ok || n.Obj().Pkg() == nil || !x.own(n.Obj().Pkg().Path()) || n.TypeArgs().Len() > 0 {
		return
	}
	own := x.fn.Signature.Recv() != nil && c.Value == x.fn.Params[0]
	if p := x.path(c.Value); own || p.HasElem() {
		x.emit(Event{Kind: kind, At: x.pos(in.Pos()), ID: x.id(), Args: x.args(c), Loop: x.loops[in.Block()], Method: Converted, Iface: TypeKey(n)})
	}
}
