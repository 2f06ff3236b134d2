package effect

import (
	"go/constant"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// last records where a count of references is found to be at its end: who gave
// back the last one has the object for itself.
//
//	if r.refs.Add(-1) == 0 {
//		r.file = nil
//	}
func (x *extractor) last(c *ssa.BinOp, edge int) {
	k, ok := c.Y.(*ssa.Const)
	if !ok || k.Value == nil || k.Value.Kind() != constant.Int {
		return
	}
	n, exact := constant.Int64Val(k.Value)
	switch {
	case !exact:
		return
	case n == 0 && (c.Op == token.EQL || c.Op == token.NEQ || c.Op == token.LEQ), n == 1 && c.Op == token.LSS:
	case n == 0 && c.Op == token.GTR, n == 1 && c.Op == token.GEQ:
		edge = 1 - edge
	default:
		return
	}
	switch v := c.X.(type) {
	case *ssa.Call:
		if givesBack(&v.Call) {
			x.blk.Conds = append(x.blk.Conds, Cond{Edge: edge, Path: x.path(v.Call.Args[0]), Last: true})
		}
	case *ssa.UnOp:
		if v.Op == token.MUL && memberOf(v.X) != nil && countedDown(memberOf(v.X), c.Block()) {
			x.blk.Conds = append(x.blk.Conds, Cond{Edge: edge, Path: x.path(v.X), Last: true, Plain: true})
		}
	}
}

// first records where a count that the function makes greater is found to be at its
// beginning: what is behind that is for whoever comes first.
//
//	s.peers = append(s.peers, p)
//	if len(s.peers) == 1 {
//		go s.poll()
//	}
func (x *extractor) first(c *ssa.BinOp, edge int) {
	k, ok := c.Y.(*ssa.Const)
	if !ok || k.Value == nil || k.Value.Kind() != constant.Int || c.Op != token.EQL && c.Op != token.NEQ {
		return
	}
	n, exact := constant.Int64Val(k.Value)
	if !exact || n != 0 && n != 1 {
		return
	}
	counted := c.X
	if call, ok := counted.(*ssa.Call); ok {
		switch b, _ := call.Call.Value.(*ssa.Builtin); {
		case b != nil && b.Name() == "len":
			counted = call.Call.Args[0]
		case n == 1 && strings.HasPrefix(atomicName(&call.Call), "Add") && !givesBack(&call.Call):
			x.blk.Conds = append(x.blk.Conds, Cond{Edge: edge, Path: x.path(call.Call.Args[0]), First: true})
			return
		}
	}
	load, ok := counted.(*ssa.UnOp)
	if ok && load.Op == token.MUL && memberOf(load.X) != nil && grows(memberOf(load.X), c.Parent()) {
		x.blk.Conds = append(x.blk.Conds, Cond{Edge: edge, Path: x.path(load.X), First: true, Plain: true})
	}
}

// grows reports whether a function makes a number greater, or a list or a map longer.
func grows(m *types.Var, fn *ssa.Function) bool {
	for _, b := range fn.Blocks {
		for _, in := range b.Instrs {
			switch in := in.(type) {
			case *ssa.MapUpdate:
				if isLoadOf(in.Map, m) {
					return true
				}
			case *ssa.Store:
				if memberOf(in.Addr) != m {
					continue
				}
				switch v := in.Val.(type) {
				case *ssa.BinOp:
					if v.Op == token.ADD && isLoadOf(v.X, m) {
						return true
					}
				case *ssa.Call:
					if b, ok := v.Call.Value.(*ssa.Builtin); ok && b.Name() == "append" && isLoadOf(v.Call.Args[0], m) {
						return true
					}
				}
			}
		}
	}
	return false
}

// givesBack reports whether a call takes something off an atomic number.
func givesBack(c *ssa.CallCommon) bool {
	callee := c.StaticCallee()
	if callee == nil || callee.Object() == nil || callee.Object().Pkg() == nil || len(c.Args) == 0 {
		return false
	}
	switch path, name := callee.Object().Pkg().Path(), callee.Object().Name(); {
	case path == "go.uber.org/atomic" && (name == "Dec" || name == "Sub"):
		return true
	case path != "sync/atomic" && path != "go.uber.org/atomic", len(name) < 3 || name[:3] != "Add":
		return false
	}
	k, ok := c.Args[len(c.Args)-1].(*ssa.Const)
	return ok && k.Value != nil && negative(k)
}

// negative reports whether adding a constant takes something off: ^uint32(0) does.
func negative(k *ssa.Const) bool {
	if constant.Sign(k.Value) < 0 {
		return true
	}
	b, ok := k.Type().Underlying().(*types.Basic)
	if !ok || b.Info()&types.IsUnsigned == 0 {
		return false
	}
	n, exact := constant.Uint64Val(k.Value)
	return exact && (b.Kind() == types.Uint32 && int32(n) < 0 || int64(n) < 0)
}

// countedDown reports whether a member was made smaller by one on every way to a
// block.
func countedDown(m *types.Var, at *ssa.BasicBlock) bool {
	for b := at; b != nil; b = b.Idom() {
		for _, in := range b.Instrs {
			st, ok := in.(*ssa.Store)
			if !ok || memberOf(st.Addr) != m {
				continue
			}
			if sub, ok := st.Val.(*ssa.BinOp); ok && sub.Op == token.SUB && isLoadOf(sub.X, m) {
				return true
			}
		}
	}
	return false
}

func isLoadOf(v ssa.Value, m *types.Var) bool {
	load, ok := v.(*ssa.UnOp)
	return ok && load.Op == token.MUL && memberOf(load.X) == m
}
