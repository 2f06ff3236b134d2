package load

import (
	"fmt"
	"go/types"
	"sync"

	"golang.org/x/tools/go/ssa"
)

// An ssaProgram holds the SSA of a world's packages, and of those of the
// worlds it came from: declaring all that they import is what takes time.
// Packages of the module get bodies, others are there by their declarations.
type ssaProgram struct {
	prog *ssa.Program
	made map[*types.Package]*ssa.Package
	part map[*types.Package]bool // made while only what others export of it was known
}

// add prepares packages that are new in a world. The function it returns makes
// the members of all of them, which building reads: it comes first, and not
// while an earlier world is being built.
func (s *ssaProgram) add(pkgs []*Package) (declare func()) {
	return sync.OnceFunc(func() {
		for _, p := range pkgs {
			s.made[p.Types] = s.prog.CreatePackage(p.Types, p.Files, p.Info, false)
		}
		for _, p := range pkgs {
			s.imports(p.Types)
		}
	})
}

// build makes the package's functions. What x/tools can't build is an error
// about this package, not the end of the run.
func (s *ssaProgram) build(p *Package) (pkg *ssa.Package, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("building SSA for %s: %v", p.Path, r)
		}
	}()
	pkg = s.made[p.Types]
	pkg.Build()
	return pkg, nil
}

func (s *ssaProgram) imports(p *types.Package) {
	for _, q := range p.Imports() {
		if s.made[q] == nil || s.part[q] && q.Complete() {
			s.part[q] = !q.Complete()
			s.made[q] = s.prog.CreatePackage(q, nil, nil, false)
			s.imports(q)
		}
	}
}
