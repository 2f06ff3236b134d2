package driver

import (
	"fmt"
	"go/types"
	"strings"
)

// surface describes what other packages can tell of one, by compiling and
// vetting: its exported functions and variables, and of the types that these
// lead to the exported fields and methods, whether values may be compared or
// copied, and whether all fields can be given without their names.
func surface(pkg *types.Package) string {
	s := &surveyor{pkg: pkg, seen: make(map[*types.TypeName]bool)}
	for _, name := range pkg.Scope().Names() {
		switch obj := pkg.Scope().Lookup(name).(type) {
		case *types.TypeName:
			if obj.Exported() {
				s.visit(obj.Type())
			}
		case *types.Func, *types.Var:
			if obj.Exported() {
				fmt.Fprintln(&s.out, obj)
				s.visit(obj.Type())
			}
		}
	}
	return s.out.String()
}

type surveyor struct {
	pkg  *types.Package
	seen map[*types.TypeName]bool
	out  strings.Builder
}

// visit describes the types of the package that lead from a type.
func (s *surveyor) visit(t types.Type) {
	switch t := t.(type) {
	case *types.Named:
		for a := range t.TypeArgs().Types() {
			s.visit(a)
		}
		s.named(t.Origin())
	case *types.Alias:
		s.visit(types.Unalias(t))
	case interface{ Elem() types.Type }: // pointers, slices, arrays, maps, channels
		if m, ok := t.(*types.Map); ok {
			s.visit(m.Key())
		}
		s.visit(t.Elem())
	case *types.Struct:
		s.fields(t)
	case *types.Signature:
		s.visit(t.Params())
		s.visit(t.Results())
	case *types.Tuple:
		for v := range t.Variables() {
			s.visit(v.Type())
		}
	case *types.Interface:
		for m := range t.Methods() {
			s.visit(m.Type())
		}
	}
}

func (s *surveyor) named(t *types.Named) {
	obj := t.Obj()
	if obj.Pkg() != s.pkg || s.seen[obj] {
		return
	}
	s.seen[obj] = true
	fmt.Fprintf(&s.out, "type %s: comparable %v, copied %v\n", obj.Name(), types.Comparable(t), copied(t))
	for m := range t.Methods() {
		if m.Exported() {
			fmt.Fprintln(&s.out, m)
			s.visit(m.Type())
		}
	}
	if st, ok := t.Underlying().(*types.Struct); ok {
		s.fields(st)
	} else {
		fmt.Fprintln(&s.out, t.Underlying())
		s.visit(t.Underlying())
	}
}

// fields describes those that can be reached from elsewhere. An embedded one
// promotes what it has.
func (s *surveyor) fields(st *types.Struct) {
	hidden := false
	for i := range st.NumFields() {
		f := st.Field(i)
		if !f.Exported() && !f.Embedded() {
			hidden = true
			continue
		}
		fmt.Fprintln(&s.out, f, st.Tag(i))
		s.visit(f.Type())
	}
	fmt.Fprintln(&s.out, "fields hidden:", hidden)
}

// copied reports whether values of a type may be copied, as vet has it: none
// of its parts has methods Lock and Unlock of pointers.
func copied(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Array:
		return copied(u.Elem())
	case *types.Struct:
		if lockable(t) {
			return false
		}
		for f := range u.Fields() {
			if !copied(f.Type()) {
				return false
			}
		}
	}
	return true
}

func lockable(t types.Type) bool {
	has := func(t types.Type, name string) bool {
		obj, _, _ := types.LookupFieldOrMethod(t, false, nil, name)
		_, ok := obj.(*types.Func)
		return ok
	}
	return has(types.NewPointer(t), "Lock") && has(types.NewPointer(t), "Unlock") && !has(t, "Lock")
}
