package driver

import (
	"fmt"
	"path/filepath"
	"slices"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/copylock"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/ast/inspector"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/load"
)

// compiles reports the first problem that the original text does not have.
func (x *fixer) compiles(problems []load.Problem) string {
	for _, p := range problems {
		if !slices.Contains(x.base.prog.Problems, p) {
			return fmt.Sprintf("the result does not compile: %s:%d: %s", filepath.Base(p.At.File), p.At.Line, p.Msg)
		}
	}
	return ""
}

// vets reports the first copied lock in packages that were checked again,
// unless the original has as many.
func (x *fixer) vets(again []*load.Package) string {
	for _, p := range again {
		i := slices.IndexFunc(x.base.prog.Packages, func(q *load.Package) bool { return q.ID == p.ID })
		var before []string
		if i >= 0 {
			before = copiedLocks(x.base.prog, x.base.prog.Packages[i])
		}
		if after := copiedLocks(x.base.prog, p); len(after) > len(before) {
			return "the result copies a lock: " + after[len(after)-1]
		}
	}
	return ""
}

// copiedLocks runs vet's copylocks check on a package.
func copiedLocks(prog *load.Program, p *load.Package) []string {
	var out []string
	pass := &analysis.Pass{
		Analyzer: copylock.Analyzer, Fset: prog.Fset, Files: p.Files, Pkg: p.Types, TypesInfo: p.Info,
		ResultOf: map[*analysis.Analyzer]any{inspect.Analyzer: inspector.New(p.Files)},
		Report: func(d analysis.Diagnostic) {
			at := prog.Fset.Position(d.Pos)
			out = append(out, fmt.Sprintf("%s:%d: %s", filepath.Base(at.Filename), at.Line, d.Message))
		},
	}
	if _, err := copylock.Analyzer.Run(pass); err != nil {
		out = append(out, err.Error())
	}
	return out
}

// better reports why the new build is no improvement: one of the places still
// races, another one does now, or a lock may wait for itself.
func (x *fixer) better(b *build, places []string) string {
	had := make(map[string]bool)
	for _, f := range x.base.module.Findings() {
		had[f.Place.Key] = true
	}
	for _, f := range b.module.Findings() {
		switch {
		case f.Kind == rewrite.Locking && slices.Contains(places, f.Place.Key):
			return lockClause(f) + " still"
		case f.Kind == rewrite.Locking && !had[f.Place.Key]:
			return "then " + lockClause(f)
		case f.Kind == rewrite.Locking:
			continue
		}
		if slices.Contains(places, f.Place.Key) {
			return fmt.Sprintf("%s would still race, at %s:%d", f.Place.Name, filepath.Base(f.Sides[1].Access.At.File), f.Sides[1].Access.At.Line)
		}
		if !x.base.module.Races(f.Place.Key) {
			return fmt.Sprintf("%s would race", f.Place.Name)
		}
	}
	before := x.base.module.Deadlocks()
	for _, d := range b.module.Deadlocks() {
		if !slices.ContainsFunc(before, d.Same) {
			return d.String()
		}
	}
	return ""
}
