package render

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// writeGithub writes workflow commands, which GitHub Actions shows beside the
// lines: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
func writeGithub(b *bytes.Buffer, d *Document) {
	for i := range d.Findings {
		f := &d.Findings[i]
		level, text := "warning", f.Message
		if f.certain() {
			level = "error"
		}
		switch remedy := f.remedy(); {
		case f.Fix != nil:
			text += "\nFix: " + remedy + "; " + d.command(f.Fix) + " shows the change"
		case remedy != "":
			text += "\n" + capital(remedy)
		}
		d.annotate(b, level, f.Rule, f.Pos, text)
	}
	for _, u := range d.Unused {
		d.annotate(b, "notice", unusedRule, u.At, u.message())
	}
	for _, u := range d.Unplaced {
		d.annotate(b, "warning", "race log", rewrite.Span{}, u.String())
	}
	for _, p := range d.Problems {
		d.annotate(b, "error", "not analysed", p.At, problemText(p))
	}
}

// annotate writes one command. Columns are given for ranges within one line
// only: GitHub takes no others.
func (d *Document) annotate(b *bytes.Buffer, level, title string, at rewrite.Span, text string) {
	properties := ""
	add := func(name, value string) { properties += name + "=" + property.Replace(value) + "," }
	if at.File != "" {
		add("file", filepath.ToSlash(at.File))
	}
	if !at.IsZero() {
		add("line", fmt.Sprint(at.Line))
		end := max(at.EndLine, at.Line)
		add("endLine", fmt.Sprint(end))
		if end == at.Line {
			add("col", fmt.Sprint(d.units(at.File, at.Line, at.Col)))
			add("endColumn", fmt.Sprint(d.units(at.File, at.Line, at.EndCol)))
		}
	}
	add("title", "fixer: "+title)
	fmt.Fprintf(b, "::%s %s::%s\n", level, strings.TrimSuffix(properties, ","), data.Replace(text))
}

// What commands can't hold as it is: in their text, and in their properties.
var (
	data     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)
