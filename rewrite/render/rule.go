package render

import (
	"go/doc/comment"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// A Rule is what programs are told of the rules that findings are listed under.
type Rule struct {
	Name  string
	Title string // one line
	Doc   string // as Go documentation; the first paragraph may say name and title again
}

// unusedRule is what comments that keep nothing back are listed under.
const unusedRule = "unused"

// kinds tells of what is listed under no rule.
var kinds = []Rule{
	{string(rewrite.Field), "a struct field is reached by goroutines without a common lock",
		"Goroutines that may run at the same time reach the field, at least one of them writes it, and nothing orders them. No rule can mend that here; the finding says why.\n"},
	{string(rewrite.Variable), "a variable of a function is reached by goroutines without a common lock",
		"The function and a goroutine that it starts, or several of these, reach the variable or what it holds, at least one of them writes, and nothing orders them. No rule can mend that here; the finding says why.\n"},
	{string(rewrite.Global), "a package variable is reached by goroutines without a common lock",
		"Goroutines that may run at the same time reach the variable, at least one of them writes it, and nothing orders them. No rule can mend that here; the finding says why.\n"},
	{string(rewrite.Goroutine), "nothing waits in time for a goroutine",
		"A goroutine may go on after the function that ends it has returned, or after the WaitGroup that should count it was waited for. No rule can mend that here; the finding says why.\n"},
	{string(rewrite.Locking), "a lock is left held, released wrongly or copied",
		"A way out of a function leaves a lock held, a lock is released twice or otherwise than it was taken, or it is copied and then locked. No rule can mend that here; the finding says why.\n"},
	{unusedRule, "a comment keeps no finding back",
		"A comment //lint:ignore fixer/... or //nolint:fixer stands where there is no finding, any more or yet. It would keep back what comes up there later: delete it.\n"},
}

// texts returns what a rule does in one paragraph, and all of its documentation.
func (r Rule) texts() (full string, help sarifText) {
	doc := new(comment.Parser).Parse(r.Doc)
	if first, _, _ := strings.Cut(r.Doc, "\n"); strings.HasPrefix(first, r.Name+": ") && len(doc.Content) > 1 {
		doc.Content = doc.Content[1:]
	}
	p := &comment.Printer{TextWidth: -1}
	if len(doc.Content) > 0 {
		full = string(p.Text(&comment.Doc{Content: doc.Content[:1]}))
	}
	return strings.TrimSpace(full), sarifText{Text: strings.TrimSpace(string(p.Text(doc))), Markdown: strings.TrimSpace(string(p.Markdown(doc)))}
}
