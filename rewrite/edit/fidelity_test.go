package edit

import (
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-fixer/fixer/rewrite"
)

var (
	fidelityOut  = flag.String("fidelity", "", "write what the fidelity campaign found to this `file`")
	fidelityDirs = flag.String("fidelity.dirs", "", "directories to walk, separated by blanks; the default is GOROOT/src")
)

// A fidelity is what the campaign counts.
type fidelity struct {
	mu       sync.Mutex
	files    int
	decls    int // edited, one edit each
	stray    int // bytes outside the edited declarations that are not as before
	aligned  int // pieces of text that are gofmt's again, since a neighbour changed
	panics   int
	refused  map[string]int // by reason: files, and declarations of files
	examples []string
}

// TestFidelity edits, in turn, every declaration of every Go file under some
// directories, and compares all bytes outside of the edited declarations. It
// takes long: `make fidelity` runs it.
func TestFidelity(t *testing.T) {
	if *fidelityOut == "" {
		t.Skip("needs -fidelity; see make fidelity")
	}
	dirs := strings.Fields(*fidelityDirs)
	if len(dirs) == 0 {
		root, err := exec.Command("go", "env", "GOROOT").Output()
		if err != nil {
			t.Fatal(err)
		}
		dirs = []string{filepath.Join(strings.TrimSpace(string(root)), "src")}
	}
	names := make(chan string)
	c := &fidelity{refused: make(map[string]int)}
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for name := range names {
				c.file(name)
			}
		})
	}
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && strings.HasSuffix(name, ".go") {
				names <- name
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	close(names)
	workers.Wait()
	if err := os.WriteFile(*fidelityOut, []byte(c.report()), 0o666); err != nil {
		t.Fatal(err)
	}
	if c.stray > 0 || c.panics > 0 || c.decls == 0 {
		t.Error(c.report())
	}
}

func (c *fidelity) report() string {
	var out strings.Builder
	slices.Sort(c.examples)
	for _, e := range c.examples[:min(len(c.examples), 100)] {
		fmt.Fprintln(&out, e)
	}
	for _, reason := range slices.Sorted(maps.Keys(c.refused)) {
		fmt.Fprintf(&out, "left alone %d: %s\n", c.refused[reason], reason)
	}
	fmt.Fprintf(&out, "realigned beside an edit, in formatted files: %d\n", c.aligned)
	fmt.Fprintf(&out, "fidelity: files %d decls %d stray-bytes %d panics %d\n", c.files, c.decls, c.stray, c.panics)
	return out.String()
}

// file edits one file, and every eighth also in other shapes.
func (c *fidelity) file(name string) {
	src, err := os.ReadFile(name)
	if err != nil {
		c.refuse(name, err)
		return
	}
	c.mu.Lock()
	c.files++
	n := c.files
	c.mu.Unlock()
	c.text(name, string(src))
	if n%8 != 0 {
		return
	}
	c.text(name+" with CRLF", strings.ReplaceAll(string(src), "\n", "\r\n"))
	c.text(name+" with a byte order mark", bom+string(src))
	c.text(name+" without a newline at its end", strings.TrimSuffix(string(src), "\n"))
	c.text(name+" not formatted", ugly(string(src)))
}

// text edits one text: nothing first, then every other declaration, then the
// rest, and one in the middle alone. Where edits of several declarations fail, each is tried alone.
func (c *fidelity) text(name, src string) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		c.refuse(name, errors.New("the file does not parse"))
		return
	}
	if e := nothing(fset, file); e != nil {
		out, err := c.apply(name, src, []rewrite.Edit{e})
		if err != nil {
			c.refuse(name, err)
			return
		}
		if string(out) != src {
			c.differ(name, "an edit that changes nothing changed the file", len(src))
		}
	}
	edits := make([]rewrite.Edit, len(file.Decls))
	for i, d := range file.Decls {
		edits[i] = something(fset, d)
	}
	var halves [2][]int
	for i, e := range edits {
		if e != nil {
			halves[i%2] = append(halves[i%2], i)
		}
	}
	for _, some := range [][]int{halves[0], halves[1], middle(halves[0])} {
		if len(some) == 0 || c.edit(name, src, file, edits, some) == nil {
			continue
		}
		for k := range some {
			if err := c.edit(name, src, file, edits, some[k:k+1]); err != nil {
				c.refuse(name, err)
			}
		}
	}
}

func middle(list []int) []int {
	if len(list) < 2 {
		return nil
	}
	return list[len(list)/2:][:1]
}

