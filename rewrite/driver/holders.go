package driver

import (
	"go/ast"
	"go/types"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
	"github.com/go-fixer/fixer/rewrite/load"
)

// noticed reports whether packages other than its own may tell that the struct type
// around a span is given another unexported field there, or that this one has another
// type. Where they have its objects behind pointers only, they can't: what compiles
// and what go vet is content with stays the same.
func (s *sites) noticed(at rewrite.Span) bool {
	s.index()
	for key, t := range s.types {
		if !t.File.Span(t.Type).Contains(at) {
			continue
		}
		if effect.TypeKey(t.Name.Type()) != key { // it has no name of its own
			if t.Name.Exported() {
				return true
			}
			continue
		}
		for _, fl := range t.Type.Fields.List {
			for _, id := range fl.Names {
				if id.IsExported() && t.Name.Exported() && t.File.Span(id).Contains(at) {
					return true
				}
			}
		}
		for _, p := range s.build.prog.Packages {
			if p.Path != t.Name.Pkg().Path() && s.build.valuesIn(p)[key] {
				return true
			}
		}
	}
	return false
}

// valuesIn returns the named types, by key, that values of a package are of, by
// themselves or in others, but for those that literals make with names for all
// that they set.
func (b *build) valuesIn(p *load.Package) map[string]bool {
	if in := b.values[p]; in != nil {
		return in
	}
	h := holder{in: make(map[string]bool), seen: make(map[types.Type]bool)}
	for _, o := range p.Info.Defs {
		if v, ok := o.(*types.Var); ok {
			h.add(v.Type())
		}
	}
	for _, o := range p.Info.Implicits { // parameters without names are among them
		if v, ok := o.(*types.Var); ok {
			h.add(v.Type())
		}
	}
	for e, tv := range p.Info.Types {
		switch e := e.(type) {
		case *ast.CompositeLit:
			if len(e.Elts) == 0 {
				continue
			}
			if _, keyed := e.Elts[0].(*ast.KeyValueExpr); keyed {
				continue
			}
		case *ast.CallExpr:
			// *T(p) is of the same fields as what p refers to.
			if to, ok := types.Unalias(tv.Type).(*types.Pointer); ok && p.Info.Types[e.Fun].IsType() && !p.Info.Types[e.Args[0]].IsNil() {
				h.add(to.Elem())
			}
		}
		if tv.IsValue() {
			h.add(tv.Type)
		}
	}
	if b.values == nil {
		b.values = make(map[*load.Package]map[string]bool)
	}
	b.values[p] = h.in
	return h.in
}

// A holder gathers the named types that values consist of.
type holder struct {
	in   map[string]bool // by key
	seen map[types.Type]bool
}

func (h *holder) add(t types.Type) {
	if h.seen[t] {
		return
	}
	h.seen[t] = true
	switch t := t.(type) {
	case *types.Alias:
		h.add(types.Unalias(t))
	case *types.Named:
		h.in[effect.TypeKey(t)] = true
		h.add(t.Underlying())
	case *types.Struct:
		for f := range t.Fields() {
			h.add(f.Type())
		}
	case *types.Array:
		h.add(t.Elem())
	case *types.Map: // keys are to be comparable
		h.add(t.Key())
	case *types.Tuple:
		for v := range t.Variables() {
			h.add(v.Type())
		}
	}
}
