package load

import (
	"context"
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/packages"
)

// A Unit is one package that another driver has parsed and type-checked, as
// the go command's vet does, or golangci-lint.
type Unit struct {
	Fset    *token.FileSet
	Files   []*ast.File
	Ignored []string // Go files of the package that this build leaves out
	Types   *types.Package
	Info    *types.Info
	Sizes   types.Sizes
	Own     []string // import paths of packages that are summarised too
}

// Of returns the program that a unit is. Changed text is checked against the
// types that the other driver has loaded: nothing of them is changed, as
// other analyzers may be using them.
func Of(ctx context.Context, u Unit) *Program {
	path := u.Types.Path()
	meta := &packages.Package{
		ID: path, PkgPath: path, Name: u.Types.Name(), IgnoredFiles: u.Ignored, TypesSizes: u.Sizes,
		Module:  &packages.Module{Main: true, GoVersion: strings.TrimPrefix(u.Types.GoVersion(), "go")},
		Imports: make(map[string]*packages.Package),
	}
	prog := &Program{Fset: u.Fset, graph: map[string]*packages.Package{path: meta}}
	for _, f := range u.Files {
		meta.CompiledGoFiles = append(meta.CompiledGoFiles, u.Fset.File(f.FileStart).Name())
		// What cgo makes of a file stands elsewhere; its comments lead back.
		dir := filepath.Dir(u.Fset.Position(f.Package).Filename)
		if !slices.Contains(prog.ModDirs, dir) {
			prog.ModDirs = append(prog.ModDirs, dir)
		}
		for _, spec := range f.Imports {
			if name := u.Info.PkgNameOf(spec); name != nil {
				if as, err := strconv.Unquote(spec.Path.Value); err == nil {
					meta.Imports[as] = &packages.Package{ID: name.Imported().Path(), PkgPath: name.Imported().Path()}
				}
			}
		}
	}
	meta.GoFiles = meta.CompiledGoFiles
	prog.list = &packages.Config{Mode: metadata, Context: ctx}
	if len(prog.ModDirs) > 0 {
		prog.list.Dir = prog.ModDirs[0]
	}
	prog.shared = sharedOf(prog.list.Dir, u.Ignored)
	prog.world = newWorld(prog, map[string]bool{path: true})
	for _, own := range u.Own {
		prog.world.paths[own] = true
	}
	prog.world.take(u, path)
	prog.Packages, prog.Problems = prog.world.check(ctx)
	return prog
}

// take puts what another driver has made into the world.
func (w *world) take(u Unit, id string) {
	n := w.nodes[id]
	n.pkg = &Package{ID: id, Path: id, GoVersion: u.Types.GoVersion(), Files: u.Files, Types: u.Types, Info: u.Info, Root: true, ssa: w.ssa}
	n.once.Do(func() {}) // it is checked
	var add func(p *types.Package)
	add = func(p *types.Package) {
		for _, q := range p.Imports() {
			if w.deps.pkgs[q.Path()] == nil && q.Complete() {
				w.deps.pkgs[q.Path()] = q
				w.prog.graph[q.Path()] = &packages.Package{ID: q.Path(), PkgPath: q.Path()}
				add(q)
			}
		}
	}
	add(u.Types)
}
