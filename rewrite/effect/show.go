package effect

import (
	"go/token"
	"go/types"
	"reflect"
	"strings"

	"golang.org/x/tools/go/ssa"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/model"
)

// maxShown bounds how deep an encoder is followed into what it is given, and manyShown
// how much of it is looked at: some objects have thousands of fields.
const (
	maxShown  = 4
	manyShown = 300
)

// A showing is one call of an encoder: it reads every element of the maps and slices it
// is given, and the exported fields of structs, unless these say for themselves what
// they are.
type showing struct {
	x    *extractor
	as   Event     // of each access
	pos  token.Pos // of the call
	seen int       // accesses emitted so far
}

// encoded emits what a call that encodes reads.
func (x *extractor) encoded(c *ssa.CallCommon, in ssa.Instruction) {
	fn := calledFunc(c)
	if fn == nil || !model.Encodes(fn) {
		return
	}
	s := showing{x, Event{Kind: Access, At: x.pos(in.Pos()), Loop: x.loops[in.Block()]}, in.Pos(), 0}
	for _, a := range c.Args {
		if types.IsInterface(a.Type()) {
			s.value(a, 0)
		}
	}
}

// decoded emits that a call that decodes writes what it is given pointers to.
func (x *extractor) decoded(c *ssa.CallCommon, in ssa.Instruction) {
	fn := calledFunc(c)
	if fn == nil || !model.Decodes(fn) {
		return
	}
	for _, a := range c.Args {
		mi, ok := a.(*ssa.MakeInterface)
		if !ok {
			continue
		}
		if _, ok := mi.X.Type().Underlying().(*types.Pointer); ok {
			n := len(x.blk.Events)
			x.access(rewrite.Write, mi.X, in.Pos())
			x.note(n, fn.Name())
		}
	}
}

// handsOn emits what a call reads of the values that it is given as interfaces without
// methods, if it gives them to an encoder.
func (x *extractor) handsOn(c *ssa.CallCommon, fn Value, in ssa.Instruction) {
	if fn.Func == "" || c.IsInvoke() || x.out.Test {
		return
	}
	s := showing{x, Event{Kind: Show, At: x.pos(in.Pos()), Fn: Value{Func: fn.Func}, Loop: x.loops[in.Block()]}, in.Pos(), 0}
	for i, a := range c.Args {
		if t, ok := a.Type().Underlying().(*types.Interface); ok && t.NumMethods() == 0 {
			s.as.ID = i
			s.value(a, 0)
		}
	}
}

// value emits what is read of a value: of one made here what it was given.
func (s *showing) value(v ssa.Value, depth int) {
	if depth > maxShown {
		return
	}
	switch w := v.(type) {
	case *ssa.MakeInterface:
		s.value(w.X, depth)
		return
	case *ssa.Parameter:
		if types.IsInterface(w.Type()) {
			e := s.as
			e.Kind, e.Path = Show, s.x.path(w)
			s.x.emit(e)
			return
		}
	case *ssa.MakeMap:
		for _, r := range *w.Referrers() {
			if put, ok := r.(*ssa.MapUpdate); ok && put.Map == w {
				s.value(put.Value, depth+1)
			}
		}
		return
	case *ssa.ChangeType:
		if _, ok := w.X.(*ssa.MakeMap); ok {
			s.value(w.X, depth)
			return
		}
	case *ssa.Alloc:
		s.given(w, depth)
	case *ssa.UnOp:
		if a, ok := w.X.(*ssa.Alloc); ok {
			s.given(a, depth)
		}
	}
	at := s.as.At
	if isMap(v) || isSlice(v) {
		if p := s.x.gathered(v); p.Root.Kind != NoRoot {
			s.memory(p, elemOf(v.Type()), depth+1)
			return
		}
		s.as.At = s.x.source(v, s.pos)
	}
	s.memory(s.x.path(v), v.Type(), depth)
	s.as.At = at
}

// given emits what is read of what the fields of a struct are given that is made here.
func (s *showing) given(a *ssa.Alloc, depth int) {
	if structOf(a.Type()) == nil {
		return
	}
	for _, r := range *a.Referrers() {
		fa, ok := r.(*ssa.FieldAddr)
		if !ok || !shownField(structOf(a.Type()), fa.Field) {
			continue
		}
		for _, r := range *fa.Referrers() {
			if st, ok := r.(*ssa.Store); ok && st.Addr == fa {
				s.value(st.Val, depth+1)
			}
		}
	}
}

// memory emits what is read of a value of a type that a path names, or names what it
// refers to.
func (s *showing) memory(p Path, t types.Type, depth int) {
	if depth > maxShown || s.seen > manyShown || p.Root.Kind == NoRoot || encodesItself(t) {
		return
	}
	switch u := t.Underlying().(type) {
	case *types.Pointer:
		if structOf(u) != nil && s.ours(u.Elem()) {
			s.fields(p, u.Elem(), true, depth)
		}
	case *types.Struct:
		if s.ours(t) {
			s.fields(p, t, false, depth)
		}
	case *types.Map, *types.Slice:
		s.elements(p, elemOf(t), depth)
	}
}

// elements emits that all elements of what a path names are read, and what they refer to.
func (s *showing) elements(p Path, t types.Type, depth int) {
	p = with(p, Elem)
	_, array := t.Underlying().(*types.Array)
	st, _ := t.Underlying().(*types.Struct)
	s.read(p, rewrite.ReadElem, array || st != nil)
	if refers(t) {
		p = with(p, Deref)
	}
	s.memory(p, t, depth+1)
}

// fields emits what is read of the fields of a struct: of a copy only what they refer to.
func (s *showing) fields(p Path, t types.Type, shared bool, depth int) {
	if s.x.out.Test {
		return // one looks at what it has waited for
	}
	st := structOf(t)
	for i := range st.NumFields() {
		key, ok := s.x.spell.fieldKey(t, i)
		if !ok || !shownField(st, i) {
			continue
		}
		f := st.Field(i).Type()
		q := with(p, key)
		_, inner := f.Underlying().(*types.Struct)
		switch {
		case inner && s.ours(f) && !encodesItself(f):
			s.fields(q, f, shared, depth+1)
			continue
		case shared:
			_, array := f.Underlying().(*types.Array)
			s.read(q, rewrite.Read, array || inner)
		}
		if refers(f) {
			s.memory(with(q, Deref), f, depth+1)
		}
	}
}

func (s *showing) read(p Path, op rewrite.Op, covers bool) {
	if s.seen++; s.seen > manyShown {
		return
	}
	e := s.as
	e.Path, e.Op, e.Covers = p, op, covers
	s.x.emit(e)
}

// ours reports whether a type is a struct type of the module that has a name.
func (s *showing) ours(t types.Type) bool {
	n := named(t)
	return n != nil && n.Obj().Pkg() != nil && s.x.own(n.Obj().Pkg().Path())
}

// shownField reports whether encoders look at a field: "each exported struct field
// becomes a member of the object [...] if the field tag is "-", the field is always
// omitted": https://pkg.go.dev/encoding/json#Marshal
func shownField(st *types.Struct, i int) bool {
	f := st.Field(i)
	name, _, _ := strings.Cut(reflect.StructTag(st.Tag(i)).Get("json"), ",")
	return (f.Exported() || f.Embedded()) && name != "-"
}

// encodesItself reports whether encoders call a method of the type to encode it.
func encodesItself(t types.Type) bool {
	for m := range types.NewMethodSet(t).Methods() {
		if name := m.Obj().Name(); model.Prints(name) || strings.HasSuffix(name, "Encode") {
			return true
		}
	}
	return false
}
