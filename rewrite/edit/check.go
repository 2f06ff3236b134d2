package edit

import (
	"go/parser"
	"go/token"
	"slices"
	"strings"
)

// check makes sure that the transplant did what the tree says, and that no
// comment is lost. Added are the comments that the edits bring.
func check(doc *source, text, after string, added []string) error {
	if _, err := parser.ParseFile(token.NewFileSet(), doc.name, text, parser.ParseComments); err != nil {
		return &Refusal{File: doc.name, Reason: "the edited file would not parse: " + err.Error()}
	}
	got, want := scan(text), scan(after)
	if !slices.Equal(got.code(), want.code()) {
		return &Refusal{File: doc.name, Reason: "the edited tree can't be carried over to the file's text"}
	}
	comments := scan(doc.text).comments()
	for _, c := range added {
		comments = append(comments, scan(c).comments()...)
	}
	slices.Sort(comments)
	have := got.comments()
	slices.Sort(have)
	if slices.Equal(have, comments) {
		return nil
	}
	for _, c := range comments {
		if !slices.Contains(have, c) {
			return &Refusal{File: doc.name, Reason: "a comment would be lost: " + c}
		}
	}
	return &Refusal{File: doc.name, Reason: "a comment would be doubled or lost"}
}

// code returns the tokens but for comments and parentheses, of which printers
// drop redundant ones.
func (t *tokens) code() []string {
	var keys []string
	for _, k := range t.list {
		if !k.comment && k.key != "(" && k.key != ")" {
			keys = append(keys, k.key)
		}
	}
	return keys
}

// comments returns the comments but for empty ones, which gofmt adds and drops.
func (t *tokens) comments() []string {
	var keys []string
	for _, k := range t.list {
		if k.comment && strings.Trim(k.key, "/*") != "" {
			keys = append(keys, k.key)
		}
	}
	return keys
}
