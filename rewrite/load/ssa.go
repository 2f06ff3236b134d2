package load

import (
	"fmt"
	"go/types"
	"sync"

	"golang.org/x/tools/go/ssa"
)

// An ssaProgram makes the SSA of the packages that are new in a world. They
// get bodies; all that they import is there by its declarations.
type ssaProgram struct {
	prog    *ssa.Program
	declare func() // makes the members of all packages; building reads them, so first
	made    map[*types.Package]*ssa.Package
}

func newSSA(w *world, pkgs []*Package) *ssaProgram {
	s := &ssaProgram{prog: ssa.NewProgram(w.prog.Fset, 0), made: make(map[*types.Package]*ssa.Package)}
	s.declare = sync.OnceFunc(func() {
		for _, p := range pkgs {
			s.made[p.Types] = s.prog.CreatePackage(p.Types, p.Files, p.Info, false)
		}
		for _, p := range pkgs {
			s.imports(p.Types)
		}
	})
	return s
}

// build makes the package's functions. What x/tools can't build is an error
// about this package, not the end of the run.
func (s *ssaProgram) build(p *Package) (pkg *ssa.Package, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("building SSA for %s: %v", p.Path, r)
		}
	}()
	s.declare()
	pkg = s.made[p.Types]
	pkg.Build()
	return pkg, nil
}

func (s *ssaProgram) imports(p *types.Package) {
	for _, q := range p.Imports() {
		if s.made[q] == nil {
			s.made[q] = s.prog.CreatePackage(q, nil, nil, false)
			s.imports(q)
		}
	}
}
