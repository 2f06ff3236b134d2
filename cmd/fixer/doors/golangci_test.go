package doors_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// golangciVersion is the one that the README names.
const golangciVersion = "v2.15.0"

// golangciMain is what golangci-lint custom puts into its copy of golangci-lint.
// Its licence is the GPL, so it is built for tests only.
const golangciMain = `package main

import (
	"fmt"
	"os"

	_ "github.com/go-fixer/fixer/cmd/golangci"
	"github.com/golangci/golangci-lint/v2/pkg/commands"
)

func main() {
	if err := commands.Execute(commands.BuildInfo{Version: "test"}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
}
`

// golangciBinary builds golangci-lint with the plugin, once. skip says that the
// modules can't be had.
var golangciBinary = sync.OnceValues(func() (name string, skip bool) {
	root, err := filepath.Abs("../../..")
	if err != nil {
		return err.Error(), true
	}
	dir := filepath.Join(buildDir, "golangci")
	if err := os.Mkdir(dir, 0o777); err != nil {
		return err.Error(), true
	}
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(golangciMain), 0o666); err != nil {
		return err.Error(), true
	}
	for i, args := range [][]string{
		{"mod", "init", "example.com/golangci"},
		{"mod", "edit", "-go=1.26.0",
			"-require=github.com/go-fixer/fixer@" + unreleased, "-replace=github.com/go-fixer/fixer=" + root,
			"-require=github.com/go-fixer/fixer/cmd/golangci@" + unreleased,
			"-replace=github.com/go-fixer/fixer/cmd/golangci=" + filepath.Join(root, "cmd", "golangci")},
		{"get", "github.com/golangci/golangci-lint/v2@" + golangciVersion},
		{"build", "-mod=mod", "-o", "golangci-lint", "."},
	} {
		cmd := exec.Command("go", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off", "GOTOOLCHAIN=local")
		if out, err := cmd.CombinedOutput(); err != nil {
			return "go " + strings.Join(args, " ") + ": " + tail(out), i >= 2 && strings.Contains(string(out), "proxy")
		}
	}
	return filepath.Join(dir, "golangci-lint"), false
})

// golangci runs golangci-lint with the settings of the README, and returns
// the messages, each behind its file, and all that was printed.
func golangci(t *testing.T, dir string, args ...string) (issues []string, out string) {
	t.Helper()
	name, skip := golangciBinary()
	switch {
	case skip:
		t.Skipf("golangci-lint can't be built here: %s", name)
	case !filepath.IsAbs(name):
		t.Fatal(name)
	}
	write(t, dir, map[string]string{".golangci.yml": block(t, "golangci")})
	cmd := exec.CommandContext(t.Context(), name, append([]string{"run", "--output.json.path=stdout", "--show-stats=false", "--allow-parallel-runners"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOLANGCI_LINT_CACHE="+t.TempDir(), "GOFLAGS=", "GOWORK=off")
	text, _ := cmd.Output() // issues are an exit code too
	var report struct {
		Issues []struct {
			FromLinter, Text string
			Pos              struct{ Filename string }
		}
	}
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for _, i := range report.Issues {
		if i.FromLinter != "fixer" {
			t.Errorf("an issue from %s: %s", i.FromLinter, i.Text)
		}
		issues = append(issues, filepath.ToSlash(i.Pos.Filename)+": "+i.Text)
	}
	return issues, string(text)
}

// golangci-lint tells of the races, and mends them in a file.
func TestGolangci(t *testing.T) {
	dir, results := unpackCase(t, "guard/example")
	issues, out := golangci(t, dir)
	if len(issues) != 2 || !strings.HasPrefix(issues[0], "quota.go: guard: Quota.used is written by") {
		t.Errorf("issues: %q\n%s", issues, out)
	}
	golangci(t, dir, "--fix")
	if issues, out = golangci(t, dir); len(issues) != 0 {
		t.Errorf("left by --fix: %q\n%s", issues, out)
	}
	if got, want := read(t, dir, "quota.go"), results["quota.go"]; gofmted(t, got) != gofmted(t, want) {
		t.Errorf("quota.go is\n%s\nwant\n%s", got, want)
	}
}

// What packages do that are imported is known; generated files and comments
// that keep findings back are heeded.
func TestGolangciFacts(t *testing.T) {
	issues, out := golangci(t, unpack(t, below), "./...")
	if len(issues) != 1 || !strings.HasPrefix(issues[0], "a/a.go: ") || !strings.Contains(issues[0], "wrong is written") {
		t.Errorf("issues: %q\n%s", issues, out)
	}
}

// twoFiles is a package whose race is mended in both of its files.
const twoFiles = `
-- go.mod --
module example.com/m

go 1.26
-- a.go --
package main

import "sync"

type count struct {
	mu sync.Mutex
	n  int
}

func (c *count) add() {
	c.mu.Lock()
	c.n++
	c.mu.Unlock()
}

func (c *count) drop() { c.n-- }

func main() {
	c := new(count)
	go c.add()
	go c.drop()
	go c.reset()
}
-- b.go --
package main

func (c *count) reset() { c.n = 0 }
`

// Half of a change is none: what is in two files is left alone.
func TestGolangciTwoFiles(t *testing.T) {
	dir := unpack(t, twoFiles)
	a, b := read(t, dir, "a.go"), read(t, dir, "b.go")
	issues, out := golangci(t, dir, "--fix")
	if len(issues) != 1 || !strings.Contains(issues[0], "fixer apply makes the changes, which are in several files") {
		t.Errorf("issues: %q\n%s", issues, out)
	}
	if read(t, dir, "a.go") != a || read(t, dir, "b.go") != b {
		t.Errorf("a.go is\n%s\nb.go is\n%s", read(t, dir, "a.go"), read(t, dir, "b.go"))
	}
}
