package rules

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// A variable is one of a function that a finding is about, with its
// declaration.
type variable struct {
	site *rewrite.Site
	file *rewrite.File
	obj  *types.Var
	path []ast.Node // around the name in its declaration, innermost first
	uses []*rewrite.Use
}

// variableOf finds the variable of a function that races, or says why it is
// not one that a rule can do anything for.
func variableOf(s *rewrite.Site) (*variable, string) {
	v := &variable{site: s, uses: s.Module.Uses(s.Finding.Place.Key)}
	if len(v.uses) == 0 {
		return nil, "what races has no name"
	}
	v.file = v.uses[0].File
	v.obj, _ = v.file.Info.ObjectOf(v.uses[0].Path[0].(*ast.Ident)).(*types.Var)
	if v.obj == nil {
		return nil, "what races is not a variable"
	}
	ast.PreorderStack(v.file.Syntax, nil, func(n ast.Node, up []ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && id.Pos() == v.obj.Pos() {
			v.path = append(slices.Clone(up), n)
			slices.Reverse(v.path)
		}
		return v.path == nil && n.Pos() <= v.obj.Pos() && v.obj.Pos() < n.End()
	})
	if v.path == nil || v.owner() == nil {
		return nil, "its declaration is not in a function"
	}
	for _, a := range s.Finding.Accesses {
		if a.Races && (a.Op == rewrite.Close || a.Op == rewrite.Send) {
			return nil, "the end of a channel needs an order, not a lock"
		}
		if a.Races && !v.named(a) && !a.At.Contains(v.file.Span(v.path[0])) {
			if v.result() {
				continue // a return sets or reads it
			}
			return nil, fmt.Sprintf("%s:%d reaches it by another name", base(a.At.File), a.At.Line)
		}
	}
	return v, v.handedIn()
}

// named reports whether an access is where the variable is mentioned.
func (v *variable) named(a rewrite.Access) bool {
	return slices.ContainsFunc(v.uses, func(u *rewrite.Use) bool { return a.At.Contains(u.File.Span(u.Path[0])) })
}

// handedIn refuses what the variable only leads to, if others may have that
// too: then nothing that belongs to the variable can guard it.
func (v *variable) handedIn() string {
	if !slices.ContainsFunc(v.site.Finding.Accesses, func(a rewrite.Access) bool {
		return a.Races && (a.Op == rewrite.ReadElem || a.Op == rewrite.WriteElem)
	}) {
		_, set := v.returnThatSets()
		if p, ok := v.obj.Type().Underlying().(*types.Pointer); ok && !set && !v.assigned() {
			return fmt.Sprintf("what races is behind a pointer: the %s", types.TypeString(p.Elem(), types.RelativeTo(v.file.Pkg)))
		}
		return ""
	}
	if _, ok := v.obj.Type().Underlying().(*types.Array); ok {
		return ""
	}
	if v.parameter() {
		return "what it holds comes from the caller, who may use it at the same time"
	}
	for _, e := range v.values() {
		if !v.makes(e) {
			return fmt.Sprintf("what it holds comes from elsewhere at %s:%d, and others may use that at the same time", base(v.file.Name), v.file.Span(e).Line)
		}
	}
	return ""
}

// assigned reports whether a racing access assigns the variable itself.
func (v *variable) assigned() bool {
	return slices.ContainsFunc(v.uses, func(u *rewrite.Use) bool {
		if len(u.Path) < 2 || u.Access == nil || !u.Access.Races {
			return false
		}
		as, ok := u.Path[1].(*ast.AssignStmt)
		return ok && slices.Contains(as.Lhs, u.Path[0].(ast.Expr))
	})
}

// values lists what the variable is set to.
func (v *variable) values() []ast.Expr {
	var out []ast.Expr
	add := func(lhs []ast.Expr, rhs []ast.Expr, id ast.Node) {
		for i, l := range lhs {
			if ast.Node(l) != id {
				continue
			}
			if len(lhs) == len(rhs) {
				out = append(out, rhs[i])
			} else {
				out = append(out, rhs...)
			}
		}
	}
	switch d := v.path[1].(type) {
	case *ast.AssignStmt:
		add(d.Lhs, d.Rhs, v.path[0])
	case *ast.ValueSpec:
		for i, id := range d.Names {
			if ast.Node(id) == v.path[0] && len(d.Values) == len(d.Names) {
				out = append(out, d.Values[i])
			} else if ast.Node(id) == v.path[0] {
				out = append(out, d.Values...)
			}
		}
	case *ast.RangeStmt:
		out = append(out, d.X)
	}
	for _, u := range v.uses {
		if as, ok := u.Path[1].(*ast.AssignStmt); ok {
			add(as.Lhs, as.Rhs, u.Path[0])
		}
	}
	return out
}

