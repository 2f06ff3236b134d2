package load

import (
	"context"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

// sizes make the type checker fail.
type sizes struct{ types.Sizes }

func (sizes) Sizeof(types.Type) int64 { panic("no size") }

// A package that the type checker fails on is a problem of that package; the
// others are served.
func TestTypeCheckerFails(t *testing.T) {
	dir := t.TempDir()
	prog := &Program{Fset: token.NewFileSet(), graph: make(map[string]*packages.Package)}
	for path, s := range map[string]types.Sizes{"bad": sizes{}, "good": types.SizesFor("gc", "amd64")} {
		name := filepath.Join(dir, path+".go")
		text := "package p\n\nimport \"unsafe\"\n\nconst n = unsafe.Sizeof(struct{ f int }{})\n"
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		prog.graph[path] = &packages.Package{ID: path, PkgPath: path, Name: "p", CompiledGoFiles: []string{name}, TypesSizes: s}
	}
	got, problems := newWorld(prog, map[string]bool{"bad": true, "good": true}).check(context.Background())
	if len(got) != 1 || got[0].ID != "good" {
		t.Errorf("checked: %v", got)
	}
	if len(problems) != 1 || problems[0].Pkg != "bad" || !strings.HasPrefix(problems[0].Msg, "type-checking it failed: no size") {
		t.Errorf("problems: %v", problems)
	}
}
