package edit

import (
	"go/scanner"
	"go/token"
	"strings"
)

// A tok is one token or comment. Commas and semicolons aren't tokens here:
// where they are needed depends on the line structure, so they count as space.
type tok struct {
	from, to int
	key      string // equal for tokens that mean the same
	comment  bool
}

// tokens is a text with its tokens.
type tokens struct {
	text string
	list []tok
}

func scan(text string) *tokens {
	t := &tokens{text: text}
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(text))
	var s scanner.Scanner
	s.Init(file, []byte(text), func(token.Position, string) {}, scanner.ScanComments)
	for {
		pos, kind, lit := s.Scan()
		switch kind {
		case token.EOF:
			return t
		case token.COMMA, token.SEMICOLON:
			continue
		case token.COMMENT:
			from := file.Offset(pos)
			// Printers re-indent comments and trim their lines.
			t.list = append(t.list, tok{from, from + len(lit), strings.Join(strings.Fields(lit), ""), true})
			continue
		}
		if lit == "" || kind.IsOperator() {
			lit = kind.String()
		}
		from := file.Offset(pos)
		t.list = append(t.list, tok{from, from + len(lit), lit, false})
	}
}

func (t *tokens) str(i int) string { return t.text[t.list[i].from:t.list[i].to] }

// gap returns the text between token i and the one before it; before the first
// and after the last token, what is there.
func (t *tokens) gap(i int) string {
	from, to := 0, len(t.text)
	if i > 0 {
		from = t.list[i-1].to
	}
	if i < len(t.list) {
		to = t.list[i].from
	}
	return t.text[from:to]
}

// tail returns the text from the gap before token i on.
func (t *tokens) tail(i int) string {
	if i == 0 {
		return t.text
	}
	return t.text[t.list[i-1].to:]
}

func (t *tokens) keys(from, to int) []string {
	keys := make([]string, 0, to-from)
	for _, k := range t.list[from:to] {
		keys = append(keys, k.key)
	}
	return keys
}

// ends says of each token whether it is the last of its line.
func (t *tokens) ends(from, to int) []bool {
	ends := make([]bool, to-from)
	for i := range ends {
		ends[i] = strings.Contains(t.gap(from+i+1), "\n")
	}
	return ends
}

// lines groups the tokens by the line they start on.
func (t *tokens) lines() []extent {
	var lines []extent
	for i := range t.list {
		if i == 0 || strings.Contains(t.gap(i), "\n") {
			lines = append(lines, extent{i, i})
		}
		lines[len(lines)-1].to = i + 1
	}
	return lines
}

func (t *tokens) lineKeys(lines []extent) []string {
	keys := make([]string, len(lines))
	for i, l := range lines {
		keys[i] = strings.Join(t.keys(l.from, l.to), "\x00")
	}
	return keys
}

func newlines(gap string) int { return strings.Count(gap, "\n") }

// depth returns how many tabs the last line of a gap starts with.
func depth(gap string) int {
	tail := gap[strings.LastIndexByte(gap, '\n')+1:]
	return len(tail) - len(strings.TrimLeft(tail, "\t"))
}

// alike reports whether two gaps separate their tokens in the same way, but
// for alignment and indentation.
func alike(a, b string) bool {
	if newlines(a) != newlines(b) || marks(a) != marks(b) {
		return false
	}
	return newlines(a) > 0 || (a == "") == (b == "")
}

// marks returns the commas and semicolons of a gap.
func marks(gap string) string {
	return strings.Map(func(r rune) rune {
		if r == ',' || r == ';' {
			return r
		}
		return -1
	}, gap)
}
