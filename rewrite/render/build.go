package render

import (
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/patch"
)

// near is how many unchanged lines at most stand between edits of one Hunk: as
// many as keep them in one hunk of a diff.
const near = 6

// A builder makes a Document.
type builder struct {
	result *driver.Result
	name   func(string) string
	need   map[string]map[int]bool // lines to quote, by absolute name
}

func (b *builder) finding(o driver.Outcome) (Finding, error) {
	f := Finding{
		Rule:     string(o.Kind),
		Pos:      o.Pos(),
		Message:  driver.Clause(&o.Finding),
		Evidence: evidence(&o.Finding),
		Finding:  cloned(o.Finding),
		Verdicts: append([]driver.Verdict{}, o.Verdicts...),
		Reports:  append([]string{}, o.Reports...),
	}
	if text, err := b.result.Source(f.Pos.File); err == nil {
		f.LineHash = lineHash(text, f.Pos.Line)
	}
	b.move(&f.Pos)
	for _, s := range spans(&f.Finding) {
		b.move(s)
	}
	if o.Fix != nil {
		fix, err := b.fix(o)
		if err != nil {
			return f, err
		}
		f.Rule, f.Fix = fix.Rule, fix
	}
	return f, nil
}

// fix says what a fix changes alone.
func (b *builder) fix(o driver.Outcome) (*Fix, error) {
	diff, err := patch.Unified(o.Alone)
	if err != nil {
		return nil, err
	}
	fix := &Fix{Fix: *o.Fix, Edits: []Edit{}, Hunks: []Hunk{}, Patch: string(diff)}
	for _, file := range o.Alone {
		lines, edits := patch.LinesOf(file.Old), patch.Edits(file.Old, file.New)
		for _, e := range edits {
			at := rewrite.Span{File: file.Name}
			at.Line, at.Col = lines.Position(e.Start)
			at.EndLine, at.EndCol = lines.Position(e.End)
			fix.Edits = append(fix.Edits, Edit{at, string(e.New)})
		}
		fix.Hunks = append(fix.Hunks, hunks(file, edits)...)
	}
	return fix, nil
}

// hunks joins the edits of a file, which are of whole lines, to stretches.
func hunks(file patch.File, edits []patch.Edit) []Hunk {
	lines := patch.LinesOf(file.Old)
	var out []Hunk
	for from := 0; from < len(edits); {
		to := from + 1
		for to < len(edits) && between(file.Old[edits[to-1].End:edits[to].Start]) <= near {
			to++
		}
		first, last := edits[from], edits[to-1]
		start, end := wider(file.Old, first.Start, last.End)
		var text strings.Builder
		at := start
		for _, e := range edits[from:to] {
			text.Write(file.Old[at:e.Start])
			text.Write(e.New)
			at = e.End
		}
		text.Write(file.Old[at:end])
		h := Hunk{File: file.Name, New: text.String()}
		h.Line, _ = lines.Position(start)
		h.EndLine, _ = lines.Position(max(start, end-1))
		out = append(out, h)
		from = to
	}
	return out
}

// between counts the lines of a text.
func between(text []byte) int { return strings.Count(string(text), "\n") }

// wider takes the line below into an empty range between lines; at the end of
// the text, the one above.
func wider(text []byte, start, end int) (int, int) {
	if start < end {
		return start, end
	}
	if n := strings.IndexByte(string(text[end:]), '\n'); n >= 0 {
		return start, end + n + 1
	}
	if end < len(text) {
		return start, len(text)
	}
	return 1 + strings.LastIndexByte(strings.TrimSuffix(string(text), "\n"), '\n'), end
}

// move names the file of a span as documents do, and notes the lines that it
// begins and ends on.
func (b *builder) move(s *rewrite.Span) {
	if s.File == "" {
		return
	}
	if s.Line > 0 {
		if b.need[s.File] == nil {
			b.need[s.File] = make(map[int]bool)
		}
		b.need[s.File][s.Line] = true
		b.need[s.File][s.EndLine] = true
	}
	s.File = b.name(s.File)
}

// lines quotes what was noted. Files that can't be read are left out.
func (b *builder) lines() map[string]map[int]string {
	out := make(map[string]map[int]string)
	for file, numbers := range b.need {
		text, err := b.result.Source(file)
		if err != nil {
			continue
		}
		quoted := make(map[int]string)
		lines := patch.LinesOf(text)
		for n := range numbers {
			if line := lines.Line(n); len(line) > 0 {
				quoted[n] = string(line)
			}
		}
		out[b.name(file)] = quoted
	}
	return out
}

// units returns the column of a position in UTF-16 code units. For lines that
// are not quoted a byte counts as one.
func (d *Document) units(file string, line, col int) int {
	text := d.Lines[file][line]
	if len(text) == 0 || col < 1 {
		return max(col, 1)
	}
	return patch.Units([]byte(text[:min(col-1, len(text))])) + 1
}
