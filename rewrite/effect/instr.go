package effect

import (
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strconv"

	"golang.org/x/tools/go/ssa"

	"github.com/go-fixer/fixer/rewrite"
)

// instr emits what one instruction does.
func (x *extractor) instr(in ssa.Instruction) {
	switch in := in.(type) {
	case *ssa.UnOp:
		x.unop(in)
	case *ssa.Store:
		if same(in) {
			return
		}
		n := len(x.blk.Events)
		x.access(rewrite.Write, in.Addr, in.Pos())
		if c, ok := in.Val.(*ssa.Const); ok && len(x.blk.Events) > n {
			x.blk.Events[n].Const = c.Value != nil && c.Value.Kind() == constant.Bool
		}
		x.escape(in.Val, x.path(in.Addr))
		x.sets(in)
		x.cond(in)
		x.hook(in)
	case *ssa.ChangeType:
		x.converted(in)
	case *ssa.MapUpdate:
		x.elem(rewrite.WriteElem, in.Map, in.Pos())
		x.escape(in.Value, x.path(in.Map))
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
	case *ssa.RunDefers:
		x.emit(Event{Kind: Defers, At: x.pos(x.fn.Pos())})
	case *ssa.If:
		x.branch(in)
	case *ssa.Return:
		e := Event{Kind: Return, At: x.pos(in.Pos())}
		for _, r := range in.Results {
			x.escape(r, Path{})
			if c, ok := r.(*ssa.Const); ok && c.Value == nil {
				e.Results = append(e.Results, Value{})
				continue
			}
			e.Results = append(e.Results, x.value(r))
		}
		x.emit(e)
	}
}

// same reports whether a store puts back what it has just read: what the
// return of a named result looks like, and never happens.
func same(in *ssa.Store) bool {
	v, ok := in.Val.(*ssa.UnOp)
	return ok && v.Op == token.MUL && v.X == in.Addr
}

// cond notes which lock a sync.Cond stored in a field was made from.
func (x *extractor) cond(in *ssa.Store) {
	call, ok := in.Val.(*ssa.Call)
	if !ok || call.Call.StaticCallee() == nil || call.Call.StaticCallee().String() != "sync.NewCond" {
		return
	}
	owner, field := x.path(in.Addr).Base()
	base, lock := x.path(call.Call.Args[0]).Base()
	if field != "" && lock != "" && owner == base {
		x.conds[field] = lock
	}
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
}

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
	case *ssa.UnOp:
		x.flag(c, constant.MakeBool(true), edge)
		x.flag(c, constant.MakeBool(false), 1-edge)
	case *ssa.BinOp:
		if c.Op == token.NEQ {
			edge = 1 - edge
		}
		x.equal(c, edge, in)
	}
}

// equal records what is known where two values are equal.
func (x *extractor) equal(c *ssa.BinOp, edge int, in *ssa.If) {
	k, ok := c.Y.(*ssa.Const)
	if !ok || k.Value == nil || c.Op != token.EQL && c.Op != token.NEQ {
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
		x.blk.Conds = append(x.blk.Conds, Cond{Edge: edge, At: x.pos(s.Pos), Path: x.path(s.Chan), Case: true, Send: s.Dir == types.SendOnly})
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
	case callee.String() == "(*time.Timer).Stop":
		return x.path(c.Call.Args[0])
	}
	return Path{}
}

// access emits a read or write through an address.
func (x *extractor) access(op rewrite.Op, addr ssa.Value, pos token.Pos) {
	if x.private(addr) {
		return
	}
	p := x.path(addr)
	if p.Root.Kind == NoRoot || p.Sel == "" && p.Root.Kind == Local && !x.isVariable(p.Root) {
		return
	}
	ptr, ok := addr.Type().Underlying().(*types.Pointer)
	if !ok {
		return // a type parameter
	}
	elem := ptr.Elem()
	if inSync(elem) {
		return
	}
	at := x.source(addr, pos)
	if p.Content() {
		switch op {
		case rewrite.Read:
			op = rewrite.ReadElem
		case rewrite.Write:
			op = rewrite.WriteElem
		}
	}
	e := Event{Kind: Access, At: at, Path: p, Op: op, Index: x.index(addr)}
	switch elem.Underlying().(type) {
	case *types.Struct:
		if e.Covers = true; op == rewrite.Address {
			break
		}
		e.Whole = TypeKey(elem)
		switch addr.(type) {
		case *ssa.FieldAddr, *ssa.IndexAddr, *ssa.Alloc, *ssa.Global, *ssa.FreeVar:
		default:
			e.Deref = true
		}
	case *types.Array:
		e.Covers = true
	}
	e.Loop = x.loops[x.at]
	x.emit(e)
}

