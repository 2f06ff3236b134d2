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
// code from forgetting it. Reads become Load, writes Store, ++ and += Add.
// An initial value in a composite literal becomes a Store before anybody else
// can see the object.
//
// The fix is for fields of type bool, int32, int64, uint32, uint64, uintptr,
// int, uint and pointers, in structs of modules at go 1.19 or later. It is
// refused where an atomic alone would not do:
//
//   - the value is read, judged and then written (check-then-act);
//   - another field of the struct races too and no atomic can hold it: both
//     belong under one mutex;
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
	f := s.Finding
	st := s.Module.Struct(f.Place.Owner)
	field, tag := fieldOf(st, f.Place)
	if field == nil {
		return nil, "the field is embedded"
	}
	wide, code, reason := atomicType(st.File.Info.TypeOf(field.Type), field, st)
	if reason != "" {
		return nil, reason
	}
	if reason := atomicAllowed(s, st, tag); reason != "" {
		return nil, reason
	}
	a := &atomicEdit{site: s, wide: wide}
	uses := s.Module.Uses(f.Place.Key)
	if reason := checkThenAct(uses); reason != "" {
		return nil, reason
	}
	for _, u := range uses {
		if reason := a.use(u); reason != "" {
			return nil, reason
		}
	}
	a.edits = append(a.edits, rewrite.Retype{Field: f.Place.Decl, Type: code})
	return &rewrite.Fix{
		Title:  fmt.Sprintf("Make %s an %s", f.Place.Name, code.Text),
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

// atomics names the atomic type for each basic type. int and uint have none:
// they get the 64-bit one and a conversion at each access.
var atomics = map[types.BasicKind]string{
	types.Bool: "Bool", types.Int32: "Int32", types.Int64: "Int64", types.Uint32: "Uint32", types.Uint64: "Uint64",
	types.Uintptr: "Uintptr", types.Int: "Int64", types.Uint: "Uint64",
}

// atomicType returns the type that holds a t atomically and, where accesses
// must convert, the type they convert to.
func atomicType(t types.Type, field *ast.Field, st *rewrite.Struct) (wide string, code rewrite.Code, reason string) {
	atomic := func(name string) rewrite.Code {
		return rewrite.Code{Text: "atomic." + name, Imports: []string{"sync/atomic"}}
	}
	switch t := types.Unalias(t).(type) {
	case *types.Basic:
		if name, ok := atomics[t.Kind()]; ok {
			if t.Kind() == types.Int || t.Kind() == types.Uint {
				wide = strings.ToLower(name)
			}
			return wide, atomic(name), ""
		}
	case *types.Pointer:
		if star, ok := field.Type.(*ast.StarExpr); ok {
			return "", atomic("Pointer[" + text(st.File, star.X) + "]"), ""
		}
	}
	return "", rewrite.Code{}, fmt.Sprintf("there is no atomic type for %s", types.TypeString(t, types.RelativeTo(st.File.Pkg)))
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
	if v := s.Module.Variants(name); len(v) > 0 {
		return fmt.Sprintf("%s, which this build leaves out, mentions %s", base(v[0]), name)
	}
	for _, g := range s.Group {
		if g != f && !atomicable(s, g) {
			return fmt.Sprintf("%s races too and can't be atomic: one mutex serves both", g.Place.Name)
		}
	}
	for _, a := range f.Accesses {
		switch {
		case a.Whole && !a.Fresh:
			return fmt.Sprintf("the struct is copied or assigned as a whole at %s:%d", base(a.At.File), a.At.Line)
		case a.Op == rewrite.Address:
			return fmt.Sprintf("the field's address is taken at %s:%d", base(a.At.File), a.At.Line)
		case a.Op == rewrite.Atomic:
			return fmt.Sprintf("%s:%d uses the field with functions of sync/atomic", base(a.At.File), a.At.Line)
		}
	}
	return ""
}

func atomicable(s *rewrite.Site, f *rewrite.Finding) bool {
	st := s.Module.Struct(f.Place.Owner)
	field, _ := fieldOf(st, f.Place)
	if field == nil {
		return false
	}
	_, _, reason := atomicType(st.File.Info.TypeOf(field.Type), field, st)
	return reason == ""
}

// checkThenAct finds functions in which a condition on the field precedes a
// write to it: two atomic steps would not be one.
func checkThenAct(uses []*rewrite.Use) string {
	for _, r := range uses {
		cond := condition(r)
		if cond == nil {
			continue
		}
		for _, w := range uses {
			if writes(w) && function(w) == function(r) && r.File == w.File && w.Path[0].Pos() > r.Path[0].Pos() {
				return fmt.Sprintf("line %d tests the field and line %d then writes it: the two must be one step",
					r.File.Span(r.Path[0]).Line, w.File.Span(w.Path[0]).Line)
			}
		}
	}
	return ""
}

// An atomicEdit rewrites the uses of one field.
type atomicEdit struct {
	site  *rewrite.Site
	wide  string // the type of arguments and results, where it isn't the field's
	edits []rewrite.Edit
}

// use rewrites one mention of the field.
func (a *atomicEdit) use(u *rewrite.Use) string {
	at := func() string { return fmt.Sprintf("%s:%d", base(u.File.Name), u.File.Span(u.Path[0]).Line) }
	if kv, ok := u.Path[0].(*ast.KeyValueExpr); ok {
		return a.literal(u, kv)
	}
	sel, ok := u.Path[0].(*ast.SelectorExpr)
	if !ok {
		return "a composite literal without field names sets it at " + at()
	}
	hole := []rewrite.Span{u.File.Span(sel)}
	switch p := u.Path[1].(type) {
	case *ast.AssignStmt:
		if slices.Contains(p.Lhs, ast.Expr(sel)) {
			return a.assign(u, p, sel)
		}
	case *ast.IncDecStmt:
		arg := "1"
		if p.Tok == token.DEC {
			if a.unsigned(u, sel) {
				return "an unsigned value is counted down at " + at()
			}
			arg = "-1"
		}
		a.replace(u, p, fmt.Sprintf("$0.Add(%s)", arg), hole)
		return ""
	case *ast.UnaryExpr:
		if p.Op == token.AND {
			return "the field's address is taken at " + at()
		}
	case *ast.RangeStmt:
		if p.Key == sel || p.Value == sel {
			return "a range statement assigns the field at " + at()
		}
	}
	load := "$0.Load()"
	if a.wide != "" {
		load = strings.TrimSuffix(a.wide, "64") + "(" + load + ")"
	}
	a.replace(u, sel, load, hole)
	return ""
}

func (a *atomicEdit) unsigned(u *rewrite.Use, e ast.Expr) bool {
	b, ok := u.File.Info.TypeOf(e).Underlying().(*types.Basic)
	return ok && b.Info()&types.IsUnsigned != 0
}

// assign turns x.f = v into x.f.Store(v), and x.f += v into x.f.Add(v).
func (a *atomicEdit) assign(u *rewrite.Use, p *ast.AssignStmt, sel *ast.SelectorExpr) string {
	line := u.File.Span(p).Line
	if len(p.Lhs) != 1 || len(p.Rhs) != 1 {
		return fmt.Sprintf("%s:%d assigns several values at once", base(u.File.Name), line)
	}
	if up := u.Path[2]; !inList(up) {
		return fmt.Sprintf("%s:%d assigns the field in the head of a statement", base(u.File.Name), line)
	}
	if mentions(u, p.Rhs[0]) && p.Tok == token.ASSIGN {
		return fmt.Sprintf("%s:%d computes the field from itself: the two steps must be one", base(u.File.Name), line)
	}
	holes := []rewrite.Span{u.File.Span(sel), u.File.Span(p.Rhs[0])}
	arg := a.arg(u, p.Rhs[0], "$1")
	switch {
	case p.Tok == token.ASSIGN:
		a.replace(u, p, "$0.Store("+arg+")", holes)
	case p.Tok == token.ADD_ASSIGN:
		a.replace(u, p, "$0.Add("+arg+")", holes)
	case p.Tok == token.SUB_ASSIGN && !a.unsigned(u, sel):
		switch p.Rhs[0].(type) {
		case *ast.Ident, *ast.BasicLit, *ast.SelectorExpr, *ast.CallExpr:
		default:
			arg = a.arg(u, p.Rhs[0], "($1)")
		}
		a.replace(u, p, "$0.Add(-"+arg+")", holes)
	default:
		return fmt.Sprintf("%s:%d uses %s, which atomics do not have", base(u.File.Name), line, p.Tok)
	}
	return ""
}

// arg is the code for an argument, converted where the atomic is wider than
// the field was. Untyped constants convert themselves.
func (a *atomicEdit) arg(u *rewrite.Use, e ast.Expr, code string) string {
	if lit, ok := e.(*ast.BasicLit); a.wide == "" || ok && lit.Kind == token.INT {
		return code
	}
	return a.wide + "(" + strings.Trim(code, "()") + ")"
}

// mentions reports whether an expression names the field of the use.
func mentions(u *rewrite.Use, e ast.Expr) bool {
	field := u.File.Info.Selections[u.Path[0].(*ast.SelectorExpr)].Obj()
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if s := u.File.Info.Selections[sel]; s != nil && s.Obj() == field {
				found = true
			}
		}
		return !found
	})
	return found
}

