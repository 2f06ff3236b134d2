package doors_test

import (
	"encoding/json"
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/tools/go/analysis/unitchecker"
	"golang.org/x/tools/txtar"
)

// unpack puts the files of an archive into a directory of their own. Of a
// golden case, those are left out that say what comes out.
func unpack(t *testing.T, archive []byte) string {
	t.Helper()
	files := make(map[string]string)
	for _, f := range txtar.Parse(archive).Files {
		if !strings.HasSuffix(f.Name, ".golden") {
			files[f.Name] = string(f.Data)
		}
	}
	dir := t.TempDir()
	write(t, dir, files)
	return dir
}

// example unpacks the golden example of a rule.
func example(t *testing.T, rule string) (dir string, archive *txtar.Archive) {
	t.Helper()
	data, err := os.ReadFile("../../../golden/" + rule + "/example.txtar")
	if err != nil {
		t.Fatal(err)
	}
	return unpack(t, data), txtar.Parse(data)
}

// in runs a command in a directory and returns all that it prints.
func in(t *testing.T, dir, name string, args ...string) (out string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	// What a test needs of other modules, building fixer has fetched.
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GOTOOLCHAIN=local", "GOPROXY=file://"+filepath.ToSlash(modCache())+"/cache/download")
	text, err := cmd.CombinedOutput()
	return string(text), err
}

// unreleased is the version by which the go command knows what is replaced by a
// directory.
const unreleased = "v0.0.0-00010101000000-000000000000"

// modCache is where the go command keeps the modules that it has fetched.
var modCache = sync.OnceValue(func() string {
	out, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		panic(err)
	}
	return strings.TrimSpace(string(out))
})

// vet runs go vet with fixer and further arguments.
func vet(t *testing.T, dir string, args ...string) (out string, err error) {
	t.Helper()
	return in(t, dir, "go", append([]string{"vet", "-vettool=" + fixer(t)}, args...)...)
}

// The commands of the README, with fixer as a tool of the module: go vet tells
// of the races and mends them, go fix shows how.
func TestVet(t *testing.T) {
	dir, archive := example(t, "guard")
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	// Until it is released, fixer is found here.
	if out, err := in(t, dir, "go", "mod", "edit", "-go=1.26.0", "-require=github.com/go-fixer/fixer@"+unreleased, "-replace=github.com/go-fixer/fixer="+root); err != nil {
		t.Fatal(out)
	}
	write(t, dir, map[string]string{"go.sum": string(sums)})
	source := read(t, dir, "quota.go")
	for _, line := range strings.Split(strings.TrimSpace(block(t, "vet")), "\n") {
		command, _, _ := strings.Cut(line, "#")
		out, err := in(t, dir, "sh", "-c", command)
		switch {
		case strings.Contains(command, "go get"):
			if err != nil {
				t.Fatalf("%s: %v\n%s", line, err, out)
			}
		case strings.Contains(command, "-diff"):
			if !strings.Contains(out, "\n+\tq.mu.Lock()\n") || !strings.Contains(out, "(new)") {
				t.Errorf("%s:\n%s", line, out)
			}
		case strings.Contains(command, "-fix "):
			if err != nil {
				t.Errorf("%s: %v\n%s", line, err, out)
			}
			want := gofmted(t, string(file(t, archive, "quota.go.golden")))
			if got := read(t, dir, "quota.go"); got != want {
				t.Errorf("%s: quota.go is\n%s\nwant\n%s", line, got, want)
			}
			write(t, dir, map[string]string{"quota.go": source})
		default:
			if err == nil || !strings.Contains(out, "quota.go:32:2: guard: Quota.used is written by") {
				t.Errorf("%s: %v\n%s", line, err, out)
			}
		}
	}
}

