package analyzer

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestAsked(t *testing.T) {
	for args, want := range map[string]bool{
		"-V=full": true, "-flags": true, "/tmp/b001/vet.cfg": true, "-rules=guard -json /tmp/b001/vet.cfg": true,
		"": false, "check ./...": false, "version": false, "check --json a.go": false,
	} {
		if got := Asked(strings.Fields(args)); got != want {
			t.Errorf("fixer %s: asked by go vet is %v", args, got)
		}
	}
}

func TestTooOld(t *testing.T) {
	for _, c := range []struct {
		wanted, built string
		old           bool
	}{
		{"go1.26.8", "go1.26.1", false},
		{"go1.25", "go1.26.1", false},
		{"go1.27rc1", "go1.26.8", true},
		{"go1.27.0", "go1.26.8 X:nodwarf5", false}, // no telling
		{"", "go1.26.8", false},
		{"devel go1.27-abc", "go1.26.8", false},
	} {
		if err := tooOld(c.wanted, c.built); (err != nil) != c.old {
			t.Errorf("built with %s, asked by %s: %v", c.built, c.wanted, err)
		}
	}
}

// The settings that go vet's cache must know of are those of the module around
// the directory, and of all in its workspace.
func TestSettingsFiles(t *testing.T) {
	t.Setenv("GOWORK", "")
	root := t.TempDir()
	for name, text := range map[string]string{
		"a/go.mod": "module a\n", "a/deep/x.go": "package deep\n", "b/go.mod": "module b\n",
		"w/go.work": "go 1.26\n\nuse (\n\t./c\n\t../b\n)\n", "w/c/go.mod": "module c\n",
	} {
		name = filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for dir, want := range map[string]string{"a/deep": "a", "b": "b", "w/c": "b w/c", "w": "b w/c"} {
		files, err := settingsFiles(filepath.Join(root, filepath.FromSlash(dir)))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range files {
			rel, err := filepath.Rel(root, filepath.Dir(f))
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, filepath.ToSlash(rel))
		}
		slices.Sort(got)
		if list := strings.Join(slices.Compact(got), " "); list != want {
			t.Errorf("in %s: settings of %s, want %s", dir, list, want)
		}
	}
}
