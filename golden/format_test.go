package golden

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/patch"
	"github.com/go-fixer/fixer/rules"
)

const sample = "a case\n-- go.mod --\nmodule m\n-- a.go --\npackage m // want \"one\" `t.o`\n\n// kept\nvar x int\n-- a.go.golden --\npackage m // want \"one\" `t.o`\n\n// kept\nvar y int\n-- note.txt --\n// want \"nothing\"\n"

func TestNewCase(t *testing.T) {
	c, err := newCase("guard/sample.txtar", []byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	if c.name != "guard/sample" || c.refusal || len(c.sources) != 3 || len(c.results) != 1 || len(c.wants) != 2 {
		t.Errorf("case: %+v", c)
	}
	for text, complaint := range map[string]string{
		"-- go.mod --\nmodule m\n":                                            "no line of prose",
		"x\n-- a.go --\n":                                                     "no go.mod",
		"x\n-- go.mod --\nmodule m\n-- a.go.golden --\n":                      "no source",
		"refusal: x\n-- go.mod --\nmodule m\n-- a.go --\n-- a.go.golden --\n": "refusal",
		"x\n-- go.mod --\nmodule m\n-- a.go --\n// want nothing\n":            "a.go:1",
		"x\n-- go.mod --\nmodule m\n-- a.go --\n\n// want \"(\"\n":            "a.go:2",
	} {
		if _, err := newCase("guard/x.txtar", []byte(text)); err == nil || !strings.Contains(err.Error(), complaint) {
			t.Errorf("newCase(%q) = %v, want %s", text, err, complaint)
		}
	}
}

func TestCheckWants(t *testing.T) {
	outcome := func(line int, name string) driver.Outcome {
		o := driver.Outcome{Finding: rewrite.Finding{Place: rewrite.Place{Name: name}}}
		o.Sides[0].Access.At = rewrite.Span{File: "/d/a.go", Line: line}
		return o
	}
	for _, c := range []struct {
		outcomes   []driver.Outcome
		complaints []string
	}{
		{[]driver.Outcome{outcome(1, "two"), outcome(1, "one")}, nil},
		{[]driver.Outcome{outcome(1, "two")}, []string{`a.go:1: no finding matches want "one"`}},
		{[]driver.Outcome{outcome(1, "two"), outcome(1, "one"), outcome(1, "one")}, []string{"a.go:1: no want matches: one is"}},
		{[]driver.Outcome{outcome(1, "two"), outcome(1, "one"), outcome(4, "one")}, []string{"a.go:4: no want matches: one is"}},
	} {
		sampleCase, err := newCase("guard/sample.txtar", []byte(sample))
		if err != nil {
			t.Fatal(err)
		}
		got := sampleCase.checkWants("/d", c.outcomes)
		if !slices.EqualFunc(got, c.complaints, strings.HasPrefix) {
			t.Errorf("complaints %q, want %q", got, c.complaints)
		}
	}
}

func TestUpdated(t *testing.T) {
	c, err := newCase("guard/sample.txtar", []byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.updated(c.results); string(got) != sample {
		t.Errorf("an update with the same results changes the archive:\n%s", got)
	}
	got := string(c.updated(map[string][]byte{"go.mod": []byte("module n\n")}))
	if strings.Contains(got, "a.go.golden") || !strings.Contains(got, "module m\n-- go.mod.golden --\nmodule n\n-- a.go --") {
		t.Errorf("updated:\n%s", got)
	}
}

func TestLostComments(t *testing.T) {
	old := "package p\n\n// kept\nvar x int // a // want \"b\"\n\n// gone\nvar y int\n\n// kept\nvar z int // want `c`\n"
	new := "package p\n\n// kept\nvar x int // a\n// new\n"
	lost, err := lostComments([]byte(old), []byte(new))
	if err != nil || !slices.Equal(lost, []string{"// gone", "// kept"}) {
		t.Errorf("lost = %q, %v", lost, err)
	}
}

// TestRules demands of every rule what "fixer explain" shows.
func TestRules(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range rules.All {
		if seen[r.Name] {
			t.Errorf("two rules are called %s", r.Name)
		}
		seen[r.Name] = true
		if doc, ok := rules.Doc(r.Name); !ok || !strings.HasPrefix(doc, r.Name+": ") {
			t.Errorf("rule %s: the comment above its variable must begin with %q", r.Name, r.Name+": ")
		}
		if files, prose, err := Example(r.Name); err != nil || len(files) == 0 || prose == "" {
			t.Errorf("rule %s: golden/%s/example.txtar: %v", r.Name, r.Name, err)
		}
		if r.Title == "" || len(r.Mends) == 0 || r.Fix == nil {
			t.Errorf("rule %s lacks a title, what it mends or its function", r.Name)
		}
	}
}

// TestDemo sees to it that "fixer demo" has something to show.
func TestDemo(t *testing.T) {
	dir := tempDir(t)
	for _, f := range Demo().Files {
		write(t, dir, map[string][]byte{f.Name: f.Data})
	}
	r := fix(t, dir, false)
	if len(r.Outcomes) == 0 || len(r.Problems) > 0 {
		t.Errorf("findings: %d, problems: %v", len(r.Outcomes), r.Problems)
	}
	for _, o := range r.Outcomes {
		if o.Fix == nil {
			t.Errorf("%v: %s", o.Pos(), o.Message())
		}
	}
}

// block is a part of the README that is made from the cases or the rules.
var block = regexp.MustCompile(`(?s)(<!-- (?:rules|example (\w+)) -->\n).*?(<!-- end -->)`)

// TestReadme compares those blocks with the cases and the rules of today.
func TestReadme(t *testing.T) {
	const name = "../README.md"
	old, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	new := block.ReplaceAllFunc(old, func(b []byte) []byte {
		part := block.FindSubmatch(b)
		body := rulesBlock()
		if rule := string(part[2]); rule != "" {
			body = exampleBlock(t, rule)
		}
		return slices.Concat(part[1], []byte(body), part[3])
	})
	switch {
	case bytes.Equal(old, new):
	case *update:
		if err := os.WriteFile(name, new, 0o644); err != nil {
			t.Fatal(err)
		}
		fmt.Println("updated README.md")
	default:
		t.Errorf("README.md is stale, run make golden:\n%s", diff("README.md", old, new))
	}
}

func exampleBlock(t *testing.T, rule string) string {
	files, _, err := Example(rule)
	if err != nil {
		t.Fatal(err)
	}
	d, err := patch.Unified(files)
	if err != nil {
		t.Fatal(err)
	}
	return "```diff\n" + string(d) + "```\n"
}

func rulesBlock() string {
	var b strings.Builder
	b.WriteString("| rule | what it does |\n| --- | --- |\n")
	for _, r := range rules.All {
		fmt.Fprintf(&b, "| `%s` | %s |\n", r.Name, r.Title)
	}
	return b.String()
}
