package driver

import (
	"go/ast"
	"go/types"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
	"github.com/go-fixer/fixer/rewrite/load"
)

// Mentions finds a function by its full name: a package and its variant with
// tests have different objects for it.
func (s *sites) Mentions(fn *types.Func) []*rewrite.Use {
	s.index()
	name := fn.Origin().FullName()
	seen := make(map[effect.Pos]bool)
	var out []*rewrite.Use
	for _, p := range s.build.prog.Packages {
		for _, syntax := range p.Files {
			f := s.files[syntax]
			ast.PreorderStack(syntax, nil, func(n ast.Node, up []ast.Node) bool {
				id, ok := n.(*ast.Ident)
				if !ok || id.Name != fn.Name() {
					return true
				}
				if g, ok := p.Info.ObjectOf(id).(*types.Func); !ok || g.Origin().FullName() != name || seen[s.pos(f, id.Pos())] {
					return true
				}
				seen[s.pos(f, id.Pos())] = true
				u := &rewrite.Use{File: f, Path: append(slices.Clone(up), id)}
				slices.Reverse(u.Path)
				out = append(out, u)
				return true
			})
		}
	}
	return out
}

func (s *sites) Variants(place string) []string {
	s.index()
	i := strings.LastIndexByte(place, '.')
	d := load.Declared{Name: place[i+1:], File: s.home(place[:i], place[i+1:])}
	if st := s.types[place[:i]]; st != nil {
		d.Type, _, _ = strings.Cut(strings.TrimPrefix(place[:i], st.File.Pkg.Path()+"."), ".")
	}
	for _, u := range s.uses[place] {
		if !slices.Contains(d.Users, u.File.Name) {
			d.Users = append(d.Users, u.File.Name)
		}
	}
	files := s.build.prog.Mentions(d)
	if d.File != "" && !ast.IsExported(d.Name) {
		files = slices.DeleteFunc(files, func(f string) bool { return filepath.Dir(f) != filepath.Dir(d.File) })
	}
	return files
}

// home is the file that declares a struct type, or the variable of a name
// in the package with an import path; "" if there is none.
func (s *sites) home(owner, name string) string {
	if st := s.types[owner]; st != nil {
		return st.File.Name
	}
	for _, p := range s.build.prog.Packages {
		if o := p.Types.Scope().Lookup(name); o != nil && p.Types.Path() == owner {
			return s.build.prog.Fset.Position(o.Pos()).Filename
		}
	}
	return ""
}
