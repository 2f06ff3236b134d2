package edit

import (
	"bytes"
	"go/ast"
	goformat "go/format"
	"go/parser"
	"go/token"
	"strings"
)

const bom = "\xEF\xBB\xBF"

// A source is one file as read, in the form the syntax packages like.
type source struct {
	name string
	raw  []byte
	text string // without byte order mark and carriage returns
	fset *token.FileSet
	file *ast.File
}

// open parses a file, unless it is one that must not be edited.
func open(name string, raw []byte) (*source, error) {
	s := &source{name: name, raw: raw, fset: token.NewFileSet()}
	s.text = strings.ReplaceAll(strings.TrimPrefix(string(raw), bom), "\r\n", "\n")
	if i := strings.IndexByte(s.text, '\r'); i >= 0 {
		return nil, s.refuse(i, "the file holds a carriage return without newline")
	}
	file, err := parser.ParseFile(s.fset, name, emptied(s.text), parser.ParseComments)
	if err != nil {
		return nil, &Refusal{File: name, Reason: "the file does not parse: " + err.Error()}
	}
	s.file = file
	if ast.IsGenerated(file) {
		return nil, &Refusal{File: name, Reason: "the file is generated: a change would be lost"}
	}
	for _, group := range file.Comments {
		for _, c := range group.List {
			at := s.offset(c.Pos())
			// Only at the start of a line is //line a directive.
			if strings.HasPrefix(c.Text, "/*line ") || strings.HasPrefix(c.Text, "//line ") && (at == 0 || s.text[at-1] == '\n') {
				return nil, s.refuse(at, "a line directive says that the file is generated from another")
			}
		}
	}
	return s, nil
}

// emptied empties lines of blanks only, by moving the blanks up: dst takes no
// other line for an empty one. No token moves.
func emptied(text string) string {
	t := scan(text)
	out := []byte(text)
	for i := range len(t.list) + 1 {
		gap := t.gap(i)
		lines := strings.Split(gap, "\n")
		if len(lines) < 3 || strings.Join(lines[1:len(lines)-1], "") == "" {
			continue
		}
		for k := 1; k < len(lines)-1; k++ {
			if blank := lines[k]; strings.Trim(blank, " \t") == "" {
				lines[0], lines[k] = lines[0]+blank, ""
			}
		}
		copy(out[len(text)-len(t.tail(i)):], strings.Join(lines, "\n"))
	}
	return string(out)
}

func (s *source) offset(pos token.Pos) int { return s.fset.File(s.file.FileStart).Offset(pos) }

// refuse returns a refusal that names the place at an offset in text.
func (s *source) refuse(at int, reason string) *Refusal {
	line := 1 + strings.Count(s.text[:at], "\n")
	col := at - strings.LastIndexByte(s.text[:at], '\n')
	if line == 1 && bytes.HasPrefix(s.raw, []byte(bom)) {
		col += len(bom)
	}
	return &Refusal{s.name, line, col, reason}
}

// tidy reports whether the file is as gofmt would have it, but for the newline
// at its end.
func (s *source) tidy() bool {
	text, err := goformat.Source([]byte(s.text))
	return err == nil && strings.TrimSuffix(string(text), "\n") == strings.TrimSuffix(s.text, "\n")
}

// format returns a text as gofmt would have it, with a newline at the end only
// if it had one.
func format(name, text string) (string, error) {
	out, err := goformat.Source([]byte(text))
	if err != nil {
		return "", &Refusal{File: name, Reason: "the edited file would not parse: " + err.Error()}
	}
	if !strings.HasSuffix(text, "\n") {
		out = bytes.TrimSuffix(out, []byte("\n"))
	}
	return string(out), nil
}

// restore returns an edited text with the byte order mark and the line ends
// of the file. New lines end like the one above.
func (s *source) restore(text string) []byte {
	var out []byte
	raw, had := bytes.CutPrefix(s.raw, []byte(bom))
	if had {
		out = append(out, bom...)
	}
	if !bytes.Contains(raw, []byte("\r\n")) {
		return append(out, text...)
	}
	old := strings.SplitAfter(string(raw), "\n")
	plain := strings.SplitAfter(s.text, "\n")
	lines := strings.SplitAfter(text, "\n")
	from := match(lines, plain)
	crlf := strings.HasSuffix(old[0], "\r\n")
	next := 0 // the first old line not passed yet
	for i, line := range lines {
		if from[i] >= 0 {
			out = append(out, old[from[i]]...)
			if strings.HasSuffix(line, "\n") {
				crlf = strings.HasSuffix(old[from[i]], "\r\n")
			}
			next = from[i] + 1
			continue
		}
		// A changed line stands where an old one stood.
		if next < len(old) && strings.HasSuffix(old[next], "\n") && !taken(from[i:], next) {
			crlf = strings.HasSuffix(old[next], "\r\n")
			next++
		}
		if body, ok := strings.CutSuffix(line, "\n"); ok && crlf {
			line = body + "\r\n"
		}
		out = append(out, line...)
	}
	return out
}

// taken reports whether the next line that is kept is the old line n.
func taken(from []int, n int) bool {
	for _, f := range from {
		if f >= 0 {
			return f == n
		}
	}
	return false
}
