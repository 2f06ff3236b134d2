package effect

import (
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ssa"
)

// path names the memory a value is or points to; the zero Path if it is none
// that a race could be told of.
func (x *extractor) path(v ssa.Value) Path {
	if p, ok := x.paths[v]; ok {
		return p
	}
	x.paths[v] = Path{} // a cycle through a phi names nothing
	p := x.pathOf(v)
	x.paths[v] = p
	return p
}

func (x *extractor) pathOf(v ssa.Value) Path {
	if w := under(v); w != nil {
		return x.path(w)
	}
	switch v := v.(type) {
	case *ssa.Parameter:
		for i, p := range x.fn.Params {
			if p == v {
				return Path{Root: Root{Kind: Param, N: i}}
			}
		}
	case *ssa.FreeVar:
		for i, f := range x.fn.FreeVars {
			if f == v {
				return Path{Root: Root{Kind: Free, N: i}}
			}
		}
	case *ssa.Global:
		return Path{Root: Root{Kind: Global, Key: v.Pkg.Pkg.Path() + "." + v.Name()}}
	case *ssa.Alloc:
		if s := onlyStore(v); s != nil {
			if p := x.path(s); p.Root.Kind != NoRoot {
				return p
			}
		}
		return x.local(v, v.Comment, true)
	case *ssa.MakeMap, *ssa.MakeSlice, *ssa.MakeChan:
		return x.local(v, v.Name(), true)
	case *ssa.FieldAddr:
		return x.field(v.X, v.Field)
	case *ssa.Field:
		return x.field(v.X, v.Field)
	case *ssa.IndexAddr:
		return with(x.path(v.X), Elem)
	case *ssa.Index:
		return with(x.path(v.X), Elem)
	case *ssa.Lookup:
		return with(x.path(v.X), Elem)
	case *ssa.UnOp:
		switch v.Op {
		case token.MUL:
			return x.path(v.X)
		case token.ARROW: // received: the sender gave it away
			return x.local(v, "received value", true)
		}
	case *ssa.Phi:
		return x.phi(v)
	case *ssa.Extract:
		return x.extract(v)
	case *ssa.Call:
		if callee := v.Call.StaticCallee(); callee != nil && callee.String() == "(*sync.RWMutex).RLocker" {
			return x.path(v.Call.Args[0]) // the same lock by another type
		}
		if id, ok := x.callID[v]; ok {
			return Path{Root: Root{Kind: Result, N: id}}
		}
		return x.local(v, "result", false)
	}
	return Path{}
}

// under returns the value that another one only presents as something else.
func under(v ssa.Value) ssa.Value {
	switch v := v.(type) {
	case *ssa.Slice:
		return v.X
	case *ssa.ChangeType:
		return v.X
	case *ssa.ChangeInterface:
		return v.X
	case *ssa.MakeInterface:
		return v.X
	case *ssa.Convert:
		return v.X
	case *ssa.TypeAssert:
		if !v.CommaOk {
			return v.X
		}
	}
	return nil
}

func (x *extractor) extract(v *ssa.Extract) Path {
	switch t := v.Tuple.(type) {
	case *ssa.TypeAssert:
		return x.path(t.X)
	case *ssa.Lookup:
		return x.path(t)
	case *ssa.UnOp: // received, with ok
		return x.local(v, "received value", true)
	case *ssa.Select:
		return x.local(v, "received value", true)
	case *ssa.Next:
		if r, ok := t.Iter.(*ssa.Range); ok && v.Index == 2 {
			return with(x.path(r.X), Elem)
		}
	case *ssa.Call:
		if id, ok := x.callID[t]; ok {
			return Path{Root: Root{Kind: Result, N: id, I: v.Index}}
		}
	}
	return x.local(v, "result", false)
}

// phi keeps a path only if all edges that are not nil agree on it.
func (x *extractor) phi(v *ssa.Phi) Path {
	var p Path
	for _, e := range v.Edges {
		if c, ok := e.(*ssa.Const); ok && c.Value == nil {
			continue
		}
		q := x.path(e)
		if p.Root.Kind != NoRoot && p != q {
			return x.local(v, v.Comment, false)
		}
		p = q
	}
	if p.Root.Kind == NoRoot {
		return x.local(v, v.Comment, false)
	}
	return p
}

