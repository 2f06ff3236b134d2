package driver

import (
	"fmt"
	"go/types"
	"path/filepath"
	"slices"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/atomic"
	"golang.org/x/tools/go/analysis/passes/copylock"
	"golang.org/x/tools/go/analysis/passes/lostcancel"
	"golang.org/x/tools/go/analysis/passes/unusedresult"
	"golang.org/x/tools/go/analysis/passes/waitgroup"

	"github.com/go-fixer/fixer/rewrite/load"
)

// vetters are those of vet's checks that a patch could make complain.
var vetters = []*analysis.Analyzer{copylock.Analyzer, waitgroup.Analyzer, atomic.Analyzer, lostcancel.Analyzer, unusedresult.Analyzer}

// vets reports the first thing that vet says of packages that were checked
// again and does not say of the originals.
func (x *stage) vets(again []*load.Package) string {
	for _, p := range again {
		known := make(map[string]int) // by message: lines move
		if i := slices.IndexFunc(x.base.prog.Packages, func(q *load.Package) bool { return q.ID == p.ID }); i >= 0 {
			for _, d := range x.vetted(x.base.prog.Packages[i]) {
				known[d.Message]++
			}
		}
		for _, d := range x.vetted(p) {
			if known[d.Message]--; known[d.Message] < 0 {
				at := x.base.prog.Fset.Position(d.Pos)
				return fmt.Sprintf("go vet says of the result: %s:%d: %s", filepath.Base(at.Filename), at.Line, d.Message)
			}
		}
	}
	return ""
}

// vetted is what vet says of a package.
func (x *stage) vetted(p *load.Package) []analysis.Diagnostic {
	list, ok := x.complaints[p]
	if !ok {
		list = vet(x.base.prog, p)
		x.complaints[p] = list
	}
	return list
}

// vet runs vetters on a package. They get no facts of the packages below: they
// only tell which functions never return.
func vet(prog *load.Program, p *load.Package) []analysis.Diagnostic {
	var out []analysis.Diagnostic
	results := make(map[*analysis.Analyzer]any)
	var run func(a *analysis.Analyzer) error
	run = func(a *analysis.Analyzer) error {
		if _, ok := results[a]; ok {
			return nil
		}
		for _, b := range a.Requires {
			if err := run(b); err != nil {
				return err
			}
		}
		result, err := a.Run(pass(prog, p, a, results, &out))
		results[a] = result
		return err
	}
	safely := func(a *analysis.Analyzer) (err error) {
		defer survive("go vet", &err)
		return run(a)
	}
	for _, a := range vetters {
		if err := safely(a); err != nil {
			out = append(out, analysis.Diagnostic{Message: a.Name + ": " + err.Error()})
		}
	}
	return out
}

func pass(prog *load.Program, p *load.Package, a *analysis.Analyzer, results map[*analysis.Analyzer]any, out *[]analysis.Diagnostic) *analysis.Pass {
	return &analysis.Pass{
		Analyzer: a, Fset: prog.Fset, Files: p.Files, Pkg: p.Types, TypesInfo: p.Info,
		ResultOf:          results,
		Report:            func(d analysis.Diagnostic) { *out = append(*out, d) },
		ImportObjectFact:  func(types.Object, analysis.Fact) bool { return false },
		ImportPackageFact: func(*types.Package, analysis.Fact) bool { return false },
		ExportObjectFact:  func(types.Object, analysis.Fact) {},
		ExportPackageFact: func(analysis.Fact) {},
	}
}
