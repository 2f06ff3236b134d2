package effect

import (
	"cmp"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ssa"
)

// path names the memory a value is or points to; the zero Path if it is none
// that a race could be told of.
func (x *extractor) path(v ssa.Value) Path {
	switch v.(type) {
	case nil, *ssa.Const, *ssa.BinOp, *ssa.Function, *ssa.Builtin, *ssa.MakeClosure:
		return Path{} // not worth keeping
	}
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
		return Path{Root: Root{Kind: Global, Key: globalKey(v)}}
	case *ssa.Alloc:
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
		return x.member(v, v.X)
	case *ssa.UnOp:
		switch v.Op {
		case token.MUL:
			return x.load(v)
		case token.ARROW: // received: the sender gave it away
			return x.receivedFrom(v, v.X)
		}
	case *ssa.Phi:
		return x.phi(v)
	case *ssa.Extract:
		return x.extract(v)
	case *ssa.Call:
		return x.called(v)
	}
	return Path{}
}

// called names what a call returns.
func (x *extractor) called(v *ssa.Call) Path {
	if calls(&v.Call, "(*sync.RWMutex).RLocker") {
		return x.path(v.Call.Args[0]) // the same lock by another type
	}
	if ctx := doneOf(&v.Call); ctx != nil {
		if p := x.doneChannel(ctx); p.Root.Kind != NoRoot {
			return p
		}
	}
	if addr := loaded(&v.Call); addr != nil && !x.exchanged(addr) {
		return x.referred(v, x.path(addr))
	}
	if calls(&v.Call, "(*sync.Pool).Get") {
		return x.local(v, "what the pool gave", true) // nobody else has it until it is put back
	}
	if id, ok := x.callID[v]; ok {
		return Path{Root: Root{Kind: Result, N: id}}
	}
	return x.local(v, "result", false)
}

// load names what a value read from memory refers to: what its variable is
// known to hold, else what that memory refers to.
func (x *extractor) load(v *ssa.UnOp) Path {
	if a, ok := v.X.(*ssa.Alloc); ok && refers(v.Type()) {
		if s := x.caps.only(a); s != nil {
			if p := x.path(s); p.Root.Kind != NoRoot {
				return p
			}
		}
	}
	if p := x.path(x.justSet(v)); p.Root.Kind != NoRoot {
		return p
	}
	if x.takenOut(v) {
		return x.local(v, "what was taken out", true)
	}
	if a, ok := v.X.(*ssa.IndexAddr); ok {
		return x.member(v, a.X)
	}
	return x.referred(v, x.path(v.X))
}

// justSet is what a field of a library's struct was set to above a place that reads it,
// once in the function; nil if it was not.
//
//	req.Header = header
//	req.Header.Set(k, v)
func (x *extractor) justSet(v *ssa.UnOp) ssa.Value {
	field, ok := v.X.(*ssa.FieldAddr)
	if !ok || !refers(v.Type()) {
		return nil
	}
	if n := named(field.X.Type()); n == nil || n.Obj().Pkg() == nil || x.own(n.Obj().Pkg().Path()) {
		return nil
	}
	users := field.X.Referrers()
	if users == nil {
		return nil // a package variable
	}
	var set *ssa.Store
	for _, r := range *users {
		other, ok := r.(*ssa.FieldAddr)
		if !ok || other.Field != field.Field {
			continue
		}
		for _, r := range *other.Referrers() {
			if s, ok := r.(*ssa.Store); ok && s.Addr == other {
				if set != nil {
					return nil
				}
				set = s
			}
		}
	}
	if set == nil || !precedes(set, v) {
		return nil
	}
	return set.Val
}

// precedes reports whether an instruction always runs before another one.
func precedes(a, b ssa.Instruction) bool {
	if a.Block() != b.Block() {
		return a.Block().Dominates(b.Block())
	}
	return slices.Index(a.Block().Instrs, a) < slices.Index(b.Block().Instrs, b)
}

// referred extends the path of the memory that a value was read from to what
// the value refers to.
func (x *extractor) referred(v ssa.Value, p Path) Path {
	if refers(v.Type()) {
		return with(p, Deref)
	}
	return p
}