// edit plays some of the edits that the declarations of a file have.
func (c *fidelity) edit(name, src string, file *ast.File, edits []rewrite.Edit, some []int) error {
	var chosen []rewrite.Edit
	for _, i := range some {
		chosen = append(chosen, edits[i])
	}
	out, err := c.apply(name, src, chosen)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.decls += len(some)
	c.mu.Unlock()
	after, err := parser.ParseFile(token.NewFileSet(), name, out, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil || len(after.Decls) != len(file.Decls) {
		c.differ(name, fmt.Sprintf("the result has other declarations: %v", err), len(src))
		return nil
	}
	was, is := 0, 0
	same := func(wasTo, isTo int) {
		switch want, got := src[was:wasTo], string(out[is:isTo]); {
		case got == want:
		case realigned(want, got, src):
			c.mu.Lock()
			c.aligned++
			c.mu.Unlock()
		default:
			line := 1 + strings.Count(src[:was], "\n")
			c.differ(name, fmt.Sprintf("%s:%d: %.60q became %.60q", name, line, want, got), max(len(want), len(got)))
		}
	}
	for _, i := range some {
		wasFrom, wasTo := extentOf(file, i, src)
		isFrom, isTo := extentOf(after, i, string(out))
		same(wasFrom, isFrom)
		was, is = wasTo, isTo
	}
	same(len(src), len(out))
	return nil
}

// realigned reports whether two texts differ in what gofmt does to lines when
// those beside them change, in a file that is to stay formatted.
func realigned(was, is, src string) bool {
	if strings.Join(strings.Fields(was), " ") != strings.Join(strings.Fields(is), " ") || strings.Count(was, "\n") != strings.Count(is, "\n") {
		return false
	}
	s, err := open("", []byte(src))
	return err == nil && s.tidy()
}

// extentOf returns where a declaration begins, and where the line ends that it
// ends on: a comment behind it may be moved.
func extentOf(file *ast.File, i int, src string) (from, to int) {
	d := file.Decls[i]
	from, to = int(d.Pos()-file.FileStart), int(d.End()-file.FileStart)
	limit := len(src)
	if i+1 < len(file.Decls) {
		limit = int(file.Decls[i+1].Pos() - file.FileStart)
	}
	if n := strings.IndexAny(src[to:], "\r\n"); n >= 0 {
		to = min(to+n, limit)
	} else {
		to = limit
	}
	return from, to
}

// apply is Apply that counts panics.
func (c *fidelity) apply(name, src string, edits []rewrite.Edit) ([]byte, error) {
	out, err := Apply(name, []byte(src), edits)
	if errors.Is(err, errTree) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.panics++
		c.examples = append(c.examples, err.Error())
	}
	return out, err
}

func (c *fidelity) differ(name, what string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stray += n
	c.examples = append(c.examples, name+": "+what)
}

func (c *fidelity) refuse(name string, err error) {
	reason := err.Error()
	if r := new(Refusal); errors.As(err, &r) {
		reason = r.Reason
	}
	reason, _, _ = strings.Cut(reason, ": ")
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused[reason]++
	if c.refused[reason] < 4 {
		c.examples = append(c.examples, fmt.Sprintf("%s: left alone: %v", name, err))
	}
}

// nothing is an edit that puts an expression in its own place.
func nothing(fset *token.FileSet, file *ast.File) (e rewrite.Edit) {
	ast.Inspect(file, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && e == nil {
			s := rewrite.SpanOf(fset, call.Pos(), call.End())
			e = rewrite.Replace{Node: s, Code: rewrite.Code{Text: "$0"}, Holes: []rewrite.Span{s}}
		}
		return e == nil
	})
	return e
}

// something is an edit of a declaration, of the kinds that fixes have and that
// import nothing; nil if there is none for it.
func something(fset *token.FileSet, d ast.Decl) (e rewrite.Edit) {
	span := func(n ast.Node) rewrite.Span { return rewrite.SpanOf(fset, n.Pos(), n.End()) }
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Body == nil || len(d.Body.List) == 0 {
			return nil
		}
		first, last := d.Body.List[0], d.Body.List[len(d.Body.List)/2]
		_, simple := first.(*ast.ExprStmt) // control flow does not leave it
		switch n := len(d.Name.Name) % 3; {
		case n == 0:
			return rewrite.Hold{Lock: "zz.mu", Mode: rewrite.Exclusive, First: span(first), Last: span(last), Defer: true}
		case n == 1 && simple:
			return rewrite.Hold{Lock: "zz.mu", Mode: rewrite.Shared, First: span(first), Last: span(first)}
		}
		return rewrite.Insert{Stmt: span(last), Code: rewrite.Code{Text: "zz.f() // zz"}}
	case *ast.GenDecl:
		ast.Inspect(d, func(n ast.Node) bool {
			s, ok := n.(*ast.StructType)
			if ok && e == nil && len(s.Fields.List) > 0 && len(s.Fields.List[0].Names) > 0 {
				e = rewrite.AddField{Struct: span(s), Before: s.Fields.List[0].Names[0].Name,
					Name: "zz", Type: rewrite.Code{Text: "int"}, Doc: "zz guards it"}
			}
			return e == nil
		})
	}
	return e
}
