package edit

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	goformat "go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/go-fixer/fixer/rewrite"
)

var update = flag.Bool("update", false, "write what the cases give into their want.go")

// A case is testdata/*.txtar: a line of prose, in.go, edits, and want.go or
// error. The edits, one a line, name nodes by source text in «», unique in
// in.go. With ‹› in it the text is context for what these enclose; «a ... b»
// reaches from a to the next b. In code \n is a newline.
//
//	addfield «type T struct» before name «type» [import path]... [// doc]
//	retype «name» «type» [import path]...
//	insert before|after «stmt» «code» [import path]... [hole «node»]... [comments «node»]
//	replace «node» «code» [import path]... [hole «node»]...
//	drop «node»
//	hold lock read|write «first» [«last»] [defer]
//	hoist lock read|write «stmt» name «expr»...
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { runCase(t, file) })
	}
}

func runCase(t *testing.T, file string) {
	ar, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	part := map[string]string{}
	for _, f := range ar.Files {
		part[f.Name] = string(f.Data)
	}
	in, want := part["in.go"], part["want.go"]
	if strings.HasPrefix(in, "# no newline\n") {
		in = strings.TrimSuffix(strings.TrimPrefix(in, "# no newline\n"), "\n")
		want = strings.TrimSuffix(want, "\n")
	}
	// A mark for blanks that editors would trim.
	in, want = strings.ReplaceAll(in, "·", " "), strings.ReplaceAll(want, "·", " ")
	if *update && part["error"] == "" {
		got, err := Apply("in.go", []byte(in), parseEdits(t, in, part["edits"], 0))
		if err != nil {
			t.Fatal(err)
		}
		for i := range ar.Files {
			if ar.Files[i].Name == "want.go" {
				ar.Files = slices.Delete(ar.Files, i, i+1)
				break
			}
		}
		text := strings.ReplaceAll(string(got), " \n", "·\n")
		ar.Files = append(ar.Files, txtar.File{Name: "want.go", Data: []byte(text)})
		if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	checkForms(t, in, want, part["edits"], strings.TrimSpace(part["error"]))
	if out, err := goformat.Source([]byte(in)); err == nil && string(out) == in && want != "" {
		if out, err := goformat.Source([]byte(want)); err != nil || string(out) != want {
			t.Errorf("formatted before, not after: %v\n%s", err, want)
		}
	}
}

// checkForms plays a case as it is, with other line ends and with a byte order
// mark, and the edits in another order and twice.
func checkForms(t *testing.T, in, want, lines, reason string) {
	t.Helper()
	dos := func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }
	for _, form := range []struct{ name, in, want string }{
		{"plain", in, want}, {"CRLF", dos(in), dos(want)}, {"BOM", bom + in, bom + want}, {"BOM and CRLF", bom + dos(in), bom + dos(want)},
	} {
		shift := 0
		if strings.HasPrefix(form.in, bom) {
			shift = len(bom)
		}
		edits := parseEdits(t, in, lines, shift)
		if reason != "" {
			if _, err := Apply("in.go", []byte(form.in), edits); err == nil || !strings.Contains(err.Error(), reason) {
				t.Errorf("%s: error %v, want %q", form.name, err, reason)
			}
			continue
		}
		twice := append(slices.Clone(edits), edits...)
		for order, list := range map[string][]rewrite.Edit{"": edits, " backwards": backwards(edits), " twice": twice} {
			got, err := Apply("in.go", []byte(form.in), list)
			if err != nil {
				t.Errorf("%s%s: %v", form.name, order, err)
			} else if string(got) != form.want {
				t.Errorf("%s%s: got\n%s\nwant\n%s", form.name, order, visible(got), visible([]byte(form.want)))
			}
		}
	}
}

// visible shows blanks at line ends and carriage returns.
func visible(text []byte) string {
	return strings.ReplaceAll(strings.ReplaceAll(string(text), "\r", "␍"), " \n", "·\n")
}

