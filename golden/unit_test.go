package golden

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/analysis"

	"github.com/go-fixer/fixer/rewrite/analyzer"
	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rewrite/patch"
)

// checkUnits shows the packages of a module to the Analyzer one by one, as go vet
// does. It must find nothing that a run over the module doesn't find, and what
// it mends must compile in all of the module.
func checkUnits(t *testing.T, dir string, outcomes []driver.Outcome) {
	prog, err := load.Load(t.Context(), load.Config{Dir: dir, Tests: true, Env: env})
	if err != nil {
		t.Fatal(err)
	}
	u := &units{t: t, prog: prog, facts: make(map[string][]byte)}
	for _, p := range prog.Packages {
		for _, d := range u.run(p) {
			if at := prog.Fset.Position(d.Pos); !foundToo(outcomes, at, d) {
				t.Errorf("found in one package only: %s:%d: %s", filepath.Base(at.Filename), at.Line, d.Message)
			}
		}
	}
	u.compiles()
}

// foundToo reports whether an outcome is about what a diagnostic is about.
func foundToo(all []driver.Outcome, at token.Position, d analysis.Diagnostic) bool {
	_, message, _ := strings.Cut(d.Message, ": ")
	return slices.ContainsFunc(all, func(o driver.Outcome) bool {
		pos := o.Pos()
		return pos.File == at.Filename && pos.Line == at.Line || strings.HasPrefix(message, o.Place.Name+" is ")
	})
}

// units is a driver of the Analyzer.
type units struct {
	t     *testing.T
	prog  *load.Program
	facts map[string][]byte // encoded, by import path
	edits []analysis.TextEdit
}

// run analyses one package and returns what is reported.
func (u *units) run(p *load.Package) []analysis.Diagnostic {
	found, fact := u.pass(p)
	u.facts[p.Path] = fact
	fixes := 0
	for _, d := range found {
		for _, fix := range d.SuggestedFixes {
			fixes++
			u.edits = append(u.edits, fix.TextEdits...)
		}
	}
	if fixes > 1 {
		u.t.Errorf("%s: %d fixes, which no one checked together", p.ID, fixes)
	}
	return found
}

func (u *units) pass(p *load.Package) (found []analysis.Diagnostic, fact []byte) {
	_, err := analyzer.Analyzer.Run(&analysis.Pass{
		Analyzer: analyzer.Analyzer, Fset: u.prog.Fset, Files: p.Files, Pkg: p.Types, TypesInfo: p.Info,
		TypesSizes: types.SizesFor("gc", runtime.GOARCH), Module: &analysis.Module{Path: "example.com/m"}, ReadFile: os.ReadFile,
		Report: func(d analysis.Diagnostic) { found = append(found, d) },
		ExportPackageFact: func(f analysis.Fact) {
			var b bytes.Buffer
			if err := gob.NewEncoder(&b).Encode(f); err != nil {
				u.t.Error(err)
			}
			fact = b.Bytes()
		},
		ImportPackageFact: func(q *types.Package, f analysis.Fact) bool {
			data, ok := u.facts[q.Path()]
			if ok && gob.NewDecoder(bytes.NewReader(data)).Decode(f) != nil {
				u.t.Errorf("the facts on %s can't be read", q.Path())
			}
			return ok
		},
	})
	if err != nil {
		u.t.Error(err)
	}
	return found, fact
}

// compiles makes all changes and type-checks the module.
func (u *units) compiles() {
	byFile := make(map[string][]patch.Edit)
	for _, e := range u.edits {
		f := u.prog.Fset.File(e.Pos)
		byFile[f.Name()] = append(byFile[f.Name()], patch.Edit{Start: f.Offset(e.Pos), End: f.Offset(e.End), New: e.NewText})
	}
	texts := make(map[string][]byte)
	for name, edits := range byFile {
		src, err := os.ReadFile(name)
		if err != nil {
			u.t.Fatal(err)
		}
		if texts[name], err = patch.Apply(src, edits); err != nil {
			u.t.Fatal(fmt.Errorf("%s: %w", name, err))
		}
	}
	next, _ := u.prog.With(u.t.Context(), texts, true)
	for _, p := range next.Problems {
		u.t.Errorf("the result: %v: %s", p.At, p.Msg)
	}
}
