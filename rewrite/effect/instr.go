package effect

import (
	"go/constant"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ssa"

	"github.com/go-fixer/fixer/rewrite"
)

// instr emits what one instruction does.
func (x *extractor) instr(in ssa.Instruction) {
	switch in := in.(type) {
	case *ssa.UnOp:
		x.unop(in)
	case *ssa.Store:
		x.store(in)
	case *ssa.ChangeType:
		x.converted(in)
	case *ssa.MapUpdate:
		x.elem(rewrite.WriteElem, in.Map, in.Pos())
		x.escape(in.Value, x.path(in.Map))
		x.shares(in.Value, with(x.path(in.Map), Elem))
		x.puts(in.Value, x.path(in.Map), in)
	case *ssa.Lookup:
		if isMap(in.X) {
			x.elem(rewrite.ReadElem, in.X, in.Pos())
		}
	case *ssa.Range:
		if isMap(in.X) {
			x.elem(rewrite.ReadElem, in.X, in.Pos())
		}
	case *ssa.Next:
		if r, ok := in.Iter.(*ssa.Range); ok && !in.IsString {
			x.elem(rewrite.ReadElem, r.X, r.Pos())
		}
	case *ssa.Convert:
		if isSlice(in.X) && isString(in) {
			x.elem(rewrite.ReadElem, in.X, in.Pos())
		}
	case *ssa.FieldAddr:
		if x.leaks(in) {
			x.access(rewrite.Address, in, in.Pos())
		}
	case *ssa.Send:
		x.emit(Event{Kind: Slow, At: x.pos(in.Pos()), Note: "a channel send"})
		x.gives(in.X, in.Chan, x.pos(in.Pos()))
		x.send(in.Chan, in.Pos())
		x.escape(in.X, Path{})
	case *ssa.Select:
		x.selects(in)
	case *ssa.Call:
		x.call(&in.Call, in, false)
	case *ssa.Go:
		x.spawn(&in.Call, in)
	case *ssa.Defer:
		x.deferred(in)
	case *ssa.Alloc:
		if in.Heap && x.loops[x.at] != 0 {
			x.emit(Event{Kind: Makes, At: x.pos(in.Pos()), Path: x.path(in)})
		}
		x.setsVariable(in, zero(in.Type().Underlying().(*types.Pointer).Elem()))
	case *ssa.RunDefers:
		x.emit(Event{Kind: Defers, At: x.pos(x.fn.Pos())})
	case *ssa.If:
		x.branch(in)
	case *ssa.Return:
		x.results(in)
	}
	if v, ok := in.(ssa.Value); ok && x.tests != nil {
		x.test(v)
	}
}

// store emits what a store of a value does.
func (x *extractor) store(in *ssa.Store) {
	if same(in) {
		return
	}
	n := len(x.blk.Events)
	x.access(rewrite.Write, in.Addr, in.Pos())
	if c, ok := in.Val.(*ssa.Const); ok && len(x.blk.Events) > n {
		x.blk.Events[n].Const = c.Value != nil && c.Value.Kind() == constant.Bool
	}
	if len(x.blk.Events) > n && nilable(in.Val.Type()) {
		x.blk.Events[n].Lazy = foundNil(in)
	}
	x.escape(in.Val, x.path(literal(in.Addr)))
	x.shares(in.Val, x.path(in.Addr))
	x.sets(in)
	x.setsMember(in.Addr, in.Val)
	x.setsVariable(in.Addr, in.Val)
	x.cond(in)
	x.hook(in)
	x.members(in)
}

// results emits that the function is left, and with what.
func (x *extractor) results(in *ssa.Return) {
	e := Event{Kind: Return, At: x.pos(in.Pos()), Follows: x.implied[in]}
	for _, r := range in.Results {
		r = returned(in, r)
		x.escape(r, Path{})
		e.Answers = append(e.Answers, x.answer(r, in.Block()))
		if c, ok := r.(*ssa.Const); ok && c.Value == nil {
			e.Results = append(e.Results, Value{})
			continue
		}
		e.Results = append(e.Results, x.value(r))
		if !isMap(r) && !isSlice(r) {
			continue
		}
		if p := x.gathered(r); p.Root.Kind != NoRoot {
			x.emit(Event{Kind: Share, At: e.At, Path: with(with(x.path(r), Elem), Deref), Args: []Value{{Path: p}}})
		}
	}
	x.emit(e)
}

// same reports whether a store puts back what it has just read: what the
// return of a named result looks like, and never happens.
func same(in *ssa.Store) bool {
	v, ok := in.Val.(*ssa.UnOp)
	return ok && v.Op == token.MUL && v.X == in.Addr
}