// backwards turns the order round, but for Inserts among themselves.
func backwards(edits []rewrite.Edit) []rewrite.Edit {
	list := slices.Clone(edits)
	slices.Reverse(list)
	var inserts []rewrite.Edit
	for _, e := range edits {
		if _, ok := e.(rewrite.Insert); ok {
			inserts = append(inserts, e)
		}
	}
	for i, e := range list {
		if _, ok := e.(rewrite.Insert); ok {
			list[i], inserts = inserts[0], inserts[1:]
		}
	}
	return list
}

func parseEdits(t *testing.T, src, text string, shift int) []rewrite.Edit {
	t.Helper()
	var list []rewrite.Edit
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		p := &editParser{t: t, src: src, rest: line, shift: shift}
		list = append(list, p.parse())
	}
	return list
}

type editParser struct {
	t         *testing.T
	src, rest string
	shift     int // bytes before the first line's first
}

// word returns the next argument, without its quotes.
func (p *editParser) word() string {
	p.rest = strings.TrimSpace(p.rest)
	if after, ok := strings.CutPrefix(p.rest, "«"); ok {
		arg, rest, ok := strings.Cut(after, "»")
		if !ok {
			p.t.Fatalf("no » in %s", p.rest)
		}
		p.rest = rest
		return strings.NewReplacer(`\n`, "\n", `\t`, "\t").Replace(arg)
	}
	arg, rest, _ := strings.Cut(p.rest, " ")
	p.rest = rest
	return arg
}

func (p *editParser) span() rewrite.Span { return p.spanOf(p.word()) }

func (p *editParser) spanOf(text string) rewrite.Span {
	p.t.Helper()
	from, to := locate(p.t, p.src, text)
	return spanAt(p.src, from, to, p.shift)
}

func locate(t *testing.T, src, text string) (from, to int) {
	t.Helper()
	plain := strings.NewReplacer("‹", "", "›", "").Replace(text)
	head, tail, long := strings.Cut(plain, " ... ")
	if strings.Count(src, head) != 1 {
		t.Fatalf("%q is in the source %d times", head, strings.Count(src, head))
	}
	from = strings.Index(src, head)
	to = from + len(head)
	if long {
		to += strings.Index(src[to:], tail) + len(tail)
	} else if i := strings.Index(text, "‹"); i >= 0 {
		inner, _, _ := strings.Cut(text[i+len("‹"):], "›")
		from += i
		to = from + len(inner)
	}
	return from, to
}

func spanAt(src string, from, to, shift int) rewrite.Span {
	place := func(at int) (line, col int) {
		line, col = 1+strings.Count(src[:at], "\n"), at-strings.LastIndexByte(src[:at], '\n')
		if line == 1 {
			col += shift
		}
		return line, col
	}
	s := rewrite.Span{File: "in.go"}
	s.Line, s.Col = place(from)
	s.EndLine, s.EndCol = place(to)
	return s
}

func (p *editParser) mode() rewrite.Mode {
	if p.word() == "read" {
		return rewrite.Shared
	}
	return rewrite.Exclusive
}

// structure returns the span of the struct type that starts within a text.
func (p *editParser) structure() rewrite.Span {
	from, to := locate(p.t, p.src, p.word())
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", p.src, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	var span rewrite.Span
	ast.Inspect(file, func(n ast.Node) bool {
		if st, ok := n.(*ast.StructType); ok && span.IsZero() {
			if at := fset.Position(st.Pos()).Offset; from <= at && at < to {
				span = spanAt(p.src, at, fset.Position(st.End()).Offset, p.shift)
			}
		}
		return true
	})
	return span
}

func (p *editParser) parse() rewrite.Edit {
	switch verb := p.word(); verb {
	case "addfield":
		e := rewrite.AddField{Struct: p.structure(), Before: p.word(), Name: p.word()}
		rest, doc, _ := strings.Cut(p.rest, "// ")
		p.rest, e.Doc = rest, doc
		e.Type, _, _ = p.code()
		return e
	case "retype":
		e := rewrite.Retype{Field: p.span()}
		e.Type, _, _ = p.code()
		return e
	case "insert":
		e := rewrite.Insert{After: p.word() == "after", Stmt: p.span()}
		e.Code, e.Holes, e.Comments = p.code()
		return e
	case "replace":
		e := rewrite.Replace{Node: p.span()}
		e.Code, e.Holes, _ = p.code()
		return e
	case "drop":
		return rewrite.Drop{Node: p.span()}
	case "hold":
		e := rewrite.Hold{Lock: p.word(), Mode: p.mode(), First: p.span()}
		e.Last = e.First
		for p.rest != "" {
			if arg := p.word(); arg == "defer" {
				e.Defer = true
			} else {
				e.Last = p.spanOf(arg)
			}
		}
		return e
	case "hoist":
		e := rewrite.Hoist{Lock: p.word(), Mode: p.mode(), Stmt: p.span(), Name: p.word()}
		for p.rest != "" {
			e.Exprs = append(e.Exprs, p.span())
		}
		return e
	default:
		p.t.Fatalf("no edit is called %q", verb)
		return nil
	}
}

