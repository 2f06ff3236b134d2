package patch

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/sourcegraph/go-diff/diff"
)

// context is how many unchanged lines stand around a change.
const context = 3

// File is one file before and after.
type File struct {
	Name     string // slash-separated, relative to the root of the repository
	Old, New []byte
}

// Unified returns the changes of the files as one unified diff that git apply
// and patch -p1 accept, sorted by name. Files that don't change are left out.
// It is an error if two files have the same name or one has none.
func Unified(files []File) ([]byte, error) {
	sorted := slices.Clone(files)
	slices.SortStableFunc(sorted, func(a, b File) int { return cmp.Compare(a.Name, b.Name) })
	var out bytes.Buffer
	for i, f := range sorted {
		if f.Name == "" {
			return nil, fmt.Errorf("a changed file has no name")
		}
		if i > 0 && sorted[i-1].Name == f.Name {
			return nil, fmt.Errorf("%s: listed twice", f.Name)
		}
		if bytes.Equal(f.Old, f.New) {
			continue
		}
		text, err := diff.PrintFileDiff(&diff.FileDiff{
			OrigName: quote("a/" + f.Name),
			NewName:  quote("b/" + f.Name),
			Hunks:    hunks(f.Old, f.New),
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		out.Write(text)
	}
	return out.Bytes(), nil
}

// quote writes a name the way git does: C escapes within double quotes when it
// holds anything unusual. A tab ends names with blanks, for patch's sake.
func quote(name string) string {
	var b strings.Builder
	plain := true
	for i := 0; i < len(name); i++ {
		c := name[i]
		if at := strings.IndexByte("\a\b\t\n\v\f\r\"\\", c); at >= 0 {
			plain = false
			b.WriteByte('\\')
			b.WriteByte(`abtnvfr"\`[at])
			continue
		}
		if c < ' ' || c >= 0x7F {
			plain = false
			fmt.Fprintf(&b, `\%03o`, c)
			continue
		}
		b.WriteByte(c)
	}
	switch {
	case !plain:
		return `"` + b.String() + `"`
	case strings.Contains(name, " "):
		return name + "\t"
	}
	return name
}

// A line of a diff, without its newline if the text has none there.
type line struct {
	mark byte // ' ', '-' or '+'
	text string
}

// hunks returns the changes with their context.
func hunks(old, new []byte) []*diff.Hunk {
	lines := marked(old, new)
	var list []*diff.Hunk
	oldAt, newAt := 1, 1 // line numbers at lines[i]
	for i := 0; i < len(lines); {
		if lines[i].mark == ' ' && !near(lines, i) {
			oldAt, newAt, i = oldAt+1, newAt+1, i+1
			continue
		}
		end := i
		for end < len(lines) && (lines[end].mark != ' ' || near(lines, end)) {
			end++
		}
		h := hunk(lines[i:end], oldAt, newAt)
		list = append(list, h)
		for _, l := range lines[i:end] {
			if l.mark != '+' {
				oldAt++
			}
			if l.mark != '-' {
				newAt++
			}
		}
		i = end
	}
	return list
}

// marked lists the lines of both texts in the order of a diff.
func marked(old, new []byte) []line {
	var lines []line
	add := func(mark byte, text []byte) {
		for _, s := range split(text) {
			lines = append(lines, line{mark, s})
		}
	}
	for _, r := range runs(old, new) {
		if r.same {
			add(' ', old[r.oldFrom:r.oldTo])
			continue
		}
		add('-', old[r.oldFrom:r.oldTo])
		add('+', new[r.newFrom:r.newTo])
	}
	return lines
}

// near reports whether a changed line stands within the context of line i.
func near(lines []line, i int) bool {
	for j := max(0, i-context); j <= min(len(lines)-1, i+context); j++ {
		if lines[j].mark != ' ' {
			return true
		}
	}
	return false
}

func hunk(lines []line, oldAt, newAt int) *diff.Hunk {
	h := &diff.Hunk{}
	for _, l := range lines {
		h.Body = append(h.Body, l.mark)
		h.Body = append(h.Body, l.text...)
		if l.mark != '+' {
			h.OrigLines++
		}
		if l.mark != '-' {
			h.NewLines++
		}
		if l.mark == '-' && !strings.HasSuffix(l.text, "\n") {
			// The printer puts the remark about the missing newline here. At
			// the body's end it does so of itself, adding the newline too.
			h.Body = append(h.Body, '\n')
			h.OrigNoNewlineAt = int32(len(h.Body))
		}
	}
	// A side without lines is said to start at the line before.
	h.OrigStartLine, h.NewStartLine = int32(oldAt), int32(newAt)
	if h.OrigLines == 0 {
		h.OrigStartLine--
	}
	if h.NewLines == 0 {
		h.NewStartLine--
	}
	return h
}
