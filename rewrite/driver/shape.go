package driver

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/load"
)

// shape reports the first change to a struct that code can tell which finds
// its way by reflection, or relies on the layout.
func (x *stage) shape(next *load.Program) string {
	for _, r := range x.renewed(next) {
		for _, name := range r.old.Types.Scope().Names() {
			old, was := r.old.Types.Scope().Lookup(name).(*types.TypeName)
			new, is := r.new.Types.Scope().Lookup(name).(*types.TypeName)
			if !was || !is {
				continue
			}
			from, was := old.Type().Underlying().(*types.Struct)
			to, is := new.Type().Underlying().(*types.Struct)
			if !was || !is || old.IsAlias() || types.TypeString(from, nil) == types.TypeString(to, nil) {
				continue
			}
			reason := reflected(name, from, to)
			if reason == "" {
				reason = x.measured(old, slices.ContainsFunc(slices.Collect(to.Fields()), sharesBehind))
			}
			if reason != "" {
				return reason
			}
		}
	}
	return ""
}

// reflected says which exported field, or which tag, of a struct becomes
// another one: encoders go by them.
func reflected(name string, from, to *types.Struct) string {
	fields := func(st *types.Struct) map[string]string {
		all := make(map[string]string)
		for i := range st.NumFields() {
			if f := st.Field(i); f.Exported() || st.Tag(i) != "" {
				all[f.Name()] = types.TypeString(f.Type(), nil) + " " + st.Tag(i)
			}
		}
		return all
	}
	old, now := fields(from), fields(to)
	for f := range from.Fields() {
		if old[f.Name()] != now[f.Name()] {
			return fmt.Sprintf("encoders would see %s.%s as something else", name, f.Name())
		}
	}
	for f := range to.Fields() {
		if old[f.Name()] != now[f.Name()] {
			return fmt.Sprintf("encoders would see %s.%s, which is new", name, f.Name())
		}
	}
	return ""
}

// sharesBehind reports whether a field holds what atomic types keep behind a
// pointer of their own, which reflect.DeepEqual does not follow.
func sharesBehind(f *types.Var) bool {
	n, ok := f.Type().(*types.Named)
	return ok && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == "sync/atomic" && n.Obj().Name() == "Pointer"
}

// A gauge is a function that looks at all that a value consists of.
type gauge struct {
	deep    bool   // through pointers, slices and maps, too
	pointer bool   // and minds only what atomic pointers hide
	why     string // a change in the value's struct would be seen
}

// gauges are such functions by their full name; Sizeof and the others of
// package unsafe are known to the type checker alone.
var gauges = map[string]gauge{
	// https://pkg.go.dev/encoding/binary: fixed-size values, each field written.
	"encoding/binary.Read": {deep: true, why: "reads its fields one by one"}, "encoding/binary.Write": {deep: true, why: "writes its fields one by one"},
	"encoding/binary.Size": {deep: true, why: "counts its fields"}, "encoding/binary.Append": {deep: true, why: "writes its fields one by one"},
	"encoding/binary.Encode": {deep: true, why: "writes its fields one by one"}, "encoding/binary.Decode": {deep: true, why: "reads its fields one by one"},
	// https://pkg.go.dev/github.com/google/go-cmp/cmp#Equal: unexported fields panic.
	"github.com/google/go-cmp/cmp.Equal": {deep: true, why: "panics at fields that it isn't told of"}, "github.com/google/go-cmp/cmp.Diff": {deep: true, why: "panics at fields that it isn't told of"},
	"reflect.DeepEqual":                        {deep: true, pointer: true, why: "doesn't look behind an atomic.Pointer"},
	"github.com/stretchr/testify/assert.Equal": {deep: true, pointer: true, why: "doesn't look behind an atomic.Pointer"}, "github.com/stretchr/testify/require.Equal": {deep: true, pointer: true, why: "doesn't look behind an atomic.Pointer"},
}

// measured says where a struct type is given to something that looks at all its
// fields. Behind says that it has an atomic.Pointer now.
func (x *stage) measured(t *types.TypeName, behind bool) string {
	for _, m := range x.measurings() {
		if m.pointer && !behind {
			continue
		}
		for _, of := range m.of {
			if holdsType(of, t, m.deep, make(map[types.Type]bool)) {
				pos := x.base.prog.Fset.Position(m.at)
				return fmt.Sprintf("%s at %s:%d %s: %s must stay as it is", m.name, filepath.Base(pos.Filename), pos.Line, m.why, t.Name())
			}
		}
	}
	return ""
}

// A measuring is a call of a gauge.
type measuring struct {
	gauge
	name string       // of what is called
	of   []types.Type // of its arguments
	at   token.Pos
}

// measurings lists the calls of gauges in a program.
func measurings(prog *load.Program) (list []measuring) {
	for _, p := range prog.Packages {
		for _, f := range p.Files {
			ast.Inspect(f, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				g, name := gaugeOf(p, call)
				if name == "" {
					return true
				}
				m := measuring{gauge: g, name: name, at: call.Pos()}
				for _, arg := range call.Args {
					if t := p.Info.TypeOf(arg); t != nil {
						m.of = append(m.of, t)
					}
				}
				list = append(list, m)
				return true
			})
		}
	}
	return list
}

