package rules

import (
	"fmt"
	"go/ast"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// spelled names the fields in composite literals that set all of them by their
// order: there will be one more. Literals of one line are written anew, where
// that loses no comment.
func spelled(s *rewrite.Site, st *rewrite.Struct) ([]rewrite.Edit, string) {
	var names []string
	for _, fl := range st.Type.Fields.List {
		names = append(names, namesOf(fl)...)
	}
	var edits []rewrite.Edit
	for _, u := range s.Module.Uses(s.Finding.Place.Key) {
		if _, keyed := u.Path[0].(*ast.KeyValueExpr); !u.Element || keyed {
			continue
		}
		f := u.File
		lit, ok := u.Path[1].(*ast.CompositeLit)
		if !ok || lit.Type == nil || len(lit.Elts) != len(names) || f.Span(lit).Line != f.Span(lit).EndLine {
			return nil, fmt.Sprintf("a composite literal at %s:%d sets fields without naming them", base(f.Name), f.Span(u.Path[0]).Line)
		}
		var fields []string
		var holes []rewrite.Span
		for i, e := range lit.Elts {
			fields, holes = append(fields, fmt.Sprintf("%s: $%d", names[i], i)), append(holes, f.Span(e))
		}
		code := rewrite.Code{Text: text(f, lit.Type) + "{" + strings.Join(fields, ", ") + "}"}
		edits = append(edits, rewrite.Replace{Node: f.Span(lit), Code: code, Holes: holes})
	}
	return edits, ""
}
