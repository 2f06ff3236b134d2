package edit

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/printer"
	"slices"
	"strings"

	"github.com/dave/dst"
	"github.com/dave/dst/decorator"

	"github.com/go-fixer/fixer/rewrite"
)

// A tree is a file's syntax, as read (ast) and to be changed (dst).
type tree struct {
	*source
	dec    *decorator.Decorator
	root   *dst.File
	parent map[ast.Node]ast.Node
	spans  map[extent][]ast.Node // outer nodes first
	lines  []int                 // offset of each line
}

// An extent is a range of offsets in a source's text.
type extent struct{ from, to int }

func (e extent) contains(f extent) bool { return e.from <= f.from && f.to <= e.to }

func decorate(s *source) (*tree, error) {
	t := &tree{source: s, parent: map[ast.Node]ast.Node{}, spans: map[extent][]ast.Node{}, lines: []int{0}}
	// No resolver: with one, dst would manage imports, and change others.
	t.dec = decorator.NewDecorator(s.fset)
	root, err := t.dec.DecorateFile(s.file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	t.root = root
	for i := range len(s.text) {
		if s.text[i] == '\n' {
			t.lines = append(t.lines, i+1)
		}
	}
	var stack []ast.Node
	ast.Inspect(s.file, func(n ast.Node) bool {
		if n == nil {
			stack = stack[:len(stack)-1]
			return true
		}
		if len(stack) > 0 {
			t.parent[n] = stack[len(stack)-1]
		}
		stack = append(stack, n)
		if n != ast.Node(s.file) {
			t.spans[t.extent(n)] = append(t.spans[t.extent(n)], n)
		}
		return true
	})
	return t, nil
}

// print returns the tree as text. The printer is gofmt's, but imports aren't
// sorted and old comments not rewritten.
func (t *tree) print() (string, error) {
	restorer := decorator.NewRestorer()
	file, err := restorer.RestoreFile(t.root)
	if err != nil {
		return "", fmt.Errorf("%s: %w", t.name, err)
	}
	var buf bytes.Buffer
	cfg := printer.Config{Mode: printer.UseSpaces | printer.TabIndent, Tabwidth: 8}
	if err := cfg.Fprint(&buf, restorer.Fset, file); err != nil {
		return "", fmt.Errorf("%s: %w", t.name, err)
	}
	return buf.String(), nil
}

func (t *tree) extent(n ast.Node) extent { return extent{t.offset(n.Pos()), t.offset(n.End())} }

// node returns the changeable node made of n.
func (t *tree) node(n ast.Node) dst.Node { return t.dec.Dst.Nodes[n] }

// at returns the extent of a span.
func (t *tree) at(s rewrite.Span) (extent, error) {
	from, ok1 := t.place(s.Line, s.Col)
	to, ok2 := t.place(s.EndLine, s.EndCol)
	if !ok1 || !ok2 {
		return extent{}, fmt.Errorf("%s:%d:%d: the file has no place %d:%d to %d:%d", t.name, s.Line, s.Col, s.Line, s.Col, s.EndLine, s.EndCol)
	}
	return extent{from, to}, nil
}

func (t *tree) place(line, col int) (int, bool) {
	if line < 1 || line > len(t.lines) {
		return 0, false
	}
	if line == 1 && strings.HasPrefix(string(t.raw[:min(len(t.raw), len(bom))]), bom) {
		col -= len(bom)
	}
	at := t.lines[line-1] + col - 1
	end := len(t.text)
	if line < len(t.lines) {
		end = t.lines[line] - 1
	}
	return at, col >= 1 && at <= end
}

// find returns the outermost node with the span that is a T and satisfies ok.
func find[T ast.Node](t *tree, s rewrite.Span, what string, ok func(T) bool) (T, error) {
	var none T
	e, err := t.at(s)
	if err != nil {
		return none, fmt.Errorf("%w where %s is looked for", err, what)
	}
	for _, n := range t.spans[e] {
		if n, is := n.(T); is && t.node(n) != nil && (ok == nil || ok(n)) {
			return n, nil
		}
	}
	return none, fmt.Errorf("%s:%d:%d: no %s reaches from here to %d:%d", t.name, s.Line, s.Col, what, s.EndLine, s.EndCol)
}

// expr finds an expression, or if only a statement has the span, that.
func (t *tree) expr(s rewrite.Span) (ast.Node, error) {
	e, err := find[ast.Expr](t, s, "expression or statement", nil)
	if err == nil {
		return e, nil
	}
	return find[ast.Stmt](t, s, "expression or statement", nil)
}

// element finds what a Drop may mean.
func (t *tree) element(s rewrite.Span) (ast.Node, error) {
	return find(t, s, "element of a literal, variable or statement", func(n ast.Node) bool {
		if loop, ok := t.parent[n].(*ast.ForStmt); ok && n == ast.Node(loop.Cond) {
			return true
		}
		if lit, ok := t.parent[n].(*ast.CompositeLit); ok {
			return n != ast.Node(lit.Type)
		}
		if r, ok := t.parent[n].(*ast.RangeStmt); ok && n == ast.Node(r.Value) {
			return true
		}
		if spec, ok := t.parent[n].(*ast.ValueSpec); ok && len(spec.Values) == 0 {
			id, ok := n.(*ast.Ident)
			return ok && slices.Contains(spec.Names, id)
		}
		if field, ok := t.parent[n].(*ast.Field); ok {
			typ, ok := t.parent[t.parent[field]].(*ast.FuncType)
			return ok && t.parent[field] == ast.Node(typ.Results) && n != ast.Node(field.Type)
		}
		_, ok := n.(ast.Stmt)
		return ok
	})
}

// A spot is the place of a statement in a list of them.
type spot struct {
	stmt  ast.Stmt
	list  ast.Node // the block or clause
	index int
}

// spot finds a statement that others can stand beside. A label counts as part
// of its statement: it stays on it.
func (t *tree) spot(s rewrite.Span) (spot, error) {
	stmt, err := find[ast.Stmt](t, s, "statement", nil)
	if err != nil {
		return spot{}, err
	}
	for {
		label, ok := t.parent[stmt].(*ast.LabeledStmt)
		if !ok {
			break
		}
		stmt = label
	}
	in := t.parent[stmt]
	for i, other := range stmts(in) {
		if other == stmt {
			return spot{stmt, in, i}, nil
		}
	}
	reason := "nothing can stand beside a statement in the header of another"
	if outer, ok := in.(*ast.IfStmt); ok && outer.Else == stmt {
		reason = "nothing can stand before an else branch"
	} else if _, ok := stmt.(*ast.BlockStmt); ok {
		reason = "nothing can stand beside the body of a statement or function"
	} else if _, ok := in.(*ast.BlockStmt); ok {
		reason = "nothing can stand beside a clause"
	}
	return spot{}, t.refuse(t.extent(stmt).from, reason)
}

// stmts returns the statements that a block or clause lists.
func stmts(n ast.Node) []ast.Stmt {
	switch n := n.(type) {
	case *ast.BlockStmt:
		if len(n.List) > 0 {
			switch n.List[0].(type) {
			case *ast.CaseClause, *ast.CommClause:
				return nil // the body of a switch or select
			}
		}
		return n.List
	case *ast.CaseClause:
		return n.Body
	case *ast.CommClause:
		return n.Body
	}
	return nil
}

// stmtList returns where a block or clause keeps its statements.
func stmtList(n dst.Node) *[]dst.Stmt {
	switch n := n.(type) {
	case *dst.BlockStmt:
		return &n.List
	case *dst.CaseClause:
		return &n.Body
	case *dst.CommClause:
		return &n.Body
	}
	return nil
}
