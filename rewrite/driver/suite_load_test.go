package driver_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/load"
)

// A suite is the race suite of the installed toolchain: functions TestRace*,
// which race, and TestNoRace*, which don't.
type suite struct {
	config load.Config
	dir    string
	hash   string // of the files
	tests  []*suiteTest
	decls  []*suiteDecl
}

// A suiteTest is one function whose name says whether it races.
type suiteTest struct {
	name string
	at   rewrite.Span
	racy bool
}

// A suiteDecl is a function or variable declared at the top of a file.
type suiteDecl struct {
	at    rewrite.Span
	tests []*suiteTest // those that reach it by calls and go statements; a test reaches itself only
}

func loadSuite(t *testing.T) *suite {
	t.Helper()
	env := append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	cmd := exec.Command("go", "env", "GOROOT")
	cmd.Env = env
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	s := &suite{dir: filepath.Join(strings.TrimSpace(string(out)), "src", "runtime", "race", "testdata")}
	files, err := filepath.Glob(filepath.Join(s.dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skipf("%s: no *_test.go files; install Go with its sources to run the race suite", s.dir)
	}
	s.config = load.Config{Dir: s.dir, Tags: "race", Tests: true, Env: env}
	hash := sha256.New()
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(hash, "%s %d\n%s", filepath.Base(f), len(text), text)
		s.config.Patterns = append(s.config.Patterns, filepath.Base(f))
	}
	s.hash = fmt.Sprintf("%x", hash.Sum(nil))
	prog, err := load.Load(t.Context(), s.config)
	if err != nil {
		t.Fatal(err)
	}
	if len(prog.Packages) != 1 {
		t.Fatalf("the race suite should load as one package, not %d: %v", len(prog.Packages), prog.Problems)
	}
	s.read(prog.Fset, prog.Packages[0])
	return s
}

// touched lists the tests that a finding is about: those that an access stands
// in, or a call or start on the way to it, or that alone reach where it stands.
func (s *suite) touched(o driver.Outcome) []*suiteTest {
	var list []*suiteTest
	add := func(at rewrite.Span) {
		for _, fn := range s.at(at) {
			if !slices.Contains(list, fn) {
				list = append(list, fn)
			}
		}
	}
	for _, side := range o.Sides {
		add(side.Access.At)
		add(side.Context.Start)
		for _, step := range side.Path {
			add(step.At)
		}
	}
	return list
}

// at lists the tests that a place in the source belongs to. Code that both
// racy and clean tests reach says nothing about either.
func (s *suite) at(p rewrite.Span) []*suiteTest {
	for _, d := range s.decls {
		if d.at.File != p.File || p.Line < d.at.Line || p.Line > d.at.EndLine {
			continue
		}
		if slices.ContainsFunc(d.tests, func(fn *suiteTest) bool { return fn.racy != d.tests[0].racy }) {
			return nil
		}
		return d.tests
	}
	return nil
}
