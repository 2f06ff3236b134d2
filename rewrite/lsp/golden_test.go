package lsp_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestExamples opens the example of each rule, compares the diagnostics with
// the wants, and mends it: all at once, and finding by finding.
func TestExamples(t *testing.T) {
	files, err := filepath.Glob("../../golden/*/example.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		rule := filepath.Base(filepath.Dir(file))
		t.Run(rule, func(t *testing.T) {
			dir, sources, results := unpack(t, rule+"/example.txtar")
			e := start(t, dir, nothing)
			first := ""
			for name := range results {
				e.open(name)
				first = name
			}
			for name, text := range sources {
				if _, open := e.buffers[name]; open {
					checkWants(t, name, text, e.settled(name))
				}
			}
			all := e.actions(first, span{}, "source.fixAll")
			if len(all) != 1 || all[0].Kind != "source.fixAll.fixer" || all[0].Edit == nil {
				t.Fatalf("fixAll: %+v", all)
			}
			e.apply(all[0].Edit)
			e.compare(results)
			for name := range results {
				e.change(name, nil, sources[name])
			}
			e.mendEach(results)
			e.compare(results)
			for name := range results {
				if left := e.settled(name); len(left) > 0 {
					t.Errorf("%s: %+v", name, left)
				}
			}
		})
	}
}

// mendEach applies the first quick fix there is, until there is none.
func (e *editor) mendEach(results map[string]string) {
	e.t.Helper()
	for range 20 {
		mended := false
		for name := range results {
			for _, d := range e.settled(name) {
				list := e.actions(name, d.Range, "quickfix")
				if len(list) > 0 && list[0].IsPreferred {
					e.apply(list[0].Edit)
					mended = true
					break
				}
			}
		}
		if !mended {
			return
		}
	}
	e.t.Error("there is always one more fix")
}

func (e *editor) compare(results map[string]string) {
	e.t.Helper()
	for name, want := range results {
		if got := e.buffers[name]; got != want {
			e.t.Errorf("%s:\n%s\nwanted:\n%s", name, got, want)
		}
	}
}

// checkWants matches diagnostics and want comments one to one.
func checkWants(t *testing.T, name, text string, list []diagnostic) {
	t.Helper()
	met := make([]bool, len(list))
	for i, line := range strings.Split(text, "\n") {
		_, rest, _ := strings.Cut(line, "// want ")
		for rest = strings.TrimSpace(rest); rest != ""; rest = strings.TrimSpace(rest) {
			quoted, err := strconv.QuotedPrefix(rest)
			if err != nil {
				t.Fatal(err)
			}
			rest = rest[len(quoted):]
			want, _ := strconv.Unquote(quoted)
			found := false
			for j, d := range list {
				if !met[j] && !found && d.Range.Start.Line == i && regexp.MustCompile(want).MatchString(d.Message) {
					met[j], found = true, true
				}
			}
			if !found {
				t.Errorf("%s:%d: nothing matches %q in %+v", name, i+1, want, list)
			}
		}
	}
	for j, d := range list {
		if !met[j] {
			t.Errorf("%s: not wanted: %+v", name, d)
		}
	}
}

// unpack writes the files of a golden case, and returns its directory, its
// sources and its results.
func unpack(t *testing.T, file string) (dir string, sources, results map[string]string) {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("../../golden", file))
	if err != nil {
		t.Fatal(err)
	}
	if dir, err = filepath.EvalSymlinks(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	sources, results = make(map[string]string), make(map[string]string)
	for _, f := range archive.Files {
		if name, ok := strings.CutSuffix(f.Name, ".golden"); ok {
			results[name] = string(f.Data)
		} else {
			sources[f.Name] = string(f.Data)
		}
	}
	for name, text := range sources {
		write(t, filepath.Join(dir, name), text)
	}
	return dir, sources, results
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
