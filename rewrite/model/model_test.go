package model

import (
	"go/types"
	"maps"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

// TestKeys looks for rows that are there twice or that nothing can match.
func TestKeys(t *testing.T) {
	for part, of := range map[string]func(Rows) map[string]Row{
		"functions": func(r Rows) map[string]Row { return r.Funcs },
		"types":     func(r Rows) map[string]Row { return r.Types },
		"fields":    func(r Rows) map[string]Row { return r.Fields },
		"methods":   func(r Rows) map[string]Row { return r.Methods },
	} {
		seen := map[string]bool{}
		for _, d := range domains {
			for key, r := range of(d) {
				keys := []string{key}
				if part != "methods" {
					keys = expand(key)
				}
				for _, k := range keys {
					if seen[k] {
						t.Errorf("%s: two rows for %s", part, k)
					}
					seen[k] = true
					if strings.ContainsAny(k, "{} ,") && part != "methods" || unversioned(k) != k && !strings.HasPrefix(k, "math/") {
						t.Errorf("%s: %s can't match", part, k)
					}
				}
				if r.Kind == Unknown {
					t.Errorf("%s: %s says nothing", part, key)
				}
			}
		}
	}
}

// TestStandardLibrary looks every row of the standard library up in it.
func TestStandardLibrary(t *testing.T) {
	table, byPkg := Default(), map[string][]string{}
	for key := range table.funcs {
		pkg, _, _ := split(key)
		if first, _, _ := strings.Cut(pkg, "/"); pkg != "" && !strings.Contains(first, ".") {
			byPkg[pkg] = append(byPkg[pkg], key)
		}
	}
	list, err := packages.Load(&packages.Config{Mode: packages.NeedName | packages.NeedTypes | packages.NeedExportFile}, slices.Sorted(maps.Keys(byPkg))...)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		for _, key := range byPkg[p.PkgPath] {
			fn, declared := Lookup(p.Types, key)
			if declared != key {
				t.Errorf("%s: no such function, but %q", key, declared)
			} else if r, ok := table.row(fn); !ok || r != table.Of(fn) {
				t.Errorf("%s: found as %s, which has no row that fits", key, FuncKey(fn))
			}
		}
	}
}

func TestUnversioned(t *testing.T) {
	for key, want := range map[string]string{
		"(*example.com/a/v2/b.T).M": "(*example.com/a/b.T).M",
		"example.com/a/v12.F":       "example.com/a.F",
		"example.com/a/vx/b.F":      "example.com/a/vx/b.F",
		"example.com/vgo/v3.F":      "example.com/vgo.F",
	} {
		if got := unversioned(key); got != want {
			t.Errorf("unversioned(%s) = %s, want %s", key, got, want)
		}
	}
}

func TestWith(t *testing.T) {
	pkg := types.NewPackage("example.com/pool", "pool")
	pool := types.NewNamed(types.NewTypeName(0, pkg, "Pool", nil), types.NewStruct(nil, nil), nil)
	work := types.NewVar(0, pkg, "work", types.NewSignatureType(nil, nil, nil, nil, nil, false))
	submit := types.NewFunc(0, pkg, "Submit", types.NewSignatureType(types.NewVar(0, pkg, "p", types.NewPointer(pool)), nil, nil,
		types.NewTuple(work), nil, false))
	if r := Default().Of(submit); r.Kind != Slow {
		t.Errorf("an unknown function: %+v", r)
	}
	table := Default().With(Rows{Funcs: map[string]Row{"(*example.com/pool.Pool).Submit": {Kind: Spawn, Arg: 1}}})
	if r, ok := table.Added(submit); !ok || r != table.Of(submit) || r.Kind != Spawn || r.Note != "pool.Pool.Submit" {
		t.Errorf("the added row: %+v, %v", r, ok)
	}
	if _, ok := Default().Added(submit); ok {
		t.Error("the default table has changed")
	}
	table = table.With(Rows{Funcs: map[string]Row{"(*example.com/pool.Pool).Submit": {Kind: Spawn, Arg: 2}}})
	if r := table.Of(submit); r.Kind != Slow {
		t.Errorf("a row for an argument that isn't there: %+v", r)
	}
}

func TestMethodKey(t *testing.T) {
	method := func(param, inner string) *types.Func {
		callback := types.NewSignatureType(nil, nil, nil, types.NewTuple(types.NewVar(0, nil, inner, types.Typ[types.Int])), nil, false)
		return types.NewFunc(0, nil, "Each", types.NewSignatureType(nil, nil, nil, types.NewTuple(types.NewVar(0, nil, param, callback)), nil, false))
	}
	for _, m := range []*types.Func{method("f", "n"), method("", ""), method("g", "")} {
		if key := MethodKey(m); key != "Each(func(int))" {
			t.Errorf("key %s", key)
		}
	}
}

func TestParse(t *testing.T) {
	for name, want := range map[string]string{
		"(*example.com/pool.Pool).Submit":         "(*example.com/pool.Pool).Submit",
		"(*example.com/pool.Pool[int, T]).Submit": "(*example.com/pool.Pool).Submit",
		"(example.com/a.b/v2.I).M":                "(example.com/a.b/v2.I).M",
		"time.AfterFunc":                          "time.AfterFunc",
		"Submit":                                  "",
		"(pool).Submit":                           "",
		"example.com/pool.Pool.Submit()":          "",
		"example.com/pool":                        "",
		"(*example.com/pool.Pool)":                "",
	} {
		if got, err := ParseFunc(name); got != want || (err == nil) != (want != "") {
			t.Errorf("ParseFunc(%s) = %q, %v; want %q", name, got, err, want)
		}
	}
	if ParseType("net/http.HandlerFunc") != nil || ParseType("HandlerFunc") == nil ||
		ParseField("net/http.Server.ConnState") != nil || ParseField("http.ConnState") == nil {
		t.Error("names of types or fields")
	}
	if _, err := ParseMethod("Run"); err == nil {
		t.Error("a method without signature")
	}
	if key, err := ParseMethod("Run(example.com/any/x.T, any, []any) any"); err != nil || key != "Run(example.com/any/x.T, interface{}, []interface{}) interface{}" {
		t.Errorf("a method: %s, %v", key, err)
	}
}

func TestRegistersService(t *testing.T) {
	grpc := types.NewPackage("google.golang.org/grpc", "grpc")
	registrar := types.NewNamed(types.NewTypeName(0, grpc, "ServiceRegistrar", nil), types.NewInterfaceType(nil, nil), nil)
	pb := types.NewPackage("example.com/pb", "pb")
	server := types.NewNamed(types.NewTypeName(0, pb, "GreeterServer", nil), types.NewInterfaceType(nil, nil), nil)
	register := func(name string, params ...types.Type) *types.Func {
		var list []*types.Var
		for _, p := range params {
			list = append(list, types.NewParam(0, pb, "", p))
		}
		return types.NewFunc(0, pb, name, types.NewSignatureType(nil, nil, nil, types.NewTuple(list...), nil, false))
	}
	if r := Default().Of(register("RegisterGreeterServer", registrar, server)); r.Kind != Serves || r.Arg != 1 {
		t.Errorf("a generated function: %+v", r)
	}
	for _, fn := range []*types.Func{
		register("RegisterGreeterServer", server, server),
		register("RegisterGreeterServer", registrar, types.Typ[types.String]),
		register("RegisterGreeterServer", registrar),
		register("NewGreeterServer", registrar, server),
	} {
		if r := Default().Of(fn); r.Kind != Slow {
			t.Errorf("%s: %+v", fn, r)
		}
	}
}
