package driver

import (
	"bytes"
	"encoding/json"
	flags "flag"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rewrite/report"
	"github.com/go-fixer/fixer/rules"
)

// goldenFiles returns the texts of all files of the golden cases whose names
// end so.
func goldenFiles(t testing.TB, suffix string) [][]byte {
	archives, err := filepath.Glob("../../golden/*/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no golden cases: %v", err)
	}
	var texts [][]byte
	for _, name := range archives {
		ar, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range ar.Files {
			if strings.HasSuffix(f.Name, suffix) {
				texts = append(texts, f.Data)
			}
		}
	}
	return texts
}

// FuzzDirective reads suppression comments. What is understood of one stays so
// when the file is formatted, and is for lines of the file.
func FuzzDirective(f *testing.F) {
	seen := make(map[string]bool)
	for _, src := range goldenFiles(f, ".go") {
		for _, c := range regexp.MustCompile(`//.*(lint|nolint).*`).FindAllString(string(src), -1) {
			if !seen[c] {
				seen[c] = true
				f.Add(c)
			}
		}
	}
	for _, c := range []string{"//lint:ignore fixer/* x", "//lint:file-ignore fixer/guard x", "// nolint : all", "//nolint:a,fixer // b", "//lint:ignore a,fixer/field, b"} {
		f.Add(c)
	}
	f.Fuzz(func(t *testing.T, comment string) {
		for _, around := range []string{"package p\n\n%s\nvar x int\n", "package p\n\nvar x int %s\n", "%s\npackage p\n\nfunc f() {\n%s\n}\n", "package p\n\ntype T struct {\na int %s\n%s\nb int\n}\n"} {
			src := strings.ReplaceAll(around, "%s", comment)
			first, ok := suppressed(t, src)
			if !ok {
				return
			}
			tidy, err := format.Source([]byte(src))
			if err != nil {
				t.Fatalf("%q: %v", src, err)
			}
			if second, _ := suppressed(t, string(tidy)); second != first {
				t.Errorf("%q reads as\n%sformatted, %q, as\n%s", src, first, tidy, second)
			}
		}
	})
}

// suppressed tells what the comments of a file keep back.
func suppressed(t *testing.T, src string) (told string, ok bool) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "p.go", src, parser.ParseComments)
	if err != nil {
		return "", false
	}
	s := &suppressions{byFile: make(map[string][]*Suppression)}
	s.file(fset, "p", file, rules.All)
	last := strings.Count(src, "\n") + 1
	var out strings.Builder
	for _, list := range s.byFile {
		for _, sup := range list {
			if sup.from < 1 || sup.to < sup.from || sup.to > last {
				t.Errorf("%q: %s is for the lines %d to %d of %d", src, sup.Text, sup.from, sup.to, last)
			}
			if len(sup.names) == 0 || known(sup.names, rules.All) != nil {
				t.Errorf("%q: %s names %q", src, sup.Text, sup.names)
			}
			fmt.Fprintf(&out, "%q file %v block %v named %v\n", sup.names, sup.file, sup.block, sup.named)
		}
	}
	for _, p := range s.problems {
		if p.At.Line < 1 || p.At.Line > last || p.Msg == "" {
			t.Errorf("%q: %+v", src, p)
		}
		fmt.Fprintln(&out, p.Msg)
	}
	return out.String(), true
}

// FuzzSettings reads configuration files. An error names the file, and a line
// and column in it.
func FuzzSettings(f *testing.F) {
	for _, text := range goldenFiles(f, ".yml") {
		f.Add(text)
	}
	for _, row := range []string{"func: fmt.Println\n    does: quick", "type: a.com/b.T\n    does: handler", "field: a.com/b.T.F\n    does: calls", "method: \"Do(func())\"\n    does: serial"} {
		f.Add([]byte("model:\n  - " + row + "\n"))
	}
	f.Add([]byte("model: &a\n  - func: \"(*a.com/b.T).Submit\" # why\n    does: spawn\n    arg: 1\n    rest: true\n---\nmodel: *a\n"))
	f.Add([]byte("# why\r\n0")) // line 2
	place := regexp.MustCompile(`^\.fixer\.yml:(\d+):(\d+): .`)
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := parseSettings(ConfigFile, text)
		if err == nil {
			s.table()
			return
		}
		m := place.FindStringSubmatch(err.Error())
		if m == nil {
			t.Fatalf("%q: %v", text, err)
		}
		line, _ := strconv.Atoi(m[1])
		col, _ := strconv.Atoi(m[2])
		if line < 1 || col < 1 || line > len(regexp.MustCompile("\r\n?|\n").FindAll(text, -1))+1 {
			t.Errorf("%q: %v", text, err)
		}
	})
}

const hits = `package m

import "sync"

type Stats struct {
	mu    sync.RWMutex
	hits  int
	hooks []func()
}

func New() *Stats {
	s := &Stats{}
	s.hooks = append(s.hooks, s.hit)
	return s
}

func (s *Stats) hit() {
	s.hits++
}

func (s *Stats) Fire() {
	for _, h := range s.hooks {
		go func() {
			h()
		}()
	}
}

func (s *Stats) Hits() int {
	return s.hits
}
`

const hitsReport = `==================
WARNING: DATA RACE
Read at 0x00c0000140a8 by goroutine 7:
  example.com/m.(*Stats).Hits()
      /src/m/server.go:30 +0x35

Previous write at 0x00c0000140a8 by goroutine 8:
  example.com/m.(*Stats).hit()
      /src/m/server.go:18 +0x35
  example.com/m.(*Stats).Fire.func1()
      /src/m/server.go:24 +0x35

Goroutine 8 (running) created at:
  example.com/m.(*Stats).Fire()
      ../../m/server.go:23 +0x92
==================
`

