package load

import (
	"go/types"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// broken sizes make the type checker panic.
type broken struct{ types.Sizes }

func (broken) Sizeof(types.Type) int64 { panic("out of its depth") }

// What the type checker panics at is left out like what has errors.
func TestPanic(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "m.go")
	for name, text := range map[string]string{file: "package m\n", filepath.Join(dir, "go.mod"): "module example.com/m\n\ngo 1.21\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	prog, err := Load(t.Context(), Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	prog.graph["example.com/m"].TypesSizes = broken{types.SizesFor("gc", "amd64")}
	next, _ := prog.With(t.Context(), map[string][]byte{file: []byte("package m\n\nimport \"unsafe\"\n\nconst size = unsafe.Sizeof(0)\n")}, true)
	if len(next.Problems) != 1 || !strings.Contains(next.Problems[0].Msg, "can't check it: out of its depth") || len(next.Packages) != 0 {
		t.Errorf("%+v, %d packages", next.Problems, len(next.Packages))
	}
}
