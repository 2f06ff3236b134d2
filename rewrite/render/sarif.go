package render

import (
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/driver"
)

// srcRoot stands for the Root of a document, as is usual.
const srcRoot = "%SRCROOT%"

// sarif makes a log of SARIF 2.1.0: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
func sarif(d *Document, rules []Rule) sarifLog {
	s := &sarifWriter{d: d, rules: used(d, append(slices.Clone(rules), kinds...))}
	run := sarifRun{
		Tool:    sarifTool{sarifDriver{Name: d.Tool.Name, Version: strings.TrimPrefix(d.Tool.Version, "v"), InformationURI: Home, Rules: s.ruleList()}},
		Results: []sarifResult{},
		Bases:   map[string]sarifArtifact{srcRoot: {Description: &sarifText{Text: "the top of the git work tree, or of the module"}}},
		Columns: "utf16CodeUnits",
		Invocations: []sarifInvocation{{
			Successful:    len(d.Problems) == 0,
			Notifications: s.notifications(),
		}},
	}
	for i := range d.Findings {
		run.Results = append(run.Results, s.result(&d.Findings[i]))
	}
	for _, u := range d.Unused {
		r := s.newResult(unusedRule, "note", u.At)
		r.Message.Text = sentence(u.message())
		r.Fingerprints = nil
		run.Results = append(run.Results, r)
	}
	return sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{run}}
}

type sarifWriter struct {
	d     *Document
	rules []Rule
}

// used leaves those of the rules under which something is listed.
func used(d *Document, rules []Rule) []Rule {
	return slices.DeleteFunc(rules, func(r Rule) bool {
		return (r.Name != unusedRule || len(d.Unused) == 0) &&
			!slices.ContainsFunc(d.Findings, func(f Finding) bool { return f.Rule == r.Name })
	})
}

func (s *sarifWriter) ruleList() []sarifRule {
	out := []sarifRule{}
	for _, r := range s.rules {
		level := "error"
		if r.Name == unusedRule {
			level = "note"
		}
		full, help := r.texts()
		out = append(out, sarifRule{
			ID:            r.Name,
			Name:          pascal(r.Title),
			Short:         sarifText{Text: sentence(capital(r.Title))},
			Full:          sarifText{Text: full},
			Help:          help,
			HelpURI:       Home + "#rules",
			Configuration: sarifConfiguration{level},
			Properties:    sarifRuleProperties{Tags: []string{"concurrency", "data-race"}, Precision: "high"},
		})
	}
	return out
}

func (s *sarifWriter) index(rule string) int {
	return slices.IndexFunc(s.rules, func(r Rule) bool { return r.Name == rule })
}

func (s *sarifWriter) newResult(rule, level string, at rewrite.Span) sarifResult {
	r := sarifResult{Rule: rule, Level: level, Locations: []sarifLocation{s.location(at, "")}}
	if i := s.index(rule); i >= 0 {
		r.RuleIndex = &i
	}
	return r
}

func (s *sarifWriter) result(f *Finding) sarifResult {
	level := "warning"
	if f.certain() {
		level = "error"
	}
	r := s.newResult(f.Rule, level, f.Pos)
	text := sentence(f.Message)
	for i, note := range Notes(&f.Finding) {
		l := s.location(note.At, note.Text)
		id := i + 1
		l.ID = &id
		r.Related = append(r.Related, l)
		if i < len(sides(&f.Finding)) || f.Kind == rewrite.Locking {
			text += fmt.Sprintf("\n[%s](%d)", linkText.Replace(note.Text), id)
		}
	}
	if remedy := s.d.remedy(f); remedy != "" {
		text += "\n" + sentence(remedy)
	}
	r.Message.Text = text
	r.Flows = s.flows(f)
	r.Fixes = s.fixes(f)
	r.Fingerprints = map[string]string{"fixerPlace/v1": string(f.Kind) + " " + f.Place.Key}
	if f.LineHash != "" {
		r.Fingerprints["primaryLocationLineHash"] = f.LineHash
	}
	r.Properties = &sarifResultProperties{Kind: string(f.Kind), Confidence: string(f.Confidence), Evidence: f.Evidence}
	return r
}