// gofmted is what gofmt makes of a text, as go vet and golangci-lint do of the
// files that they change.
func gofmted(t *testing.T, text string) string {
	t.Helper()
	out, err := format.Source([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func file(t *testing.T, archive *txtar.Archive, name string) []byte {
	for _, f := range archive.Files {
		if f.Name == name {
			return f.Data
		}
	}
	t.Fatalf("no file %s", name)
	return nil
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// below: what a calls takes a lock, and starts a goroutine, and only its facts
// tell.
const below = `
-- go.mod --
module example.com/m

go 1.26
-- deep/deep.go --
package deep

func Go(f func()) { go f() }
-- guard/guard.go --
package guard

import (
	"sync"

	"example.com/m/deep"
)

type Guard struct{ mu sync.Mutex }

func (g *Guard) With(f func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f()
}

func Spawn(f func()) { deep.Go(f) }
-- a/a.go --
package a

import "example.com/m/guard"

func Count() {
	var g guard.Guard
	right, wrong := 0, 0
	guard.Spawn(func() { g.With(func() { right++ }) })
	guard.Spawn(func() { wrong++ })
	wrong++
	g.With(func() { right++ })
}
-- gen/gen.go --
// Code generated by hand. DO NOT EDIT.

package gen

func Count() {
	n := 0
	go func() { n++ }()
	n++
}
-- quiet/quiet.go --
package quiet

func Count() {
	n := 0
	go func() { n++ }()
	n++ //nolint:fixer // nobody looks
}
-- main.go --
package main

import (
	"example.com/m/a"
	"example.com/m/gen"
	"example.com/m/quiet"
)

func main() {
	a.Count()
	gen.Count()
	quiet.Count()
}
`

// What packages do that are imported, directly or not, is known by their facts.
// Generated files and comments that keep findings back are heeded.
func TestVetFacts(t *testing.T) {
	dir := unpack(t, []byte(below))
	out, err := vet(t, dir, "./...")
	if err == nil || strings.Count(out, " is written ") != 1 || !strings.Contains(out, "wrong is written") || !strings.Contains(out, "a.go:10:2: ") {
		t.Errorf("%v\n%s", err, out)
	}
}

// A package is looked at again when it changes, or what is known of those that
// it imports, or the settings.
func TestVetAgain(t *testing.T) {
	dir := unpack(t, []byte(below))
	vet(t, dir, "./...")
	edit := func(name, old, new string) {
		write(t, dir, map[string]string{name: strings.Replace(read(t, dir, name), old, new, 1)})
	}
	for _, step := range []struct {
		what string
		do   func()
		want string // the packages that are looked at
	}{
		{"nothing changes", func() {}, ""},
		{"a package that only main imports", func() { edit("quiet/quiet.go", "n := 0", "n := 1") }, "m m/quiet"},
		{"its lines", func() { edit("quiet/quiet.go", "n := 1", "n := 1\n") }, "m m/quiet"},
		{"the lowest", func() { edit("deep/deep.go", "func", "\nfunc") }, "m m/a m/deep m/guard"},
		{"the text of a comment", func() { edit("deep/deep.go", "go f() }", "go f() } // at once") }, "m/deep"},
	} {
		step.do()
		out, _ := vet(t, dir, "-x", "./...")
		if got := units(out); got != step.want {
			t.Errorf("%s: looked at %q, want %q", step.what, got, step.want)
		}
	}
	write(t, dir, map[string]string{".fixer.yml": "exclude: [a/...]\n"})
	if out, err := vet(t, dir, "./..."); err != nil {
		t.Errorf("a is excluded: %v\n%s", err, out)
	}
}

// units lists the packages of the module that go vet -x has shown to fixer.
func units(log string) string {
	var list []string
	for _, m := range regexp.MustCompile(`"ImportPath": "example.com/(.*)"`).FindAllStringSubmatch(log, -1) {
		list = append(list, m[1])
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// Of the standard library nothing is told, whoever asks.
func TestVetStandard(t *testing.T) {
	if out, err := vet(t, t.TempDir(), "sync", "log"); err != nil || strings.Contains(out, ".go:") {
		t.Errorf("%v\n%s", err, out)
	}
}

// A fixer that is too old for the Go that calls it says so, and once.
func TestVetTooOld(t *testing.T) {
	dir, _ := example(t, "guard")
	newer := filepath.Join(t.TempDir(), "fixer")
	write(t, filepath.Dir(newer), map[string]string{"fixer": fmt.Sprintf("#!/bin/sh\nGOVERSION=go1.99 exec %s \"$@\"\n", fixer(t))})
	if err := os.Chmod(newer, 0o777); err != nil {
		t.Fatal(err)
	}
	const complaint = "it can't read code for go1.99; build it anew"
	if out, err := in(t, dir, "go", "vet", "-vettool="+newer, "./..."); err == nil || strings.Count(out, complaint) != 1 {
		t.Errorf("go vet of a newer Go: %v\n%s", err, out)
	}
	unit, err := json.Marshal(unitchecker.Config{ImportPath: "p", GoVersion: "go1.99", GoFiles: []string{"p.go"}, VetxOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, map[string]string{"p.cfg": string(unit)})
	if out, err := in(t, dir, fixer(t), "p.cfg"); err == nil || strings.Count(out, complaint) != 1 {
		t.Errorf("a package for a newer Go: %v\n%s", err, out)
	}
}
