package effect

import (
	"fmt"
	"go/types"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// TypeKey returns the key of the named type that t is or points to, "" for
// types without a name. Instances of a generic type share its key.
func TypeKey(t types.Type) string {
	n := named(t)
	if n == nil {
		return ""
	}
	obj := n.Origin().Obj()
	if obj.Pkg() == nil {
		return obj.Name()
	}
	key := obj.Pkg().Path() + "." + obj.Name()
	if obj.Parent() != obj.Pkg().Scope() && obj.Parent() != nil {
		key += "@" + whereIn(obj) // declared in a function: the name alone isn't unique
	}
	return key
}

// whereIn tells an object declared in a function from others of its package, in
// each run alike: by the order of the file among the package's and the offset
// in the file.
func whereIn(obj types.Object) string {
	file := obj.Parent()
	for file.Parent() != obj.Pkg().Scope() {
		if file = file.Parent(); file == nil {
			return ""
		}
	}
	i := 0
	for f := range obj.Pkg().Scope().Children() {
		if f == file {
			break
		}
		i++
	}
	return fmt.Sprintf("%d-%d", i, obj.Pos()-file.Pos())
}

func named(t types.Type) *types.Named {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	n, _ := types.Unalias(t).(*types.Named)
	return n
}

// structOf returns the struct type that t is or points to.
func structOf(t types.Type) *types.Struct {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	s, _ := t.Underlying().(*types.Struct)
	return s
}

// FieldKey returns the key of the i-th field of the named struct type that t
// is or points to.
func FieldKey(t types.Type, i int) (string, bool) {
	s, key := structOf(t), TypeKey(t)
	if s == nil || key == "" {
		return "", false
	}
	return key + "." + s.Field(i).Name(), true
}

// funcKey returns the key of a function: its full name, and for a literal that
// of the function around it with a counter.
func funcKey(fn *ssa.Function) string {
	if fn.Origin() != nil {
		fn = fn.Origin()
	}
	if p := fn.Parent(); p != nil {
		return funcKey(p) + strings.TrimPrefix(fn.Name(), p.Name())
	}
	if obj, ok := fn.Object().(*types.Func); ok {
		return obj.Origin().FullName()
	}
	return fn.String()
}

// FuncName says a function's name as stack traces and people do.
func FuncName(fn *ssa.Function) string {
	if p := fn.Parent(); p != nil {
		return FuncName(p) + ".func" + strings.TrimPrefix(strings.TrimPrefix(fn.Name(), p.Name()), "$")
	}
	recv := fn.Signature.Recv()
	if recv == nil {
		return fn.Name()
	}
	name := types.TypeString(recv.Type(), func(*types.Package) string { return "" })
	if i := strings.IndexByte(name, '['); i >= 0 {
		name = name[:i]
	}
	if strings.HasPrefix(name, "*") {
		return "(" + name + ")." + fn.Name()
	}
	return name + "." + fn.Name()
}

// inSync reports whether t is a type of package sync or sync/atomic, or
// points to one: such fields guard themselves.
func inSync(t types.Type) bool {
	n := named(t)
	if n == nil || n.Obj().Pkg() == nil {
		return false
	}
	p := n.Obj().Pkg().Path()
	return p == "sync" || p == "sync/atomic"
}

// isLock reports whether t, or a pointer to it, has Lock and Unlock. A struct
// without fields has them for vet's sake only: it can't be locked.
func isLock(t types.Type) bool {
	if st := structOf(t); st != nil && st.NumFields() == 0 {
		return false
	}
	if named(t) == nil {
		switch u := t.Underlying().(type) {
		case *types.Interface, *types.Struct:
		case *types.Pointer:
			if structOf(u) == nil {
				return false
			}
		default:
			return false // no methods
		}
	}
	if _, ok := t.Underlying().(*types.Pointer); !ok {
		if _, ok := t.Underlying().(*types.Interface); !ok {
			t = types.NewPointer(t)
		}
	}
	return offers(t, "Lock") && offers(t, "Unlock")
}

func offers(t types.Type, name string) bool {
	obj, _, _ := types.LookupFieldOrMethod(t, false, nil, name)
	_, ok := obj.(*types.Func)
	return ok
}

// embeddedLock is the key of the field by which a struct, or what points to one,
// is a lock itself; "" if it has none.
func embeddedLock(t types.Type) string {
	i, ok := embedsLock(t)
	if !ok {
		return ""
	}
	key, _ := FieldKey(t, i)
	return key
}

// embedsLock returns the number of that field.
func embedsLock(t types.Type) (i int, ok bool) {
	st := structOf(t)
	for i := 0; st != nil && i < st.NumFields(); i++ {
		if f := st.Field(i); f.Embedded() && isLock(f.Type()) {
			return i, true
		}
	}
	return 0, false
}
