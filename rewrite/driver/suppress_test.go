package driver

import (
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"

	"github.com/go-fixer/fixer/rewrite"
)

func TestParseDirective(t *testing.T) {
	for _, c := range []struct {
		text  string
		names string // joined by commas; "" for a comment that is not fixer's
		err   string
		named bool
	}{
		{"//lint:ignore fixer/guard it is fine", "guard", "", true},
		{"//lint:ignore SA1000,fixer/guard,fixer/field it is fine", "guard,field", "", true},
		{"//lint:ignore\tfixer/*\tfine", "*", "", true},
		{"//lint:file-ignore fixer/* generated", "*", "", true},
		{"//lint:ignore SA1000 not ours", "", "", false},
		{"//lint:ignore", "", "", false},
		{"//lint:ignored fixer/guard", "", "", false},
		{"// see lint:ignore fixer/guard x", "", "", false},
		{"//lint:ignore fixer/guard", "guard", "the reason is missing; write //lint:ignore fixer/guard REASON", true},
		{"//lint:file-ignore fixer/*", "*", "the reason is missing", true},
		{"//lint:ignore fixer because", "", "fixer alone names no rule", true},
		{"//lint:ignore fixer/guard, fixer/field because", "guard", "without spaces", true},
		{"// lint:ignore fixer/guard because", "guard", "no space", true},
		{"//nolint", "*", "", false},
		{"// nolint", "*", "", false},
		{"//nolint // why", "*", "", false},
		{"//nolint:fixer", "*", "", true},
		{"//nolint:all", "*", "", false},
		{"//nolint: gosec, Fixer // why", "*", "", true},
		{"//nolint:gosec // not fixer", "", "", false},
		{"//nolint:fixer because", "*", "", true},
		{"//nolinter", "", "", false},
		{"/* nolint */", "", "", false},
	} {
		d, ok, err := parseDirective(c.text)
		switch {
		case ok != (c.names != "" || c.err != ""):
			t.Errorf("%s: taken: %v", c.text, ok)
		case (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err):
			t.Errorf("%s: error %v, want %q", c.text, err, c.err)
		case ok && (d.named != c.named || err == nil && strings.Join(d.names, ",") != c.names):
			t.Errorf("%s: %+v", c.text, d)
		}
	}
}

func TestReach(t *testing.T) {
	const src = `// Package p.
//nolint:fixer
package p // line 3

//lint:ignore fixer/* to the head
func f(
	a int,
) {
	_ = a //lint:ignore fixer/* behind
	//lint:ignore fixer/* over a statement
	// of several lines
	_ = []int{
		a,
	}
	//lint:ignore fixer/* over a head
	go func() {
		_ = a
	}()
}

//nolint:fixer
type T struct {
	a int

	//lint:ignore fixer/* over a field
	b, // line 26
	c int
}

//lint:ignore fixer/* over nothing

//lint:file-ignore fixer/* all
`
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "p.go", src, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	s := &suppressions{byFile: map[string][]*Suppression{}}
	s.file(fset, "p", f, nil)
	if len(s.problems) > 0 {
		t.Errorf("problems: %+v", s.problems)
	}
	var got [][2]int
	for _, sup := range s.byFile["p.go"] {
		got = append(got, [2]int{sup.from, sup.to})
	}
	want := [][2]int{{1, 0}, {6, 8}, {9, 9}, {12, 14}, {16, 16}, {22, 28}, {26, 27}, {30, 30}, {1, 0}}
	want[0][1], want[8][1] = strings.Count(src, "\n"), strings.Count(src, "\n")
	if !slices.Equal(got, want) {
		t.Errorf("reach %v, want %v", got, want)
	}
	if unused := s.unused(true); len(unused) != len(want) || unused[0].At.Line != 2 {
		t.Errorf("unused: %+v", unused)
	}
}

func TestFilter(t *testing.T) {
	guard := &rewrite.Rule{Name: "guard", Mends: []rewrite.Kind{rewrite.Field}}
	other := &rewrite.Rule{Name: "other"}
	rules := []*rewrite.Rule{guard, other}
	finding := func(a, b, decl int) *rewrite.Finding {
		f := &rewrite.Finding{Kind: rewrite.Field, Place: rewrite.Place{Decl: rewrite.Span{File: "p.go", Line: decl}}}
		f.Sides[0].Access.At = rewrite.Span{File: "p.go", Line: a}
		f.Sides[1].Access.At = rewrite.Span{File: "p.go", Line: b}
		return f
	}
	for names, want := range map[string]int{"guard": 1, "field": 1, "*": 1, "other": 4, "other,guard": 1} {
		s := &suppressions{byFile: map[string][]*Suppression{"p.go": {{directive: directive{names: strings.Split(names, ","), named: true}, from: 5, to: 6}}}}
		left := s.filter([]*rewrite.Finding{finding(5, 1, 1), finding(1, 6, 1), finding(1, 1, 5), finding(4, 7, 1)}, rules)
		if len(left) != want || len(s.unused(true)) != want/4 {
			t.Errorf("%s leaves %d findings, unused %v", names, len(left), s.unused(true))
		}
	}
	if err := known([]string{"guard", "field", "*"}, rules); err != nil {
		t.Error(err)
	}
	if err := known([]string{"gaurd"}, rules); err == nil || !strings.Contains(err.Error(), "guard, other, field") {
		t.Errorf("a name that isn't there: %v", err)
	}
}
