package effect

import (
	"go/types"
	"slices"

	"golang.org/x/tools/go/ssa"
)

// lonely finds the fields that alone lead to the objects they point to. Their
// objects are made where the fields are assigned, and are used in place, before
// anybody could release a lock. Who takes the pointer out then has the object
// for himself.
//
//	q.mu.Lock()
//	b := q.batch
//	q.batch = nil
//	q.mu.Unlock()
//	b.send()
//
// stores are all that the functions do.
func lonely(funcs []*ssa.Function, stores []*ssa.Store) map[*types.Var]bool {
	found := make(map[*types.Var]bool)
	for _, s := range stores {
		if addr, ok := s.Addr.(*ssa.FieldAddr); ok && nilConst(s.Val) && isPointer(s.Val.Type()) {
			if f := fieldAt(addr); f != nil && !f.Exported() {
				found[f] = true
			}
		}
	}
	if len(found) == 0 {
		return nil
	}
	eachInstr(funcs, func(in ssa.Instruction) {
		switch in := in.(type) {
		case *ssa.FieldAddr:
			if f := fieldAt(in); found[f] && slices.ContainsFunc(*in.Referrers(), func(use ssa.Instruction) bool { return !keepsAlone(in, use) }) {
				delete(found, f)
			}
		case *ssa.UnOp:
			copied(in.Type(), found)
		}
	})
	return found
}

// copied takes the fields of a struct that is copied as a whole out of a set.
func copied(t types.Type, from map[*types.Var]bool) {
	if st, ok := t.Underlying().(*types.Struct); ok {
		for f := range st.Fields() {
			delete(from, f.Origin())
			copied(f.Type(), from)
		}
	}
}

// keepsAlone reports whether a field still is all that leads to what it points
// to, after a use of its address.
func keepsAlone(addr *ssa.FieldAddr, use ssa.Instruction) bool {
	switch use := use.(type) {
	case *ssa.Store:
		return use.Addr == addr && (nilConst(use.Val) || madeFor(use))
	case *ssa.UnOp:
		return replaced(use) || usedInPlace(use)
	case *ssa.DebugRef:
		return true
	}
	return false
}

// madeFor reports whether what is stored was made for that: nothing but its
// fields is used of it.
func madeFor(s *ssa.Store) bool {
	a, ok := s.Val.(*ssa.Alloc)
	return ok && !slices.ContainsFunc(*a.Referrers(), func(use ssa.Instruction) bool {
		switch use := use.(type) {
		case *ssa.FieldAddr:
			return slices.ContainsFunc(*use.Referrers(), func(in ssa.Instruction) bool {
				set, ok := in.(*ssa.Store)
				return !ok || set.Addr != use || set.Block() != s.Block()
			})
		case *ssa.DebugRef:
			return false
		}
		return use != ssa.Instruction(s)
	})
}

// usedInPlace reports whether a pointer that was read is only compared, and its
// object only used before a call that may release a lock.
func usedInPlace(load *ssa.UnOp) bool {
	var near []ssa.Instruction
	for _, in := range fromOn(load) {
		if c, ok := in.(*ssa.Call); ok && ends(c.Call) {
			break
		}
		near = append(near, in)
	}
	return !slices.ContainsFunc(*load.Referrers(), func(use ssa.Instruction) bool {
		switch use := use.(type) {
		case *ssa.BinOp, *ssa.DebugRef:
			return false
		case *ssa.FieldAddr:
			return slices.ContainsFunc(*use.Referrers(), func(in ssa.Instruction) bool {
				switch in := in.(type) {
				case *ssa.UnOp:
					return !slices.Contains(near, ssa.Instruction(in))
				case *ssa.Store:
					return in.Addr != use || !slices.Contains(near, ssa.Instruction(in))
				}
				return true
			})
		}
		return true
	})
}

// eachInstr calls f for the instructions of functions, in order.
func eachInstr(funcs []*ssa.Function, f func(ssa.Instruction)) {
	for _, fn := range funcs {
		for _, b := range fn.Blocks {
			for _, in := range b.Instrs {
				f(in)
			}
		}
	}
}

// fieldAt is the field that an address is of, nil if that is not known.
func fieldAt(a *ssa.FieldAddr) *types.Var {
	if st := structOf(a.X.Type()); st != nil {
		return st.Field(a.Field).Origin()
	}
	return nil
}

func isPointer(t types.Type) bool {
	_, ok := t.Underlying().(*types.Pointer)
	return ok
}

func nilConst(v ssa.Value) bool {
	c, ok := v.(*ssa.Const)
	return ok && c.Value == nil
}
