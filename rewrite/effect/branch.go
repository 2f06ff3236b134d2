package effect

import (
	"go/constant"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ssa"
)

// branch records what the way out of a block tells: that a TryLock succeeded,
// that a timer was stopped in time, which case of a select took place, or what
// a variable was.
func (x *extractor) branch(in *ssa.If) {
	edge, cond := 0, in.Cond
	for {
		not, ok := cond.(*ssa.UnOp)
		if !ok || not.Op != token.NOT {
			break
		}
		edge, cond = 1-edge, not.X
	}
	switch c := cond.(type) {
	case *ssa.Call:
		if path, mode := x.tryLock(c); mode != 0 {
			x.blk.Conds = append(x.blk.Conds, Cond{Edge: edge, Path: path, Mode: mode})
		} else if path := x.stops(c); path.Root.Kind != NoRoot {
			x.blk.Conds = append(x.blk.Conds, Cond{Edge: edge, Path: path, Stops: true})
		}
		x.acquired(c, "TryAcquire", edge)
		x.passes(c, "true", edge)
	case *ssa.UnOp:
		x.flag(c, constant.MakeBool(true), edge)
		x.flag(c, constant.MakeBool(false), 1-edge)
		x.tells(c, "true", "", edge)
	case *ssa.Parameter:
		x.tells(c, "true", "", edge)
	case *ssa.Extract:
		x.tells(c, "true", "", edge)
		x.received(c, in.Block(), 1-edge)
	case *ssa.BinOp:
		if c.Op == token.NEQ {
			edge = 1 - edge
		}
		x.equal(c, edge)
		x.last(c, edge)
		x.first(c, edge)
	}
}

// received records that a channel is closed where a receive yields false.
func (x *extractor) received(ok *ssa.Extract, at *ssa.BasicBlock, edge int) {
	var ch ssa.Value
	switch from := ok.Tuple.(type) {
	case *ssa.UnOp:
		if from.Op == token.ARROW {
			ch = from.X
		}
	case *ssa.Select:
		if ok.Index == 1 {
			ch = receivedIn(from, at)
		}
	}
	if ch != nil {
		x.blk.Conds = append(x.blk.Conds, Cond{Edge: edge, Path: x.path(ch), Closed: true})
	}
}

// receivedIn is the channel of the case of a select that a block is in; nil if
// there is no telling.
func receivedIn(sel *ssa.Select, at *ssa.BasicBlock) ssa.Value {
	for _, ref := range *sel.Referrers() {
		idx, ok := ref.(*ssa.Extract)
		if !ok || idx.Index != 0 {
			continue
		}
		for _, ref := range *idx.Referrers() {
			eq, ok := ref.(*ssa.BinOp)
			if !ok || eq.Op != token.EQL {
				continue
			}
			for _, ref := range *eq.Referrers() {
				in, ok := ref.(*ssa.If)
				k, isConst := eq.Y.(*ssa.Const)
				if ok && isConst && leadsTo(in, 0, at) {
					return sel.States[k.Int64()].Chan
				}
			}
		}
	}
	return nil
}

// equal records what is known where two values are equal.
func (x *extractor) equal(c *ssa.BinOp, edge int) {
	k, ok := c.Y.(*ssa.Const)
	if !ok || c.Op != token.EQL && c.Op != token.NEQ {
		return
	}
	if isChan(c.X) && k.Value == nil {
		x.blk.Conds = append(x.blk.Conds, Cond{Edge: edge, Path: x.path(c.X), Never: true})
	}
	if call, ok := c.X.(*ssa.Call); ok {
		if ctx := methodOfContext(&call.Call, "Err"); ctx != nil && k.Value == nil {
			if p := x.doneChannel(ctx); p.Root.Kind != NoRoot { // as if Done had been received from
				x.blk.Conds = append(x.blk.Conds, Cond{Edge: 1 - edge, At: x.pos(call.Pos()), Path: p, Case: true})
			}
		}
		if k.Value == nil {
			x.acquired(call, "Acquire", edge)
		}
		x.passes(call, x.constant(k), edge)
	} else {
		x.tells(c.X, x.constant(k), "", edge)
	}
	if k.Value == nil {
		return
	}
	if v, ok := c.X.(*ssa.UnOp); ok {
		x.flag(v, k.Value, edge)
	}
	idx, ok := c.X.(*ssa.Extract)
	if !ok || k.Value.Kind() != constant.Int {
		return
	}
	sel, ok := idx.Tuple.(*ssa.Select)
	if !ok {
		return
	}
	if i := int(k.Int64()); i >= 0 && i < len(sel.States) {
		s := sel.States[i]
		polled := !sel.Blocking && len(sel.States) == 1 && s.Dir == types.RecvOnly
		if polled {
			x.blk.Conds = append(x.blk.Conds, Cond{Edge: 1 - edge, Path: x.path(s.Chan), Polled: true})
		}
		x.blk.Conds = append(x.blk.Conds, Cond{Edge: edge, At: x.pos(s.Pos), Path: x.path(s.Chan), Case: true, Send: s.Dir == types.SendOnly, Polled: polled})
	}
}

// flag records that a shared variable had a value.
func (x *extractor) flag(v *ssa.UnOp, value constant.Value, edge int) {
	if v.Op != token.MUL || !x.shared(v.X) {
		return
	}
	x.blk.Conds = append(x.blk.Conds, Cond{Edge: edge, Path: flagPath(x.path(v.X), value)})
}

// sets emits that a shared variable gets a constant value: who sees it there
// may go by it.
func (x *extractor) sets(in *ssa.Store) {
	c, ok := in.Val.(*ssa.Const)
	if ok && c.Value != nil && x.shared(in.Addr) && x.caps.tests[x.caps.variable(in.Addr)] {
		x.emit(Event{Kind: Signal, At: x.pos(in.Pos()), Path: flagPath(x.path(in.Addr), c.Value)})
	}
}

// shared reports whether an address is that of a variable that several
// functions have.
func (x *extractor) shared(addr ssa.Value) bool {
	switch addr.(type) {
	case *ssa.Alloc, *ssa.FreeVar:
		return !x.private(addr)
	}
	return false
}

func flagPath(p Path, value constant.Value) Path {
	if k := value.Kind(); k != constant.Bool && k != constant.Int {
		return Path{}
	}
	return with(p, Is+value.ExactString())
}

// stops names what a call stops for good if it returns true: the function a
// timer or a context was to run.
func (x *extractor) stops(c *ssa.Call) Path {
	switch callee := c.Call.StaticCallee(); {
	case c.Call.IsInvoke():
		return Path{}
	case callee == nil:
		return x.path(c.Call.Value)
	case calls(&c.Call, "(*time.Timer).Stop"):
		return x.path(c.Call.Args[0])
	}
	return Path{}
}
