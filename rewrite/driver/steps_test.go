package driver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/load"
)

const four = `package four

import "sync"

type T struct {
	mu         sync.Mutex
	a, b, c, d int
}

func (t *T) Start() {
	go func() {
		t.a = 1
		t.b = 1
		t.c = 1
		t.d = 1
	}()
}

func (t *T) Reset() {
	t.a = 2
	t.b = 2
	t.c = 2
	t.d = 2
	println(0)
}
`

// Fixes that don't compile without each other are one step; one that adds
// nothing to those before is no step; and the steps lead to the whole.
func TestSteps(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "four.go")
	for name, text := range map[string]string{file: four, filepath.Join(dir, "go.mod"): "module example.com/four\n\ngo 1.22\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	span := func(text string) rewrite.Span {
		before, _, _ := strings.Cut(four, text)
		line, col := 1+strings.Count(before, "\n"), len(before)-strings.LastIndexByte(before, '\n')
		return rewrite.Span{File: file, Line: line, Col: col, EndLine: line, EndCol: col + len(text)}
	}
	hold := func(field string) []rewrite.Edit {
		var edits []rewrite.Edit
		for _, value := range []string{"1", "2"} {
			at := span("t." + field + " = " + value)
			edits = append(edits, rewrite.Hold{Lock: "t.mu", Mode: rewrite.Exclusive, First: at, Last: at})
		}
		return edits
	}
	edits := map[string][]rewrite.Edit{
		"a": append(hold("a"), rewrite.Insert{Stmt: span("println(0)"), Code: rewrite.Code{Text: "x := 0"}}),
		"b": hold("b"),
		"c": append(hold("c"), rewrite.Replace{Node: span("println(0)"), Code: rewrite.Code{Text: "println(x)"}}),
		"d": append(hold("b"), hold("d")...),
	}
	edits["b"] = edits["d"]
	rule := &rewrite.Rule{Name: "candidate", Mends: []rewrite.Kind{rewrite.Field}, Fix: func(s *rewrite.Site) (*rewrite.Fix, string) {
		field := strings.TrimPrefix(s.Finding.Place.Name, "T.")
		return &rewrite.Fix{Title: field, Places: []string{s.Finding.Place.Key}, Safety: rewrite.Safe, Edits: edits[field]}, ""
	}}
	r, err := Fix(t.Context(), Config{Config: load.Config{Dir: dir, Tests: true}, Rules: []*rewrite.Rule{rule}, Split: true})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	text := []byte(four)
	for _, s := range r.Steps {
		var titles []string
		for _, fix := range s.Fixes {
			titles = append(titles, fix.Title)
		}
		got = append(got, strings.Join(titles, " and "))
		if len(s.Files) != 1 || !bytes.Equal(s.Files[0].Old, text) {
			t.Fatalf("step %s begins elsewhere than the one before ends", got[len(got)-1])
		}
		text = s.Files[0].New
	}
	if want := "[b and d a and c]"; fmt.Sprint(got) != want {
		t.Errorf("steps %v, want %s", got, want)
	}
	if len(r.Files) != 1 || !bytes.Equal(r.Files[0].New, text) {
		t.Errorf("the steps lead to\n%s", text)
	}
}

// Half of what was to be mended is no result.
func TestInterrupted(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"four.go": four, "go.mod": "module example.com/four\n\ngo 1.22\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	asked := 0
	rule := &rewrite.Rule{Name: "slow", Mends: []rewrite.Kind{rewrite.Field}, Fix: func(*rewrite.Site) (*rewrite.Fix, string) {
		asked++
		cancel()
		return nil, "it takes too long"
	}}
	r, err := Fix(ctx, Config{Config: load.Config{Dir: dir}, Rules: []*rewrite.Rule{rule}})
	if r != nil || !errors.Is(err, context.Canceled) || asked == 0 {
		t.Errorf("asked %d times: %+v, %v", asked, r, err)
	}
}
