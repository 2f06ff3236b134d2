package git

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/sourcegraph/go-diff/diff"
)

// Changes are the lines of the Go files of a work tree that are not as they were
// in a commit. Names are absolute, and may lead through symbolic links. They are
// not safe for concurrent use.
type Changes struct {
	top   string
	files map[string]*file  // by name relative to top
	names map[string]string // relative to top, by the name asked for
}

type file struct {
	all   bool // git has never seen it
	hunks []hunk
}

// A hunk is where lines came, went or are others now.
type hunk struct {
	from, to int // the lines that are there now; none if to is less, they went from above line from
	gone     []string
}

// Since compares the work tree around dir with a commit: what has been
// committed since, what has not, and files that git doesn't know yet.
func Since(ctx context.Context, dir, rev string) (*Changes, error) {
	root, err := top(ctx, dir)
	if err != nil {
		return nil, err
	}
	hash, err := commit(ctx, root, rev)
	if err != nil {
		return nil, err
	}
	// What the user has configured for diffs is for the user's eyes. Space is
	// ignored: gofmt moves the columns of lines that nobody meant to change.
	text, err := run(ctx, root, "diff", "--unified=0", "--inter-hunk-context=0", "--find-renames", "--diff-filter=du", "--ignore-all-space",
		"--no-ext-diff", "--no-textconv", "--no-color", "--no-relative", "--text", "--ignore-submodules",
		"--src-prefix=a/", "--dst-prefix=b/", hash, "--", "*.go")
	if err != nil {
		return nil, err
	}
	c := &Changes{top: root, files: make(map[string]*file), names: make(map[string]string)}
	if err := c.parse(text); err != nil {
		return nil, fmt.Errorf("what git diff printed can't be read: %w", err)
	}
	names, err := run(ctx, root, "ls-files", "--others", "--exclude-standard", "-z", "--", "*.go")
	if err != nil {
		return nil, err
	}
	for name := range strings.SplitSeq(string(names), "\x00") {
		c.files[name] = &file{all: true}
	}
	return c, nil
}

func (c *Changes) parse(text []byte) error {
	diffs, err := diff.ParseMultiFileDiff(text)
	if err != nil {
		return err
	}
	for _, d := range diffs {
		f := &file{}
		for _, h := range d.Hunks {
			from := int(h.NewStartLine)
			if h.NewLines == 0 {
				from++ // git names the line above
			}
			f.hunks = append(f.hunks, hunk{from, from + int(h.NewLines) - 1, gone(h.Body)})
		}
		c.files[strings.TrimPrefix(d.NewName, "b/")] = f
	}
	return nil
}

// gone lists the lines that a hunk takes away.
func gone(body []byte) []string {
	var out []string
	for line := range strings.Lines(string(body)) {
		if text, ok := strings.CutPrefix(line, "-"); ok {
			out = append(out, text)
		}
	}
	return out
}

// file returns what has changed in a file; nil if nothing has.
func (c *Changes) file(name string) *file {
	rel, ok := c.names[name]
	if !ok {
		rel = c.relative(name)
		c.names[name] = rel
	}
	return c.files[rel]
}

func (c *Changes) relative(name string) string {
	root, real := c.top, name
	if r, err := filepath.EvalSymlinks(root); err == nil {
		root = r
	}
	if r, err := filepath.EvalSymlinks(name); err == nil {
		real = r
	}
	rel, err := filepath.Rel(root, real)
	if err != nil {
		return name
	}
	return filepath.ToSlash(rel)
}

// Touch reports whether a line of a file is new, or other than it was.
func (c *Changes) Touch(name string, line int) bool {
	f := c.file(name)
	if f == nil || f.all {
		return f != nil
	}
	for _, h := range f.hunks {
		if h.from <= line && line <= h.to {
			return true
		}
	}
	return false
}

// Took reports whether the changes took a line of some kind away between the
// first and the last line of a stretch of a file, or put others in its place.
func (c *Changes) Took(name string, first, last int, kind func(line string) bool) bool {
	f := c.file(name)
	if f == nil {
		return false
	}
	for _, h := range f.hunks {
		if h.from > last || h.to < first && h.from <= first {
			continue
		}
		for _, line := range h.gone {
			if kind(line) {
				return true
			}
		}
	}
	return false
}
