package edit

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/go-fixer/fixer/rewrite"
)

// randomEdits makes edits of the nodes of a file, as the seed says: three
// bytes an edit. Most of them make no sense.
func randomEdits(src string, seed []byte) []rewrite.Edit {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", src, parser.SkipObjectResolution)
	if err != nil {
		return []rewrite.Edit{rewrite.Drop{Node: rewrite.Span{Line: 1, Col: 1, EndLine: 1, EndCol: 2}}}
	}
	var nodes, stmts, structs []ast.Node
	ast.Inspect(file, func(n ast.Node) bool {
		switch n.(type) {
		case nil:
			return true
		case *ast.StructType:
			structs = append(structs, n)
		case ast.Stmt:
			stmts = append(stmts, n)
		}
		nodes = append(nodes, n)
		return true
	})
	pick := func(list []ast.Node, b byte) rewrite.Span {
		if len(list) == 0 {
			return rewrite.Span{}
		}
		n := list[int(b)*len(list)/256]
		return rewrite.SpanOf(fset, n.Pos(), n.End())
	}
	codes := []string{"x", "$0", "$0.Load()", "f($0, $0)", "if a {\n\t$0\n}", "k: 1", "a()\nb() // c", "return $0, 1", "func() { $0 }()", "x = $0", "/* c */ $0 + 1"}
	var edits []rewrite.Edit
	for ; len(seed) >= 3 && len(edits) < 8; seed = seed[3:] {
		k, a, b := seed[0], seed[1], seed[2]
		code := rewrite.Code{Text: codes[int(k>>4)%len(codes)]}
		if k&8 != 0 {
			code = rewrite.Code{Text: "sync.Mutex", Imports: []string{"sync"}}
		}
		var holes []rewrite.Span
		if strings.Contains(code.Text, "$") {
			holes = []rewrite.Span{pick(nodes, b)}
		}
		mode := rewrite.Mode(1 + b%2)
		switch k % 8 {
		case 0:
			edits = append(edits, rewrite.AddField{Struct: pick(structs, a), Before: string(rune('a' + b%4)), Name: "mu", Type: rewrite.Code{Text: "sync.Mutex", Imports: []string{"sync"}}, Doc: "d"})
		case 1:
			edits = append(edits, rewrite.Retype{Field: pick(nodes, a), Type: rewrite.Code{Text: "atomic.Bool", Imports: []string{"sync/atomic"}}})
		case 2:
			edits = append(edits, rewrite.Insert{Stmt: pick(stmts, a), After: k&128 != 0, Code: code, Holes: holes})
		case 3:
			edits = append(edits, rewrite.Replace{Node: pick(nodes, a), Code: code, Holes: holes})
		case 4:
			edits = append(edits, rewrite.Drop{Node: pick(nodes, a)})
		case 5:
			edits = append(edits, rewrite.Hold{Lock: "s.mu", Mode: mode, First: pick(stmts, a), Last: pick(stmts, b), Defer: k&64 != 0})
		case 6:
			edits = append(edits, rewrite.Hold{Lock: "s.mu", Mode: mode, First: pick(stmts, a), Last: pick(stmts, a)})
		case 7:
			edits = append(edits, rewrite.Hoist{Lock: "s.mu", Mode: mode, Stmt: pick(stmts, a), Name: "v", Exprs: []rewrite.Span{pick(nodes, b)}})
		}
	}
	return edits
}

// FuzzApply looks for panics, and for results that depend on the order of the
// edits or on how the file is spaced.
func FuzzApply(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txtar")
	for i, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range ar.Files {
			if part.Name == "in.go" {
				for k := range 8 {
					f.Add(string(part.Data), []byte{byte(k), byte(i * 37), byte(k * 31), byte(i), byte(i * 11), byte(k * 7)})
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, src string, seed []byte) {
		edits := randomEdits(src, seed)
		got, err := Apply("a.go", []byte(src), edits)
		if err != nil {
			return
		}
		again, err := Apply("a.go", []byte(src), backwards(edits))
		if err != nil || string(again) != string(got) {
			t.Errorf("backwards: %v\n%s\nforwards\n%s", err, again, got)
		}
		if _, err := parser.ParseFile(token.NewFileSet(), "", got, parser.SkipObjectResolution); err != nil && len(edits) > 0 {
			t.Errorf("%v\n%s", err, got)
		}
	})
}