// FuzzTrace looks for the lines that logs of the race detector are of. Those
// that are found are lines of the program.
func FuzzTrace(f *testing.F) {
	src := []byte(hits)
	box := newSandbox(f)
	prog := box.with(f, src)
	last := bytes.Count(src, []byte("\n")) + 1
	f.Add([]byte(hitsReport))
	for _, log := range goldenFiles(f, ".log") {
		f.Add(log)
	}
	f.Fuzz(func(t *testing.T, log []byte) {
		reports, err := report.Parse(bytes.NewReader(log))
		if err != nil {
			t.Fatal(err)
		}
		cfg := Config{RaceLog: &RaceLog{Name: "race.log", Reports: reports}}
		o := cfg.observe(newTracer(prog))
		for _, s := range o.seen {
			for _, side := range s {
				for _, l := range slices.Concat(side.Calls, side.Start) {
					if l.File != box.file || l.From < 1 || l.From > l.Line || l.Line > l.To || l.To > last {
						t.Errorf("%+v is no line of the program", l)
					}
				}
			}
		}
		if len(o.seen)+len(o.unplaced) != len(reports) {
			t.Errorf("of %d reports, %d are placed and %d are not", len(reports), len(o.seen), len(o.unplaced))
		}
	})
}

// FuzzFix mends programs of one file: golden cases with statements dropped,
// doubled, moved and put into goroutines, loops and branches, some dozen times:
// code that grows without end takes what time it likes. The result is
// the same twice, and nothing is left to mend in it.
func FuzzFix(f *testing.F) {
	every := 25
	if flags.Lookup("test.fuzz").Value.String() != "" {
		every = 1
	}
	for i, src := range goldenFiles(f, ".go") {
		if i%every == 0 && len(src) < 3000 && importable(src) {
			f.Add(src, []byte{})
			f.Add(src, []byte{byte(i), byte(i * 31), byte(i * 7), byte(i / 3), byte(i * 13), byte(i * 5)})
		}
	}
	box := newSandbox(f)
	f.Fuzz(func(t *testing.T, src, moves []byte) {
		if len(src) > 5000 || len(moves) > 64 || !importable(src) {
			return
		}
		src = shuffled(src, moves)
		prog := box.with(t, src)
		first := box.fix(t, prog)
		if second := box.fix(t, box.with(t, src)); tell(first) != tell(second) {
			t.Fatalf("once\n%s\nand once\n%s\nof\n%s", tell(first), tell(second), src)
		}
		if len(first.Files) == 0 {
			return
		}
		text := first.Files[0].New
		again := box.fix(t, box.with(t, text))
		for _, p := range again.Problems {
			if !p.Comment {
				t.Fatalf("the result has errors: %s\n%s", p.Msg, text)
			}
		}
		if len(again.Files) > 0 {
			t.Fatalf("a second run changes it again:\n%s\nto\n%s", text, again.Files[0].New)
		}
	})
}

// A sandbox is a module of one file, whose text changes without a run of the go
// command.
type sandbox struct {
	cfg  Config
	file string
	prog *load.Program
	uses int // of prog, which keeps something of each text
}

var importedHere = []string{"bytes", "context", "errors", "fmt", "io", "log", "maps", "math/rand", "net", "net/http", "os", "slices", "sort", "strconv", "strings", "sync", "sync/atomic", "testing", "time"}

func newSandbox(t testing.TB) *sandbox {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	box := &sandbox{file: filepath.Join(dir, "server.go"), cfg: Config{Config: load.Config{Dir: dir}, Rules: rules.All}}
	src := "package m\n"
	for _, path := range importedHere {
		src += fmt.Sprintf("import _ %q\n", path)
	}
	for name, text := range map[string]string{"go.mod": "module example.com/m\n\ngo 1.26\n", "server.go": src} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return box
}

// importable reports whether a file imports only what the sandbox has.
func importable(src []byte) bool {
	f, err := parser.ParseFile(token.NewFileSet(), "", src, parser.ImportsOnly)
	return err == nil && !slices.ContainsFunc(f.Imports, func(s *ast.ImportSpec) bool {
		path, err := strconv.Unquote(s.Path.Value)
		return err != nil || !slices.Contains(importedHere, path)
	})
}

func (box *sandbox) with(t testing.TB, src []byte) *load.Program {
	if box.uses++; box.prog == nil || box.uses > 300 {
		box.uses = 0
		var err error
		if box.prog, err = box.cfg.load(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	prog, _ := box.prog.With(t.Context(), map[string][]byte{box.file: src}, true)
	return prog
}

func (box *sandbox) fix(t testing.TB, prog *load.Program) *Result {
	cfg := box.cfg
	r, err := cfg.fix(t.Context(), prog, true)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// tell says all of a result that a user sees.
func tell(r *Result) string {
	var out strings.Builder
	enc := json.NewEncoder(&out)
	for i := range r.Outcomes {
		fmt.Fprintln(&out, r.Outcomes[i].Message())
		if err := enc.Encode(r.Outcomes[i]); err != nil {
			return err.Error()
		}
	}
	for _, p := range r.Problems {
		fmt.Fprintf(&out, "%v: %s\n", p.At, p.Msg)
	}
	for _, f := range r.Files {
		fmt.Fprintf(&out, "%s:\n%s", f.Name, f.New)
	}
	return out.String()
}
