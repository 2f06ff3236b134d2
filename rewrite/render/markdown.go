package render

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// roomy is how much of a comment of 65,536 characters, which is all that GitHub
// takes, the details of findings may fill.
const roomy = 56_000

// writeMarkdown writes a comment for a pull request: a table, and below it each
// finding with a diagram of its goroutines and the patch. It writes nothing if
// there is nothing to tell.
func writeMarkdown(b *bytes.Buffer, d *Document) {
	if len(d.Findings) > 0 {
		d.table(b)
		d.details(b)
	}
	list := func(title string, items []string) {
		if len(items) > 0 {
			fmt.Fprintf(b, "**%s**\n\n- %s\n\n", title, strings.Join(items, "\n- "))
		}
	}
	var unused, unplaced, problems []string
	for _, u := range d.Unused {
		unused = append(unused, code(u.At.String())+": "+prose(u.message()))
	}
	for _, u := range d.Unplaced {
		unplaced = append(unplaced, prose(u.String()))
	}
	for _, p := range d.Problems {
		where := ""
		if p.At.File != "" {
			where = code(strings.TrimSuffix(p.At.String(), ":0:0")) + ": "
		}
		problems = append(problems, where+prose(problemText(p)))
	}
	list("Comments that keep nothing back", unused)
	list("Reports of the race detector without a finding", unplaced)
	list("Not everything could be looked at", problems)
}

// table lists the findings.
func (d *Document) table(b *bytes.Buffer) {
	mended := 0
	for _, f := range d.Findings {
		if f.Fix != nil {
			mended++
		}
	}
	fmt.Fprintf(b, "### fixer: %s, %d with a fix\n\n", count(len(d.Findings), "finding"), mended)
	b.WriteString("| | where | what | fix |\n| ---: | --- | --- | --- |\n")
	for i, f := range d.Findings {
		fix := "none"
		if f.Fix != nil {
			fix = prose(fmt.Sprintf("%s (%s, %s)", f.Fix.Title, f.Fix.Rule, f.Fix.Safety))
		}
		row := fmt.Sprintf("%d | %s | %s | %s", i+1, code(fmt.Sprintf("%s:%d", f.Pos.File, f.Pos.Line)), prose(f.Message), fix)
		fmt.Fprintf(b, "| %s |\n", strings.ReplaceAll(row, "\n", " "))
	}
	b.WriteString("\n")
}

// details tells of each finding, as far as there is room.
func (d *Document) details(b *bytes.Buffer) {
	shown := make(map[string]int) // number of the finding under which a patch stands
	together := false
	for i := range d.Findings {
		f := &d.Findings[i]
		var part bytes.Buffer
		f.detail(&part, i+1, shown)
		if b.Len()+part.Len() > roomy {
			fmt.Fprintf(b, "There is no room for the details of %s: %s shows them.\n\n", count(len(d.Findings)-i, "more finding"), code("fixer check"))
			break
		}
		b.Write(part.Bytes())
		together = together || f.Fix != nil && f.Fix.together()
	}
	if together && b.Len()+len(d.Patch) < roomy {
		fmt.Fprintf(b, "<details><summary>All fixes together</summary>\n\n%s</details>\n\n", fenced("diff", d.Patch))
	}
	if slices.ContainsFunc(d.Findings, func(f Finding) bool { return f.Fix != nil }) {
		b.WriteString("Each fix was checked:\n\n")
		for _, c := range d.Checks {
			fmt.Fprintf(b, "- %s\n", prose(c))
		}
		b.WriteString("\n")
	}
}

// detail tells of one finding.
func (f *Finding) detail(b *bytes.Buffer, number int, shown map[string]int) {
	fmt.Fprintf(b, "<details><summary>%d. %s</summary>\n\n", number, html(f.Message))
	var list []string
	for _, n := range Notes(&f.Finding) {
		list = append(list, code(n.At.String())+": "+prose(n.Text))
	}
	for _, why := range f.Why {
		list = append(list, prose("not ordered: "+why))
	}
	if f.Would != "" {
		list = append(list, prose("would be ordered by: "+f.Would))
	}
	list = append(list, prose("evidence: "+f.Evidence))
	fmt.Fprintf(b, "- %s\n\n", strings.Join(list, "\n- "))
	if g := f.diagram(); g != "" {
		b.WriteString(fenced("mermaid", g))
	}
	f.outcome(b, number, shown)
	b.WriteString("</details>\n\n")
}

