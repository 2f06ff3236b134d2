package effect

import (
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rewrite/model"
)

// signature spells a method so that one of an interface and one of a type that
// implements it are spelled alike.
func signature(m *types.Func) string {
	key := model.MethodKey(m)
	if !m.Exported() && m.Pkg() != nil {
		key = m.Pkg().Path() + "." + key
	}
	return key
}

// signatures spells all methods of an interface, sorted.
func signatures(t *types.Interface, signature func(*types.Func) string) string {
	var list []string
	for m := range t.Methods() {
		list = append(list, signature(m)+";")
	}
	slices.Sort(list)
	return strings.Join(list, "")
}

// methods lists the types declared in a package with the methods declared on
// them. Promoted methods are left out: they run on another object.
func methods(p *load.Package, spell *speller) []*Type {
	var out []*Type
	scope := p.Types.Scope()
	for _, name := range scope.Names() {
		tn, ok := scope.Lookup(name).(*types.TypeName)
		if !ok || tn.IsAlias() {
			continue
		}
		n, ok := tn.Type().(*types.Named)
		if !ok || n.NumMethods() == 0 || types.IsInterface(n) {
			continue
		}
		t := &Type{Key: TypeKey(n), Methods: make(map[string]string)}
		for m := range n.Methods() {
			t.Methods[spell.signature(m)] = spell.fullName(m)
		}
		t.WrapsConn = wrapsConn(n, t.Methods, spell)
		out = append(out, t)
	}
	return out
}

// wrapsConn reports whether a type is a net.Conn by methods of its own and those
// of one that it embeds.
func wrapsConn(n *types.Named, own map[string]string, spell *speller) bool {
	st, ok := n.Underlying().(*types.Struct)
	if !ok {
		return false
	}
	promoted := make(map[string]bool)
	for f := range st.Fields() {
		if !f.Embedded() {
			continue
		}
		t := f.Type()
		if !types.IsInterface(t) {
			if _, ok := t.(*types.Pointer); !ok {
				t = types.NewPointer(t)
			}
		}
		for m := range types.NewMethodSet(t).Methods() {
			if fn, ok := m.Obj().(*types.Func); ok && fn.Exported() {
				promoted[spell.signature(fn)] = true
			}
		}
	}
	for key := range own {
		if len(promoted) > 0 && model.ConnMethod(key, func(key string) bool { return own[key] != "" || promoted[key] }) {
			return true
		}
	}
	return false
}

// structs lists the struct types declared in a package's files, and those
// without a name that have a lock of their own, by what holds them.
func structs(fset *token.FileSet, p *load.Package) []*Struct {
	var list []*Struct
	scope := p.Types.Scope()
	for _, name := range scope.Names() {
		switch o := scope.Lookup(name).(type) {
		case *types.TypeName:
			if st, ok := o.Type().Underlying().(*types.Struct); ok && !o.IsAlias() {
				s := describe(TypeKey(o.Type()), o.Exported(), st)
				s.Test = strings.HasSuffix(fset.Position(o.Pos()).Filename, "_test.go")
				list = append(list, s)
				list = append(list, nameless(TypeKey(o.Type()), st)...)
			}
		case *types.Var:
			list = append(list, owned(p.Path+"."+name, o.Type())...)
		}
	}
	return list
}

// nameless lists the struct types without a name that the fields of a struct
// hold.
func nameless(key string, st *types.Struct) []*Struct {
	var list []*Struct
	for f := range st.Fields() {
		list = append(list, owned(key+"."+f.Name(), f.Type())...)
	}
	return list
}

// owned describes the struct type without a name that a field or package
// variable holds, refers to, or has elements of. Where it has no lock, it is a
// part of what holds it.
func owned(key string, t types.Type) []*Struct {
	for {
		switch u := types.Unalias(t).(type) {
		case *types.Pointer:
			t = u.Elem()
		case *types.Slice:
			t = u.Elem()
		case *types.Array:
			t = u.Elem()
		case *types.Map:
			t = u.Elem()
		case *types.Struct:
			list := nameless(key, u)
			if hasLock(u) {
				list = append(list, describe(key, false, u))
			}
			return list
		default:
			return nil
		}
	}
}

func describe(key string, public bool, st *types.Struct) *Struct {
	s := &Struct{Key: key, Public: public}
	for f := range st.Fields() {
		info := FieldInfo{Key: key + "." + f.Name(), Lock: isLock(f.Type())}
		switch f.Type().Underlying().(type) {
		case *types.Pointer, *types.Interface:
			info.Lent = info.Lock
		}
		if n, ok := types.Unalias(f.Type()).(*types.Named); ok && n.Obj().Pkg() != nil {
			info.Atomic = n.Obj().Pkg().Path() == "sync/atomic"
			if _, ok := n.Underlying().(*types.Struct); ok && !info.Atomic {
				info.Struct = TypeKey(n)
			}
		}
		if f.Embedded() {
			info.Embeds = TypeKey(f.Type())
		}
		s.Fields = append(s.Fields, info)
	}
	return s
}
