package rules

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// atomicfield: make the field a type of sync/atomic
//
// A flag or a counter that one goroutine writes and others read needs no
// mutex: a typed atomic makes every access safe, and the type keeps later
// code from forgetting it. Reads become Load, writes Store, ++ and += Add;
// what belongs together stays together: a counter that is raised and then
// read uses the result of Add, a value that is read and then replaced comes
// from Swap, a test for one constant and the write of another that depends on
// it become CompareAndSwap, and a pointer that a function reads several times
// is loaded once. Where some accesses call functions of sync/atomic already, the
// field keeps its type, and the others call such functions too, a copy of the whole
// struct for each of its fields; or, if that does not do, all of them become methods.
// What is computed from the field itself may be, if one lock keeps those apart who
// change it. An initial value in a composite literal becomes a Store before
// anybody else can see the object.
//
// The fix is for fields of type bool, int32, int64, uint32, uint64, uintptr,
// int, uint, types made from these, and pointers, in structs of modules at go
// 1.19 or later. It is refused where an atomic alone would not do:
//
//   - the value is read, judged and then written in other ways, unless one section of
//     a lock holds all of it together;
//   - another field of the struct races too, and no atomic can hold it or
//     the two change together: both belong under one mutex;
//   - the field is exported, or tagged, so that others or encoders use it;
//   - its address is taken, or the struct is copied or compared as a whole;
//   - a file for another platform or build tag mentions it.
var atomicfield = &rewrite.Rule{
	Name:  "atomicfield",
	Title: "make a racy bool, integer or pointer field atomic",
	Mends: []rewrite.Kind{rewrite.Field},
	Fix:   fixAtomic,
}

func fixAtomic(s *rewrite.Site) (*rewrite.Fix, string) {
	if fix, _ := fixCalls(s); fix != nil {
		return fix, ""
	}
	f := s.Finding
	if f.Outside != "" {
		return nil, "only tests get there without " + rewrite.ShortKey(f.Outside)
	}
	st := s.Module.Struct(f.Place.Owner)
	field, tag := fieldOf(st, f.Place)
	if field == nil {
		return nil, "the field is embedded"
	}
	a, reason := atomicType(st.File.Info.TypeOf(field.Type), field, st)
	if reason != "" {
		return nil, reason
	}
	if reason := atomicAllowed(s, st, tag); reason != "" {
		return nil, reason
	}
	a.site = s
	uses := s.Module.Uses(f.Place.Key)
	if reason := splitByCall(s, f.Place.Key, "", noUse); reason != "" {
		return nil, reason
	}
	if reason := a.all(uses); reason != "" {
		return nil, reason
	}
	a.edits = append(a.edits, rewrite.Retype{Field: f.Place.Decl, Type: a.code})
	return &rewrite.Fix{
		Title:  fmt.Sprintf("Make %s an %s", f.Place.Name, a.code.Text),
		Places: []string{f.Place.Key}, Safety: rewrite.Safe, Edits: a.edits,
	}, ""
}

// fieldOf finds the declaration of a place in its struct.
func fieldOf(st *rewrite.Struct, p rewrite.Place) (*ast.Field, *ast.BasicLit) {
	for _, fl := range st.Type.Fields.List {
		for _, id := range fl.Names {
			if st.File.Span(id) == p.Decl {
				return fl, fl.Tag
			}
		}
	}
	return nil, nil
}

// An atomicEdit rewrites the uses of one field.
type atomicEdit struct {
	site *rewrite.Site
	code rewrite.Code // the atomic type
	// The atomic of an int, or of a type made from a basic one, holds a wide
	// value; the field had a narrow one, and accesses convert. "" if they are
	// the same.
	wide, narrow string
	imports      []string // for narrow
	value        string   // the type the atomic holds
	pointer      bool
	functions    string // how the names of functions of sync/atomic end that are called instead of methods; "" for none
	apart        bool   // a lock keeps those apart who change it
	edits        []rewrite.Edit
	done         map[*rewrite.Use]bool // rewritten together with another use
	names        map[ast.Node][]string // variables made so far, by function
}

// atomics names the atomic type for each basic type. int and uint have none:
// they get the 64-bit one and a conversion at each access.
var atomics = map[types.BasicKind]string{
	types.Bool: "Bool", types.Int32: "Int32", types.Int64: "Int64", types.Uint32: "Uint32", types.Uint64: "Uint64",
	types.Uintptr: "Uintptr", types.Int: "Int64", types.Uint: "Uint64",
}

// atomicType chooses the type that holds a t atomically.
func atomicType(declared types.Type, field *ast.Field, st *rewrite.Struct) (*atomicEdit, string) {
	a := &atomicEdit{done: make(map[*rewrite.Use]bool), names: make(map[ast.Node][]string)}
	use := func(name string) { a.code = rewrite.Code{Text: "atomic." + name, Imports: []string{"sync/atomic"}} }
	switch t := types.Unalias(declared).(type) {
	case *types.Basic:
		if name, ok := atomics[t.Kind()]; ok {
			use(name)
			a.value = strings.ToLower(name)
			if a.value != t.Name() && t.Kind() != types.Int32 { // a rune is an int32
				a.wide, a.narrow = a.value, t.Name()
			}
			return a, ""
		}
	case *types.Pointer:
		if star, ok := field.Type.(*ast.StarExpr); ok {
			use("Pointer[" + text(st.File, star.X) + "]")
			a.pointer = true
			return a, ""
		}
	case *types.Named:
		b, ok := t.Underlying().(*types.Basic)
		if !ok || t.TypeArgs().Len() > 0 || atomics[b.Kind()] == "" {
			break
		}
		use(atomics[b.Kind()])
		a.value = strings.ToLower(atomics[b.Kind()])
		name := t.Obj()
		if alias, ok := declared.(*types.Alias); ok {
			name = alias.Obj() // its own package may be internal to another one
		}
		a.wide, a.narrow = a.value, name.Name()
		if p := name.Pkg(); p != nil && p != st.File.Pkg {
			a.narrow = p.Name() + "." + a.narrow
			a.imports = []string{p.Path()}
		}
		return a, ""
	}
	return nil, fmt.Sprintf("there is no atomic type for %s", types.TypeString(declared, types.RelativeTo(st.File.Pkg)))
}

