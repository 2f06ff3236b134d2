package effect

import (
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ssa"

	"github.com/go-fixer/fixer/rewrite/model"
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
func lonely(funcs []*ssa.Function) map[*types.Var]bool {
	found := make(map[*types.Var]bool)
	eachInstr(funcs, func(in ssa.Instruction) {
		if load, ok := in.(*ssa.UnOp); ok && load.Op == token.MUL && isPointer(load.Type()) {
			if addr, ok := load.X.(*ssa.FieldAddr); ok {
				if f := fieldAt(addr); f != nil && !f.Exported() && !found[f] && replaced(load) {
					found[f] = true
				}
			}
		}
	})
	if len(found) == 0 {
		return nil
	}
	l := lenders{}
	eachInstr(funcs, func(in ssa.Instruction) {
		switch in := in.(type) {
		case *ssa.FieldAddr:
			if f := fieldAt(in); found[f] && slices.ContainsFunc(*in.Referrers(), func(use ssa.Instruction) bool { return !l.keepsAlone(in, use) }) {
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
func (l lenders) keepsAlone(addr *ssa.FieldAddr, use ssa.Instruction) bool {
	switch use := use.(type) {
	case *ssa.Store:
		return use.Addr == addr && (nilConst(use.Val) || madeFor(use))
	case *ssa.UnOp:
		return replaced(use) || l.usedInPlace(use)
	case *ssa.DebugRef:
		return true
	}
	return false
}

// madeFor reports whether what is stored was made for that: nothing but its
// fields is used of it.
func madeFor(s *ssa.Store) bool {
	switch v := s.Val.(type) {
	case *ssa.Alloc:
		return fieldsOnly(v, s, s.Block())
	case *ssa.Call:
		callee := v.Call.StaticCallee()
		return callee != nil && !slices.ContainsFunc(*v.Referrers(), func(use ssa.Instruction) bool {
			_, debug := use.(*ssa.DebugRef)
			return !debug && use != ssa.Instruction(s)
		}) && makesOne(callee)
	}
	return false
}

// fieldsOnly reports whether an object is used by one instruction, and else nothing but
// its fields are, which are set in a block.
func fieldsOnly(a *ssa.Alloc, by ssa.Instruction, in *ssa.BasicBlock) bool {
	return !slices.ContainsFunc(*a.Referrers(), func(use ssa.Instruction) bool {
		switch use := use.(type) {
		case *ssa.FieldAddr:
			return slices.ContainsFunc(*use.Referrers(), func(ref ssa.Instruction) bool {
				set, ok := ref.(*ssa.Store)
				return !ok || set.Addr != use || set.Block() != in
			})
		case *ssa.DebugRef:
			return false
		}
		return use != by
	})
}

// makesOne reports whether a function returns a pointer to an object that it has made, and
// that nothing else leads to.
func makesOne(fn *ssa.Function) bool {
	if obj, ok := fn.Object().(*types.Func); ok && fn.Blocks == nil {
		return model.Makes(obj.FullName())
	}
	made := false
	for _, b := range fn.Blocks {
		ret, ok := b.Instrs[len(b.Instrs)-1].(*ssa.Return)
		if !ok {
			continue
		}
		a, ok := ret.Results[0].(*ssa.Alloc)
		if !ok || len(ret.Results) > 1 || !fieldsOnly(a, ret, b) {
			return false
		}
		made = true
	}
	return made
}

// lenders tells of parameters, by function and number, whether what they point to is lent
// to the function only: it keeps no pointer, and gives none to others.
type lenders map[parameter]bool

type parameter struct {
	fn *ssa.Function
	n  int
}

// lends reports whether a call lends what a value points to, and no more.
func (l lenders) lends(c *ssa.CallCommon, v ssa.Value) bool {
	callee := c.StaticCallee()
	switch {
	case callee == nil || ends(*c):
		return false
	case callee.Blocks == nil: // of another package: its methods are for who has one
		return isReceiver(v, c)
	}
	for i, arg := range c.Args {
		if arg == v && (i >= len(callee.Params) || !l.lent(callee, i)) {
			return false
		}
	}
	return true
}

func (l lenders) lent(fn *ssa.Function, n int) bool {
	key := parameter{fn, n}
	out, known := l[key]
	if !known {
		l[key] = false // what functions that call each other do is not looked for
		p := fn.Params[n]
		out = !slices.ContainsFunc(*p.Referrers(), func(use ssa.Instruction) bool {
			switch use := use.(type) {
			case *ssa.FieldAddr:
				return !staysInside(use)
			case *ssa.UnOp, *ssa.BinOp, *ssa.DebugRef:
				return false
			}
			c := callOf(use)
			return c == nil || !l.lends(c, p)
		})
		l[key] = out
	}
	return out
}

// staysInside reports whether the address of a part of an object is used to read it, to
// set it, or to call a method of it.
func staysInside(addr ssa.Value) bool {
	return !slices.ContainsFunc(*addr.Referrers(), func(use ssa.Instruction) bool {
		switch use := use.(type) {
		case *ssa.FieldAddr:
			return !staysInside(use)
		case *ssa.IndexAddr:
			return !staysInside(use)
		case *ssa.UnOp, *ssa.DebugRef:
			return false
		case *ssa.Store:
			return use.Addr != addr
		}
		c := callOf(use)
		return c == nil || !isReceiver(addr, c)
	})
}

// callOf is the call that an instruction makes in its own goroutine, nil if it is no call.
func callOf(in ssa.Instruction) *ssa.CallCommon {
	switch in := in.(type) {
	case *ssa.Call:
		return &in.Call
	case *ssa.Defer:
		return &in.Call
	}
	return nil
}

// isReceiver reports whether a call is of a method of a value, which it is not given
// otherwise.
func isReceiver(v ssa.Value, c *ssa.CallCommon) bool {
	return !c.IsInvoke() && c.Signature().Recv() != nil && c.Args[0] == v && !slices.Contains(c.Args[1:], v)
}

// usedInPlace reports whether a pointer that was read is only compared, and its
// object only used before a call that may release a lock.
func (l lenders) usedInPlace(load *ssa.UnOp) bool {
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
		case *ssa.Call:
			return !slices.Contains(near, ssa.Instruction(use)) || !l.lends(&use.Call, load)
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
