package load

import (
	"fmt"
	"go/token"
	"go/types"
	"sync"

	"golang.org/x/tools/go/ssa"
)

// An ssaProgram holds the SSA of a world's packages, and of those of the
// worlds it came from: declaring all that they import is what takes time.
// Packages of the module that are built have bodies, others are there by their
// declarations.
type ssaProgram struct {
	prog *ssa.Program
	// declaring keeps packages from being declared while others are built,
	// which reads the declarations; it guards the maps.
	declaring sync.RWMutex
	made      map[*types.Package]*ssa.Package
	part      map[*types.Package]bool // made while only what others export of it was known
	bodies    map[*types.Package]bool // made with syntax
	source    token.Pos               // how much of it
}

func newSSAProgram(fset *token.FileSet) *ssaProgram {
	s := &ssaProgram{prog: ssa.NewProgram(fset, 0)}
	s.reset()
	return s
}

// reset lets go of all that was made.
func (s *ssaProgram) reset() {
	s.declaring.Lock()
	defer s.declaring.Unlock()
	s.prog, s.made = ssa.NewProgram(s.prog.Fset, 0), make(map[*types.Package]*ssa.Package)
	s.part, s.bodies, s.source = make(map[*types.Package]bool), make(map[*types.Package]bool), 0
}

// trim lets go of what was made if it is more than two programs' worth that have
// the given packages.
func (s *ssaProgram) trim(pkgs []*Package) {
	room := token.Pos(0)
	for _, p := range pkgs {
		room += 2 * p.Size()
	}
	s.declaring.RLock()
	held := s.source
	s.declaring.RUnlock()
	if held > room {
		s.reset()
	}
}

// declare makes the members of packages that have bodies, and of all they
// import.
func (s *ssaProgram) declare(pkgs ...*Package) {
	s.declaring.Lock()
	defer s.declaring.Unlock()
	for _, p := range pkgs {
		if !s.bodies[p.Types] {
			s.made[p.Types] = s.prog.CreatePackage(p.Types, p.Files, p.Info, false)
			s.bodies[p.Types], s.part[p.Types] = true, false
			s.source += p.Size()
		}
	}
	for _, p := range pkgs {
		s.imports(p.Types)
	}
}

// build makes the package's functions. What x/tools can't build is an error
// about this package, not the end of the run.
func (s *ssaProgram) build(p *Package) (pkg *ssa.Package, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("building SSA for %s: %v", p.Path, r)
		}
	}()
	s.declaring.RLock()
	declared := s.bodies[p.Types]
	s.declaring.RUnlock()
	if !declared {
		s.declare(p)
	}
	s.declaring.RLock()
	defer s.declaring.RUnlock()
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