// makes reports whether an expression is a new map or slice, or the variable's
// own grown.
func (v *variable) makes(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.CompositeLit:
		return true
	case *ast.Ident:
		return e.Name == "nil"
	case *ast.SliceExpr:
		id, ok := e.X.(*ast.Ident)
		return ok && v.file.Info.Uses[id] == v.obj
	case *ast.CallExpr:
		id, ok := e.Fun.(*ast.Ident)
		if !ok || !v.file.Info.Types[e.Fun].IsBuiltin() {
			return false
		}
		if id.Name == "append" {
			x, ok := e.Args[0].(*ast.Ident)
			return ok && v.file.Info.Uses[x] == v.obj
		}
		return id.Name == "make"
	}
	return false
}

// owner is the function that declares the variable.
func (v *variable) owner() ast.Node { return function(&rewrite.Use{Path: v.path}) }

// outermost is the declaration of the function all of its mentions are in.
func (v *variable) outermost() *ast.FuncDecl {
	for _, n := range v.path {
		if fd, ok := n.(*ast.FuncDecl); ok {
			return fd
		}
	}
	return nil
}

// parameter reports whether the variable is a parameter or result.
func (v *variable) parameter() bool {
	_, ok := v.path[1].(*ast.Field)
	return ok
}

// statement returns the statement of a list above which what belongs to the
// variable can be declared.
func (v *variable) statement() ast.Stmt {
	if v.parameter() {
		return body(v.owner()).List[0]
	}
	for i, n := range v.path[1:] {
		stmt, ok := n.(ast.Stmt)
		if up := v.path[i+2]; ok && inList(up) && !clause(stmt) && slices.Contains(list(up), stmt) {
			return stmt
		}
	}
	return nil
}

// grouped reports whether the variable stands in a group of declarations.
func (v *variable) grouped() bool {
	d, ok := v.path[2].(*ast.GenDecl)
	return ok && d.Lparen.IsValid()
}

// declare adds a variable above this one.
func (v *variable) declare(name string, typ rewrite.Code, doc string) rewrite.Edit {
	if v.grouped() {
		return rewrite.AddVar{Var: v.file.Span(v.path[0]), Name: name, Type: typ, Doc: doc}
	}
	return rewrite.Insert{Stmt: v.file.Span(v.statement()),
		Code: rewrite.Code{Text: "var " + name + " " + typ.Text + " // " + doc, Imports: typ.Imports}}
}

// beside finds a name for what belongs to the variable that nothing in the
// function has.
func (v *variable) beside(name, suffix string) string {
	whole := &rewrite.Use{File: v.file, Path: []ast.Node{v.outermost()}}
	for _, try := range []string{name, v.obj.Name() + suffix} {
		if fresh(whole, try) == try && v.file.Pkg.Scope().Lookup(try) == nil {
			return try
		}
	}
	return fresh(whole, v.obj.Name()+suffix)
}

// block is the node that lists the statement above which what belongs to the
// variable can be declared.
func (v *variable) block() ast.Node {
	if v.parameter() {
		return body(v.owner())
	}
	stmt := v.statement()
	for i, n := range v.path {
		if n == ast.Node(stmt) {
			return v.path[i+1]
		}
	}
	return nil
}

// races reports whether a mention may have something beside it. Where the
// analysis kept no access of its own for it, those of its function speak for
// it: of the variable's own one, the racing ones above.
func (v *variable) races(u *rewrite.Use) bool {
	fn := function(u)
	if u.Access != nil && fn == v.owner() {
		return u.Access.Races
	}
	known, racing := false, false
	for _, o := range v.uses {
		if o.Access == nil || function(o) != fn {
			continue
		}
		known = true
		racing = racing || o.Access.Races && (fn != v.owner() || o.Path[0].Pos() < u.Path[0].Pos())
	}
	return racing || !known && fn != v.owner()
}

