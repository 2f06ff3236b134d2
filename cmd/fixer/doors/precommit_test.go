package doors_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// racy is a module with a race that fixer mends.
var racy = map[string]string{
	"go.mod": "module example.com/m\n\ngo 1.21\n",
	"counter.go": `package m

import "sync"

// A Counter counts in the background.
type Counter struct {
	mu sync.Mutex
	n  int
}

// Start counts.
func (c *Counter) Start() {
	go func() {
		c.mu.Lock()
		c.n++
		c.mu.Unlock()
	}()
}

// Get returns the count.
func (c *Counter) Get() int {
	return c.n
}
`,
}

// TestPreCommit lets pre-commit install the hooks from a repository with the
// files at hand, and run them.
func TestPreCommit(t *testing.T) {
	program := debian(t, "pre-commit", "pre-commit")
	dir, home := t.TempDir(), t.TempDir()
	config := block(t, "pre-commit")
	rev := regexp.MustCompile(`(?m)^ +rev: (\S+)`).FindStringSubmatch(config)
	if rev == nil {
		t.Fatal("the configuration names no rev")
	}
	ours := published(t, rev[1])

	// Git fetches ours instead of what the README names; the rest of the world
	// is as this module has it.
	for _, name := range []string{"GOCACHE", "GOMODCACHE"} {
		t.Setenv(name, strings.TrimSpace(run(t, "", 0, "go", "env", name)))
	}
	t.Setenv("HOME", home)
	write(t, home, map[string]string{".gitconfig": "[user]\n\tname = a\n\temail = a@example.com\n" +
		"[url \"" + ours + "\"]\n\tinsteadOf = https://github.com/go-fixer/fixer\n[safe]\n\tdirectory = *\n"})
	t.Setenv("PRE_COMMIT_HOME", filepath.Join(home, "pre-commit"))
	t.Setenv("GOPROXY", "off")

	write(t, dir, racy)
	write(t, dir, map[string]string{".pre-commit-config.yaml": config})
	run(t, dir, 0, "git", "init", "-q", "-b", "main")
	run(t, dir, 0, "git", "add", "go.mod", ".pre-commit-config.yaml")
	run(t, dir, 0, "git", "commit", "-q", "-m", "first")
	run(t, dir, 0, program, "install")

	run(t, dir, 0, "git", "add", "counter.go")
	if out := run(t, dir, 1, "git", "commit", "-m", "a race"); !strings.Contains(out, "counter.go:22:9: guard: Counter.n is ") {
		t.Errorf("the hook says:\n%s", out)
	}
	run(t, dir, 0, "git", "commit", "-q", "--no-verify", "-m", "a race")
	write(t, dir, map[string]string{"other.go": "package m\n\n// X is another matter.\nvar X int\n"})
	run(t, dir, 0, "git", "add", "other.go")
	run(t, dir, 0, "git", "commit", "-q", "-m", "another matter")

	write(t, dir, map[string]string{".pre-commit-config.yaml": strings.Replace(config, "id: fixer\n        args: [--new-from-rev=HEAD]", "id: fixer-apply", 1)})
	if out := run(t, dir, 1, program, "run", "--all-files"); !strings.Contains(out, "files were modified by this hook") {
		t.Errorf("the hook that applies says:\n%s", out)
	}
	run(t, dir, 0, program, "run", "--all-files")
}

// published returns a repository with the files of this module, tagged with a
// version.
func published(t *testing.T, version string) string {
	t.Helper()
	dir, root := t.TempDir(), filepath.Join("..", "..", "..")
	for _, name := range []string{"cmd", "golden", "rewrite", "rules"} {
		if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(filepath.Join(root, name))); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"go.mod", "go.sum", "action.yml", ".pre-commit-hooks.yaml"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, map[string]string{name: string(text)})
	}
	run(t, dir, 0, "git", "init", "-q", "-b", "main")
	run(t, dir, 0, "git", "add", ".")
	run(t, dir, 0, "git", "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "first")
	run(t, dir, 0, "git", "tag", version)
	return dir
}
