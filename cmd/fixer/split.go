package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/git"
	"github.com/go-fixer/fixer/rewrite/patch"
	"github.com/go-fixer/fixer/rewrite/render"
)

// A splitter writes each step of the changes as a patch of its own.
type splitter struct {
	dir, shown string // where to, and how to call that
}

// newSplitter refuses a directory in which something is already.
func (a *app) newSplitter(name string) (*splitter, error) {
	if name == "" {
		return nil, fmt.Errorf("--split: the name of a directory is missing")
	}
	dir := a.path(name)
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("--split: %w; give a new directory", err)
	case len(entries) > 0:
		return nil, fmt.Errorf("--split %s: the directory is not empty; give a new one", name)
	}
	return &splitter{dir, name}, nil
}

// write writes the patches and returns their names. On an error it leaves none.
func (s *splitter) write(ctx context.Context, r *driver.Result) (names []string, err error) {
	if len(r.Steps) == 0 {
		return nil, nil
	}
	if err := os.MkdirAll(s.dir, 0o777); err != nil {
		return nil, fmt.Errorf("--split: %w", err)
	}
	var written []string
	defer func() {
		if err != nil {
			for _, name := range written {
				os.Remove(name)
			}
		}
	}()
	author, mail := git.Author(ctx, r.Root)
	if mail == "" {
		author, mail = "fixer", "fixer@localhost"
	}
	for i, step := range r.Steps {
		found := mended(r, step)
		said, err := body(r, found)
		if err != nil {
			return nil, err
		}
		text, err := patch.Mail(patch.Commit{
			Author: author, Mail: mail, Number: i + 1, Of: len(r.Steps), Files: step.Files,
			Subject: subject(step), Body: said,
		})
		if err != nil {
			return nil, err
		}
		name := fmt.Sprintf("%04d-%s.patch", i+1, slug(step.Fixes[0].Rule+" "+found[0].Place.Name))
		f, err := os.OpenFile(filepath.Join(s.dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if err != nil {
			return nil, fmt.Errorf("--split: %w", err)
		}
		written = append(written, f.Name())
		_, err = f.Write(text)
		if err := cmp.Or(err, f.Close()); err != nil {
			return nil, fmt.Errorf("--split: %w", err)
		}
		names = append(names, filepath.Join(s.shown, name))
	}
	return names, nil
}

// mended lists the findings that a step mends.
func mended(r *driver.Result, step driver.Step) []driver.Outcome {
	var out []driver.Outcome
	for _, o := range r.Outcomes {
		if slices.Contains(step.Fixes, o.Fix) {
			out = append(out, o)
		}
	}
	return out
}

// subject is what commits of Go are called by: the package, and what is done.
func subject(step driver.Step) string {
	file := step.Files[0]
	where := path.Dir(file.Name)
	if where == "." {
		where = "all"
		if f, err := parser.ParseFile(token.NewFileSet(), "", file.New, parser.PackageClauseOnly); err == nil {
			where = f.Name.Name
		}
	}
	var titles []string
	for _, fix := range step.Fixes {
		if title := lower(fix.Title); !slices.Contains(titles, title) {
			titles = append(titles, title)
		}
	}
	return where + ": " + strings.Join(titles, ", ")
}

// lower makes a sentence go on where one began.
func lower(title string) string {
	for _, first := range title {
		return string(unicode.ToLower(first)) + title[len(string(first)):]
	}
	return title
}

// body says what races, by what evidence, and what was done about it.
func body(r *driver.Result, found []driver.Outcome) (string, error) {
	var b strings.Builder
	for _, o := range found {
		one := *r
		one.Outcomes, one.Files, one.Unused, one.Unplaced, one.Problems = []driver.Outcome{o}, nil, nil, nil, nil
		d, err := render.New(&one, r.Root)
		if err != nil {
			return "", err
		}
		var text bytes.Buffer
		if err := render.Write(&text, "text", d, nil); err != nil {
			return "", err
		}
		_, evidence, _ := strings.Cut(text.String(), "\n")
		b.WriteString(wrap(o.Message()+".") + "\n" + evidence + "\n")
	}
	b.WriteString("Found and mended by fixer " + driver.Version() + ".\n")
	return b.String(), nil
}

// wrap breaks a paragraph into lines.
func wrap(text string) string {
	const width = 72
	var b strings.Builder
	at := 0
	for _, word := range strings.Fields(text) {
		switch {
		case at == 0:
		case at+1+len(word) > width:
			b.WriteString("\n")
			at = 0
		default:
			b.WriteString(" ")
			at++
		}
		b.WriteString(word)
		at += len(word)
	}
	return b.String() + "\n"
}

// slug makes a file name of words.
func slug(text string) string {
	const most = 60
	words := strings.FieldsFunc(strings.ToLower(text), func(c rune) bool {
		return c > unicode.MaxASCII || !unicode.IsLetter(c) && !unicode.IsDigit(c)
	})
	name := strings.Join(words, "-")
	return strings.Trim(name[:min(len(name), most)], "-")
}
