package effect

import (
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ssa"
)

// popped reports whether an element is taken out of the list it is read from: the
// field or variable that holds the list gets a shorter one right after.
//
//	c := p.idle[n-1]
//	p.idle = p.idle[:n-1]
func (x *extractor) popped(v ssa.Value, list ssa.Value) bool {
	in, ok := v.(ssa.Instruction)
	load := loadOf(list)
	if !ok || load == nil || load.Block() != in.Block() {
		return false
	}
	for _, next := range fromOn(in) {
		if s, ok := next.(*ssa.Store); ok && sameMemory(s.Addr, load.X) {
			return shortens(s.Val, load) && x.inOneList(v.Type())
		}
		if leavesSection(next) {
			return false
		}
	}
	return false
}

// drained reports whether the elements of a list are taken out of the field or
// variable that holds it as they are copied: it is empty, or where only a part of them
// is copied shorter, before the critical section ends.
//
//	all := append([]*conn(nil), p.idle...)
//	p.idle = p.idle[:0]
func (x *extractor) drained(list ssa.Value) bool {
	part := false
	if s, ok := list.(*ssa.Slice); ok {
		part, list = s.Low != nil || s.High != nil, s.X
	}
	load := loadOf(list)
	if load == nil {
		return false
	}
	seen := make(map[*ssa.BasicBlock]bool)
	var look func(b *ssa.BasicBlock, in []ssa.Instruction) bool
	look = func(b *ssa.BasicBlock, in []ssa.Instruction) bool {
		for _, next := range in {
			if s, ok := next.(*ssa.Store); ok && sameMemory(s.Addr, load.X) {
				return empties(s.Val, load) || part && shortens(s.Val, load)
			}
			if next != ssa.Instruction(load) && leavesSection(next) {
				return false
			}
		}
		for _, to := range b.Succs {
			if !seen[to] {
				seen[to] = true
				if look(to, to.Instrs) {
					return true
				}
			}
		}
		return false
	}
	return look(load.Block(), fromOn(load)) && x.inOneList(elemOf(list.Type()))
}

// loadOf is where a list is read from a field or package variable, if it is.
func loadOf(list ssa.Value) *ssa.UnOp {
	load, ok := list.(*ssa.UnOp)
	if !ok || load.Op != token.MUL {
		return nil
	}
	if _, slice := load.Type().Underlying().(*types.Slice); !slice {
		return nil
	}
	switch load.X.(type) {
	case *ssa.FieldAddr, *ssa.Global:
		return load
	}
	return nil
}

// leavesSection reports whether a critical section may end at an instruction, or others
// get what was read.
func leavesSection(in ssa.Instruction) bool {
	switch in := in.(type) {
	case *ssa.Call:
		return ends(in.Call)
	case *ssa.Send, *ssa.Select, *ssa.Go, *ssa.RunDefers, *ssa.Return:
		return true
	}
	return false
}

// empties reports whether a value is a list without the elements of the one that was
// read: none at all, or others.
func empties(v ssa.Value, load *ssa.UnOp) bool {
	if s, ok := v.(*ssa.Slice); ok {
		if c, ok := s.High.(*ssa.Const); ok && c.Int64() == 0 {
			return true
		}
	}
	if nilConst(v) {
		return true
	}
	base, ok := v.(*ssa.UnOp)
	return !derived(v, load, 4) && !(ok && sameMemory(base.X, load.X)) && !appends(v)
}

// shortens reports whether a value is such a list, or a part of the one that was read.
func shortens(v ssa.Value, load *ssa.UnOp) bool {
	switch v := v.(type) {
	case *ssa.Slice:
		return v.Low != nil || v.High != nil
	case *ssa.Call: // append(list[:i], list[i+1:]...)
		if appends(v) {
			s, ok := v.Call.Args[0].(*ssa.Slice)
			return ok && (s.Low != nil || s.High != nil)
		}
	}
	return empties(v, load)
}

// appends reports whether a value is what append returns.
func appends(v ssa.Value) bool {
	c, ok := v.(*ssa.Call)
	if !ok {
		return false
	}
	b, ok := c.Call.Value.(*ssa.Builtin)
	return ok && b.Name() == "append"
}

// inOneList reports whether a type is a pointer that the package keeps in one list or
// map at most: what is in a second one, as in that of a cache by age, still is when it
// is taken out of the first.
func (x *extractor) inOneList(t types.Type) bool {
	if t == nil || !isPointer(t) {
		return false
	}
	n := 0
	count := func(u types.Type) {
		if e := elemOf(u); e != nil && types.Identical(e, t) {
			n++
		}
	}
	scope := x.fn.Pkg.Pkg.Scope()
	for _, name := range scope.Names() {
		switch o := scope.Lookup(name).(type) {
		case *types.Var:
			count(o.Type())
		case *types.TypeName:
			if st, ok := o.Type().Underlying().(*types.Struct); ok {
				for f := range st.Fields() {
					count(f.Type())
				}
			}
		}
	}
	return n <= 1
}

// elemOf is the type of the elements of a list or map.
func elemOf(t types.Type) types.Type {
	switch u := t.Underlying().(type) {
	case *types.Slice:
		return u.Elem()
	case *types.Array:
		return u.Elem()
	case *types.Map:
		return u.Elem()
	}
	return nil
}
