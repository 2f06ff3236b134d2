package golden

import (
	"bytes"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-fixer/fixer/rewrite/driver"
	"golang.org/x/tools/txtar"
)

// A goldenCase is one archive, taken apart.
type goldenCase struct {
	name    string // rule/case
	file    string // the archive on disk
	archive *txtar.Archive
	refusal bool              // nothing may change, and the messages say why
	unsafe  bool              // --unsafe is given
	sources map[string][]byte // everything but the .golden files, by slash-separated name
	results map[string][]byte // what the .golden files say, by the name of their source
	wants   []*expectation
}

// An expectation is one regexp of a want comment.
type expectation struct {
	file string
	line int
	re   *regexp.Regexp
	met  bool
}

// loadCases reads all cases from disk, sorted by name.
func loadCases(t *testing.T) []*goldenCase {
	t.Helper()
	files, err := filepath.Glob("*/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var all []*goldenCase
	for _, file := range files {
		if filepath.Dir(file) == "cli" {
			continue // whole commands, run by cmd/fixer
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c, err := newCase(file, data)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		all = append(all, c)
	}
	return all
}

func newCase(file string, data []byte) (*goldenCase, error) {
	c := &goldenCase{
		name:    strings.TrimSuffix(filepath.ToSlash(file), ".txtar"),
		file:    file,
		archive: txtar.Parse(data),
		sources: map[string][]byte{},
		results: map[string][]byte{},
	}
	prose := strings.TrimSpace(string(c.archive.Comment))
	if prose == "" {
		return nil, errors.New("no line of prose above the files")
	}
	c.refusal = strings.HasPrefix(prose, "refusal:")
	c.unsafe = strings.HasPrefix(prose, "unsafe:")
	for _, f := range c.archive.Files {
		if name, ok := strings.CutSuffix(f.Name, goldenExt); ok {
			c.results[name] = f.Data
			continue
		}
		if strings.HasSuffix(f.Name, "/race_test.go") {
			return nil, fmt.Errorf("%s: the race test must stand at the root of the module, where it is looked for", f.Name)
		}
		c.sources[f.Name] = f.Data
		wants, err := parseWants(f.Name, f.Data)
		if err != nil {
			return nil, err
		}
		c.wants = append(c.wants, wants...)
	}
	if c.sources["go.mod"] == nil {
		return nil, errors.New("no go.mod")
	}
	for name := range c.results {
		if c.sources[name] == nil {
			return nil, fmt.Errorf("%s%s has no source beside it", name, goldenExt)
		}
	}
	if c.refusal && len(c.results) > 0 {
		return nil, errors.New("a refusal that changes files")
	}
	return c, nil
}

// parseWants finds the "// want" comments of a Go file.
func parseWants(name string, src []byte) ([]*expectation, error) {
	if filepath.Ext(name) != ".go" {
		return nil, nil
	}
	var wants []*expectation
	for i, line := range strings.Split(string(src), "\n") {
		_, rest, found := strings.Cut(line, "// want ")
		if !found {
			continue
		}
		for rest = strings.TrimSpace(rest); rest != ""; rest = strings.TrimSpace(rest) {
			quoted, err := strconv.QuotedPrefix(rest)
			if err != nil {
				return nil, fmt.Errorf("%s:%d: a want holds quoted regexps only: %s", name, i+1, rest)
			}
			rest = rest[len(quoted):]
			text, err := strconv.Unquote(quoted)
			if err != nil {
				return nil, fmt.Errorf("%s:%d: %v", name, i+1, err)
			}
			re, err := regexp.Compile(text)
			if err != nil {
				return nil, fmt.Errorf("%s:%d: %v", name, i+1, err)
			}
			wants = append(wants, &expectation{file: name, line: i + 1, re: re})
		}
	}
	return wants, nil
}

// checkWants matches findings and expectations one to one.
func (c *goldenCase) checkWants(dir string, outcomes []driver.Outcome) (complaints []string) {
	for _, o := range outcomes {
		pos := o.Pos()
		name, err := filepath.Rel(dir, pos.File)
		if err != nil {
			name = pos.File
		}
		name = filepath.ToSlash(name)
		i := slices.IndexFunc(c.wants, func(w *expectation) bool {
			return !w.met && w.file == name && w.line == pos.Line && w.re.MatchString(o.Message())
		})
		if i < 0 {
			complaints = append(complaints, fmt.Sprintf("%s:%d: no want matches: %s", name, pos.Line, o.Message()))
			continue
		}
		c.wants[i].met = true
	}
	for _, w := range c.wants {
		if !w.met {
			complaints = append(complaints, fmt.Sprintf("%s:%d: no finding matches want %q", w.file, w.line, w.re))
		}
	}
	slices.Sort(complaints)
	return complaints
}

// write unpacks files into dir.
func write(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for name, data := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// updated returns the archive with its .golden files replaced by the results,
// each put behind its source; the rest stays as it is.
func (c *goldenCase) updated(results map[string][]byte) []byte {
	ar := &txtar.Archive{Comment: c.archive.Comment}
	for _, f := range c.archive.Files {
		if strings.HasSuffix(f.Name, goldenExt) {
			continue
		}
		ar.Files = append(ar.Files, f)
		if data, ok := results[f.Name]; ok {
			ar.Files = append(ar.Files, txtar.File{Name: f.Name + goldenExt, Data: data})
		}
	}
	return txtar.Format(ar)
}

// lostComments returns the comments of old that new lacks, wants excepted.
func lostComments(old, new []byte) ([]string, error) {
	before, err := comments(old)
	if err != nil {
		return nil, err
	}
	after, err := comments(new)
	if err != nil {
		return nil, err
	}
	var lost []string
	for text, n := range before {
		if n > after[text] {
			lost = append(lost, text)
		}
	}
	slices.Sort(lost)
	return lost, nil
}

// comments counts the comments of a file by their text.
func comments(src []byte) (map[string]int, error) {
	file, err := parser.ParseFile(token.NewFileSet(), "", src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	count := map[string]int{}
	for _, group := range file.Comments {
		for _, c := range group.List {
			if text := string(bytes.TrimSpace(stripWants([]byte(c.Text)))); text != "" {
				count[text]++
			}
		}
	}
	return count, nil
}
