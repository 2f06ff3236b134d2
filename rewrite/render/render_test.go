package render

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/patch"
)

// finding is a field that two goroutines write.
func finding() Finding {
	at := rewrite.Span{File: "a.go", Line: 1, Col: 8, EndLine: 1, EndCol: 9}
	side := rewrite.Side{Access: rewrite.Access{Op: rewrite.Write, At: at, Func: "f"}, Context: rewrite.Context{Func: "f", Runs: "g", Start: at}}
	return Finding{Rule: "field", Pos: at, Message: "T.n is written", Finding: rewrite.Finding{
		Kind: rewrite.Field, Confidence: rewrite.Certain, Place: rewrite.Place{Name: "T.n"}, Sides: [2]rewrite.Side{side, side}}}
}

func written(t *testing.T, format string, d *Document) string {
	t.Helper()
	var b strings.Builder
	if err := Write(&b, format, d, nil); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Columns are those of UTF-16 where the line is quoted.
func TestUnits(t *testing.T) {
	d := &Document{Lines: map[string]map[int]string{"a.go": {1: "é𝄞 x = 1"}}}
	for _, c := range []struct{ line, col, want int }{{1, 1, 1}, {1, 3, 2}, {1, 7, 4}, {1, 8, 5}, {1, 99, 10}, {2, 8, 8}, {2, 0, 1}} {
		if got := d.units("a.go", c.line, c.col); got != c.want {
			t.Errorf("column %d of line %d is %d, want %d", c.col, c.line, got, c.want)
		}
	}
	d.Findings = []Finding{finding()}
	if text := written(t, "github", d); !strings.Contains(text, "col=5,endColumn=6,") {
		t.Error(text)
	}
	if text := written(t, "sarif", d); !strings.Contains(text, `"startColumn": 5,`) {
		t.Error(text)
	}
	if text := written(t, "rdjson", d); !strings.Contains(text, `"column": 8`) {
		t.Error(text)
	}
}

func TestHunks(t *testing.T) {
	lines := func(from, to int) (text string) {
		for i := from; i <= to; i++ {
			text += fmt.Sprintln(i)
		}
		return text
	}
	for name, c := range map[string]struct{ old, new, want string }{
		"insertion":       {lines(1, 3), "1\nx\n2\n3\n", `2-2 "x\n2\n"`},
		"at the end":      {lines(1, 3), lines(1, 4), `3-3 "3\n4\n"`},
		"without newline": {"1\n2", "1\n2\n3", `2-2 "2\n3"`},
		"deletion":        {lines(1, 3), "1\n3\n", `2-2 ""`},
		"near":            {lines(1, 9), "x\n" + lines(2, 7) + "y\n9\n", `1-8 "x\n2\n3\n4\n5\n6\n7\ny\n"`},
		"far":             {lines(1, 9), "x\n" + lines(2, 8) + "y\n", `1-1 "x\n" 9-9 "y\n"`},
	} {
		old := []byte(c.old)
		var got []string
		for _, h := range hunks(patch.File{Name: "a.go", Old: old}, patch.Edits(old, []byte(c.new))) {
			got = append(got, fmt.Sprintf("%d-%d %q", h.Line, h.EndLine, h.New))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %s, want %s", name, strings.Join(got, " "), c.want)
		}
	}
}

// A fix that can't be had alone has no edits to show, and says so.
func TestTogether(t *testing.T) {
	f := finding()
	f.Rule, f.Fix = "guard", &Fix{Fix: rewrite.Fix{Rule: "guard", Title: "Hold T.mu", Safety: rewrite.Safe}}
	d := &Document{Dir: ".", Findings: []Finding{f}, Patch: "--- a/a.go\n"}
	if text := written(t, "sarif", d); strings.Contains(text, `"fixes"`) {
		t.Error(text)
	}
	if text := written(t, "rdjson", d); strings.Contains(text, `"suggestions"`) || !strings.Contains(text, "`fixer diff --rules guard` shows the change") {
		t.Error(text)
	}
	if text := written(t, "markdown", d); !strings.Contains(text, "only together with the other fixes") || !strings.Contains(text, "```diff\n--- a/a.go\n```") {
		t.Error(text)
	}
}

// What stands in sources and messages does nothing to the formats around it.
func TestEscape(t *testing.T) {
	if got, want := prose("*a*_b_ <b> [x](y) | @user #12 `c` a:100:b (*T).F m.go:1:2 $x$"),
		"\\*a\\*\\_b\\_ &lt;b&gt; \\[x\\](y) \\| @<!-- -->user #<!-- -->12 \\`c\\` a:<!-- -->100:b `(*T).F` `m.go:1:2` \\$x\\$"; got != want {
		t.Errorf("prose:\n%s\nwant\n%s", got, want)
	}
	for text, want := range map[string]string{"a|b": "`a\\|b`", "`": "`` ` ``", "a``b": "```a``b```"} {
		if got := code(text); got != want {
			t.Errorf("code(%q) = %s, want %s", text, got, want)
		}
	}
	if got, want := fenced("diff", "+````\n"), "`````diff\n+````\n`````\n\n"; got != want {
		t.Errorf("fenced: %q, want %q", got, want)
	}
	if got, want := label("a; #b <- c\n\"d\""), "a#59; #35;b #lt;- c #quot;d#quot;"; got != want {
		t.Errorf("label: %s, want %s", got, want)
	}
	f := finding()
	f.Message, f.Pos.File = "100%\r\n::error::x", "a,b:c.go"
	got := written(t, "github", &Document{Findings: []Finding{f}})
	if want := "::error file=a%2Cb%3Ac.go,line=1,endLine=1,col=8,endColumn=9,title=fixer%3A field::100%25%0D%0A::error::x\n"; got != want {
		t.Errorf("github: %s, want %s", got, want)
	}
	f.Pos.File = "a b:ü%.go"
	if text := written(t, "sarif", &Document{Findings: []Finding{f}}); !strings.Contains(text, `"uri": "./a%20b:%C3%BC%25.go"`) {
		t.Error(text)
	}
}

// GitHub takes no comment that is longer than 65,536 characters.
func TestRoom(t *testing.T) {
	d := &Document{}
	for range 150 {
		d.Findings = append(d.Findings, finding())
	}
	text := written(t, "markdown", d)
	if len(text) > 65_536 || !strings.Contains(text, "There is no room for the details of ") {
		t.Errorf("%d bytes, that end in\n%s", len(text), text[len(text)-200:])
	}
}

// What many goroutines read is not listed access by access.
func TestManyAccesses(t *testing.T) {
	f := finding()
	for range 15 {
		f.Accesses = append(f.Accesses, f.Sides[0].Access)
	}
	if text := written(t, "text", &Document{Findings: []Finding{f}}); strings.Contains(text, "all accesses") {
		t.Error(text)
	}
}

// FuzzRead gives any text for a saved run: it is refused, or can be written in
// every format, and as JSON read again.
func FuzzRead(f *testing.F) {
	names, err := filepath.Glob("../../golden/cli/*.txtar")
	if err != nil || len(names) == 0 {
		f.Fatal(names, err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range txtar.Parse(data).Files {
			if strings.Contains(file.Name, "json") {
				f.Add(file.Data)
			}
		}
	}
	var b bytes.Buffer
	leak := finding()
	leak.Kind = rewrite.Locking
	leak.Leaks = []rewrite.Leak{{By: "end"}}
	if err := writeJSON(&b, &Document{Version: Version, Tool: Tool{"fixer", "devel"}, Findings: []Finding{leak}, Unused: []Unused{{Text: "//nolint"}},
		Unplaced: []driver.Unplaced{{}}}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add(fmt.Appendf(nil, `{"version":%d,"tool":{"name":"fixer"},"findings":[{"sides":[{}],"fix":{"hunks":[{}]}}]}`, Version)) // nobody's edits
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := Read(bytes.NewReader(text))
		if err != nil {
			return
		}
		for _, format := range Formats {
			if err := Write(io.Discard, format, d, nil); err != nil {
				t.Errorf("%s: %v", format, err)
			}
		}
		if _, err := Read(strings.NewReader(written(t, "json", d))); err != nil {
			t.Error(err)
		}
	})
}

func TestUnused(t *testing.T) {
	for text, want := range map[string]string{
		"//lint:ignore fixer/guard,fixer/field why": "//lint:ignore fixer/guard,fixer/field keeps nothing back; delete it",
		"//lint:ignore fixer/guard,SA1000 why":      "//lint:ignore fixer/guard,SA1000 keeps no finding of fixer back; take fixer out of it",
		"//lint:file-ignore fixer/* why":            "//lint:file-ignore fixer/* keeps nothing back; delete it",
		"//nolint:fixer // why":                     "//nolint:fixer keeps nothing back; delete it",
		"// nolint:Fixer,errcheck":                  "// nolint:Fixer,errcheck keeps no finding of fixer back; take fixer out of it",
	} {
		if got := (Unused{Text: text}).message(); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