// isVariable reports whether a root of this function is a variable that more
// than its own code can have.
func (x *extractor) isVariable(r Root) bool {
	a, ok := x.values[r.N].(*ssa.Alloc)
	return ok && a.Heap
}

// index tells which element of a slice or array an address is in.
func (x *extractor) index(addr ssa.Value) string {
	switch v := addr.(type) {
	case *ssa.FieldAddr:
		return x.index(v.X)
	case *ssa.IndexAddr:
		word := "?"
		if c := x.constOf(v.Index); isInt(c) {
			word = "=" + c.Value.ExactString()
		} else if i := slices.IndexFunc(x.fn.Params, func(p *ssa.Parameter) bool { return p == v.Index }); i >= 0 {
			word = "p" + strconv.Itoa(i)
		}
		if outer := x.index(v.X); outer != "" {
			return outer + "," + word
		}
		return word
	}
	return ""
}

// elem emits an access to the content of a map or slice.
func (x *extractor) elem(op rewrite.Op, container ssa.Value, pos token.Pos) {
	p := with(x.path(container), Elem)
	if p.Root.Kind == NoRoot {
		return
	}
	e := Event{Kind: Access, At: x.source(container, pos), Path: p, Op: op, Index: prefix(container)}
	if s, ok := container.Type().Underlying().(*types.Slice); ok {
		switch s.Elem().Underlying().(type) {
		case *types.Struct, *types.Array:
			e.Covers = true
		}
	}
	x.emit(e)
}

// source returns where the source names the memory: the field's name in the
// selector, if the value comes straight from one.
func (x *extractor) source(v ssa.Value, pos token.Pos) Pos {
	for range 8 {
		switch w := v.(type) {
		case *ssa.FieldAddr:
			return x.pos(w.Pos())
		case *ssa.IndexAddr:
			v = w.X
			continue
		case *ssa.UnOp:
			if w.Op == token.MUL {
				v = w.X
				continue
			}
		case *ssa.Slice:
			v = w.X
			continue
		}
		break
	}
	if !pos.IsValid() {
		pos = x.nearby()
	}
	if !pos.IsValid() {
		pos = v.Pos()
	}
	return x.pos(pos)
}

// nearby is the first position in the block being summarised: for the
// instructions of range loops, which have none.
func (x *extractor) nearby() token.Pos {
	for _, in := range x.at.Instrs {
		if p := in.Pos(); p.IsValid() {
			return p
		}
	}
	return token.NoPos
}

// leaks reports whether a field's address goes further than the loads, stores
// and calls that are followed.
func (x *extractor) leaks(fa *ssa.FieldAddr) bool {
	return x.leaksFrom(fa, 0)
}

func (x *extractor) leaksFrom(v ssa.Value, depth int) bool {
	for _, r := range *v.Referrers() {
		switch r := r.(type) {
		case *ssa.UnOp, *ssa.FieldAddr, *ssa.IndexAddr, *ssa.DebugRef:
		case *ssa.Slice:
			if _, ok := r.X.Type().Underlying().(*types.Pointer); ok && depth < 3 && x.leaksFrom(r, depth+1) {
				return true
			}
		case *ssa.Store:
			if r.Val == v {
				return true
			}
		case ssa.CallInstruction:
			if !x.followed(r.Common(), v) {
				return true
			}
		default:
			return true
		}
	}
	return false
}

// escape records that memory made here becomes visible to others by being
// stored where to names.
func (x *extractor) escape(v ssa.Value, to Path) {
	if mi, ok := v.(*ssa.MakeInterface); ok {
		v = mi.X
	}
	if !refers(v.Type()) {
		return
	}
	p := x.path(v)
	if p.Root.Kind != Local && p.Root.Kind != Param && p.Root.Kind != Free || p.Root == to.Root {
		return
	}
	if to.Sel == "" && to.Root.Kind == Local && x.out.Locals[to.Root.N].Holds.Path == p {
		return // a name for it, no more
	}
	x.emit(Event{Kind: Escape, At: x.pos(v.Pos()), Path: p})
}

// prefix tells which elements of a slice are meant if they are the first ones
// up to a constant.
func prefix(v ssa.Value) string {
	s, ok := v.(*ssa.Slice)
	if !ok {
		return ""
	}
	if c, ok := s.High.(*ssa.Const); ok && isInt(c) {
		return "<" + c.Value.ExactString()
	}
	return ""
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
