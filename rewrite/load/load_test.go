package load_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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

func unpack(t *testing.T, archive string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(archive)).Files {
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
	dir := unpack(t, module)
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
	name := filepath.Join(dir, "a", "a.go")
	list, err := prog.Variants([]load.Name{{Text: "n", Dir: filepath.Dir(name)}}, []string{name})
	if err != nil || len(list) != 1 || len(list[0].Files) != 1 || filepath.Base(list[0].Files[0]) != "a_plan9.go" || list[0].Name != "with GOOS=plan9" {
		t.Errorf("builds with other files that mention n: %v, %v", list, err)
	}
	for _, p := range prog.Packages {
		if _, err := p.SSA(); err != nil {
			t.Error(err)
		}
	}
}

// Changed text makes new packages where it can be seen, and only there.
func TestWith(t *testing.T) {
	dir := unpack(t, module)
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

// What another change has made the same already is taken from there.
func TestWithLike(t *testing.T) {
	dir := unpack(t, shared)
	ctx := context.Background()
	prog, err := load.Load(ctx, load.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	name := func(pkg string) string { return filepath.Join(dir, pkg, pkg+".go") }
	types := []byte("package types\n\ntype T struct{ m int }\n\nfunc (t *T) N() int { return t.m }\n")
	use := []byte("package taker\n\nimport \"example.com/m/types\"\n\nfunc Take(t *types.T) int { return 2 * t.N() }\n")
	first, _ := prog.With(ctx, map[string][]byte{name("types"): types}, true)
	both, _ := prog.With(ctx, map[string][]byte{name("types"): types, name("taker"): use}, true, first)
	for _, p := range both.Packages {
		old, want := slices.Contains(first.Packages, p), p.Path != "example.com/m/taker" && p.Path != "example.com/m/user"
		if old != want {
			t.Errorf("%s is that of the change before: %t, want %t", p.Path, old, want)
		}
	}
	if len(both.Problems) > 0 {
		t.Errorf("problems: %v", both.Problems)
	}
}

const shared = `
-- go.mod --
module example.com/m

go 1.21
-- types/types.go --
package types

type T struct{ n int }

func (t *T) N() int { return t.n }
-- taker/taker.go --
package taker

import "example.com/m/types"

func Take(t *types.T) int { return t.N() }
-- wire/wire.go --
package wire

type W struct{ n int }
-- conn/conn.go --
package conn

import (
	"example.com/m/types"
	"example.com/m/wire"
)

type Conn struct{ w wire.W }

func (c *Conn) T() *types.T { return new(types.T) }
-- user/user.go --
package user

import (
	"example.com/m/conn"
	"example.com/m/taker"
)

func Use(c *conn.Conn) int { return taker.Take(c.T()) }
`

// What changed before, unseen by those that import it, and what shows outside now
// meet in packages that see both by different ways.
func TestWithAgain(t *testing.T) {
	dir := unpack(t, shared)
	ctx := context.Background()
	prog, err := load.Load(ctx, load.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	types, wire := filepath.Join(dir, "types", "types.go"), filepath.Join(dir, "wire", "wire.go")
	next, _ := prog.With(ctx, map[string][]byte{types: []byte("package types\n\ntype T struct{ m int }\n\nfunc (t *T) N() int { return t.m }\n")}, false)
	next, _ = next.With(ctx, map[string][]byte{wire: []byte("package wire\n\ntype W struct{ n, m int }\n")}, true)
	if len(next.Problems) > 0 {
		t.Errorf("problems: %v", next.Problems)
	}
}

const loose = `
-- go.mod --
module example.com/m

go 1.21
-- a/a.go --
package a

import "example.com/m/b"

type T struct{ n int }

func (t *T) N() int { return t.n + b.B }
-- a/b.go --
package a

func (t *T) reset() { t.n = 0 }
-- a/a_test.go --
package a

var inside = T{n: 1}
-- a/x_test.go --
package a_test

import "example.com/m/a"

var outside a.T
-- b/b.go --
package b

const B = 1
`

// Files may be named one by one, as for go build: they are a package of their
// own, and those beside them count as files left out.
func TestNamedFiles(t *testing.T) {
	root := unpack(t, loose)
	dir := filepath.Join(root, "a")
	tests := []struct {
		files, packages, mentions string
	}{
		{"a.go", "b, command-line-arguments", "a_test.go"},
		{"a.go b.go", "b, command-line-arguments", "a_test.go"},
		{"a.go a_test.go", "b, command-line-arguments [command-line-arguments.test]", "b.go"},
		{"a.go x_test.go", "b, command-line-arguments, command-line-arguments_test [command-line-arguments.test]", "a_test.go"},
	}
	for _, test := range tests {
		t.Run(test.files, func(t *testing.T) {
			prog, err := load.Load(context.Background(), load.Config{Dir: dir, Patterns: strings.Fields(test.files), Tests: true})
			if err != nil {
				t.Fatal(err)
			}
			if got := ids(prog.Packages); got != test.packages {
				t.Errorf("analysed %s, want %s", got, test.packages)
			}
			if len(prog.Problems) > 0 {
				t.Errorf("problems: %v", prog.Problems)
			}
			if len(prog.ModDirs) != 1 || filepath.Base(prog.ModDirs[0]) != filepath.Base(root) {
				t.Errorf("directories %v, want the module's, %s", prog.ModDirs, root)
			}
			_, err = prog.Variants([]load.Name{{Text: "n", Dir: dir}}, []string{filepath.Join(dir, "a.go")})
			if err == nil || !strings.HasPrefix(err.Error(), test.mentions+", which was not named, ") {
				t.Errorf("files left out that mention n: %v, want %s", err, test.mentions)
			}
		})
	}
}

// Files of the standard library can be named where they are.
func TestNamedStandardFiles(t *testing.T) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(strings.TrimSpace(string(out)), "src", "container", "list")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("this Go installation has no sources: %v", err)
	}
	prog, err := load.Load(context.Background(), load.Config{Dir: dir, Patterns: []string{"list.go", "list_test.go"}, Tests: true})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := ids(prog.Packages), "command-line-arguments [command-line-arguments.test]"; got != want {
		t.Errorf("analysed %s, want %s", got, want)
	}
	if len(prog.Problems) > 0 || len(prog.ModDirs) != 1 || filepath.Base(prog.ModDirs[0]) != "list" {
		t.Errorf("problems %v, directories %v; want none, and %s", prog.Problems, prog.ModDirs, dir)
	}
}

// A file that is not there is told as such, not as a package to be fetched.
func TestMissingFile(t *testing.T) {
	for _, name := range []string{"none.go", "./none.go"} {
		_, err := load.Load(context.Background(), load.Config{Dir: unpack(t, loose), Patterns: []string{name}})
		if err == nil || !strings.Contains(err.Error(), name+": no such Go file") {
			t.Errorf("%s: %v, want that there is no such file", name, err)
		}
	}
}

// What is said of a file rests on the text that was loaded: another one is not
// to be edited.
func TestChangedSince(t *testing.T) {
	dir := unpack(t, loose)
	prog, err := load.Load(context.Background(), load.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(prog.ModDirs[0], "a", "a.go")
	text, err := prog.Source(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, append(text, "// more\n"...), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := prog.Source(name); err == nil || !strings.HasSuffix(err.Error(), "a.go was changed since it was loaded; run again") {
		t.Errorf("the source of a changed file: %v", err)
	}
}
