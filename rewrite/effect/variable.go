package effect

import (
	"go/token"
	"go/types"
	"slices"
	"strconv"

	"golang.org/x/tools/go/ssa"
)

// captures tells, for the functions of one package, which variable a free
// variable of a literal is.
type captures struct {
	made  map[*ssa.Function]*ssa.MakeClosure
	usage map[*ssa.Alloc]usage
	keys  map[*ssa.Alloc]string
	tests map[*ssa.Alloc]bool // variables whose values conditions ask for
	rooms map[any]bool        // fields and variables that hold slices with room for more; see holder
	cut   map[any]bool        // those that are cut short: x = x[:n]
	lone  map[any]bool        // those that hold a generator of random numbers for one goroutine; false for others
	ones  map[any]bool        // those that hold a semaphore of size one; false for others
	asks  map[*types.Var]bool // members that a condition goes by

	lonely map[*types.Var]bool // fields that alone lead to what they point to
}

// A usage is how a variable is used, closures included.
type usage struct {
	stores []*ssa.Store
	known  bool // no address of it goes where it can't be followed
}

func newCaptures(funcs []*ssa.Function) *captures {
	c := &captures{made: make(map[*ssa.Function]*ssa.MakeClosure), usage: make(map[*ssa.Alloc]usage), keys: make(map[*ssa.Alloc]string), tests: make(map[*ssa.Alloc]bool), rooms: make(map[any]bool), cut: make(map[any]bool), lone: make(map[any]bool), ones: make(map[any]bool), asks: make(map[*types.Var]bool)}
	var asked []ssa.Value
	var stores []*ssa.Store
	for _, fn := range funcs {
		names := make(map[string]int)
		for _, b := range fn.Blocks {
			for _, in := range b.Instrs {
				switch in := in.(type) {
				case *ssa.If:
					asked = append(asked, in.Cond)
				case *ssa.Return:
					for _, r := range in.Results {
						asked = append(asked, testsIn(returned(in, r))...)
					}
				case *ssa.Store:
					stores = append(stores, in)
				case *ssa.MakeClosure:
					if lit := in.Fn.(*ssa.Function); c.made[lit] == nil {
						c.made[lit] = in
					}
				case *ssa.Alloc:
					if in.Heap {
						names[in.Comment]++
						c.keys[in] = variableKey(fn, in.Comment, names[in.Comment])
					}
				}
			}
		}
	}
	c.lonely = lonely(funcs)
	for _, cond := range asked {
		c.test(cond)
	}
	for _, s := range stores {
		c.stored(s)
		c.drawn(s)
		c.sized(s)
	}
	return c
}

// test notes the variable that a condition compares with a constant.
func (c *captures) test(cond ssa.Value) {
	switch v := cond.(type) {
	case *ssa.BinOp:
		if _, ok := v.Y.(*ssa.Const); ok {
			c.test(v.X)
		}
	case *ssa.Call:
		if atomicName(&v.Call) != "" && len(v.Call.Args) > 0 {
			if m := memberOf(v.Call.Args[0]); m != nil {
				c.asks[m] = true
			}
		}
	case *ssa.UnOp:
		if v.Op == token.NOT {
			c.test(v.X)
		} else if v.Op == token.MUL {
			if a := c.variable(v.X); a != nil {
				c.tests[a] = true
			}
			if m := memberOf(v.X); m != nil {
				c.asks[m] = true
			}
		}
	}
}

// variableKey tells variables of a function with the same name apart by their
// order, so that edits elsewhere don't change the key.
func variableKey(fn *ssa.Function, name string, n int) string {
	key := funcKey(fn) + "." + name
	if n > 1 {
		key += "#" + strconv.Itoa(n)
	}
	return key
}

// variable returns the variable that an address is of, looking through
// captures; nil if it is none.
func (c *captures) variable(v ssa.Value) *ssa.Alloc {
	for range 20 {
		switch w := v.(type) {
		case *ssa.Alloc:
			return w
		case *ssa.FreeVar:
			mc := c.made[w.Parent()]
			if mc == nil {
				return nil
			}
			v = nil
			for i, f := range w.Parent().FreeVars {
				if f == w && i < len(mc.Bindings) {
					v = mc.Bindings[i]
				}
			}
		default:
			return nil
		}
	}
	return nil
}

func (c *captures) of(v *ssa.Alloc) usage {
	u, ok := c.usage[v]
	if !ok {
		u.known = u.collect(v, 0)
		c.usage[v] = u
	}
	return u
}

// collect lists the stores to an address; false if the address goes where it
// can't be followed.
func (u *usage) collect(addr ssa.Value, depth int) bool {
	if depth > 10 {
		return false
	}
	for _, r := range *addr.Referrers() {
		switch r := r.(type) {
		case *ssa.Store:
			if r.Addr != addr {
				return false
			}
			u.stores = append(u.stores, r)
		case *ssa.UnOp, *ssa.DebugRef:
		case *ssa.MakeClosure:
			for i, b := range r.Bindings {
				if b == addr && !u.collect(r.Fn.(*ssa.Function).FreeVars[i], depth+1) {
					return false
				}
			}
		default:
			return false
		}
	}
	return true
}

