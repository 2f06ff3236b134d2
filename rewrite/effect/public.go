package effect

import (
	"go/types"

	"golang.org/x/tools/go/ssa"
)

// publish marks the methods that code outside calls although their types are
// not exported: an exported function hands objects of the type out, as they
// are or as an interface that has the method. Such a method may hand out
// further ones.
func publish(funcs []*ssa.Function, sums []*Func) {
	of := make(map[*types.Func]*Func)
	var work []*ssa.Function
	for i, fn := range funcs {
		if obj, ok := fn.Object().(*types.Func); ok && !sums[i].Test {
			of[obj] = sums[i]
			if sums[i].Public {
				work = append(work, fn)
			}
		}
	}
	for len(work) > 0 {
		fn := work[0]
		work = work[1:]
		for i := range fn.Signature.Results().Len() {
			for _, m := range handedOut(fn, i, nil, 0) {
				if f := of[m]; f != nil && !f.Public {
					f.Public = true
					work = append(work, fn.Prog.FuncValue(m))
				}
			}
		}
	}
}

// handedOut lists the methods that others may call on the i-th result of a
// function, those of an interface if it leaves as one.
func handedOut(fn *ssa.Function, i int, as *types.Interface, depth int) []*types.Func {
	var out []*types.Func
	for _, b := range fn.Blocks {
		if ret, ok := b.Instrs[len(b.Instrs)-1].(*ssa.Return); ok && depth < 4 {
			out = append(out, callable(returned(ret, ret.Results[i]), as, depth)...)
		}
	}
	return out
}

// callable lists the methods that others may call on a value they get.
func callable(v ssa.Value, as *types.Interface, depth int) []*types.Func {
	if t, ok := v.Type().Underlying().(*types.Interface); ok && as == nil {
		as = t
	}
	switch v := v.(type) {
	case *ssa.MakeInterface:
		return callable(v.X, as, depth)
	case *ssa.ChangeInterface:
		return callable(v.X, as, depth)
	case *ssa.Phi:
		var out []*types.Func
		for _, e := range v.Edges {
			if depth < 4 {
				out = append(out, callable(e, as, depth+1)...)
			}
		}
		return out
	case *ssa.Extract:
		if c, ok := v.Tuple.(*ssa.Call); ok && as != nil {
			if callee := sibling(c); callee != nil {
				return handedOut(callee, v.Index, as, depth+1)
			}
		}
	case *ssa.Call:
		if c := sibling(v); c != nil && as != nil {
			if t, ok := v.Type().Underlying().(*types.Interface); ok && t != nil {
				return handedOut(c, 0, as, depth+1)
			}
		}
	}
	return methodsOf(v.Type(), as)
}

// sibling is the function of the same package that is called; nil for others, whose
// bodies may not be built yet, or no longer be there.
func sibling(c *ssa.Call) *ssa.Function {
	callee := c.Call.StaticCallee()
	if callee == nil || callee.Pkg == nil || callee.Pkg != c.Parent().Pkg {
		return nil
	}
	return callee
}

// methodsOf lists the exported methods of a concrete type, promoted ones
// included, that an interface has too; all if it is nil.
func methodsOf(t types.Type, as *types.Interface) []*types.Func {
	if n := named(t); n == nil || types.IsInterface(n) || n.Obj().Exported() {
		return nil
	}
	var out []*types.Func
	for s := range types.NewMethodSet(t).Methods() {
		if m, ok := s.Obj().(*types.Func); ok && m.Exported() && (as == nil || hasMethod(as, m.Name())) {
			out = append(out, m.Origin())
		}
	}
	return out
}