func (x *extractor) field(base ssa.Value, i int) Path {
	p := x.path(base)
	if p.Root.Kind == NoRoot {
		return Path{}
	}
	if key, ok := FieldKey(base.Type(), i); ok {
		return with(p, key)
	}
	// A struct type without a name: its field belongs to what holds it.
	s := structOf(base.Type())
	owner, last := p.Base()
	if s == nil || last == "" || last == Elem {
		if p.Root.Kind != Global || s == nil {
			return Path{}
		}
		return with(p, p.Root.Key+"."+s.Field(i).Name())
	}
	return with(owner, last+"."+s.Field(i).Name())
}

func with(p Path, sel string) Path {
	if p.Root.Kind == NoRoot {
		return p
	}
	q, _ := p.With(sel)
	return q
}

// local gives a value a number of its own.
func (x *extractor) local(v ssa.Value, name string, fresh bool) Path {
	n, ok := x.locals[v]
	if !ok {
		n = len(x.out.Locals)
		x.locals[v] = n
		loop := 0
		if in, ok := v.(ssa.Instruction); ok && in.Block() != nil {
			loop = x.loops[in.Block()]
		}
		x.out.Locals = append(x.out.Locals, Variable{Name: name, Fresh: fresh, Loop: loop})
	}
	return Path{Root: Root{Kind: Local, N: n}}
}

// onlyStore returns the value a variable holds from its first store to its
// end, if there is exactly one store anywhere, closures included, and the
// value refers to memory.
func onlyStore(v *ssa.Alloc) ssa.Value {
	if !refers(v.Type().Underlying().(*types.Pointer).Elem()) {
		return nil
	}
	var val ssa.Value
	if !stores(v, &val) {
		return nil
	}
	return val
}

// stores collects the one store to an address; false if there are more, or
// the address goes where it can't be followed.
func stores(addr ssa.Value, val *ssa.Value) bool {
	for _, r := range *addr.Referrers() {
		switch r := r.(type) {
		case *ssa.Store:
			if r.Addr != addr || *val != nil {
				return false
			}
			*val = r.Val
		case *ssa.UnOp, *ssa.DebugRef:
		case *ssa.MakeClosure:
			for i, b := range r.Bindings {
				if b != addr {
					continue
				}
				if !readOnly(r.Fn.(*ssa.Function).FreeVars[i]) {
					return false
				}
			}
		default:
			return false
		}
	}
	return true
}

// readOnly reports whether a captured variable is only read by the closure.
func readOnly(v *ssa.FreeVar) bool {
	var val ssa.Value
	return stores(v, &val) && val == nil
}

// refers reports whether values of the type share memory when copied.
func refers(t types.Type) bool {
	switch t.Underlying().(type) {
	case *types.Pointer, *types.Map, *types.Slice, *types.Chan, *types.Signature, *types.Interface:
		return true
	}
	return false
}

// loops numbers the natural loops of a function; every block gets the number
// of the innermost loop around it, and every edge back to a loop's head that
// of the loop.
func loops(fn *ssa.Function) (inner map[*ssa.BasicBlock]int, backs map[[2]*ssa.BasicBlock]int) {
	inner = make(map[*ssa.BasicBlock]int)
	backs = make(map[[2]*ssa.BasicBlock]int)
	heads := make(map[*ssa.BasicBlock]int)
	size := make(map[int]int)
	n := 0
	for _, b := range fn.Blocks {
		for _, head := range b.Succs {
			if !head.Dominates(b) {
				continue
			}
			// Several ways back to one head are one loop (continue).
			if heads[head] == 0 {
				n++
				heads[head] = n
			}
			backs[[2]*ssa.BasicBlock{b, head}] = heads[head]
		}
	}
	for _, b := range fn.Blocks {
		n := heads[b]
		if n == 0 {
			continue
		}
		body := loopBody(b)
		size[n] = len(body)
		for c := range body {
			if old := inner[c]; old == 0 || size[old] > len(body) {
				inner[c] = n
			}
		}
	}
	return inner, backs
}

// loopBody lists the blocks of the loop with this head.
func loopBody(head *ssa.BasicBlock) map[*ssa.BasicBlock]bool {
	body := map[*ssa.BasicBlock]bool{head: true}
	var work []*ssa.BasicBlock
	for _, p := range head.Preds {
		if head.Dominates(p) {
			work = append(work, p)
		}
	}
	for len(work) > 0 {
		c := work[len(work)-1]
		work = work[:len(work)-1]
		if !body[c] {
			body[c] = true
			work = append(work, c.Preds...)
		}
	}
	return body
}