// only returns the value a variable holds from its one store to its end; nil
// if there are more stores, or none. A pointer may become nil: there is nothing it
// leads to then.
//
//	defer func() {
//		if err != nil {
//			db = nil
//		}
//	}()
func (c *captures) only(v *ssa.Alloc) ssa.Value {
	u := c.of(v)
	if !u.known {
		return nil
	}
	var only *ssa.Store
	for _, s := range u.stores {
		switch {
		case same(s), len(u.stores) > 1 && isPointer(s.Val.Type()) && nilConst(s.Val):
		case only != nil:
			return nil
		default:
			only = s
		}
	}
	if only == nil || only.Parent() != v.Parent() {
		return nil
	}
	return only.Val
}

// stays reports whether a variable has one value for all who share it: nothing sets it
// once some closure has it.
func (c *captures) stays(v *ssa.Alloc) bool {
	u := c.of(v)
	if !u.known || len(u.stores) <= 1 {
		return u.known
	}
	after := c.captured(v)
	return !slices.ContainsFunc(u.stores, func(s *ssa.Store) bool { return s.Parent() != v.Parent() || after[s] })
}

// captured tells what a function does to a variable after a closure got it.
func (c *captures) captured(v *ssa.Alloc) map[ssa.Instruction]bool {
	after := make(map[ssa.Instruction]bool)
	seen := make(map[*ssa.BasicBlock]bool)
	var visit func(list []ssa.Instruction, b *ssa.BasicBlock)
	visit = func(list []ssa.Instruction, b *ssa.BasicBlock) {
		for _, in := range list {
			if in == ssa.Instruction(v) {
				return // another one
			}
			after[in] = true
		}
		for _, s := range b.Succs {
			if !seen[s] {
				seen[s] = true
				visit(s.Instrs, s)
			}
		}
	}
	for _, r := range *v.Referrers() {
		if mc, ok := r.(*ssa.MakeClosure); ok {
			b := mc.Block()
			visit(b.Instrs[slices.Index(b.Instrs, ssa.Instruction(mc)):], b)
		}
	}
	return after
}

// constant reports whether a variable is only set where it is declared, before
// any closure has it: what shares it only reads it.
func (c *captures) constant(v *ssa.Alloc) bool {
	u := c.of(v)
	if !u.known || len(u.stores) > 1 {
		return false
	}
	if len(u.stores) == 0 {
		return true
	}
	set := u.stores[0]
	if set.Block() != v.Block() {
		return false
	}
	for _, in := range v.Block().Instrs {
		switch in := in.(type) {
		case *ssa.Store:
			if in == set {
				return true
			}
		case *ssa.MakeClosure:
			for _, b := range in.Bindings {
				if b == v {
					return false
				}
			}
		}
	}
	return false
}

// private reports whether an address is of a variable that only its own
// goroutine has, or that nobody changes any more.
func (x *extractor) private(addr ssa.Value) bool {
	switch addr.(type) {
	case *ssa.Alloc, *ssa.FreeVar:
	default:
		return false
	}
	v := x.caps.variable(addr)
	if v == nil {
		return false
	}
	return !v.Heap || synthetic(v) || x.caps.constant(v)
}

// synthetic reports whether a variable is the compiler's own: the state of
// a range over a function.
func synthetic(v *ssa.Alloc) bool { return !v.Pos().IsValid() || !token.IsIdentifier(v.Comment) }

// constOf returns the constant that a value is, through variables that stay
// what they are.
func (x *extractor) constOf(v ssa.Value) *ssa.Const {
	switch v := v.(type) {
	case *ssa.Const:
		return v
	case *ssa.Convert:
		return x.constOf(v.X)
	case *ssa.UnOp:
		if v.Op != token.MUL {
			return nil
		}
		if a := x.caps.variable(v.X); a != nil && x.caps.constant(a) {
			if s := x.caps.only(a); s != nil {
				c, _ := s.(*ssa.Const)
				return c
			}
			return ssa.NewConst(nil, a.Type().Underlying().(*types.Pointer).Elem())
		}
	}
	return nil
}

// inputs describes the parameters, and what a literal captures.
func (x *extractor) inputs() {
	for _, p := range x.fn.Params {
		x.out.Inputs = append(x.out.Inputs, Variable{Name: p.Name(), Key: x.out.Key + "." + p.Name(), At: x.pos(p.Pos())})
	}
	for _, f := range x.fn.FreeVars {
		v := Variable{Name: f.Name(), Key: x.out.Key + "." + f.Name(), At: x.pos(f.Pos())}
		if a := x.caps.variable(f); a != nil {
			v.Key, v.At, v.Stays = x.caps.keys[a], x.pos(a.Pos()), x.caps.stays(a)
		}
		x.out.Frees = append(x.out.Frees, v)
	}
}