// servable reports whether a new mutex of the struct could serve a field that races:
// one that has none, where it could be held.
func servable(s *rewrite.Site, st *rewrite.Struct, f *rewrite.Finding) bool {
	if _, guarded := guardOf(s, f); guarded {
		return false
	}
	_, reason := oneMutex(&rewrite.Site{Finding: f, Group: []*rewrite.Finding{f}, Module: s.Module}, st, []*rewrite.Finding{f})
	return reason == ""
}

// atomicAllowed gives the reasons that have nothing to do with single uses.
func atomicAllowed(s *rewrite.Site, st *rewrite.Struct, tag *ast.BasicLit) string {
	f := s.Finding
	name := shortName(f.Place)
	switch {
	case !goAtLeast(s.Module.GoVersion(st.File), 19):
		return "typed atomics need go 1.19 in go.mod"
	case ast.IsExported(name):
		return "the field is exported: changing its type changes the API"
	case tag != nil:
		return "the field has a tag: encoders read it by its type"
	}
	if v, ok := outerGuard(s, f); ok {
		return fmt.Sprintf("%s guards it together with the rest of its struct", rewrite.ShortKey(v.Lock))
	}
	for _, g := range s.Group {
		if g == f {
			continue
		}
		if together(s, f, g) {
			return fmt.Sprintf("%s changes together with it: one mutex serves both", g.Place.Name)
		}
		if !atomicable(s, g) && !public(s, g) && (changeAtOnce(s, f, g) || servable(s, st, g)) {
			return fmt.Sprintf("%s races too and can't be atomic: one mutex serves both", g.Place.Name)
		}
	}
	leads := strings.HasPrefix(f.Place.Type, "*")
	named := make(map[rewrite.Span]bool)
	for _, u := range s.Module.Uses(f.Place.Key) {
		named[u.File.Span(u.Path[0])] = true
		if addr, ok := u.Path[1].(*ast.UnaryExpr); ok && addr.Op == token.AND && atomicCall(u) == nil {
			return fmt.Sprintf("the field's address is taken at %s:%d", base(u.File.Name), u.File.Span(addr).Line)
		}
	}
	for _, a := range f.Accesses {
		switch {
		case leads && !a.Fresh && a.Op == rewrite.WriteElem:
			return fmt.Sprintf("%s:%d changes what it leads to", base(a.At.File), a.At.Line)
		case leads && !named[a.At] && !a.Fresh && a.Op.Writes():
			return fmt.Sprintf("%s:%d changes what it leads to, by another name", base(a.At.File), a.At.Line)
		case a.Whole && !a.Fresh:
			return fmt.Sprintf("the struct is copied or assigned as a whole at %s:%d", base(a.At.File), a.At.Line)
		case a.Op == rewrite.Address:
			return fmt.Sprintf("the field's address is taken at %s:%d", base(a.At.File), a.At.Line)
		}
	}
	return ""
}

// atomicable reports whether an atomic can hold a field of the group, as far
// as its type and the other fields of the group are concerned.
func atomicable(s *rewrite.Site, f *rewrite.Finding) bool {
	st := s.Module.Struct(f.Place.Owner)
	field, _ := fieldOf(st, f.Place)
	if field == nil {
		return false
	}
	if _, reason := atomicType(st.File.Info.TypeOf(field.Type), field, st); reason != "" {
		return false
	}
	return f == s.Finding || !slices.ContainsFunc(s.Group, func(g *rewrite.Finding) bool {
		return g != f && together(s, f, g)
	})
}

// together reports whether two fields change together: they are written side
// by side, and somewhere else read side by side, so that readers would see one
// changed without the other. Counters may be read a little apart, unless one
// expression is computed from both.
func together(s *rewrite.Site, f, g *rewrite.Finding) bool {
	written, stored, read, computed := sideBySide(s, f, g)
	return written && (stored && read || computed)
}

// sideBySide tells whether two fields are written in one list of statements,
// by plain assignments perhaps, and whether one function reads both, to compute
// one thing from both perhaps.
func sideBySide(s *rewrite.Site, f, g *rewrite.Finding) (written, stored, read, computed bool) {
	var us, vs []spot
	for _, u := range s.Module.Uses(f.Place.Key) {
		if sel, ok := mention(u); ok && !u.File.Test {
			us = append(us, spot{Use: u, sel: sel, write: writes(u)})
		}
	}
	for _, v := range s.Module.Uses(g.Place.Key) {
		if sel, ok := mention(v); ok && !v.File.Test {
			vs = append(vs, spot{Use: v, sel: sel, write: writes(v)})
		}
	}
	for _, u := range us {
		for _, v := range vs {
			if function(u.Use) != function(v.Use) || u.objectText() != v.objectText() {
				continue
			}
			switch {
			case u.write && v.write && (sameList(u, v) || sameList(v, u)):
				written = true
				stored = stored || !compound(u) && !compound(v)
			case !u.write && !v.write:
				read = true
				for _, n := range u.Path {
					if b, ok := n.(*ast.BinaryExpr); ok && contains(b, v.sel) && b.Op != token.LAND && b.Op != token.LOR {
						computed = true
					}
				}
			}
		}
	}
	return written, stored, read, computed
}