// changes tells how the syntax around a mention changes the variable or what
// it holds, "" if it does not.
func (v *variable) changes(u *rewrite.Use) rewrite.Op {
	op := rewrite.Write
	for i := 1; i < len(u.Path); i++ {
		inner := u.Path[i-1]
		switch p := u.Path[i].(type) {
		case *ast.ParenExpr:
		case *ast.SelectorExpr:
			if se := u.File.Info.Selections[p]; se != nil && se.Kind() == types.MethodVal {
				if sig, ok := se.Obj().Type().(*types.Signature); ok && sig.Recv() != nil && isPointer(sig.Recv().Type()) && !isPointer(u.File.Info.TypeOf(p.X)) {
					return rewrite.Write
				}
				return ""
			}
			if isPointer(u.File.Info.TypeOf(p.X)) {
				op = rewrite.WriteElem
			}
		case *ast.IndexExpr:
			if p.X != inner {
				return ""
			}
			if _, ok := u.File.Info.TypeOf(p.X).Underlying().(*types.Array); !ok {
				op = rewrite.WriteElem
			}
		case *ast.AssignStmt:
			if e, ok := inner.(ast.Expr); ok && slices.Contains(p.Lhs, e) {
				return op
			}
			return ""
		case *ast.IncDecStmt:
			return op
		case *ast.RangeStmt:
			if p.Key == inner || p.Value == inner {
				return op
			}
			return ""
		case *ast.CallExpr:
			id, ok := p.Fun.(*ast.Ident)
			if ok && u.File.Info.Types[p.Fun].IsBuiltin() && len(p.Args) > 0 && p.Args[0] == inner && slices.Contains([]string{"delete", "clear", "copy"}, id.Name) {
				return rewrite.WriteElem
			}
			return ""
		default:
			return ""
		}
	}
	return ""
}

func isPointer(t types.Type) bool {
	if t == nil {
		return false
	}
	_, ok := t.Underlying().(*types.Pointer)
	return ok
}

// handsOut returns a mention that gives a map or slice away whose content
// races: a lock around the mention would guard nothing. Alone tells of mentions
// that nobody else is beside.
func handsOut(uses []*rewrite.Use, t types.Type, alone func(*rewrite.Use) bool) (*rewrite.Use, bool) {
	switch t.Underlying().(type) {
	case *types.Map, *types.Slice, *types.Pointer:
	default:
		return nil, false
	}
	changed := slices.ContainsFunc(uses, func(u *rewrite.Use) bool { return u.Access != nil && u.Access.Op == rewrite.WriteElem })
	for _, u := range uses {
		if !changed || alone(u) {
			continue
		}
		switch p := u.Path[1].(type) {
		case *ast.IndexExpr, *ast.RangeStmt, *ast.SelectorExpr, *ast.StarExpr, *ast.BinaryExpr:
			continue
		case *ast.AssignStmt:
			if slices.Contains(p.Lhs, u.Path[0].(ast.Expr)) {
				continue
			}
		case *ast.CallExpr:
			if u.File.Info.Types[p.Fun].IsBuiltin() || lookedInto(u) {
				continue
			}
		}
		return u, true
	}
	return nil, false
}

// alone reports whether a mention comes before all goroutines, or after a wait
// for them: those that are over when the function returns matter to nobody it
// returns to.
func (v *variable) alone(u *rewrite.Use) bool {
	return function(u) == v.owner() && !v.races(u) && (u.Path[0].Pos() < v.started() || v.waitBefore(u) != nil || over(v.site.Finding) && inReturn(u))
}

// over reports whether the goroutines of a finding are over when the function that
// starts them returns.
func over(f *rewrite.Finding) bool {
	return !slices.ContainsFunc(f.Sides[:], func(side rewrite.Side) bool { return !side.Context.Over && !side.Context.Starter })
}

// inReturn reports whether a mention is in what its function returns.
func inReturn(u *rewrite.Use) bool {
	for _, n := range u.Path {
		switch n.(type) {
		case *ast.ReturnStmt:
			return true
		case *ast.FuncLit, *ast.BlockStmt:
			return false
		}
	}
	return false
}

// keyName is the name of the variable that a lock's key ends in.
func keyName(key string) string {
	name, _, _ := strings.Cut(key[strings.LastIndexByte(key, '.')+1:], "#")
	return name
}
