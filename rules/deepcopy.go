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

// deepcopy: give a copy its own maps and slices
//
// A method Copy or Clone copies the struct, and with it the reference to a map or
// slice that the original goes on to change in place; one that takes the lock returns
// the struct by value, or looks into its copy when it has given the lock back; or a
// constructor puts the map of a package variable into each object, which then changes
// it; or each of several requests gets one http.Header, and sets something in it. All look
// like objects of their own. The fix copies the map or slice as well, with
// maps.Clone or slices.Clone, or its own Clone; nil stays nil. Before Go 1.21 append copies slices,
// and a loop copies maps.
//
// It is refused where sharing may be meant, or a copy would not help:
//
//   - the function takes no lock, and is not called Copy, Clone, Dup, Fork or Snapshot;
//   - the package variable itself is changed by its name;
//   - the elements are maps or slices, or pointers to something other than a
//     struct: the copy would share them.
var deepcopy = &rewrite.Rule{
	Name:  "deepcopy",
	Title: "give a copy its own maps and slices",
	Mends: []rewrite.Kind{rewrite.Field, rewrite.Global, rewrite.Variable},
	Fix:   fixDeepcopy,
}

func fixDeepcopy(s *rewrite.Site) (*rewrite.Fix, string) {
	f := s.Finding
	if f.Sides[0].Access.Op != rewrite.WriteElem {
		return nil, ""
	}
	var edits []rewrite.Edit
	reason := ""
	edits = ownGiven(s)
	switch {
	case len(edits) > 0:
	case f.Kind == rewrite.Global:
		edits, reason = ownDefaults(s)
	case f.Kind == rewrite.Field:
		if edits, reason = ownFields(s); len(edits) == 0 && reason == "" {
			edits, reason = byValue(s)
		}
	}
	if len(edits) == 0 {
		return nil, reason
	}
	return &rewrite.Fix{
		Title:  "Give each copy its own " + shortName(f.Place),
		Places: []string{f.Place.Key}, Safety: rewrite.Safe, Edits: edits,
	}, ""
}

// ownDefaults copies what a package variable holds where an object gets it.
func ownDefaults(s *rewrite.Site) (edits []rewrite.Edit, reason string) {
	changed := ""
	for _, u := range s.Module.Uses(s.Finding.Place.Key) {
		e, ok := mention(u)
		if !ok || u.File.Test {
			continue
		}
		if copyable(u.File.Info.TypeOf(e)) != "" {
			return nil, ""
		}
		if writes(u) || u.Access != nil && u.Access.Op.Writes() && !u.Access.Fresh {
			changed = spot{Use: u, sel: e}.at()
		}
		if !intoField(u) {
			continue
		}
		more, why := ownCopy(s, u, e)
		if why != "" {
			return nil, why
		}
		edits = append(edits, more...)
	}
	if len(edits) > 0 && changed != "" {
		return nil, changed + " changes what all objects have, and may mean all"
	}
	return edits, ""
}

// intoField reports whether a use becomes the value of a field.
func intoField(u *rewrite.Use) bool {
	switch p := u.Path[1].(type) {
	case *ast.KeyValueExpr:
		lit, ok := u.Path[2].(*ast.CompositeLit)
		if !ok || ast.Node(p.Value) != u.Path[0] {
			return false
		}
		_, ok = u.File.Info.TypeOf(lit).Underlying().(*types.Struct)
		return ok
	case *ast.AssignStmt:
		i := slices.Index(p.Rhs, asExpr(u.Path[0]))
		if i < 0 || len(p.Lhs) != len(p.Rhs) || p.Tok != token.ASSIGN {
			return false
		}
		_, ok := p.Lhs[i].(*ast.SelectorExpr)
		return ok
	}
	return false
}

// copies are words in the names of functions that promise a copy.
var copies = []string{"copy", "clone", "dup", "fork", "snapshot"}

// ownFields copies what a field holds where its struct is copied.
func ownFields(s *rewrite.Site) (edits []rewrite.Edit, reason string) {
	st := s.Module.Struct(s.Finding.Place.Owner)
	field := shortName(s.Finding.Place)
	for f, fd := range functions(s.Module, st.File.Pkg) {
		if f.Test {
			continue
		}
		for _, stmt := range fd.Body.List {
			to := copyMade(f, stmt, st.Name)
			if to == nil || assigns(f, fd, text(f, to)+"."+field) {
				continue
			}
			name := strings.ToLower(fd.Name.Name)
			if !slices.ContainsFunc(copies, func(w string) bool { return strings.Contains(name, w) }) {
				return nil, fmt.Sprintf("%s copies the struct at %s:%d, and may mean to share what it holds", fd.Name.Name, base(f.Name), f.Span(stmt).Line)
			}
			code, why := ownField(s, f, text(f, to), f.Info.TypeOf(to), field)
			if why != "" {
				return nil, why
			}
			edits = append(edits, rewrite.Insert{Stmt: f.Span(stmt), After: true, Code: code})
		}
	}
	return edits, ""
}

// copyMade returns the variable that a statement lets be, or point to, a copy of
// a struct, nil if it makes none.
func copyMade(f *rewrite.File, s ast.Stmt, t *types.TypeName) ast.Expr {
	as, ok := s.(*ast.AssignStmt)
	if !ok || len(as.Lhs) != 1 || len(as.Rhs) != 1 {
		return nil
	}
	from, ok := as.Rhs[0].(*ast.StarExpr)
	if !ok {
		return nil
	}
	named, ok := types.Unalias(f.Info.TypeOf(from)).(*types.Named)
	if !ok || named.Obj() != t {
		return nil
	}
	to := as.Lhs[0]
	if star, ok := to.(*ast.StarExpr); ok {
		to = star.X
	}
	if id, ok := to.(*ast.Ident); ok && id.Name != "_" {
		return id
	}
	return nil
}

// ownField is code that lets a field of a variable of a type hold a copy of what it holds.
func ownField(s *rewrite.Site, f *rewrite.File, of string, t types.Type, field string) (rewrite.Code, string) {
	obj, _, _ := types.LookupFieldOrMethod(t, true, f.Pkg, field)
	if obj == nil {
		return rewrite.Code{}, "the field is not to be seen"
	}
	expr := of + "." + field
	if why := copyable(obj.Type()); why != "" {
		return rewrite.Code{}, why
	}
	return copyOfVariable(s, f, expr, obj.Type()), ""
}

// copyOfVariable is code that lets a variable, or a field of one, hold a copy of the map
// or slice that it holds.
func copyOfVariable(s *rewrite.Site, f *rewrite.File, expr string, t types.Type) rewrite.Code {
	_, isMap := t.Underlying().(*types.Map)
	switch recent := goAtLeast(s.Module.GoVersion(f), 21); {
	case isMap && recent:
		return rewrite.Code{Text: fmt.Sprintf("%[1]s = maps.Clone(%[1]s)", expr), Imports: []string{"maps"}}
	case recent:
		return rewrite.Code{Text: fmt.Sprintf("%[1]s = slices.Clone(%[1]s)", expr), Imports: []string{"slices"}}
	case !isMap:
		return rewrite.Code{Text: fmt.Sprintf("%[1]s = append(%[1]s[:0:0], %[1]s...)", expr)}
	}
	typ, imports := typeText(f, t)
	return rewrite.Code{Imports: imports, Text: fmt.Sprintf("if shared := %[1]s; shared != nil {\n%[1]s = make(%[2]s, len(shared))\nfor k, v := range shared {\n%[1]s[k] = v\n}\n}", expr, typ)}
}
