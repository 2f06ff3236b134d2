package effect

import (
	"go/constant"
	"go/types"
	"strings"

	"golang.org/x/tools/go/ssa"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/model"
)

// printed emits that a call that prints reads every element of the maps and
// slices, and every field of the structs it is given pointers to: "for compound
// operands like structs, the elements are printed using these rules,
// recursively": https://pkg.go.dev/fmt. Only structs that have a lock are looked
// at: they say by it that others are about. What says for itself how it is
// printed is not looked into, nor what a test prints, which it does where it fails.
func (x *extractor) printed(c *ssa.CallCommon, in ssa.Instruction, row model.Row) {
	if row.Kind != model.Reflects || len(c.Args) == 0 {
		return
	}
	operands := variadic(c.Args[len(c.Args)-1])
	verbs, known := []string(nil), true
	if callee := c.StaticCallee(); callee != nil && strings.HasSuffix(callee.Name(), "f") {
		verbs, known = formatVerbs(c)
	}
	for i, v := range operands {
		mi, ok := v.(*ssa.MakeInterface)
		if !ok || !known || verbs != nil && (i >= len(verbs) || !strings.ContainsAny(verbs[i], "vsd")) {
			continue
		}
		x.looksInto(mi.X, in)
		if n := x.pointee(mi.X); n != nil && ownsLock(n) && !printsItself(mi.X.Type()) {
			x.readsWhole(mi.X, in)
		}
	}
}

// logged emits the calls that package slog makes of what it is given: "if a value
// implements LogValuer, its LogValue method is used":
// https://pkg.go.dev/log/slog#LogValuer
func (x *extractor) logged(c *ssa.CallCommon, in ssa.Instruction) {
	if !callsInto(c, "log/slog") {
		return
	}
	last := c.Args[len(c.Args)-1]
	for _, v := range append(variadic(last), last) {
		if mi, ok := v.(*ssa.MakeInterface); ok {
			x.callsOf(mi, []string{"LogValue"}, in)
		}
	}
}

// pointee is the struct type of the module that a value points to; nil if there is none,
// and in tests.
func (x *extractor) pointee(v ssa.Value) *types.Named {
	n := named(v.Type())
	if _, ptr := v.Type().Underlying().(*types.Pointer); !ptr || n == nil || n.Obj().Pkg() == nil || !x.own(n.Obj().Pkg().Path()) || structOf(n) == nil || x.out.Test {
		return nil
	}
	return n
}

// readsWhole emits that a library reads all of the struct that a value points to.
func (x *extractor) readsWhole(v ssa.Value, in ssa.Instruction) {
	if p := x.path(v); p.Root.Kind != NoRoot {
		x.emit(Event{Kind: Access, At: x.pos(in.Pos()), Path: p, Op: rewrite.Read, Whole: TypeKey(v.Type()), Deref: true, Loop: x.loops[x.at]})
	}
}

// looksInto emits that a library reads every element of a map or slice that
// has no methods to say for itself what it is.
func (x *extractor) looksInto(v ssa.Value, in ssa.Instruction) {
	if (isMap(v) || isSlice(v)) && types.NewMethodSet(v.Type()).Len() == 0 {
		x.elem(rewrite.ReadElem, v, in.Pos())
	}
}

// variadic lists the values of the slice that a call makes of its last
// arguments, by their order.
func variadic(v ssa.Value) []ssa.Value {
	s, ok := v.(*ssa.Slice)
	if !ok {
		return nil
	}
	a, ok := s.X.(*ssa.Alloc)
	if !ok || a.Comment != "varargs" {
		return nil
	}
	out := make([]ssa.Value, a.Type().Underlying().(*types.Pointer).Elem().Underlying().(*types.Array).Len())
	for _, r := range *a.Referrers() {
		ia, ok := r.(*ssa.IndexAddr)
		if !ok {
			continue
		}
		i, ok := ia.Index.(*ssa.Const)
		if !ok {
			continue
		}
		for _, r := range *ia.Referrers() {
			if st, ok := r.(*ssa.Store); ok && st.Addr == ia {
				out[i.Int64()] = st.Val
			}
		}
	}
	return out
}

// formatVerbs lists the verbs, with flags, of the format that a call is given;
// ok is false if it isn't constant, or numbers its operands.
func formatVerbs(c *ssa.CallCommon) (verbs []string, ok bool) {
	if len(c.Args) < 2 {
		return nil, false
	}
	k, ok := c.Args[len(c.Args)-2].(*ssa.Const)
	if !ok || k.Value == nil || k.Value.Kind() != constant.String {
		return nil, false
	}
	return rewrite.FormatVerbs(constant.StringVal(k.Value))
}

func ownsLock(n *types.Named) bool {
	st, ok := n.Underlying().(*types.Struct)
	return ok && hasLock(st)
}

// hasLock reports whether a field of a struct is a lock.
func hasLock(st *types.Struct) bool {
	for f := range st.Fields() {
		if isLock(f.Type()) {
			return true
		}
	}
	return false
}

// printsItself reports whether fmt calls a method of the type to print it.
func printsItself(t types.Type) bool {
	ms := types.NewMethodSet(t)
	for _, name := range []string{"Error", "String", "Format", "GoString"} {
		if ms.Lookup(nil, name) != nil {
			return true
		}
	}
	return false
}