// cond notes which lock a sync.Cond stored in a field was made from: one beside
// it, or the one that makes a Locker of the struct itself.
func (x *extractor) cond(in *ssa.Store) {
	call, ok := in.Val.(*ssa.Call)
	if !ok || !calls(&call.Call, "sync.NewCond") {
		return
	}
	owner, field := x.path(in.Addr).Base()
	locker := x.path(call.Call.Args[0])
	base, lock := locker.Base()
	made, ok := call.Call.Args[0].(*ssa.MakeInterface)
	switch {
	case field != "" && lock != "" && owner == base:
		x.conds[field] = lock
	case field != "" && ok && owner == locker:
		if key := embeddedLock(made.X.Type()); key != "" {
			x.conds[field] = key
		}
	}
}

// condition emits what the methods of a sync.Cond do besides giving the lock back:
// who goes on behind the loop around Wait has seen what others did before they said
// so.
func (x *extractor) condition(c *ssa.CallCommon, at Pos) {
	switch {
	case calls(c, "(*sync.Cond).Wait"):
		x.emit(Event{Kind: Wait, At: at, Path: x.path(c.Args[0]), Op: rewrite.Atomic})
	case calls(c, "(*sync.Cond).Signal"), calls(c, "(*sync.Cond).Broadcast"):
		x.emit(Event{Kind: Signal, At: at, Path: x.path(c.Args[0])})
	}
}

// givenBack is the lock that a call of Cond.Wait gives back for as long as it
// waits.
func (x *extractor) givenBack(c *ssa.CallCommon) Path {
	if !calls(c, "(*sync.Cond).Wait") {
		return Path{}
	}
	return with(x.path(c.Args[0]), "sync.Cond.L")
}

func (x *extractor) unop(in *ssa.UnOp) {
	switch in.Op {
	case token.MUL:
		x.access(rewrite.Read, in.X, in.Pos())
	case token.ARROW:
		x.emit(Event{Kind: Slow, At: x.pos(in.Pos()), Note: "a channel receive"})
		x.receive(in.X, in.Pos())
	}
}

func (x *extractor) receive(ch ssa.Value, pos token.Pos) {
	x.emit(Event{Kind: Wait, At: x.pos(pos), Path: x.path(ch)})
	x.emit(Event{Kind: Signal, At: x.pos(pos), Path: x.path(ch).Back()})
}

func (x *extractor) send(ch ssa.Value, pos token.Pos) {
	x.channel(rewrite.Send, ch, pos)
	x.emit(Event{Kind: Signal, At: x.pos(pos), Path: x.path(ch), Send: true})
	x.emit(Event{Kind: Wait, At: x.pos(pos), Path: x.path(ch).Back(), Send: true})
}

// channel emits that a channel is sent on or closed: the two must not meet.
func (x *extractor) channel(op rewrite.Op, ch ssa.Value, pos token.Pos) {
	if p := with(x.path(ch), Open); p.Root.Kind != NoRoot {
		x.emit(Event{Kind: Access, At: x.source(ch, pos), Path: p, Op: op})
	}
}

func (x *extractor) selects(in *ssa.Select) {
	at := x.pos(in.Pos())
	if in.Blocking {
		x.emit(Event{Kind: Slow, At: at, Note: "a select"})
	}
	var one []Path
	for _, s := range in.States {
		if p := x.path(s.Chan); s.Dir == types.SendOnly {
			x.gives(s.Send, s.Chan, at)
			x.channel(rewrite.Send, s.Chan, s.Pos)
			x.escape(s.Send, Path{})
			one = append(one, p.Back())
		} else {
			one = append(one, p)
		}
	}
	if in.Blocking && len(one) > 0 {
		x.emit(Event{Kind: Wait, At: at, Either: one})
	}
	if !in.Blocking && len(in.States) == 1 && in.States[0].Dir == types.RecvOnly && !decided(in) {
		x.emit(Event{Kind: Drain, At: at, Path: one[0]})
	}
}

// decided reports whether what a function does next depends on which case of a select
// took place.
func decided(in *ssa.Select) bool {
	for _, ref := range *in.Referrers() {
		idx, ok := ref.(*ssa.Extract)
		if ok && idx.Index == 0 && len(*idx.Referrers()) > 0 {
			for _, ref := range *idx.Referrers() {
				if eq, ok := ref.(*ssa.BinOp); !ok || len(*eq.Referrers()) > 0 {
					return true
				}
			}
		}
	}
	return false
}

func isSlice(v ssa.Value) bool {
	_, ok := v.Type().Underlying().(*types.Slice)
	return ok
}

func isString(v ssa.Value) bool {
	b, ok := v.Type().Underlying().(*types.Basic)
	return ok && b.Info()&types.IsString != 0
}

func isMap(v ssa.Value) bool {
	_, ok := v.Type().Underlying().(*types.Map)
	return ok
}

func isChan(v ssa.Value) bool {
	_, ok := v.Type().Underlying().(*types.Chan)
	return ok
}
