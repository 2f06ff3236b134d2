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
	"golang.org/x/tools/txtar"

	"github.com/go-fixer/fixer/rewrite/analyzer"
	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rewrite/patch"
	"github.com/go-fixer/fixer/rules"
)

// checkUnits shows the packages of a module to the Analyzer one by one, as go vet
// does. It must find nothing that a run over the module doesn't find, and what
// it mends must do the module no harm.
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
	u.check(dir, outcomes)
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

// check makes all changes. The module must compile, and no place may race in it
// that didn't.
func (u *units) check(dir string, before []driver.Outcome) {
	if len(u.edits) == 0 {
		return
	}
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
	r, err := driver.Check(u.t.Context(), driver.Config{Config: load.Config{Dir: dir, Tests: true, Env: env, Overlay: texts}, Known: rules.All})
	if err != nil {
		u.t.Fatal(err)
	}
	for _, p := range r.Problems {
		u.t.Errorf("mended package by package: %v: %s", p.At, p.Msg)
	}
	for _, o := range r.Outcomes {
		if !slices.ContainsFunc(before, func(b driver.Outcome) bool { return b.Place.Key == o.Place.Key }) {
			u.t.Errorf("mended package by package, races: %v: %s", o.Pos(), o.Message())
		}
	}
}

// alone is a package whose Flag.on a goroutine reads under a lock and another
// function writes without, with what can't be told without its importers.
const alone = `-- go.mod --
module example.com/m

go 1.26
-- PATH/flag.go --
package flag

import "sync"

type Flag struct {
	MU sync.Mutex
	FIELD bool
}

func New() *Flag {
	f := new(Flag)
	go f.watch()
	return f
}

func (f *Flag) watch() {
	for {
		f.LOCK.Lock()
		if f.FIELD {
			f.LOCK.Unlock()
			return
		}
		f.LOCK.Unlock()
	}
}

func (f *Flag) Set() { f.FIELD = true }
`

// What packages that are not seen may do keeps a unit from mending, or from
// telling.
func TestUnit(t *testing.T) {
	for _, c := range []struct {
		what              string
		path, mutex, name string
		want              string // of the message; "" for none
		mended            bool
	}{
		{"all is the package's own", "flag", "mu", "on", "guard: Flag.on is written by callers", true},
		{"others may set the field", "flag", "mu", "On", "other packages may use Flag.On too; fixer diff", false},
		{"others may hold the lock", "flag", "Mu", "on", "", false},
		{"others may hold the promoted lock", "flag", "", "on", "", false},
		{"all callers are in the module", "internal/flag", "mu", "on", "", false},
	} {
		lock := c.mutex
		if lock == "" {
			lock = "Mutex"
		}
		text := strings.NewReplacer("PATH", c.path, "MU ", c.mutex+" ", "LOCK", lock, "FIELD", c.name).Replace(alone)
		dir := tempDir(t)
		files := make(map[string][]byte)
		for _, f := range txtar.Parse([]byte(text)).Files {
			files[f.Name] = f.Data
		}
		write(t, dir, files)
		prog, err := load.Load(t.Context(), load.Config{Dir: dir, Env: env})
		if err != nil {
			t.Fatal(err)
		}
		u := &units{t: t, prog: prog, facts: make(map[string][]byte)}
		var found []string
		for _, d := range u.run(prog.Packages[0]) {
			found = append(found, d.Message)
		}
		if got := strings.Join(found, "\n"); (got == "") != (c.want == "") || !strings.Contains(got, c.want) || (len(u.edits) > 0) != c.mended {
			t.Errorf("%s: %q, %d edits", c.what, got, len(u.edits))
		}
	}
}
