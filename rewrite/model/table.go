package model

import (
	"crypto/sha256"
	"fmt"
	"go/types"
	"maps"
	"slices"
	"strings"
	"sync"
)

// A Table holds all rows. It never changes; With makes an extended copy.
type Table struct {
	funcs   map[string]Row // by FuncKey
	types   map[string]Row // by import path and name
	fields  map[string]Row // by import path, type and field
	methods map[string]Row // by name and signature
	added   map[string]bool
}

// Rows is a part of a table. Functions are named by FuncKey, types and fields
// by import path and name, methods by MethodKey. Import paths stand without
// major version where all versions behave alike. A key, unless it is a method's,
// may list names that share a row: "(*net/http.ServeMux).{Handle,HandleFunc}".
type Rows struct {
	Funcs, Types, Fields, Methods map[string]Row
}

// Default returns the table of what fixer knows by itself.
func Default() *Table { return standard() }

var standard = sync.OnceValue(func() *Table {
	t := &Table{funcs: map[string]Row{}, types: map[string]Row{}, fields: map[string]Row{}, methods: map[string]Row{}}
	for _, d := range domains {
		t.add(d)
	}
	return t
})

// With returns the table with rows added. They win over those that are there,
// and, for functions, over the bodies in the module under analysis.
func (t *Table) With(rows Rows) *Table {
	next := &Table{funcs: maps.Clone(t.funcs), types: maps.Clone(t.types), fields: maps.Clone(t.fields),
		methods: maps.Clone(t.methods), added: maps.Clone(t.added)}
	if next.added == nil {
		next.added = map[string]bool{}
	}
	next.add(rows)
	for key := range rows.Funcs {
		for _, k := range expand(key) {
			next.added[k] = true
		}
	}
	return next
}

// Digest says what the table holds besides what fixer knows by itself.
func (t *Table) Digest() [sha256.Size]byte {
	h := sha256.New()
	if t != standard() {
		for _, rows := range []map[string]Row{t.funcs, t.types, t.fields, t.methods} {
			for _, key := range slices.Sorted(maps.Keys(rows)) {
				fmt.Fprintf(h, "%q %+v %v\n", key, rows[key], t.added[key])
			}
			fmt.Fprintln(h)
		}
	}
	return [sha256.Size]byte(h.Sum(nil))
}

func (t *Table) add(rows Rows) {
	maps.Copy(t.methods, rows.Methods) // whose braces are Go's
	for _, part := range []struct{ to, from map[string]Row }{
		{t.funcs, rows.Funcs}, {t.types, rows.Types}, {t.fields, rows.Fields},
	} {
		for key, r := range part.from {
			for _, k := range expand(key) {
				part.to[k] = r
			}
		}
	}
}

// expand lists the keys that a key with names in braces stands for.
func expand(key string) []string {
	before, rest, ok := strings.Cut(key, "{")
	if !ok {
		return []string{key}
	}
	names, after, _ := strings.Cut(rest, "}")
	var out []string
	for _, name := range strings.Split(names, ",") {
		out = append(out, expand(before+name+after)...)
	}
	return out
}

// FuncKey names a function as rows do: "time.AfterFunc",
// "(*sync.WaitGroup).Go"; type parameters are left out.
func FuncKey(fn *types.Func) string {
	return withoutTypeArgs(fn.Origin().FullName())
}

// funcs is a set of functions. It holds their plain names besides their keys:
// most functions are none of them by that, and their keys needn't be spelled.
type funcs struct{ keys, names map[string]bool }

func newFuncs(keys ...string) funcs {
	s := funcs{make(map[string]bool), make(map[string]bool)}
	for _, list := range keys {
		for _, key := range expand(list) {
			s.keys[key] = true
			s.names[ownName(key)] = true
		}
	}
	return s
}

func (s funcs) has(fn *types.Func) bool { return s.names[fn.Name()] && s.keys[FuncKey(fn)] }

// hasAny is has for keys that leave out the major version of an import path.
func (s funcs) hasAny(fn *types.Func) bool {
	return s.names[fn.Name()] && s.keys[unversioned(FuncKey(fn))]
}

// unversioned takes the major version out of the import path that a key
// starts with: "(*example.com/a/v2/b.T).M" becomes "(*example.com/a/b.T).M".
func unversioned(key string) string {
	for i := 0; i < len(key); {
		j := strings.Index(key[i:], "/v")
		if j < 0 {
			return key
		}
		start := i + j
		end := start + 2
		for end < len(key) && '0' <= key[end] && key[end] <= '9' {
			end++
		}
		if end > start+2 && end < len(key) && (key[end] == '.' || key[end] == '/') {
			return key[:start] + key[end:]
		}
		i = end
	}
	return key
}

// shortName names a function for people: "http.HandleFunc",
// "errgroup.Group.Go".
func shortName(fn *types.Func) string {
	name := fn.Name()
	if recv := fn.Signature().Recv(); recv != nil {
		t := types.Unalias(recv.Type())
		if p, ok := t.(*types.Pointer); ok {
			t = types.Unalias(p.Elem())
		}
		if n, ok := t.(*types.Named); ok {
			name = n.Obj().Name() + "." + name
		}
	}
	if fn.Pkg() == nil {
		return name
	}
	return fmt.Sprintf("%s.%s", fn.Pkg().Name(), name)
}

// split takes a function's key apart: the import path, the receiver's type or
// "", and the name.
func split(key string) (pkg, recv, name string) {
	if inner, ok := strings.CutPrefix(key, "("); ok {
		inner, name, _ = strings.Cut(strings.TrimPrefix(inner, "*"), ").")
		pkg, recv = Cut(inner)
		return pkg, recv, name
	}
	pkg, name = Cut(key)
	return pkg, "", name
}

// Cut splits off the last name: "import/path.Name" becomes the path and Name.
func Cut(key string) (before, name string) {
	i := strings.LastIndexByte(key, '.')
	if i < 0 {
		return "", key
	}
	return key[:i], key[i+1:]
}

// PackageOf returns the import path in a function's key.
func PackageOf(key string) string {
	pkg, _, _ := split(key)
	return pkg
}

// Lookup finds the function that a key names in its package, and the key under
// which it is declared: a method may be promoted, or have another receiver
// than the key says. It returns nil if there is none.
func Lookup(pkg *types.Package, key string) (fn *types.Func, declared string) {
	_, recv, name := split(key)
	if recv == "" {
		fn, _ = pkg.Scope().Lookup(name).(*types.Func)
	} else if tn, ok := pkg.Scope().Lookup(recv).(*types.TypeName); ok {
		t := tn.Type()
		if !types.IsInterface(t) {
			t = types.NewPointer(t)
		}
		obj, _, _ := types.LookupFieldOrMethod(t, true, pkg, name)
		fn, _ = obj.(*types.Func)
	}
	if fn == nil {
		return nil, ""
	}
	return fn, FuncKey(fn)
}
