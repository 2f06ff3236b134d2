package edit

import (
	"bytes"
	"fmt"
	"go/ast"
	goformat "go/format"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-fixer/fixer/rewrite"
)

// plainLine returns a line without what realignment changes.
func plainLine(line string) string { return strings.Join(strings.Fields(line), " ") }

// TestBytes edits files of the standard library, as they are and made ugly,
// and looks whether other lines stay.
func TestBytes(t *testing.T) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, pattern := range []string{"net/http/*.go", "go/types/*.go", "encoding/json/*.go", "go/printer/nodes.go", "sync/*.go", "text/template/*.go"} {
		found, _ := filepath.Glob(filepath.Join(strings.TrimSpace(string(root)), "src", pattern))
		if len(found) > 14 {
			found = found[:14]
		}
		files = append(files, found...)
	}
	if testing.Short() {
		files = files[:10]
	}
	edited := 0
	for i, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{"": string(src), " ugly": ugly(string(src)), " CRLF": strings.ReplaceAll(string(src), "\n", "\r\n")} {
			if name == " ugly" && i%2 != 0 || name == " CRLF" && i%4 != 0 {
				continue
			}
			edits, lines := sample(t, text)
			got, err := Apply(file, []byte(text), edits)
			if err != nil {
				if !strings.Contains(err.Error(), "generated") {
					t.Errorf("%s%s: %v", file, name, err)
				}
				continue
			}
			edited++
			checkLines(t, file+name, text, string(got), lines)
		}
	}
	if edited < 60 && !testing.Short() {
		t.Errorf("only %d files were edited", edited)
	}
}

// ugly makes a file one that gofmt would change all over, and that still means
// the same.
func ugly(src string) string {
	var out strings.Builder
	raw := false // within a raw string or comment
	for i, line := range strings.SplitAfter(src, "\n") {
		body := strings.TrimSuffix(line, "\n")
		quiet := !raw && !strings.Contains(body, "`") && !strings.Contains(body, "/*") && !strings.Contains(body, "//")
		if strings.Count(body, "`")%2 == 1 {
			raw = !raw
		}
		if !strings.Contains(body, "`") && strings.Contains(body, "/*") {
			raw = true
		}
		if strings.Contains(body, "*/") {
			raw = false
		}
		switch {
		case quiet && i%3 == 0 && strings.HasPrefix(body, "\t"):
			body = strings.Replace(body, "\t", "      ", 1) + "  "
		case quiet && i%5 == 0:
			body += "\t"
		}
		out.WriteString(body)
		if strings.HasSuffix(line, "\n") {
			out.WriteByte('\n')
		}
	}
	return out.String()
}

// sample makes edits for a few declarations, and returns the text of lines
// that the result has besides the old ones.
func sample(t testing.TB, src string) (edits []rewrite.Edit, added map[string]bool) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", src, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	added = map[string]bool{"": true, "import (": true, ")": true, `"sync"`: true, `import "sync"`: true}
	span := func(n ast.Node) rewrite.Span { return rewrite.SpanOf(fset, n.Pos(), n.End()) }
	n, hoists := 0, 0
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.StructType:
			if len(node.Fields.List) > 1 && len(node.Fields.List[1].Names) > 0 && fset.Position(node.Pos()).Line != fset.Position(node.End()).Line {
				n++
				name := fmt.Sprintf("zzMu%d", n)
				edits = append(edits, rewrite.AddField{Struct: span(node), Before: node.Fields.List[1].Names[0].Name,
					Name: name, Type: rewrite.Code{Text: "sync.Mutex", Imports: []string{"sync"}}, Doc: "guards it"})
				added["// guards it"] = true
				for _, typ := range []string{"sync.Mutex", "gosync.Mutex", "Mutex"} {
					added[name+" "+typ], added[name+" "+typ+" // guards it"] = true, true
				}
			}
		case *ast.FuncDecl:
			if node.Body == nil || len(node.Body.List) < 2 {
				return true
			}
			n++
			lock := fmt.Sprintf("zz.mu%d", n)
			first, last := node.Body.List[0], node.Body.List[len(node.Body.List)-2]
			switch n % 3 {
			case 0:
				edits = append(edits, rewrite.Hold{Lock: lock, Mode: rewrite.Exclusive, First: span(first), Last: span(last)})
			case 1:
				edits = append(edits, rewrite.Hold{Lock: lock, Mode: rewrite.Exclusive, First: span(first), Last: span(last), Defer: true})
			case 2:
				edits = append(edits, rewrite.Insert{Stmt: span(last), After: true, Code: rewrite.Code{Text: lock + ".Zz()"}})
				added[lock+".Zz()"] = true
			}
			added[lock+".Lock()"], added[lock+".Unlock()"], added["defer "+lock+".Unlock()"] = true, true, true
		case *ast.BlockStmt:
			for _, stmt := range node.List {
				assign, ok := stmt.(*ast.AssignStmt)
				if !ok || hoists == 5 {
					continue
				}
				if x, ok := assign.Rhs[0].(*ast.SelectorExpr); ok && span(x).Line == span(x).EndLine {
					hoists++
					lock, read := fmt.Sprintf("zz.h%d", hoists), fmt.Sprintf("zz%d", hoists)
					at, end := fset.Position(x.Pos()).Offset, fset.Position(x.End()).Offset
					added[plainLine(read+" := "+src[at:end])] = true
					added[lock+".RLock()"], added[lock+".RUnlock()"] = true, true
					edits = append(edits, rewrite.Hoist{Lock: lock, Mode: rewrite.Shared, Stmt: span(assign), Name: read, Exprs: []rewrite.Span{span(x)}})
				}
			}
		}
		return true
	})
	return edits, added
}

// checkLines reports lines of old that aren't in the result, and lines of the
// result that are neither old nor added.
func checkLines(t *testing.T, name, old, got string, added map[string]bool) {
	t.Helper()
	if _, err := parser.ParseFile(token.NewFileSet(), name, got, 0); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	if strings.Count(old, "\r\n") > 0 {
		if strings.Count(got, "\n") != strings.Count(got, "\r\n") {
			t.Errorf("%s: mixed line ends", name)
		}
		old, got = strings.ReplaceAll(old, "\r\n", "\n"), strings.ReplaceAll(got, "\r\n", "\n")
	}
	tidy, _ := goformat.Source([]byte(old))
	formatted := string(tidy) == old
	if out, err := goformat.Source([]byte(got)); err != nil || formatted && !bytes.Equal(out, []byte(got)) {
		t.Errorf("%s: no longer formatted", name)
	}
	oldLines, newLines := strings.Split(old, "\n"), strings.Split(got, "\n")
	bad := 0
	i := 0
	for j := range newLines {
		line := newLines[j]
		if i < len(oldLines) && (line == oldLines[i] || formatted && plainLine(line) == plainLine(oldLines[i])) {
			i++
			continue
		}
		if added[plainLine(line)] {
			continue
		}
		// A hoisted expression, an enclosed import.
		if i < len(oldLines) && (strings.Contains(line, "zz") || "import "+plainLine(line) == plainLine(oldLines[i])) {
			i++
			continue
		}
		if bad++; bad < 4 {
			t.Errorf("%s:%d: got  %q\nwant %q", name, j+1, line, oldLines[min(i, len(oldLines)-1)])
		}
		if bad > 20 {
			return
		}
	}
	if i < len(oldLines) {
		t.Errorf("%s: line %d is lost: %q", name, i+1, oldLines[i])
	}
}