func (p *editParser) code() (code rewrite.Code, holes []rewrite.Span, comments rewrite.Span) {
	code.Text = p.word()
	for p.rest != "" {
		switch arg := p.word(); arg {
		case "import":
			code.Imports = append(code.Imports, p.word())
		case "hole":
			holes = append(holes, p.span())
		case "comments":
			comments = p.span()
		case "":
		default:
			p.t.Fatalf("unknown argument %q", arg)
		}
	}
	return code, holes, comments
}

func TestNoEdits(t *testing.T) {
	for _, src := range []string{"", "not go", "package p"} {
		got, err := Apply("a.go", []byte(src), nil)
		if err != nil || string(got) != src {
			t.Errorf("%q: got %q, %v", src, got, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	body := "package p\n\ntype T struct {\n\tn int\n}\n"
	for name, src := range map[string]string{
		"generated":       "// Code generated by x. DO NOT EDIT.\n\n" + body,
		"line directive":  "//line a.y:1\n" + body,
		"carriage return": strings.Replace(body, "int", "int /* \r */", 1),
		"does not parse":  body + "}",
	} {
		_, err := Apply("a.go", []byte(src), []rewrite.Edit{rewrite.AddField{}})
		var r *Refusal
		if !errors.As(err, &r) || !strings.Contains(strings.ReplaceAll(err.Error(), "-", " "), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNoNode(t *testing.T) {
	src := []byte("package p\n\nfunc f() {\n\tx := 1\n\t_ = x\n}\n")
	bad := rewrite.Span{File: "a.go", Line: 4, Col: 3, EndLine: 4, EndCol: 5}
	none := rewrite.Span{File: "a.go", Line: 400, Col: 3, EndLine: 400, EndCol: 5}
	for _, s := range []rewrite.Span{bad, none, {}, {Line: -1, Col: -7, EndLine: 1 << 40, EndCol: -1}} {
		for _, e := range []rewrite.Edit{
			rewrite.AddField{Struct: s}, rewrite.Retype{Field: s}, rewrite.Insert{Stmt: s}, rewrite.Replace{Node: s},
			rewrite.Drop{Node: s}, rewrite.Hold{First: s, Last: s}, rewrite.Hoist{Stmt: s},
		} {
			_, err := Apply("a.go", src, []rewrite.Edit{e})
			want := fmt.Sprintf("a.go:%d:%d: ", s.Line, s.Col)
			if err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("%T at %v: %v", e, s, err)
			}
		}
	}
}

// Mixed line ends stay line by line.
func TestMixedLineEnds(t *testing.T) {
	src := "package p\r\n\nfunc f() {\n\tx := 1\r\n\t_ = x\r\n}\n"
	edits := []rewrite.Edit{
		rewrite.Replace{Node: rewrite.Span{Line: 4, Col: 7, EndLine: 4, EndCol: 8}, Code: rewrite.Code{Text: "2"}},
		rewrite.Insert{Stmt: rewrite.Span{Line: 5, Col: 2, EndLine: 5, EndCol: 7}, Code: rewrite.Code{Text: "x++"}},
	}
	want := "package p\r\n\nfunc f() {\n\tx := 2\r\n\tx++\r\n\t_ = x\r\n}\n"
	got, err := Apply("a.go", []byte(src), edits)
	if err != nil || !bytes.Equal(got, []byte(want)) {
		t.Errorf("got %q, %v\nwant %q", got, err, want)
	}
}
