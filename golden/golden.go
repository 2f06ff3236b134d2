// Package golden holds the cases that say what fixer does: one txtar archive
// each, in a folder per rule. CONTRIBUTING.md describes their form.
package golden

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/go-fixer/fixer/rewrite/patch"
	"golang.org/x/tools/txtar"
)

//go:embed *.txtar */*.txtar
var cases embed.FS

// goldenExt marks the file that another one is turned into.
const goldenExt = ".golden"

// Example returns the files that change in a rule's example and the prose
// above them.
func Example(rule string) (files []patch.File, prose string, err error) {
	data, err := cases.ReadFile(path.Join(rule, "example.txtar"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", fmt.Errorf("rule %s has no example", rule)
	}
	if err != nil {
		return nil, "", err
	}
	ar := txtar.Parse(data)
	after := map[string][]byte{}
	for _, f := range ar.Files {
		if name, ok := strings.CutSuffix(f.Name, goldenExt); ok {
			after[name] = stripWants(f.Data)
		}
	}
	for _, f := range ar.Files {
		if after[f.Name] != nil {
			files = append(files, patch.File{Name: f.Name, Old: stripWants(f.Data), New: after[f.Name]})
		}
	}
	return files, strings.TrimSpace(string(ar.Comment)), nil
}

// Demo returns the module that "fixer demo" mends.
func Demo() *txtar.Archive {
	data, err := cases.ReadFile("demo.txtar")
	if err != nil {
		panic(err) // it is embedded
	}
	return txtar.Parse(data)
}

var want = regexp.MustCompile(`[ \t]*// want ["` + "`" + `].*`)

// stripWants removes the expectations, which concern the tests only.
func stripWants(src []byte) []byte { return want.ReplaceAll(src, nil) }
