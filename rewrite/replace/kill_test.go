package replace

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/go-fixer/fixer/rewrite/patch"
)

// killAt names the variable with the step at which the process ends itself.
const killAt = "FIXER_TEST_KILL_AT"

func TestMain(m *testing.M) {
	at, err := strconv.Atoi(os.Getenv(killAt))
	if err != nil {
		os.Exit(m.Run())
	}
	steps := 0
	step = func() {
		if steps++; steps == at {
			p, _ := os.FindProcess(os.Getpid())
			p.Kill()
			select {}
		}
	}
	work := func() error { return Files(os.Args[1], three("old", "new")) }
	if os.Args[2] == "recover" {
		work = func() error { _, err := Recover(os.Args[1]); return err }
	}
	if err := work(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	os.Exit(0)
}

func three(old, new string) (files []patch.File) {
	for _, name := range []string{"a.go", "sub/b.go", "sub/c.go"} {
		files = append(files, patch.File{Name: name, Old: []byte(old + " " + name), New: []byte(new + " " + name)})
	}
	return files
}

// killed runs this program in dir and kills it at a step. It reports false if
// it came to its end before.
func killed(t *testing.T, dir, what string, at int) bool {
	t.Helper()
	cmd := exec.Command(os.Args[0], dir, what)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", killAt, at))
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() > 0 || len(out) > 0 {
		t.Fatalf("%s, killed at step %d: %v\n%s", what, at, err, out)
	}
	return err != nil
}

// texts returns the first words of the three files; the rest must be whole.
func texts(t *testing.T, dir string) string {
	t.Helper()
	var words []string
	for _, f := range three("old", "new") {
		text, err := os.ReadFile(filepath.Join(dir, f.Name))
		word, name, _ := strings.Cut(string(text), " ")
		if err != nil || name != f.Name {
			t.Fatalf("%s: %q, %v", f.Name, text, err)
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func put(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, "sub"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, f := range three("old", "new") {
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.Old, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// left lists what is in the tree besides the three files.
func left(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if rel, _ := filepath.Rel(dir, name); strings.Contains(rel, "fixer") {
			names = append(names, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// A process is killed at every step, and the recovery at every step of its
// own: no file is ever half written, and in the end all files have their old
// texts or all have the new ones.
func TestKilled(t *testing.T) {
	at := 1
	for ; ; at++ {
		dir := t.TempDir()
		put(t, dir)
		if !killed(t, dir, "replace", at) {
			break
		}
		texts(t, dir)
		for again := 1; ; again++ {
			if !killed(t, dir, "recover", again) {
				break
			}
			texts(t, dir)
		}
		if got := texts(t, dir); got != "old old old" && got != "new new new" {
			t.Errorf("killed at step %d and recovered: %s", at, got)
		}
		if names := left(t, dir); len(names) > 0 {
			t.Errorf("killed at step %d and recovered: left behind: %v", at, names)
		}
	}
	if at < 10 {
		t.Errorf("only %d steps", at)
	}
}

// What the user changed after a killed run is not overwritten.
func TestRecoverLeavesChanges(t *testing.T) {
	dir := t.TempDir()
	for at := 1; ; at++ {
		put(t, dir)
		if !killed(t, dir, "replace", at) {
			t.Fatal("never seen half done")
		}
		if texts(t, dir) == "new new old" {
			break
		}
		if _, err := Recover(dir); err != nil {
			t.Fatal(err)
		}
	}
	mine := filepath.Join(dir, "a.go")
	if err := os.WriteFile(mine, []byte("mine a.go"), 0o644); err != nil {
		t.Fatal(err)
	}
	files, err := Recover(filepath.Join(dir, "sub"))
	if err == nil || !strings.Contains(err.Error(), "a.go: was changed after an interrupted run") {
		t.Errorf("a file that was changed: %v", err)
	}
	if got := fmt.Sprint(files); got != "[sub/b.go]" {
		t.Errorf("recovered: %s", got)
	}
	if got := texts(t, dir); got != "mine old old" {
		t.Errorf("after the recovery: %s", got)
	}
	if err := Files(dir, three("old", "new")); err == nil {
		t.Error("what could not be recovered is forgotten")
	}
}

// Runs at the same time don't mix: each finds all files as it loaded them, or
// changes none.
func TestAtOnce(t *testing.T) {
	for range 10 {
		dir := t.TempDir()
		put(t, dir)
		const runs = 8
		errs := make(chan error, runs)
		for i := range runs {
			go func() { errs <- Files(dir, three("old", fmt.Sprintf("new%d", i))) }()
		}
		good := 0
		for range runs {
			if err := <-errs; err == nil {
				good++
			} else if !strings.Contains(err.Error(), "was changed since it was loaded") {
				t.Error(err)
			}
		}
		words := strings.Fields(texts(t, dir))
		if good != 1 || words[0] != words[1] || words[1] != words[2] {
			t.Errorf("%d runs went well; the files: %v", good, words)
		}
		if names := left(t, dir); len(names) > 0 {
			t.Errorf("left behind: %v", names)
		}
	}
}

// A link that leads out of the root is not followed, and a journal can't make
// the recovery write out of it either.
func TestOutside(t *testing.T) {
	dir, out := t.TempDir(), filepath.Join(t.TempDir(), "out.go")
	if err := os.WriteFile(out, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(out, filepath.Join(dir, "a.go")); err != nil {
		t.Skip(err)
	}
	err := Files(dir, []patch.File{{Name: "a.go", Old: []byte("old"), New: []byte("new")}})
	if err == nil || !strings.Contains(err.Error(), "a.go: leads out of") {
		t.Errorf("a link: %v", err)
	}
	j, err := open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{out, "../out.go", "a.go"} {
		e := entry{Name: filepath.ToSlash(name), Old: hash([]byte("evil")), New: hash([]byte("old")), Mode: 0o644}
		if err := os.WriteFile(j.backup(e), []byte("evil"), 0o600); err != nil {
			t.Fatal(err)
		}
		if back, err := j.restore(e); back || err == nil {
			t.Errorf("%s is restored: %v", name, err)
		}
	}
	if text, err := os.ReadFile(out); err != nil || string(text) != "old" {
		t.Errorf("out.go: %q, %v", text, err)
	}
}
