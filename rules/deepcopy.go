package rules

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
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

// ownGiven copies a library's map, by its method Clone, where a field of an object is set to
// it by which it is then changed.
//
//	req.Header = header
//	req.Header.Set(k, v)
func ownGiven(s *rewrite.Site) (edits []rewrite.Edit) {
	done := make(map[ast.Expr]bool)
	for _, a := range s.Finding.Accesses {
		if a.Fresh || a.Op != rewrite.WriteElem {
			continue
		}
		f, path := s.Module.Around(a.At)
		field := fieldChanged(path)
		fn := function(&rewrite.Use{File: f, Path: path})
		if field == nil || fn == nil {
			continue // by its own name
		}
		from := setTo(f, fn, field)
		if from == nil || !clones(f.Info.TypeOf(from)) {
			return nil
		}
		if !done[from] {
			done[from] = true
			edits = append(edits, rewrite.Replace{Node: f.Span(from), Code: rewrite.Code{Text: "$0.Clone()"}, Holes: []rewrite.Span{f.Span(from)}})
		}
	}
	return edits
}

// fieldChanged is the field at the innermost place of a path of which a method is called.
func fieldChanged(path []ast.Node) *ast.SelectorExpr {
	for i, n := range path[:max(len(path)-1, 0)] {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if _, method := path[i+1].(*ast.CallExpr); method {
				field, _ := ast.Unparen(sel.X).(*ast.SelectorExpr)
				return field
			}
		}
	}
	return nil
}

// setTo is the variable, or field, to which a function sets a field, once; nil for other
// values.
func setTo(f *rewrite.File, fn ast.Node, field *ast.SelectorExpr) ast.Expr {
	var from ast.Expr
	n := 0
	ast.Inspect(fn, func(node ast.Node) bool {
		as, ok := node.(*ast.AssignStmt)
		if !ok || len(as.Lhs) != len(as.Rhs) {
			return true
		}
		for i, lhs := range as.Lhs {
			if text(f, lhs) == text(f, field) {
				from = as.Rhs[i]
				n++
			}
		}
		return true
	})
	if n != 1 {
		return nil
	}
	switch from.(type) {
	case *ast.Ident, *ast.SelectorExpr:
		return from
	}
	return nil
}

