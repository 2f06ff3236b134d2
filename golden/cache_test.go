package golden

import (
	"bytes"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rewrite/render"
	"github.com/go-fixer/fixer/rules"
)

// TestCache mends the example of each rule without a cache, with an empty one,
// and with one that has it all: the findings, what becomes of them, and the
// files are the same.
func TestCache(t *testing.T) {
	for _, c := range loadCases(t) {
		if !strings.HasSuffix(c.name, "/example") {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir, store := tempDir(t), filepath.Join(t.TempDir(), "cache")
			write(t, dir, c.sources)
			want := fixWith(t, dir, "off")
			for _, state := range []string{"cold", "warm"} {
				got := fixWith(t, dir, store)
				if text, was := resultText(t, got), resultText(t, want); text != was {
					t.Errorf("%s:\n%s\nwithout a cache:\n%s", state, text, was)
				}
				if !reflect.DeepEqual(got.Files, want.Files) {
					t.Errorf("%s: the files are not those made without a cache", state)
				}
			}
		})
	}
}

func fixWith(t *testing.T, dir, cache string) *driver.Result {
	t.Helper()
	r, err := driver.Fix(t.Context(), driver.Config{
		Config: load.Config{Dir: dir, Tests: true, Env: env},
		Rules:  rules.All,
		Cache:  driver.OpenCache(cache),
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// resultText is all that is told of a result.
func resultText(t *testing.T, r *driver.Result) string {
	t.Helper()
	d, err := render.New(r, r.Root)
	if err != nil {
		t.Fatal(err)
	}
	d.Root = ""
	var b bytes.Buffer
	if err := render.Write(&b, "json", d, nil); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
