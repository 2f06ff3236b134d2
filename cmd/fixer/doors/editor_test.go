package doors_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"
)

// editTime bounds how long an editor may take.
const editTime = 3 * time.Minute

// unpackCase writes a golden case, and returns its directory and what is to
// become of its files.
func unpackCase(t *testing.T, name string) (dir string, results map[string]string) {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("../../../golden", filepath.FromSlash(name)+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	if dir, err = filepath.EvalSymlinks(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	results = make(map[string]string)
	for _, f := range archive.Files {
		if name, ok := strings.CutSuffix(f.Name, ".golden"); ok {
			results[name] = string(f.Data)
			continue
		}
		write(t, dir, map[string]string{f.Name: string(f.Data)})
	}
	return dir, results
}

// edit runs an editor in a directory, with fixer where editors look for it, and
// returns what it prints.
func edit(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), editTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(fixer(t))+string(filepath.ListSeparator)+os.Getenv("PATH"), "HOME="+t.TempDir(),
		"GOCACHE="+goEnv(t, "GOCACHE"), "GOPATH="+goEnv(t, "GOPATH"), "GOFLAGS=", "GOWORK=off", "FIXER_CACHE=off")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v\n%s", filepath.Base(name), err, tail(out))
	}
	return string(out)
}

func goEnv(t *testing.T, key string) string {
	t.Helper()
	out, err := exec.Command("go", "env", key).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// checkFiles compares files with what they are to be.
func checkFiles(t *testing.T, dir string, results map[string]string) {
	t.Helper()
	for name, want := range results {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
		} else if string(got) != want {
			t.Errorf("%s is\n%s\nwant\n%s", name, got, want)
		}
	}
}