func (a *atomicEdit) replace(u *rewrite.Use, n ast.Node, code string, holes []rewrite.Span) {
	a.edits = append(a.edits, rewrite.Replace{Node: u.File.Span(n), Code: rewrite.Code{Text: code}, Holes: holes})
}

// literal moves an initial value out of a composite literal: below the
// statement that gives the new object a name, or, where it gets none, below a
// new one that does.
func (a *atomicEdit) literal(u *rewrite.Use, kv *ast.KeyValueExpr) string {
	name := shortName(a.site.Finding.Place)
	if zero(kv.Value) {
		a.edits = append(a.edits, rewrite.Drop{Node: u.File.Span(kv)})
		return ""
	}
	lit := u.Path[1].(*ast.CompositeLit)
	var made ast.Expr = lit
	up := u.Path[2:]
	if addr, ok := up[0].(*ast.UnaryExpr); ok && addr.Op == token.AND {
		made, up = addr, up[1:]
	}
	store := func(v string, stmt ast.Stmt, after bool) {
		a.edits = append(a.edits,
			rewrite.Drop{Node: u.File.Span(kv)},
			rewrite.Insert{Stmt: u.File.Span(stmt), After: after, Code: rewrite.Code{Text: v + "." + name + ".Store(" + a.arg(u, kv.Value, "$0") + ")"},
				Holes: []rewrite.Span{u.File.Span(kv.Value)}, Comments: u.File.Span(kv)})
	}
	if !movable(u.File.Info, kv.Value) {
		return fmt.Sprintf("%s:%d computes the initial value: its place in the order of evaluation would change", base(u.File.Name), u.File.Span(kv).Line)
	}
	switch p := up[0].(type) {
	case *ast.AssignStmt:
		if i := slices.Index(p.Rhs, made); i >= 0 && len(p.Lhs) == len(p.Rhs) && inList(up[1]) {
			if v, ok := p.Lhs[i].(*ast.Ident); ok && v.Name != "_" {
				store(v.Name, p, true)
				return ""
			}
		}
	case *ast.ValueSpec:
		if i := slices.Index(p.Values, made); i >= 0 && len(up) > 2 {
			if d, ok := up[2].(*ast.DeclStmt); ok && p.Names[i].Name != "_" {
				store(p.Names[i].Name, d, true)
				return ""
			}
		}
	case *ast.ReturnStmt:
		if made == ast.Expr(lit) {
			break // returned by value: a copy of the atomic
		}
		if other := p.Results; slices.ContainsFunc(other, func(e ast.Expr) bool { return e != made && !movable(u.File.Info, e) }) {
			break
		}
		v := fresh(u, receiverName(u, a.site))
		a.edits = append(a.edits,
			rewrite.Insert{Stmt: u.File.Span(p), Code: rewrite.Code{Text: v + " := $0"}, Holes: []rewrite.Span{u.File.Span(made)}},
			rewrite.Replace{Node: u.File.Span(made), Code: rewrite.Code{Text: v}})
		store(v, p, false)
		return ""
	}
	return fmt.Sprintf("the object made at %s:%d has no name by which its initial value could be stored", base(u.File.Name), u.File.Span(lit).Line)
}

// zero reports whether an expression is the zero value an atomic starts with.
func zero(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name == "false" || e.Name == "nil"
	case *ast.BasicLit:
		return strings.Trim(e.Value, "0x_.") == ""
	}
	return false
}

// movable reports whether evaluating an expression a little later gives the
// same value: constants, and variables nothing in between can change.
func movable(info *types.Info, e ast.Expr) bool {
	ok := true
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if tv := info.Types[n.Fun]; !tv.IsType() && info.Types[n].Value == nil {
				ok = false
			}
		case *ast.UnaryExpr:
			ok = ok && n.Op != token.ARROW
		case *ast.FuncLit:
			ok = false
		}
		return ok
	})
	return ok
}