// linkText escapes what would end the text of a link in a message.
var linkText = strings.NewReplacer(`\`, `\\`, `[`, `\[`, `]`, `\]`)

// flows tells what each of the two goroutines does, from its start to the
// access; of a lock, what happens to it.
func (s *sarifWriter) flows(f *Finding) []sarifFlow {
	if f.Kind == rewrite.Locking {
		var flow sarifThread
		for _, step := range lockNotes(&f.Finding) {
			flow.Locations = append(flow.Locations, sarifStep{Location: s.location(step.At, step.Text), Importance: "essential"})
		}
		return []sarifFlow{{Threads: []sarifThread{flow}}}
	}
	var threads []sarifThread
	for i, side := range f.Sides {
		text := goroutine(side.Context, func(name string) string { return name })
		t := sarifThread{ID: fmt.Sprint(i + 1), Message: &sarifText{Text: text}}
		if i == 1 && alike(&f.Finding) {
			t.Message.Text = again(side.Context)
		}
		add := func(at rewrite.Span, text, importance string) {
			if !at.IsZero() {
				t.Locations = append(t.Locations, sarifStep{Location: s.location(at, text), Nesting: len(t.Locations), Importance: importance})
			}
		}
		add(side.Context.Start, begins(side.Context), "important")
		for _, step := range side.Path {
			add(step.At, "calls "+step.Func, "unimportant")
		}
		add(side.Access.At, f.Place.Name+" is "+driver.Verb(side.Access.Op)+" in "+where(side.Access), "essential")
		threads = append(threads, t)
	}
	flow := sarifFlow{Threads: threads}
	if len(f.Why) > 0 {
		flow.Message = &sarifText{Text: sentence("not ordered: " + strings.Join(f.Why, "; "))}
	}
	return []sarifFlow{flow}
}

// fixes offers a fix that is one stretch of lines beside the finding. Who reads
// SARIF may make any part of a longer one by itself, as reviewdog does, and half
// a fix is none.
func (s *sarifWriter) fixes(f *Finding) []sarifFix {
	h := f.suggestion()
	if h == nil {
		return nil
	}
	lines := sarifRegion{StartLine: h.Line, StartColumn: 1, EndLine: h.EndLine + 1, EndColumn: 1}
	if n := len(f.Fix.Edits); n > 0 && !strings.HasSuffix(h.New, "\n") { // at the end of a file that lacks one
		last := s.region(f.Fix.Edits[n-1].Span)
		lines.EndLine, lines.EndColumn = last.EndLine, last.EndColumn
	}
	return []sarifFix{{
		Description: sarifText{Text: f.Fix.Title},
		Changes:     []sarifChange{{Artifact: artifact(h.File), Replacements: []sarifReplacement{{Deleted: lines, Inserted: &sarifContent{h.New}}}}},
	}}
}

// notifications tells what could not be analysed, and what the race log holds
// beside findings.
func (s *sarifWriter) notifications() []sarifNotification {
	var out []sarifNotification
	for _, p := range s.d.Problems {
		n := sarifNotification{Level: "error", Message: sarifText{Text: problemText(p)}}
		if p.At.File != "" {
			n.Locations = []sarifLocation{s.location(p.At, "")}
		}
		out = append(out, n)
	}
	for _, u := range s.d.Unplaced {
		out = append(out, sarifNotification{Level: "warning", Message: sarifText{Text: u.String()}})
	}
	return out
}

func (s *sarifWriter) location(at rewrite.Span, text string) sarifLocation {
	l := sarifLocation{Physical: sarifPhysical{Artifact: artifact(at.File)}}
	if !at.IsZero() {
		region := s.region(at)
		l.Physical.Region = &region
	}
	if text != "" {
		l.Message = &sarifText{Text: sentence(text)}
	}
	return l
}

func (s *sarifWriter) region(at rewrite.Span) sarifRegion {
	return sarifRegion{
		StartLine: at.Line, StartColumn: s.d.units(at.File, at.Line, at.Col),
		EndLine: max(at.EndLine, at.Line), EndColumn: s.d.units(at.File, max(at.EndLine, at.Line), at.EndCol),
	}
}

// artifact names a file as a URI.
func artifact(name string) sarifArtifact {
	if filepath.IsAbs(filepath.FromSlash(name)) {
		return sarifArtifact{URI: (&url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(name, "/")}).String()}
	}
	return sarifArtifact{URI: (&url.URL{Path: name}).String(), Base: srcRoot}
}

// sentence ends a clause with a full stop.
func sentence(text string) string {
	return strings.TrimRight(strings.TrimSpace(text), ".") + "."
}

// capital makes the first letter of a word or clause, which is no name, one.
func capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// pascal makes one word of a clause, as SARIF likes names of rules to be.
func pascal(text string) string {
	words := strings.FieldsFunc(text, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) })
	for i, word := range words {
		words[i] = capital(word)
	}
	return strings.Join(words, "")
}