// gaugeOf returns what a call measures its arguments with; no name if with
// nothing.
func gaugeOf(p *load.Package, call *ast.CallExpr) (gauge, string) {
	var id *ast.Ident
	switch fun := ast.Unparen(call.Fun).(type) {
	case *ast.Ident:
		id = fun
	case *ast.SelectorExpr:
		id = fun.Sel
	default:
		return gauge{}, ""
	}
	switch o := p.Info.Uses[id].(type) {
	case *types.Func:
		g, ok := gauges[o.FullName()]
		if !ok {
			return gauge{}, ""
		}
		return g, o.Pkg().Name() + "." + o.Name()
	case *types.Builtin:
		if o.Name() == "Sizeof" {
			return gauge{why: "counts its bytes"}, "unsafe.Sizeof"
		}
	case *types.TypeName:
		// The address of a pointer is what old atomic functions take.
		if ptr, ok := p.Info.TypeOf(call.Args[0]).Underlying().(*types.Pointer); ok && o.Pkg() == types.Unsafe && isStruct(ptr.Elem()) {
			return gauge{deep: true, why: "makes its bytes something else"}, "unsafe.Pointer"
		}
	}
	return gauge{}, ""
}

func isStruct(t types.Type) bool {
	_, ok := t.Underlying().(*types.Struct)
	return ok
}

// holdsType reports whether values of a type have a struct in them, or lead to
// one if deep is set.
func holdsType(in types.Type, t *types.TypeName, deep bool, seen map[types.Type]bool) bool {
	if seen[in] {
		return false
	}
	seen[in] = true
	if n, ok := types.Unalias(in).(*types.Named); ok && n.Obj().Name() == t.Name() && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == t.Pkg().Path() {
		return true
	}
	switch u := in.Underlying().(type) {
	case *types.Struct:
		for f := range u.Fields() {
			if holdsType(f.Type(), t, deep, seen) {
				return true
			}
		}
	case *types.Array:
		return holdsType(u.Elem(), t, deep, seen)
	case *types.Pointer:
		return deep && holdsType(u.Elem(), t, deep, seen)
	case *types.Slice:
		return deep && holdsType(u.Elem(), t, deep, seen)
	case *types.Map:
		return deep && (holdsType(u.Key(), t, deep, seen) || holdsType(u.Elem(), t, deep, seen))
	}
	return false
}

// initial reports the first initial value that edits drop and put nowhere else.
func (s *sites) initial(edits []rewrite.Edit) string {
	var moved []rewrite.Span
	for _, e := range edits {
		switch e := e.(type) {
		case rewrite.Insert:
			moved = append(moved, e.Holes...)
		case rewrite.Replace:
			moved = append(moved, e.Holes...)
		}
	}
	for _, e := range edits {
		f, value := s.dropped(e)
		if value == nil || zero(f.Info, value) {
			continue
		}
		span := f.Span(value)
		if !slices.ContainsFunc(moved, func(m rewrite.Span) bool { return m.Contains(span) || span.Contains(m) }) {
			return fmt.Sprintf("the initial value at %s:%d would be lost", filepath.Base(span.File), span.Line)
		}
	}
	return ""
}

// dropped returns the value that a variable or an element of a composite literal
// has no more after an edit.
func (s *sites) dropped(e rewrite.Edit) (*rewrite.File, ast.Expr) {
	switch e.(type) {
	case rewrite.Drop, rewrite.Redeclare:
	default:
		return nil, nil
	}
	f, path := s.Around(e.Anchor())
	if len(path) < 2 {
		return nil, nil
	}
	switch n := path[0].(type) {
	case *ast.KeyValueExpr:
		if lit, ok := path[1].(*ast.CompositeLit); ok && slices.Contains(lit.Elts, ast.Expr(n)) {
			return f, n.Value
		}
	case *ast.Ident:
		if spec, ok := path[1].(*ast.ValueSpec); ok {
			if i := slices.Index(spec.Names, n); i >= 0 && i < len(spec.Values) {
				return f, spec.Values[i]
			}
		}
	}
	return nil, nil
}

// zero reports whether an expression is the zero value of its type.
func zero(info *types.Info, e ast.Expr) bool {
	tv := info.Types[e]
	if tv.IsNil() {
		return true
	}
	if tv.Value == nil {
		lit, ok := ast.Unparen(e).(*ast.CompositeLit)
		return ok && len(lit.Elts) == 0 && tv.Type != nil && (isStruct(tv.Type) || isArray(tv.Type))
	}
	switch tv.Value.Kind() {
	case constant.Bool:
		return !constant.BoolVal(tv.Value)
	case constant.String:
		return constant.StringVal(tv.Value) == ""
	}
	return constant.Compare(tv.Value, token.EQL, constant.MakeInt64(0))
}

func isArray(t types.Type) bool {
	_, ok := t.Underlying().(*types.Array)
	return ok
}
