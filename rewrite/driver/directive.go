package driver

import (
	"fmt"
	"strings"
)

// A directive is a comment that keeps findings from being reported, by itself.
type directive struct {
	names []string // what stands behind fixer/, "*" for all
	file  bool     // for the whole file
	block bool     // for all lines of what it stands above, not only its head
	named bool     // fixer is named, so that it is for fixer to say when it's idle
}

// parseDirective reads the text of a comment. It reports false for comments
// that are none of fixer's business, and an error for those that mean to be.
func parseDirective(text string) (d directive, ok bool, err error) {
	if list, found := nolint(text); found {
		return parseNolint(list)
	}
	for _, word := range []string{"lint:ignore", "lint:file-ignore"} {
		rest, found := strings.CutPrefix(text, "//"+word)
		spaced := false
		if !found {
			rest, found = strings.CutPrefix(strings.TrimLeft(strings.TrimPrefix(text, "//"), " \t"), word)
			spaced = true
		}
		if !found || rest != "" && !strings.HasPrefix(rest, " ") && !strings.HasPrefix(rest, "\t") {
			continue
		}
		return parseIgnore(word, strings.Fields(rest), spaced)
	}
	return directive{}, false, nil
}

// parseIgnore reads what follows //lint:ignore: names separated by commas, and
// a reason, as https://staticcheck.dev/docs/configuration/#ignoring-problems
// says. Names without fixer/ are other tools'.
func parseIgnore(word string, args []string, spaced bool) (directive, bool, error) {
	d := directive{file: word == "lint:file-ignore", named: true}
	if len(args) == 0 {
		return directive{}, false, nil // and no telling for whom
	}
	for _, name := range strings.Split(args[0], ",") {
		if name == "fixer" {
			return d, true, fmt.Errorf("//%s: fixer alone names no rule; write fixer/RULE, or fixer/* for all", word)
		}
		if name, ours := strings.CutPrefix(name, "fixer/"); ours {
			d.names = append(d.names, name)
		}
	}
	switch {
	case len(d.names) == 0:
		return directive{}, false, nil
	case spaced:
		return d, true, fmt.Errorf("//%s: there must be no space before it, else it is an ordinary comment", word)
	case strings.HasSuffix(args[0], ","):
		return d, true, fmt.Errorf("//%s: the names must be separated by commas without spaces", word)
	case len(args) == 1:
		return d, true, fmt.Errorf("//%s: the reason is missing; write //%s %s REASON", word, word, args[0])
	}
	return d, true, nil
}

// nolint returns what follows nolint in golangci-lint's comments.
// https://golangci-lint.run/docs/linters/false-positives/#nolint-directive
func nolint(text string) (list string, ok bool) {
	rest, ok := strings.CutPrefix(strings.TrimLeft(text, "/ \t"), "nolint")
	if !ok || !strings.HasPrefix(text, "//") || rest != "" && !strings.ContainsAny(rest[:1], ": \t") {
		return "", false
	}
	return rest, true
}

// parseNolint reads a list such as ":fixer,other // why". Without a list, it
// is for all linters.
func parseNolint(list string) (directive, bool, error) {
	d := directive{names: []string{"*"}, block: true}
	list, ok := strings.CutPrefix(list, ":")
	if !ok {
		return d, true, nil
	}
	list, _, _ = strings.Cut(list, "//")
	all := false
	for _, name := range strings.Split(list, ",") {
		name, _, _ = strings.Cut(strings.TrimSpace(name), " ")
		all = all || strings.EqualFold(name, "all")
		d.named = d.named || strings.EqualFold(name, "fixer")
	}
	return d, all || d.named, nil
}
