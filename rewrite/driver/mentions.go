package driver

import (
	"go/ast"
	"go/types"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
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
