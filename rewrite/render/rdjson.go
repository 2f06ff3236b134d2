package render

import (
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/load"
)

// What fixer uses of Reviewdog's diagnostic format:
// https://github.com/reviewdog/reviewdog/tree/master/proto/rdf
type (
	rdResult struct {
		Source      rdSource       `json:"source"`
		Severity    string         `json:"severity"`
		Diagnostics []rdDiagnostic `json:"diagnostics"`
	}
	rdSource struct {
		Name string `json:"name"`
		URL  string `json:"url"`
	}
	rdDiagnostic struct {
		Message     string         `json:"message"`
		Location    rdLocation     `json:"location"`
		Severity    string         `json:"severity"`
		Code        *rdCode        `json:"code,omitempty"`
		Suggestions []rdSuggestion `json:"suggestions,omitempty"`
		Related     []rdRelated    `json:"related_locations,omitempty"`
	}
	rdLocation struct {
		Path  string   `json:"path"`
		Range *rdRange `json:"range,omitempty"`
	}
	rdRange struct {
		Start rdPosition `json:"start"`
		End   rdPosition `json:"end"`
	}
	// Columns are bytes of UTF-8; none means whole lines.
	rdPosition struct {
		Line   int `json:"line"`
		Column int `json:"column,omitempty"`
	}
	rdCode struct {
		Value string `json:"value"`
		URL   string `json:"url"`
	}
	rdSuggestion struct {
		Range rdRange `json:"range"`
		Text  string  `json:"text"`
	}
	rdRelated struct {
		Message  string     `json:"message"`
		Location rdLocation `json:"location"`
	}
)

func rdjson(d *Document) rdResult {
	out := rdResult{Source: rdSource{d.Tool.Name, Home}, Severity: "WARNING", Diagnostics: []rdDiagnostic{}}
	for i := range d.Findings {
		out.Diagnostics = append(out.Diagnostics, d.rdFinding(&d.Findings[i]))
	}
	for _, u := range d.Unused {
		out.Diagnostics = append(out.Diagnostics, rdDiagnostic{
			Message: u.message(), Location: rdAt(u.At), Severity: "INFO", Code: &rdCode{unusedRule, Home + "#keeping-findings-back"}})
	}
	for _, p := range d.Problems {
		if p.At.File != "" { // others have no place here
			out.Diagnostics = append(out.Diagnostics, rdDiagnostic{Message: problemText(p), Location: rdAt(p.At), Severity: "ERROR"})
		}
	}
	return out
}

func (d *Document) rdFinding(f *Finding) rdDiagnostic {
	diag := rdDiagnostic{Message: f.Message, Location: rdAt(f.Pos), Severity: "WARNING", Code: &rdCode{f.Rule, Home + "#rules"}}
	if f.certain() {
		diag.Severity = "ERROR"
	}
	for _, n := range Notes(&f.Finding) {
		if n.At != f.Pos {
			diag.Related = append(diag.Related, rdRelated{n.Text, rdAt(n.At)})
		}
	}
	switch remedy := d.remedy(f); {
	case f.Fix != nil:
		diag.Message += "\nFix: " + remedy
	case remedy != "":
		diag.Message += "\nN" + remedy[1:]
	}
	if h := f.suggestion(); h != nil {
		diag.Suggestions = []rdSuggestion{{
			Range: rdRange{rdPosition{Line: h.Line}, rdPosition{Line: h.EndLine}},
			Text:  strings.TrimSuffix(strings.TrimSuffix(h.New, "\n"), "\r"),
		}}
	}
	return diag
}

// suggestion returns the one stretch of lines that the fix changes, if that is
// in the file of the finding; nil if it changes more. Formats that put changes
// beside lines of a pull request can hold no others.
func (f *Finding) suggestion() *Hunk {
	if f.Fix == nil || len(f.Fix.Hunks) != 1 || f.Fix.Hunks[0].File != f.Pos.File {
		return nil
	}
	return &f.Fix.Hunks[0]
}

// remedy says how a finding can be mended, and, where the format can't hold the
// change, how to see it.
func (d *Document) remedy(f *Finding) string {
	remedy := f.remedy()
	if f.Fix != nil && f.suggestion() == nil {
		remedy += "; `" + d.command(f.Fix) + "` shows the change"
	}
	return remedy
}

// command is what shows the change of a fix, from Root.
func (d *Document) command(f *Fix) string {
	dir := ""
	if d.Dir != "." {
		dir = "-C " + d.Dir + " "
	}
	return "fixer " + dir + "diff --rules " + f.Rule
}

func rdAt(s rewrite.Span) rdLocation {
	l := rdLocation{Path: s.File}
	if !s.IsZero() {
		l.Range = &rdRange{rdPosition{s.Line, s.Col}, rdPosition{max(s.EndLine, s.Line), s.EndCol}}
	}
	return l
}

// problemText says what could not be analysed, without the place.
func problemText(p load.Problem) string {
	msg := strings.Join(strings.Fields(p.Msg), " ")
	switch {
	case p.Comment:
		return msg
	case p.At.File == "":
		return p.Pkg + " is not analysed: " + msg
	}
	return "not analysed: " + msg
}
