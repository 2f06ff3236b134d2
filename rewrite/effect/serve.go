package effect

import (
	"golang.org/x/tools/go/ssa"

	"github.com/go-fixer/fixer/rewrite/model"
)

// untilShut emits that a library serves with the receiver of a call until somebody ends
// that, or that the call does.
func (x *extractor) untilShut(c *ssa.CallCommon, in ssa.Instruction) {
	fn := calledFunc(c)
	if fn == nil || fn.Signature().Recv() == nil {
		return
	}
	v := c.Value
	if !c.IsInvoke() {
		v = c.Args[0]
	}
	switch {
	case model.UntilShut(fn):
		x.emit(Event{Kind: Serves, At: x.pos(in.Pos()), Path: x.path(v)})
	case model.Shuts(fn):
		x.emit(Event{Kind: Shuts, At: x.pos(in.Pos()), Path: x.path(v)})
	}
}
