package load_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/go-fixer/fixer/rewrite/load"
)

const module = `
-- go.mod --
module example.com/m

go 1.21
-- a/a.go --
package a

type T struct{ n int }

func (t *T) N() int { return t.n }
-- a/a_test.go --
package a

var inside = T{n: 1}
-- a/x_test.go --
package a_test

import "example.com/m/a"

var outside a.T
-- a/a_plan9.go --
package a

func (t *T) reset() { t.n = 0 }
-- b/b.go --
package b

import "example.com/m/a"

func N(t *a.T) int { return t.N() }
-- c/c.go --
package c

func C() int { return "not a number" }
-- d/d.go --
package d

import _ "example.com/m/c"
`

func unpack(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(module)).Files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func ids(list []*load.Package) string {
	var out []string
	for _, p := range list {
		out = append(out, strings.TrimPrefix(p.ID, "example.com/m/"))
	}
	return strings.Join(out, ", ")
}

// One variant of each package is analysed, the widest; one that doesn't
// compile is told, and the others are served.
func TestLoad(t *testing.T) {
	dir := unpack(t)
	prog, err := load.Load(context.Background(), load.Config{Dir: dir, Tests: true})
	if err != nil {
		t.Fatal(err)
	}
	want := "a [example.com/m/a.test], a_test [example.com/m/a.test], b, d"
	if got := ids(prog.Packages); got != want {
		t.Errorf("analysed %s, want %s", got, want)
	}
	if len(prog.Problems) != 1 || prog.Problems[0].At.Line != 3 || filepath.Base(prog.Problems[0].At.File) != "c.go" {
		t.Errorf("problems: %v", prog.Problems)
	}
	if got := prog.Mentions("n"); len(got) != 1 || filepath.Base(got[0]) != "a_plan9.go" {
		t.Errorf("files left out that mention n: %v", got)
	}
	for _, p := range prog.Packages {
		if _, err := p.SSA(); err != nil {
			t.Error(err)
		}
	}
}

// Changed text makes new packages where it can be seen, and only there.
func TestWith(t *testing.T) {
	dir := unpack(t)
	ctx := context.Background()
	prog, err := load.Load(ctx, load.Config{Dir: dir, Tests: true})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "a", "a.go")
	text := []byte("package a\n\nimport \"sync/atomic\"\n\ntype T struct{ n atomic.Int64 }\n\nfunc (t *T) N() int { return int(t.n.Load()) }\n")
	next, again := prog.With(ctx, map[string][]byte{name: text}, true)
	if got, want := ids(again), "a_test [example.com/m/a.test], b"; got != want {
		t.Errorf("checked again: %s, want %s", got, want)
	}
	if len(next.Problems) != 2 || filepath.Base(next.Problems[0].At.File) != "a_test.go" {
		t.Errorf("the literal in a_test.go should not compile any more: %v", next.Problems)
	}
	if len(prog.Problems) != 1 {
		t.Errorf("the program before has changed: %v", prog.Problems)
	}
	if _, again := prog.With(ctx, map[string][]byte{name: append(text, "\n// more\n"...)}, false); strings.Contains(ids(again), "b") {
		t.Errorf("checked again although nothing shows outside: %s", ids(again))
	}
}
