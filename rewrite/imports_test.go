package rewrite_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/go-fixer/fixer/"

// ours lists, for the packages that may import only some of ours, which.
var ours = map[string][]string{
	"rewrite":         {},
	"rewrite/patch":   {},
	"rewrite/report":  {"rewrite"},
	"rewrite/git":     {},
	"rewrite/model":   {"rewrite"},
	"rewrite/replace": {"rewrite/patch"},
	"rewrite/render":  {"rewrite", "rewrite/driver", "rewrite/load", "rewrite/patch"},
	"rewrite/lsp":     {"rewrite", "rewrite/driver", "rewrite/patch", "rewrite/render"},
	"rules":           {"rewrite", "rewrite/edit"},
	// A thin wrapper: what a pass holds goes to the driver, what comes back is said.
	"rewrite/analyzer": {"rewrite", "rewrite/load", "rewrite/effect", "rewrite/driver", "rewrite/patch", "rules"},
}

// forbidden lists what else a package must not import: packages of ours by
// their full names, others by the end of their path. That only rewrite/edit
// knows dst, and only cmd knows golden, holds for all.
var forbidden = map[string][]string{
	"cmd/fixer":      {"ssa"},
	"rewrite":        {"ssa", "os"},
	"rewrite/load":   {"rules", "rewrite/driver"},
	"rewrite/effect": {"rewrite/race", "rules"},
	"rewrite/race":   {"rules"},
	"rewrite/edit":   {"rewrite/race", "rewrite/driver"},
	"rewrite/driver": {"rules", "cmd/fixer", "rewrite/render"},
	"rewrite/render": {"ssa"},
	"rewrite/lsp":    {"rules", "cmd/fixer", "ssa", "go/ast", "go/types"},
}

// TestImports keeps the imports of the module one-way.
func TestImports(t *testing.T) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(p.ImportPath, module)
		seen[name] = true
		for _, imp := range p.Imports {
			if complaint := judge(name, imp); complaint != "" {
				t.Errorf("%s imports %s: %s", name, imp, complaint)
			}
		}
	}
	for name := range forbidden {
		if !seen[name] {
			t.Errorf("the table speaks of %s, which isn't there", name)
		}
	}
}

func judge(name, imp string) string {
	short, own := strings.CutPrefix(imp, module)
	allowed, limited := ours[name]
	switch {
	case own && limited && !slices.Contains(allowed, short):
		return "of ours it may import only " + strings.Join(allowed, ", ")
	case short == "golden" && name != "cmd/fixer":
		return "for cmd and tests only"
	case short == "rewrite/analyzer" && name != "cmd/fixer":
		return "for cmd and other modules only"
	case strings.Contains(imp, "dave/dst") && name != "rewrite/edit":
		return "only rewrite/edit knows dst"
	}
	for _, f := range forbidden[name] {
		if short == f || !own && strings.HasSuffix("/"+imp, "/"+f) {
			return "forbidden"
		}
	}
	return ""
}
