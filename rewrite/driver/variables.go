package driver

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rewrite/race"
)

// variable fills in the declaration and type of a variable that races. It
// reports false for those of generated files and of packages that were not
// asked for.
func (s *sites) variable(f *rewrite.Finding) bool {
	p, file, pos := s.declared(f)
	if file == nil || ast.IsGenerated(file) || !p.Root && !s.inRoot(f) {
		return false
	}
	id := s.named(file, pos)
	if id == nil {
		return true
	}
	fset := s.build.prog.Fset
	f.Place.Name, f.Place.Decl = id.Name, rewrite.SpanOf(fset, id.Pos(), id.End())
	if obj := p.Info.ObjectOf(id); obj != nil {
		f.Place.Type = types.TypeString(obj.Type(), types.RelativeTo(p.Types))
	}
	if f.Kind == rewrite.Variable {
		s.local(p, file, f.Place.Key, p.Info.ObjectOf(id))
	}
	for i := range f.Accesses {
		s.widen(&f.Accesses[i].At, p, id)
	}
	s.match(f)
	for i := range f.Sides {
		s.widen(&f.Sides[i].Access.At, p, id)
	}
	return true
}

// declared finds the file in which a variable is declared, or made, and where.
func (s *sites) declared(f *rewrite.Finding) (*load.Package, *ast.File, token.Pos) {
	for _, p := range s.build.prog.Packages {
		if f.Kind == rewrite.Global {
			name, ok := strings.CutPrefix(f.Place.Key, p.Types.Path()+".")
			if !ok || strings.Contains(name, "/") {
				continue
			}
			name, _, _ = strings.Cut(name, ".")
			if obj := p.Types.Scope().Lookup(name); obj != nil {
				if file := s.fileAt(p, obj.Pos()); file != nil {
					return p, file, obj.Pos()
				}
			}
			continue
		}
		for _, file := range p.Files {
			if s.build.prog.Fset.Position(file.FileStart).Filename == f.Place.Decl.File {
				return p, file, s.posIn(file, effect.PosOf(f.Place.Decl))
			}
		}
	}
	return nil, nil, token.NoPos
}

func (s *sites) fileAt(p *load.Package, pos token.Pos) *ast.File {
	for _, file := range p.Files {
		if file.FileStart <= pos && pos <= file.FileEnd {
			return file
		}
	}
	return nil
}

// posIn is the position in a file that a line and column are.
func (s *sites) posIn(file *ast.File, at effect.Pos) token.Pos {
	tf := s.build.prog.Fset.File(file.FileStart)
	if at.Line < 1 || at.Line > tf.LineCount() {
		return token.NoPos
	}
	return tf.LineStart(at.Line) + token.Pos(at.Col-1)
}

// named returns the name of the variable that is declared at a position, or
// that what is made there is assigned to.
func (s *sites) named(file *ast.File, pos token.Pos) *ast.Ident {
	var id *ast.Ident
	ast.Inspect(file, func(n ast.Node) bool {
		if n == nil || pos < n.Pos() || n.End() <= pos {
			return false
		}
		switch n := n.(type) {
		case *ast.Ident:
			if n.Pos() == pos {
				id = n
			}
		case *ast.AssignStmt:
			if len(n.Lhs) == len(n.Rhs) {
				for i, e := range n.Rhs {
					if l, ok := n.Lhs[i].(*ast.Ident); ok && e.Pos() <= pos && pos < e.End() {
						id = l
					}
				}
			}
		case *ast.ValueSpec:
			if len(n.Names) == len(n.Values) {
				for i, e := range n.Values {
					if e.Pos() <= pos && pos < e.End() {
						id = n.Names[i]
					}
				}
			}
		}
		return true
	})
	return id
}

// widen makes the span of an access that of the variable's name there, or of
// the expression that begins with it.
func (s *sites) widen(at *rewrite.Span, p *load.Package, id *ast.Ident) {
	for _, file := range p.Files {
		if s.build.prog.Fset.Position(file.FileStart).Filename != at.File {
			continue
		}
		pos := s.posIn(file, effect.PosOf(*at))
		var found ast.Expr
		ast.Inspect(file, func(n ast.Node) bool {
			if n == nil || pos < n.Pos() || n.End() <= pos {
				return false
			}
			if e, ok := n.(ast.Expr); ok && begins(e, id.Name) {
				found = e
			}
			return true
		})
		if found != nil {
			*at = rewrite.SpanOf(s.build.prog.Fset, found.Pos(), found.End())
		}
		return
	}
}

// begins reports whether an expression is a variable, or a part of what it
// holds.
func begins(e ast.Expr, name string) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name == name
	case *ast.SelectorExpr:
		return begins(e.X, name)
	case *ast.IndexExpr:
		return begins(e.X, name)
	case *ast.StarExpr:
		return begins(e.X, name)
	case *ast.SliceExpr:
		return begins(e.X, name)
	}
	return false
}

// globalKey returns the key of a package variable, "" for other objects.
func globalKey(obj types.Object) string {
	v, ok := obj.(*types.Var)
	if !ok || v.IsField() || v.Pkg() == nil || v.Parent() != v.Pkg().Scope() {
		return ""
	}
	return v.Pkg().Path() + "." + v.Name()
}

// global records a mention of a package variable, by its bare name or as p.V.
func (s *sites) global(f *rewrite.File, key string, id *ast.Ident, up []ast.Node) {
	if sel, ok := up[len(up)-1].(*ast.SelectorExpr); ok && sel.Sel == id {
		s.add(f, key, id.Pos(), up[:len(up)-1], sel)
		return
	}
	s.add(f, key, id.Pos(), up, id)
}

// local records the mentions of a variable of a function.
func (s *sites) local(p *load.Package, syntax *ast.File, key string, obj types.Object) {
	if s.uses[key] != nil {
		return
	}
	f := s.files[syntax]
	ast.PreorderStack(syntax, nil, func(n ast.Node, up []ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && p.Info.Uses[id] == obj {
			s.add(f, key, id.Pos(), up, id)
		}
		return true
	})
}

// match gives each mention of a variable what the analysis saw there, all of
// it in one access.
func (s *sites) match(f *rewrite.Finding) {
	for _, a := range f.Accesses {
		var first *rewrite.Use // the name that the expression begins with
		for _, u := range s.uses[f.Place.Key] {
			if a.At.Contains(u.File.Span(u.Path[0])) && (first == nil || u.Path[0].Pos() < first.Path[0].Pos()) {
				first = u
			}
		}
		switch {
		case first == nil:
		case first.Access == nil:
			first.Access = &a
		default:
			merged := race.Merge(*first.Access, a)
			first.Access = &merged
		}
	}
}