// clones reports whether a type is a map with a method Clone that returns another one.
func clones(t types.Type) bool {
	if _, ok := t.Underlying().(*types.Map); !ok {
		return false
	}
	m, _, _ := types.LookupFieldOrMethod(t, false, nil, "Clone")
	fn, ok := m.(*types.Func)
	return ok && fn.Signature().Params().Len() == 0 && fn.Signature().Results().Len() == 1 && types.Identical(fn.Signature().Results().At(0).Type(), t)
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
	for _, f := range s.Module.Files(st.File.Pkg) {
		for _, d := range f.Syntax.Decls {
			fd, ok := d.(*ast.FuncDecl)
			if !ok || fd.Body == nil || f.Test {
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

// byValue copies what a field holds where a function that takes the lock takes a copy of
// the struct with it.
func byValue(s *rewrite.Site) (edits []rewrite.Edit, reason string) {
	lock, reason := writersLock(s.Finding)
	if reason != "" {
		return nil, ""
	}
	st := s.Module.Struct(s.Finding.Place.Owner)
	field := shortName(s.Finding.Place)
	pkgs := []*types.Package{st.File.Pkg}
	if owner := s.Module.Struct(lock[:lastDot(lock)]); owner != nil && owner.File.Pkg != st.File.Pkg {
		pkgs = append(pkgs, owner.File.Pkg)
	}
	for _, pkg := range pkgs {
		for _, f := range s.Module.Files(pkg) {
			for _, d := range f.Syntax.Decls {
				fd, ok := d.(*ast.FuncDecl)
				if !ok || fd.Body == nil || f.Test || !slices.Contains(s.Module.Calls(f, fd.Body.Pos(), fd.Body.End()).Locks, lock) {
					continue
				}
				more, why := valuesOf(s, f, fd, st.Name, field, lock)
				if why != "" {
					return nil, why
				}
				edits = append(edits, more...)
			}
		}
	}
	return edits, ""
}

// valuesOf gives each copy of a struct that a function makes, of one that others have as
// well, what a field holds for itself.
func valuesOf(s *rewrite.Site, f *rewrite.File, fd *ast.FuncDecl, t *types.TypeName, field, lock string) (edits []rewrite.Edit, reason string) {
	ast.Inspect(fd.Body, func(n ast.Node) bool {
		var from, to ast.Expr
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			for _, e := range n.Results {
				if isValue(f, e, t) && !takenOver(f, fd, e) {
					from = e
				}
			}
		case *ast.AssignStmt:
			if len(n.Lhs) == 1 && len(n.Rhs) == 1 && isValue(f, n.Rhs[0], t) && !takenOver(f, fd, n.Rhs[0]) {
				if id, ok := n.Lhs[0].(*ast.Ident); ok && n.Tok == token.DEFINE && id.Name != "_" && !assigns(f, fd, id.Name+"."+field) &&
					(leavesWhole(f, fd, id) || openIn(s.Finding, f.Span(fd), lock)) {
					from, to = n.Rhs[0], id
				}
			}
		}
		if from == nil || reason != "" {
			return reason == ""
		}
		stmt := n.(ast.Stmt)
		if to != nil {
			code, why := ownField(s, f, text(f, to), f.Info.TypeOf(to), field)
			reason = why
			edits = append(edits, rewrite.Insert{Stmt: f.Span(stmt), After: true, Code: code})
			return false
		}
		name := fresh(&rewrite.Use{File: f, Path: []ast.Node{from, stmt, fd}}, lowerFirst(t.Name()))
		code, why := ownField(s, f, name, f.Info.TypeOf(from), field)
		reason = why
		code.Text = name + " := $0\n" + code.Text
		edits = append(edits, rewrite.Insert{Stmt: f.Span(stmt), Code: code, Holes: []rewrite.Span{f.Span(from)}},
			rewrite.Replace{Node: f.Span(from), Code: rewrite.Code{Text: name}})
		return false
	})
	return edits, reason
}

// leavesWhole reports whether a function uses a variable other than by its fields.
func leavesWhole(f *rewrite.File, fd *ast.FuncDecl, v *ast.Ident) bool {
	whole := make(map[*ast.Ident]bool)
	ast.Inspect(fd.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if id, ok := n.X.(*ast.Ident); ok && f.Info.Selections[n] != nil && f.Info.Selections[n].Kind() == types.FieldVal {
				whole[id] = false
			}
		case *ast.Ident:
			if _, field := whole[n]; !field && n != v && f.Info.Uses[n] == f.Info.Defs[v] {
				whole[n] = true
			}
		}
		return true
	})
	return slices.Contains(slices.Collect(maps.Values(whole)), true)
}

// openIn reports whether a function looks into what the place holds without the lock.
func openIn(f *rewrite.Finding, fn rewrite.Span, lock string) bool {
	return slices.ContainsFunc(f.Accesses, func(a rewrite.Access) bool {
		return fn.Contains(a.At) && !rewrite.Holds(a.Locks, lock)
	})
}

// isValue reports whether an expression is a struct of a type that stays where it is: a
// field, an element, or what a pointer refers to.
func isValue(f *rewrite.File, e ast.Expr, t *types.TypeName) bool {
	named, ok := types.Unalias(f.Info.TypeOf(e)).(*types.Named)
	if !ok || named.Obj() != t {
		return false
	}
	switch ast.Unparen(e).(type) {
	case *ast.SelectorExpr, *ast.StarExpr, *ast.IndexExpr:
		return true
	}
	return false
}

// takenOver reports whether a function sets an expression to something else: what was
// there is no longer shared.
func takenOver(f *rewrite.File, fd *ast.FuncDecl, e ast.Expr) bool {
	return assigns(f, fd, text(f, ast.Unparen(e)))
}
