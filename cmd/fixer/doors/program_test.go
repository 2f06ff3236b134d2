// Package doors_test opens fixer's doors with the real programs that come in by
// them: editors, bots and Go's own drivers. A program that isn't there is
// installed by the ordinary package client; where that can't be done, its test
// is skipped and says so.
package doors_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// installTime bounds how long one package client may take.
const installTime = 8 * time.Minute

// buildDir is where fixerBinary builds.
var buildDir string

// fixerBinary builds the command under test, once.
var fixerBinary = sync.OnceValues(func() (string, error) {
	name := filepath.Join(buildDir, "fixer")
	if out, err := exec.Command("go", "build", "-o", name, "github.com/go-fixer/fixer/cmd/fixer").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%v\n%s", err, out)
	}
	return name, nil
})

func TestMain(m *testing.M) {
	var err error
	if buildDir, err = os.MkdirTemp("", "fixer-doors"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(buildDir)
	os.Exit(code)
}

// fixer returns the name of the built command.
func fixer(t *testing.T) string {
	t.Helper()
	name, err := fixerBinary()
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// debian returns a program that a Debian package has, installing that if need
// be.
func debian(t *testing.T, program string, packages ...string) string {
	t.Helper()
	if name, err := exec.LookPath(program); err == nil {
		return name
	}
	if os.Geteuid() != 0 {
		t.Skipf("%s is not installed, and only root may install it", program)
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		t.Skipf("%s is not installed, and there is no apt-get to install it", program)
	}
	install := append([]string{"install", "-y", "--no-install-recommends"}, packages...)
	if _, err := client(t, "", "apt-get", install...); err != nil {
		client(t, "", "apt-get", "update") // the list of packages may be too old
		if out, err := client(t, "", "apt-get", install...); err != nil {
			t.Skipf("%s can't be installed here: %v\n%s", program, err, tail(out))
		}
	}
	name, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("the packages %s hold no %s", strings.Join(packages, ", "), program)
	}
	return name
}

// node returns a directory in which the npm packages, as name@version, are
// installed.
func node(t *testing.T, packages ...string) string {
	t.Helper()
	debian(t, "node", "nodejs")
	npm := debian(t, "npm", "npm")
	dir := t.TempDir()
	if out, err := client(t, dir, npm, append([]string{"install", "--no-audit", "--no-fund", "--prefix", dir}, packages...)...); err != nil {
		t.Skipf("%s can't be installed here: %v\n%s", strings.Join(packages, ", "), err, tail(out))
	}
	return dir
}

// goTool returns a program built from a package of another module, path@version.
func goTool(t *testing.T, pkg string) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("go", "install", pkg)
	cmd.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("%s can't be installed here: %v\n%s", pkg, err, tail(out))
	}
	return lone(t, dir)
}

// fromModule returns a program built within its own module, module@version:
// with the versions and checksums that it names, where those of others can't be
// asked for.
func fromModule(t *testing.T, module, pkg string) string {
	t.Helper()
	out, err := client(t, t.TempDir(), "go", "mod", "download", "-json", module)
	var downloaded struct{ Dir, Error string }
	if jsonErr := json.Unmarshal(out, &downloaded); err != nil || jsonErr != nil {
		t.Skipf("%s can't be had here: %v\n%s", module, err, tail(out))
	}
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", dir+string(filepath.Separator), pkg)
	cmd.Dir = downloaded.Dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("%s can't be built here: %v\n%s", module, err, tail(out))
	}
	return lone(t, dir)
}

// lone returns the one file in a directory that something was built into.
func lone(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%s holds %v, %v; want one program", dir, entries, err)
	}
	return filepath.Join(dir, entries[0].Name())
}

// client runs a package client.
func client(t *testing.T, dir, name string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(t.Context(), installTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	return cmd.CombinedOutput()
}

// tail is the end of what a program printed.
func tail(out []byte) string {
	const most = 2000
	if len(out) > most {
		out = out[len(out)-most:]
	}
	return string(out)
}

// block returns the code block of the README below the line <!-- door NAME -->:
// what readers copy is what the tests run.
func block(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile("(?ms)^<!-- door " + regexp.QuoteMeta(name) + " -->\n```[a-z]*\n(.*?)^```$").FindSubmatch(text)
	if m == nil {
		t.Fatalf("the README has no code block below <!-- door %s -->", name)
	}
	return string(m[1])
}

// write puts files into a directory.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// run runs a command that must end with an exit code, and returns what it
// prints.
func run(t *testing.T, dir string, code int, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatalf("%s: %v", name, err)
	}
	if got := cmd.ProcessState.ExitCode(); got != code {
		t.Fatalf("%s %s: exit code %d, not %d\n%s", name, strings.Join(args, " "), got, code, out)
	}
	return string(out)
}
