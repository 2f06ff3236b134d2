package driver

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/go-fixer/fixer/rewrite/load"
)

// Other packages notice a new field where they have the struct by value, say what all
// its fields are, or take it for a type that is declared elsewhere.
func TestNoticed(t *testing.T) {
	const inner = `package inner

type Behind struct{ n int }
type Named struct{ N, m int }
type Listed struct{ N, M int }
type Copied struct{ n int }
type Stored struct{ n int }
type Held struct{ n int }
type Many struct{ n int }
type Given struct{ n int }
type Key struct{ n int }
type Twin struct{ N int }
type hidden struct{ n int }
type Inside struct{ h hidden }
type Generic[T any] struct{ v T }
type Argument struct{ n int }

func New() *hidden { return new(hidden) }
`
	const outer = `package outer

import "example.com/m/inner"

func behind(b *inner.Behind, list []*inner.Behind) *inner.Behind { list[0] = b; return list[1] }

var named = &inner.Named{N: 1}

var listed = &inner.Listed{1, 2}

func copied(c *inner.Copied) { d := *c; _ = d }

var stored inner.Stored

type holder struct{ held inner.Held }

func many(list *[2]inner.Many) { for range *list {} }

func given(inner.Given) {}

var keys map[inner.Key]bool

type twin struct{ N int }

func twins(t *twin) *inner.Twin { return (*inner.Twin)(t) }

var hidden, inside = inner.New(), inner.Inside{}

var generic inner.Generic[inner.Argument]
`
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module example.com/m\n\ngo 1.23\n", "inner/inner.go": inner, "outer/outer.go": outer} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	cfg := &Config{Config: load.Config{Dir: dir}}
	prog, err := cfg.load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b, err := cfg.analyse(t.Context(), prog, nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.sites.index()
	for name, want := range map[string]bool{
		"Behind": false, "Named": false, "Listed": true, "Copied": true, "Stored": true, "Held": true, "Many": true, "Given": true,
		"Key": true, "Twin": true, "hidden": true, "Inside": true, "Generic": true, "Argument": true,
	} {
		st := b.sites.types["example.com/m/inner."+name]
		if st == nil {
			t.Fatalf("there is no %s", name)
		}
		if got := b.sites.noticed(st.File.Span(st.Type)); got != want {
			t.Errorf("a new field of %s is noticed: %t, want %t", name, got, want)
		}
	}
}
