package golden

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rewrite/patch"
	"github.com/go-fixer/fixer/rewrite/render"
	"github.com/go-fixer/fixer/rules"
)

// TestRender writes what is found in the example of each rule in every format,
// from the run itself and from its JSON: both must be the same, SARIF must be
// valid, and the edits must give what the fixes give.
func TestRender(t *testing.T) {
	schema := sarifSchema(t)
	var texts []render.Rule
	for _, r := range rules.All {
		doc, _ := rules.Doc(r.Name)
		texts = append(texts, render.Rule{Name: r.Name, Title: r.Title, Doc: doc})
	}
	for _, c := range loadCases(t) {
		if !strings.HasSuffix(c.name, "/example") {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := tempDir(t)
			write(t, dir, c.sources)
			r, err := driver.Fix(t.Context(), driver.Config{
				Config: load.Config{Dir: dir, Tests: true, Env: env}, Rules: rules.All, Alone: true,
			})
			if err != nil {
				t.Fatal(err)
			}
			d, err := render.New(r, dir)
			if err != nil {
				t.Fatal(err)
			}
			checkEdits(t, d, r)
			saved, err := render.Read(strings.NewReader(rendered(t, "json", d, nil)))
			if err != nil {
				t.Fatal(err)
			}
			for _, format := range render.Formats {
				text := rendered(t, format, d, texts)
				if again := rendered(t, format, saved, texts); again != text {
					t.Errorf("%s of the saved run is other than that of the run:\n%s", format, diff(format, []byte(text), []byte(again)))
				}
				if strings.Contains(text, dir) && format != "json" {
					t.Errorf("%s names the directory:\n%s", format, text)
				}
				if format == "sarif" {
					validate(t, schema, text)
				}
			}
		})
	}
}

func rendered(t *testing.T, format string, d *render.Document, texts []render.Rule) string {
	t.Helper()
	var b bytes.Buffer
	if err := render.Write(&b, format, d, texts); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// checkEdits makes the edits, and the hunks, of each fix and compares.
func checkEdits(t *testing.T, d *render.Document, r *driver.Result) {
	for i, f := range d.Findings {
		if f.Fix == nil {
			continue
		}
		if len(f.Fix.Edits) == 0 {
			t.Errorf("%s: no edits", f.Message)
		}
		for _, file := range r.Outcomes[i].Alone {
			lines := patch.LinesOf(file.Old)
			var edits, hunks []patch.Edit
			for _, e := range f.Fix.Edits {
				if e.File == file.Name {
					edits = append(edits, patch.Edit{Start: lines.Offset(e.Line, e.Col), End: lines.Offset(e.EndLine, e.EndCol), New: []byte(e.New)})
				}
			}
			for _, h := range f.Fix.Hunks {
				if h.File == file.Name {
					hunks = append(hunks, patch.Edit{Start: lines.Offset(h.Line, 1), End: lines.Offset(h.EndLine+1, 1), New: []byte(h.New)})
				}
			}
			for _, list := range [][]patch.Edit{edits, hunks} {
				if got, err := patch.Apply(file.Old, list); err != nil || !bytes.Equal(got, file.New) {
					t.Errorf("%s: %v\n%s", file.Name, err, diff(file.Name, file.New, got))
				}
			}
		}
	}
}

// sarifSchema is OASIS's.
func sarifSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "rewrite", "render", "testdata", "sarif-schema-2.1.0.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	doc, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("sarif.json", doc); err != nil {
		t.Fatal(err)
	}
	return c.MustCompile("sarif.json")
}

func validate(t *testing.T, schema *jsonschema.Schema, text string) {
	t.Helper()
	var log any
	if err := json.Unmarshal([]byte(text), &log); err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(log); err != nil {
		t.Errorf("not valid: %v\n%s", err, text)
	}
}