// outcome shows the fix, or tells why there is none.
func (f *Finding) outcome(b *bytes.Buffer, number int, shown map[string]int) {
	if f.Fix == nil {
		if len(f.Verdicts) > 0 {
			b.WriteString("**Not mended:**\n\n")
		}
		for _, v := range f.Verdicts {
			fmt.Fprintf(b, "- %s: %s\n", code(v.Rule), prose(v.Reason))
		}
		b.WriteString("\n")
		return
	}
	fmt.Fprintf(b, "**Fix:** %s\n\n", prose(f.remedy()))
	if f.Fix.Caution != "" {
		fmt.Fprintf(b, "It is not applied unasked: %s.\n\n", prose(f.Fix.Caution))
	}
	switch first := shown[f.Fix.Patch]; {
	case f.Fix.together():
		b.WriteString("It can be made only together with the other fixes.\n\n")
	case first > 0:
		fmt.Fprintf(b, "It is the one of finding %d.\n\n", first)
	default:
		shown[f.Fix.Patch] = number
		b.WriteString(fenced("diff", f.Fix.Patch))
	}
}

// fenced puts text into a code block whose fences it can't close.
func fenced(language, text string) string {
	fence := strings.Repeat("`", max(3, longest(text)+1))
	return fence + language + "\n" + strings.TrimSuffix(text, "\n") + "\n" + fence + "\n\n"
}

// code puts text into a code span that it can't close, fit for tables.
func code(text string) string {
	text = strings.NewReplacer("\n", " ", "\r", " ", "|", `\|`).Replace(text)
	fence := strings.Repeat("`", longest(text)+1)
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		text = " " + text + " "
	}
	return fence + text + fence
}

// longest returns the length of the longest run of backquotes.
func longest(text string) int {
	most := 0
	for run := ""; strings.Contains(text, run+"`"); most++ {
		run += "`"
	}
	return most
}

// codelike matches what reads better as code, and would otherwise be taken for
// markup, mentions or emoji: positions, comments for tools, and names.
var codelike = regexp.MustCompile(`[^\s()]+\.go:\d+(?::\d+)?|//\S+(?: fixer/\S+)?|\(\*?[\w.]+\)(?:\.\w+)+|\b[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+`)

// prose escapes text for paragraphs, lists and tables.
func prose(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	var b strings.Builder
	at := 0
	for _, m := range codelike.FindAllStringIndex(text, -1) {
		b.WriteString(escaped(text[at:m[0]]))
		b.WriteString(code(text[m[0]:m[1]]))
		at = m[1]
	}
	b.WriteString(escaped(text[at:]))
	return b.String()
}

// escaped keeps GitHub from seeing markup in a text.
func escaped(text string) string { return unlinked(markup.Replace(text)) }

var markup = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", `*`, `\*`, `_`, `\_`, `[`, `\[`, `]`, `\]`, `|`, `\|`, `~`, `\~`, `$`, `\$`,
	`<`, "&lt;", `>`, "&gt;", `&`, "&amp;",
)

// unlinked breaks with empty comments what GitHub makes links and pictures of
// once the markup is gone: @someone, #1, :100:.
func unlinked(text string) string {
	return emoji.ReplaceAllString(reference.ReplaceAllString(text, "$1<!-- -->$2"), ":<!-- -->$1:")
}

var (
	reference = regexp.MustCompile(`(@|\B#)(\w)`)
	emoji     = regexp.MustCompile(`:([\w+-]+):`)
)

// html escapes text for HTML elements that hold Markdown.
func html(text string) string {
	return unlinked(strings.NewReplacer(`<`, "&lt;", `>`, "&gt;", `&`, "&amp;", "`", "&grave;", "*", "&ast;", "_", "&lowbar;", "[", "&lbrack;", "$", "&dollar;").Replace(text))
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
