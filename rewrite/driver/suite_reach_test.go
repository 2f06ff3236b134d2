package driver_test

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/load"
)

// A reacher finds out which tests reach which declarations.
type reacher struct {
	info *types.Info
	decl map[types.Object]*suiteDecl
	node map[*suiteDecl]ast.Node
}

// read fills in tests and declarations.
func (s *suite) read(fset *token.FileSet, pkg *load.Package) {
	r := &reacher{info: pkg.Info, decl: make(map[types.Object]*suiteDecl), node: make(map[*suiteDecl]ast.Node)}
	tests := make(map[*suiteTest]*suiteDecl)
	add := func(names []*ast.Ident, n ast.Node) *suiteDecl {
		d := &suiteDecl{at: rewrite.SpanOf(fset, n.Pos(), n.End())}
		for _, id := range names {
			r.decl[pkg.Info.Defs[id]] = d
		}
		r.node[d] = n
		s.decls = append(s.decls, d)
		return d
	}
	for _, file := range pkg.Files {
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				at := add([]*ast.Ident{d.Name}, d)
				racy := strings.HasPrefix(d.Name.Name, "TestRace")
				if d.Recv == nil && (racy || strings.HasPrefix(d.Name.Name, "TestNoRace")) {
					fn := &suiteTest{name: d.Name.Name, at: at.at, racy: racy}
					s.tests = append(s.tests, fn)
					tests[fn] = at
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if v, ok := spec.(*ast.ValueSpec); ok {
						add(v.Names, v)
					}
				}
			}
		}
	}
	for _, fn := range s.tests {
		for d := range r.reach(tests[fn]) {
			d.tests = append(d.tests, fn)
		}
	}
	for fn, d := range tests { // one test that calls another doesn't take it over
		d.tests = []*suiteTest{fn}
	}
}

// reach returns a declaration and those that it mentions, directly or not.
func (r *reacher) reach(from *suiteDecl) map[*suiteDecl]bool {
	seen := make(map[*suiteDecl]bool)
	var visit func(d *suiteDecl)
	visit = func(d *suiteDecl) {
		if seen[d] {
			return
		}
		seen[d] = true
		ast.Inspect(r.node[d], func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				for _, next := range r.behind(r.info.Uses[id]) {
					visit(next)
				}
			}
			return true
		})
	}
	visit(from)
	return seen
}

// behind returns the declarations a name may mean: for a method of an
// interface all methods of that name.
func (r *reacher) behind(obj types.Object) []*suiteDecl {
	fn, ok := obj.(*types.Func)
	if !ok {
		if d := r.decl[obj]; d != nil {
			return []*suiteDecl{d}
		}
		return nil
	}
	if d := r.decl[fn.Origin()]; d != nil {
		return []*suiteDecl{d}
	}
	recv := fn.Signature().Recv()
	if recv == nil || !types.IsInterface(recv.Type()) {
		return nil
	}
	var list []*suiteDecl
	for o, d := range r.decl {
		if m, ok := o.(*types.Func); ok && m.Name() == fn.Name() && m.Signature().Recv() != nil && !slices.Contains(list, d) {
			list = append(list, d)
		}
	}
	return list
}
