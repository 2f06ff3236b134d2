package golden

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rules"
)

var matrix = flag.String("matrix", "", "write to this file which case shows which rule at which place of the syntax")

// positions lists the places of the syntax an access may stand at, as position
// names them.
var positions = []string{
	"if condition", "if init", "else if", "right of && or ||", "for condition", "for init", "for post",
	"switch tag", "switch init", "case", "type switch", "select case", "range", "range with slow body",
	"return", "argument", "argument after a call", "go argument", "defer argument",
	"send", "composite literal", "variable", "assigned from", "assigned to", "assigned with others", "compound assignment", "++ and --",
	"element read", "element written", "append", "delete", "method call", "call of the field", "address", "other",
}

// TestMatrix prints a table of rules and positions: how many cases of the
// rule's folder have an access of a finding there that is mended, and that is
// refused. It is for people who look for holes.
func TestMatrix(t *testing.T) {
	if *matrix == "" {
		t.Skip("-matrix is not given")
	}
	shown := map[string]map[string][2][]string{} // by position and rule: cases that mend, that refuse
	for _, c := range loadCases(t) {
		rule, name, _ := strings.Cut(c.name, "/")
		if !slices.ContainsFunc(rules.All, func(r *rewrite.Rule) bool { return r.Name == rule }) {
			continue
		}
		dir := tempDir(t)
		write(t, dir, c.sources)
		for _, o := range fix(t, dir, false).Outcomes {
			for _, a := range o.Accesses {
				if a.Fresh || a.Test {
					continue
				}
				at := position(t, a.At)
				if shown[at] == nil {
					shown[at] = map[string][2][]string{}
				}
				cell := shown[at][rule]
				which := 0
				if o.Fix == nil || o.Fix.Rule != rule {
					which = 1
				}
				if !slices.Contains(cell[which], name) {
					cell[which] = append(cell[which], name)
				}
				shown[at][rule] = cell
			}
		}
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "position")
	for _, r := range rules.All {
		fmt.Fprintf(w, "\t%s", r.Name)
	}
	fmt.Fprintln(w)
	for _, at := range positions {
		fmt.Fprint(w, at)
		for _, r := range rules.All {
			fmt.Fprintf(w, "\t%s", cellText(shown[at][r.Name]))
		}
		fmt.Fprintln(w)
	}
	w.Flush()
	if err := os.WriteFile(*matrix, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// cellText says how many cases there are, and names the first.
func cellText(cell [2][]string) string {
	var parts []string
	for i, word := range []string{"mended", "refused"} {
		if n := len(cell[i]); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s (%s)", n, word, cell[i][0]))
		}
	}
	if parts == nil {
		return "HOLE"
	}
	return strings.Join(parts, ", ")
}

// position names the place of the syntax that an access stands at.
func position(t *testing.T, at rewrite.Span) string {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, at.File, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	name := "other"
	ast.PreorderStack(file, nil, func(n ast.Node, up []ast.Node) bool {
		if rewrite.SpanOf(fset, n.Pos(), n.End()) != at || name != "other" {
			return true
		}
		if _, ok := n.(ast.Expr); !ok {
			return true
		}
		path := append(slices.Clone(up), n)
		slices.Reverse(path)
		for i := 1; i < len(path) && name == "other"; i++ {
			name = refined(place(path[i-1], path[i]), path[i:])
		}
		return false
	})
	return name
}
