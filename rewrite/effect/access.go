package effect

import (
	"cmp"
	"go/token"
	"go/types"
	"slices"
	"strconv"

	"golang.org/x/tools/go/ssa"

	"github.com/go-fixer/fixer/rewrite"
)

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
	index := prefix(container)
	if list := rest(container); list != nil {
		container, index = list, "?"
	}
	p := with(x.path(container), Elem)
	if p.Root.Kind == NoRoot {
		return
	}
	e := Event{Kind: Access, At: x.source(container, pos), Path: p, Op: op, Index: index}
	if s, ok := container.Type().Underlying().(*types.Slice); ok {
		switch s.Elem().Underlying().(type) {
		case *types.Struct, *types.Array:
			e.Covers = true
		}
	}
	x.emit(e)
}

// note tells of the n-th event, if there is one by now, which function of a library makes
// the access.
func (x *extractor) note(n int, name string) {
	if n < len(x.blk.Events) {
		x.blk.Events[n].Note = name
	}
}

// rest returns the slice of a field or package variable that a value is a part of,
// other than its beginning: nil for others, whose parts may well have owners of
// their own.
func rest(v ssa.Value) ssa.Value {
	s, ok := v.(*ssa.Slice)
	if !ok || s.Low == nil {
		return nil
	}
	load, ok := s.X.(*ssa.UnOp)
	if !ok || !isSlice(load) {
		return nil
	}
	switch load.X.(type) {
	case *ssa.FieldAddr, *ssa.Global:
		return load
	}
	return nil
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

// source returns where the source names the memory: the field's name in the
// selector, if the value comes straight from one.
func (x *extractor) source(v ssa.Value, pos token.Pos) Pos {
	for range 8 {
		switch w := v.(type) {
		case *ssa.FieldAddr:
			for {
				outer, ok := w.X.(*ssa.FieldAddr)
				if !ok || !isPart(w.X.Type()) {
					return x.pos(w.Pos())
				}
				w = outer
			}
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

// isPart reports whether a type points to a struct without a name that has no lock
// of its own: a part of the field that holds it.
func isPart(t types.Type) bool {
	st := structOf(t)
	return st != nil && TypeKey(t) == "" && !hasLock(st)
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
		case *ssa.MakeInterface:
			if !ordersAll(r) {
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
	e := Event{Kind: Escape, At: x.pos(v.Pos()), Path: p}
	if to.Root.Kind == Param {
		e.Args = []Value{{Path: to}}
	}
	x.emit(e)
}

// literal is the place where a composite literal goes that is put together at an
// address, if it goes to one at once; else the address.
//
//	*s = shard{cache: c}
func literal(addr ssa.Value) ssa.Value {
	field, ok := addr.(*ssa.FieldAddr)
	if !ok {
		return addr
	}
	made, ok := field.X.(*ssa.Alloc)
	if !ok || made.Heap {
		return addr
	}
	var to ssa.Value
	for _, ref := range *made.Referrers() {
		load, ok := ref.(*ssa.UnOp)
		if !ok {
			continue
		}
		for _, use := range *load.Referrers() {
			if st, ok := use.(*ssa.Store); ok && st.Val == load && to == nil {
				to = st.Addr
			} else {
				return addr
			}
		}
	}
	return cmp.Or(to, addr)
}
