package effect

import (
	"cmp"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// A gate is a field or a package variable that is tested, and set to a value
// with which the test fails from then on: what is behind it runs once, or one at
// a time. What follows tells the linker of tests and of what is set; that the
// two are one step, by a lock or CompareAndSwap, is for the linker to see.

// The values that are told apart, besides constants.
const (
	isNil  = "nil"
	notNil = "!nil"
	// Unsure is what a variable may be set to that is no constant.
	Unsure = "?"
)

// tells records what a branch says of a member, or of a call's result: on one
// edge it has the value, on the other it has not.
func (x *extractor) tells(v ssa.Value, value, sets string, edge int) {
	p := x.asked(v)
	if p.Root.Kind == NoRoot || value == "" {
		return
	}
	no := Cond{Edge: 1 - edge, Path: p, Is: value, Not: true, Sets: sets}
	if other := Opposite(value); other != "" {
		no.Is, no.Not = other, false
	}
	x.blk.Conds = append(x.blk.Conds, Cond{Edge: edge, Path: p, Is: value, Sets: sets}, no)
}

// Opposite is the only other value there is; "" if there are more.
func Opposite(value string) string {
	switch value {
	case "true":
		return "false"
	case "false":
		return "true"
	case isNil:
		return notNil
	case notNil:
		return isNil
	}
	return ""
}

// asked is the member whose value a condition goes by, the result of a call, or a flag
// that the function is given.
func (x *extractor) asked(v ssa.Value) Path {
	switch v := v.(type) {
	case *ssa.Parameter:
		if isBool(v) {
			return x.path(v)
		}
	case *ssa.UnOp:
		if memberOf(v.X) != nil || v.Op == token.MUL && x.shared(v.X) {
			return x.path(v.X)
		}
	case *ssa.Call:
		if p, ok := x.valueOf(v); ok {
			return p
		}
		if id, ok := x.callID[v]; ok {
			return Path{Root: Root{Kind: Result, N: id}}
		}
	case *ssa.Extract:
		if c, ok := v.Tuple.(*ssa.Call); ok && x.callID[c] != 0 {
			return Path{Root: Root{Kind: Result, N: x.callID[c], I: v.Index}}
		}
	}
	return Path{}
}

// valueOf is the variable of which sync/atomic's Load returns the value, or Swap the
// old one.
func (x *extractor) valueOf(c *ssa.Call) (Path, bool) {
	if name := atomicName(&c.Call); !strings.HasPrefix(name, "Swap") && !strings.HasPrefix(name, "Load") {
		return Path{}, false
	}
	return x.path(c.Call.Args[0]), true
}

// passes records what a branch on a call says: of its result, or of what it
// compares and swaps.
func (x *extractor) passes(c *ssa.Call, value string, edge int) {
	args := c.Call.Args
	switch name := atomicName(&c.Call); {
	case strings.HasPrefix(name, "CompareAndSwap"):
		if old, set := x.constant(args[1]), x.became(args[2]); value == "true" && old != "" {
			x.blk.Conds = append(x.blk.Conds, Cond{Edge: edge, Path: x.path(args[0]), Is: old, Sets: set})
		}
	case strings.HasPrefix(name, "Swap"):
		x.tells(c, value, x.became(args[1]), edge)
	default:
		x.tells(c, value, "", edge)
	}
}

// atomicName is the name of a function of sync/atomic, or of a method there; ""
// for others.
func atomicName(c *ssa.CallCommon) string {
	callee := c.StaticCallee()
	if callee == nil || callee.Object() == nil || callee.Object().Pkg() == nil || callee.Object().Pkg().Path() != "sync/atomic" {
		return ""
	}
	return callee.Object().Name()
}

// constant spells a constant that a member may be compared with; "" for others.
func (x *extractor) constant(v ssa.Value) string {
	c, ok := v.(*ssa.Const)
	switch {
	case !ok:
		return ""
	case c.Value == nil:
		if !nilable(v.Type()) {
			return ""
		}
		return isNil
	case c.Value.Kind() == constant.Bool, c.Value.Kind() == constant.Int:
		return c.Value.ExactString()
	case c.Value.Kind() == constant.String && constant.StringVal(c.Value) == "":
		return c.Value.ExactString()
	}
	return ""
}

// became spells what a member is set to, or a result is: what is made, or comes
// from a call that is asked to make it, is taken not to be nil.
func (x *extractor) became(v ssa.Value) string {
	if c := x.constant(v); c != "" {
		return c
	}
	if !nilable(v.Type()) {
		return Unsure
	}
	switch v := v.(type) {
	case *ssa.Parameter, *ssa.Phi, *ssa.UnOp, *ssa.FreeVar, *ssa.Const, *ssa.Lookup, *ssa.TypeAssert:
		return Unsure
	case *ssa.ChangeType:
		return x.became(v.X)
	}
	return notNil
}

// answer spells a result that a block returns for those who test it; "" if it may
// be anything.
func (x *extractor) answer(v ssa.Value, at *ssa.BasicBlock) string {
	if c := x.constant(v); c != "" {
		return c
	}
	if nilable(v.Type()) && foundNotNil(v, at) {
		return notNil
	}
	if !types.Identical(v.Type(), types.Universe.Lookup("error").Type()) {
		return ""
	}
	switch v := v.(type) {
	case *ssa.MakeInterface:
		return notNil
	case *ssa.UnOp: // errClosed
		if _, ok := v.X.(*ssa.Global); ok {
			return notNil
		}
	case *ssa.Call:
		if calls(&v.Call, "errors.New") || calls(&v.Call, "fmt.Errorf") || endedBefore(methodOfContext(&v.Call, "Err"), at) {
			return notNil
		}
	}
	return ""
}

// foundNotNil reports whether a block is behind a test that a value is not nil.
func foundNotNil(v ssa.Value, at *ssa.BasicBlock) bool {
	if v.Referrers() == nil {
		return false
	}
	return slices.ContainsFunc(*v.Referrers(), func(ref ssa.Instruction) bool {
		test, edge := nilTest(ref)
		if test == nil {
			return false
		}
		return slices.ContainsFunc(*test.Referrers(), func(ref ssa.Instruction) bool {
			in, ok := ref.(*ssa.If)
			return ok && leadsTo(in, 1-edge, at)
		})
	})
}

// nilTest returns what compares a value with nil, and which way out of a condition on it
// is that of nil; nil for anything else.
func nilTest(v any) (test *ssa.BinOp, edge int) {
	test, ok := v.(*ssa.BinOp)
	switch {
	case !ok || !nilConst(test.X) && !nilConst(test.Y):
		return nil, 0
	case test.Op == token.EQL:
		return test, 0
	case test.Op == token.NEQ:
		return test, 1
	}
	return nil, 0
}

// foundNil reports whether a store to a member is behind a test that it is nil.
func foundNil(in *ssa.Store) bool {
	to, ok := in.Addr.(*ssa.FieldAddr)
	if !ok {
		return false
	}
	for b := in.Block().Idom(); b != nil; b = b.Idom() {
		br, ok := b.Instrs[len(b.Instrs)-1].(*ssa.If)
		if !ok {
			continue
		}
		test, edge := nilTest(br.Cond)
		if test == nil {
			continue
		}
		load, ok := test.X.(*ssa.UnOp)
		if !ok {
			continue
		}
		from, ok := load.X.(*ssa.FieldAddr)
		if ok && from.Field == to.Field && from.X == to.X && leadsTo(br, edge, in.Block()) {
			return true
		}
	}
	return false
}

// zero is what a variable of a type is at first.
func zero(t types.Type) *ssa.Const {
	if b, ok := t.Underlying().(*types.Basic); ok {
		switch {
		case b.Info()&types.IsBoolean != 0:
			return ssa.NewConst(constant.MakeBool(false), t)
		case b.Info()&types.IsInteger != 0:
			return ssa.NewConst(constant.MakeInt64(0), t)
		case b.Info()&types.IsString != 0:
			return ssa.NewConst(constant.MakeString(""), t)
		}
	}
	return ssa.NewConst(nil, t)
}

// leadsTo reports whether one way out of a condition, 0 where it holds, is the
// only way to a block.
func leadsTo(in *ssa.If, edge int, at *ssa.BasicBlock) bool {
	to := in.Block().Succs[edge]
	return len(to.Preds) == 1 && to.Dominates(at)
}

// setsVariable emits that a variable which several functions have is set, if it is
// tested somewhere. Of what a call returns nothing is known: most are errors.
func (x *extractor) setsVariable(addr, v ssa.Value) {
	if !x.shared(addr) || !x.caps.tests[x.caps.variable(addr)] {
		return
	}
	value := cmp.Or(x.constant(v), Unsure)
	if _, ok := v.(*ssa.MakeInterface); ok {
		value = notNil
	}
	x.emit(Event{Kind: Set, Path: x.path(addr), Is: value})
}

// setsMember emits that a member that is tested somewhere is set.
func (x *extractor) setsMember(addr, v ssa.Value) {
	if m := memberOf(addr); m == nil || !x.caps.asks[m] {
		return
	}
	if p := x.path(addr); p.Root.Kind != NoRoot {
		x.emit(Event{Kind: Set, Path: p, Is: x.became(v)})
	}
}

// memberOf is the field or package variable that an address is of; nil for other
// memory.
func memberOf(addr ssa.Value) *types.Var {
	switch a := addr.(type) {
	case *ssa.FieldAddr:
		return structOf(a.X.Type()).Field(a.Field).Origin()
	case *ssa.Global:
		v, _ := a.Object().(*types.Var)
		return v
	}
	return nil
}

func nilable(t types.Type) bool {
	switch t.Underlying().(type) {
	case *types.Pointer, *types.Chan, *types.Map, *types.Slice, *types.Signature, *types.Interface:
		return true
	}
	return false
}
