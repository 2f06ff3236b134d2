package replace

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/go-fixer/fixer/rewrite/patch"
)

// A result over several files is written wholly or not at all, keeps modes,
// and writes through symbolic links to the file they lead to.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	text := func(name string) string {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	put("a.go", "old a", 0o640)
	put("b.go", "old b", 0o600)
	if err := os.Symlink("b.go", filepath.Join(dir, "link.go")); err != nil {
		t.Fatal(err)
	}
	file := func(name, old, text string) patch.File {
		return patch.File{Name: name, Old: []byte(old), New: []byte(text)}
	}

	stale := []patch.File{file("a.go", "old a", "new a"), file("b.go", "other", "new b")}
	if err := Files(dir, stale); err == nil || !strings.Contains(err.Error(), "b.go: was changed since it was loaded") {
		t.Errorf("a file that changed meanwhile: %v", err)
	}
	if text("a.go") != "old a" {
		t.Error("a.go was written although b.go could not be")
	}

	good := []patch.File{file("a.go", "old a", "new a"), file("link.go", "old b", "new b")}
	if err := Files(dir, good); err != nil {
		t.Fatal(err)
	}
	if text("a.go") != "new a" || text("b.go") != "new b" {
		t.Errorf("written: %q, %q", text("a.go"), text("b.go"))
	}
	if st, err := os.Stat(filepath.Join(dir, "a.go")); err != nil || st.Mode().Perm() != 0o640 {
		t.Errorf("mode of a.go: %v, %v", st.Mode(), err)
	}
	if st, err := os.Lstat(filepath.Join(dir, "link.go")); err != nil || st.Mode()&os.ModeSymlink == 0 {
		t.Errorf("link.go is no link any more: %v", err)
	}

	if os.Getuid() == 0 {
		own := func(name string) string {
			t.Helper()
			st, err := os.Stat(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			sys := reflect.ValueOf(st.Sys()).Elem()
			return fmt.Sprint(sys.FieldByName("Uid"), " ", sys.FieldByName("Gid"))
		}
		put("own.go", "old own", 0o644)
		if err := os.Chown(filepath.Join(dir, "own.go"), 1234, 2345); err != nil {
			t.Fatal(err)
		}
		if err := Files(dir, []patch.File{file("own.go", "old own", "new own")}); err != nil || text("own.go") != "new own" || own("own.go") != "1234 2345" {
			t.Errorf("a file of somebody else: %v, %q, of %s", err, text("own.go"), own("own.go"))
		}
	}

	put("c.go", "old c", 0o444)
	locked := []patch.File{file("a.go", "new a", "x"), file("c.go", "old c", "x")}
	if err := Files(dir, locked); err == nil || !strings.Contains(err.Error(), "c.go: is read-only") {
		t.Errorf("a read-only file: %v", err)
	}
	if names, _ := filepath.Glob(filepath.Join(dir, ".*fixer*")); len(names) > 0 || text("a.go") != "new a" {
		t.Errorf("left behind: %v; a.go is %q", names, text("a.go"))
	}
}