// under returns the value that another one only presents as something else.
func under(v ssa.Value) ssa.Value {
	switch v := v.(type) {
	case *ssa.Slice:
		if c, ok := v.Low.(*ssa.Const); v.Low != nil && (!ok || c.Int64() != 0) {
			return nil // a part, and another one may be somebody else's
		}
		return v.X
	case *ssa.ChangeType:
		return v.X
	case *ssa.ChangeInterface:
		return v.X
	case *ssa.MakeInterface:
		return v.X
	case *ssa.Convert:
		if _, ok := v.X.(*ssa.IndexAddr); ok {
			return nil // a place in memory that somebody divides among objects of his own
		}
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
		return x.member(v, t.X)
	case *ssa.UnOp: // received, with ok
		return x.receivedFrom(v, t.X)
	case *ssa.Select:
		return x.receivedFrom(v, receivedBy(t, v.Index))
	case *ssa.Next:
		if r, ok := t.Iter.(*ssa.Range); ok && v.Index == 2 {
			return x.member(v, r.X)
		}
	case *ssa.Call:
		if id, ok := x.callID[t]; ok {
			return Path{Root: Root{Kind: Result, N: id, I: v.Index}}
		}
	}
	return x.local(v, "result", false)
}

// phi keeps a path only if all edges that are not nil agree on it. What is made
// and put into a map where nothing is found there is an element of the map.
func (x *extractor) phi(v *ssa.Phi) Path {
	var p Path
	for _, e := range v.Edges {
		if c, ok := e.(*ssa.Const); ok && c.Value == nil {
			continue
		}
		switch q := x.path(e); {
		case p.Root.Kind == NoRoot || x.putInto(e, p):
			p = cmp.Or(p, q)
		case p == q:
		case len(v.Edges) == 2 && x.putInto(v.Edges[0], q):
			p = q
		default:
			return x.local(v, v.Comment, false)
		}
	}
	if p.Root.Kind == NoRoot {
		return x.local(v, v.Comment, false)
	}
	return p
}

// putInto reports whether a value is put into the map whose elements refer to
// what a path names.
func (x *extractor) putInto(v ssa.Value, p Path) bool {
	users := v.Referrers()
	return users != nil && p.Root.Kind != NoRoot && slices.ContainsFunc(*users, func(in ssa.Instruction) bool {
		put, ok := in.(*ssa.MapUpdate)
		return ok && put.Value == v && x.referred(v, with(x.path(put.Map), Elem)) == p
	})
}

func (x *extractor) field(base ssa.Value, i int) Path {
	p := x.path(base)
	if p.Root.Kind == NoRoot {
		return Path{}
	}
	if key, ok := x.spell.fieldKey(base.Type(), i); ok {
		return with(p, key)
	}
	// A struct type without a name: its field belongs to what holds it.
	st := structOf(base.Type())
	if st == nil {
		return Path{}
	}
	owner := p.Field()
	if owner == "" {
		if owner = p.Root.Key; p.Root.Kind != Global {
			return with(p, "."+st.Field(i).Name()) // a part of a variable
		}
	}
	return with(p, owner+"."+st.Field(i).Name())
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
		x.out.Locals = append(x.out.Locals, Variable{})
		x.values = append(x.values, v)
		d := Variable{Name: name, Key: x.out.Key + "." + v.Name(), At: x.pos(v.Pos()), Fresh: fresh, Loop: loop}
		switch v := v.(type) {
		case *ssa.Alloc:
			if key := x.caps.keys[v]; key != "" {
				d.Key = key
			}
			d.Stays = x.caps.stays(v)
			if s := x.caps.only(v); s != nil && refers(s.Type()) {
				d.Holds = x.value(s)
			}
		case *ssa.MakeChan:
			d.Cap = -1
			if c := x.constOf(v.Size); isInt(c) {
				d.Cap = int(c.Int64()) + 1
			}
		}
		x.out.Locals[n] = d
	}
	return Path{Root: Root{Kind: Local, N: n}}
}

// refers reports whether values of the type share memory when copied.
func refers(t types.Type) bool {
	switch t.Underlying().(type) {
	case *types.Pointer, *types.Map, *types.Slice, *types.Chan, *types.Signature, *types.Interface:
		return true
	}
	return false
}
