package edit

import (
	"fmt"
	"go/scanner"
	"go/token"
	"strings"

	"github.com/dave/dst"
	"github.com/dave/dst/decorator"
	"github.com/dave/dst/dstutil"

	"github.com/go-fixer/fixer/rewrite"
)

// A shape is what a piece of code is to be parsed as.
type shape struct{ open, close string }

var (
	asExpr    = shape{"package p\nvar _ = ", "\n"}
	asElement = shape{"package p\nvar _ = T{", "}\n"}
	asType    = shape{"package p\nvar _ ", "\n"}
	asStmts   = shape{"package p\nfunc _() {\n", "\n}\n"}
)

const holePrefix = "hole__"

// parse returns code as a tree of its own, $n become identifiers.
func (s shape) parse(text string) (*dst.File, error) {
	file, err := decorator.Parse(s.open + named(text) + s.close)
	if err != nil {
		return nil, err
	}
	if len(file.Decls) != 1 {
		return nil, fmt.Errorf("more than one declaration")
	}
	return file, nil
}

// named replaces each $n outside of strings and comments by an identifier.
func named(text string) string {
	var out strings.Builder
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(text))
	var s scanner.Scanner
	s.Init(file, []byte(text), func(token.Position, string) {}, 0)
	done := 0
	for {
		pos, kind, lit := s.Scan()
		if kind == token.EOF {
			return out.String() + text[done:]
		}
		at := file.Offset(pos)
		if kind == token.ILLEGAL && lit == "$" {
			out.WriteString(text[done:at] + holePrefix)
			done = at + 1
		}
	}
}

// exprOf parses one expression.
func exprOf(text string) (dst.Expr, error) {
	file, err := asExpr.parse(text)
	if err != nil {
		return nil, err
	}
	spec, ok := file.Decls[0].(*dst.GenDecl).Specs[0].(*dst.ValueSpec)
	if !ok || len(spec.Values) != 1 {
		return nil, fmt.Errorf("not one expression")
	}
	return spec.Values[0], nil
}

// elementOf parses one element of a composite literal.
func elementOf(text string) (dst.Expr, error) {
	file, err := asElement.parse(text)
	if err != nil {
		return nil, err
	}
	lit, ok := file.Decls[0].(*dst.GenDecl).Specs[0].(*dst.ValueSpec).Values[0].(*dst.CompositeLit)
	if !ok || len(lit.Elts) != 1 {
		return nil, fmt.Errorf("not one element")
	}
	return lit.Elts[0], nil
}

func typeOf(text string) (dst.Expr, error) {
	file, err := asType.parse(text)
	if err != nil {
		return nil, err
	}
	spec, ok := file.Decls[0].(*dst.GenDecl).Specs[0].(*dst.ValueSpec)
	if !ok || spec.Type == nil || len(spec.Values) > 0 {
		return nil, fmt.Errorf("not a type")
	}
	return spec.Type, nil
}

func stmtsOf(text string) ([]dst.Stmt, error) {
	file, err := asStmts.parse(text)
	if err != nil {
		return nil, err
	}
	fn, ok := file.Decls[0].(*dst.FuncDecl)
	if !ok || len(fn.Body.List) == 0 {
		return nil, fmt.Errorf("no statement")
	}
	return fn.Body.List, nil
}

// A piece is code on its way into the file: the nodes parsed from it.
type piece struct {
	code  rewrite.Code
	at    int // offset of the place it goes to
	holes []dst.Node
	used  []bool
}

// fill puts the holes into the tree n of the piece, gives packages the names
// they have in the file, and returns the tree, which may be another.
func (p *player) fill(c *piece, n dst.Node) (_ dst.Node, err error) {
	defer func() {
		if recover() != nil { // from package reflect
			err = p.refuse(c.at, fmt.Sprintf("the nodes to fill in do not fit into code %q", c.code.Text))
		}
	}()
	var bad error
	c.used = make([]bool, len(c.holes))
	n = dstutil.Apply(n, func(cur *dstutil.Cursor) bool {
		switch n := cur.Node().(type) {
		case *dst.ExprStmt:
			// A hole for a statement stands where a statement does.
			if id, ok := n.X.(*dst.Ident); ok {
				if hole, err := c.hole(id.Name); hole != nil && err == nil {
					if stmt, ok := hole.(dst.Stmt); ok {
						stmt.Decorations().Before, stmt.Decorations().After = n.Decs.Before, n.Decs.After
						cur.Replace(stmt)
						return false
					}
					c.unuse(id.Name)
				}
			}
		case *dst.Ident:
			hole, err := c.hole(n.Name)
			if err != nil {
				bad = err
			} else if hole != nil {
				d, h := n.Decorations(), hole.Decorations()
				h.Before, h.After = d.Before, d.After
				cur.Replace(hole)
				return false
			}
		case *dst.SelectorExpr:
			if id, ok := n.X.(*dst.Ident); ok {
				if name, ok := p.names.use(c, id.Name); ok && name == "." {
					n.Sel.Decs.NodeDecs = n.Decs.NodeDecs
					cur.Replace(n.Sel)
					return false
				} else if ok {
					id.Name = name
				}
			}
		}
		return true
	}, nil)
	return n, bad
}

// hole returns the node for an identifier that stands for one, else nil. The
// first use gets the node itself, others copies.
func (c *piece) hole(name string) (dst.Node, error) {
	digits, ok := strings.CutPrefix(name, holePrefix)
	if !ok {
		return nil, nil
	}
	i := number(digits)
	if i < 0 || i >= len(c.holes) {
		return nil, fmt.Errorf("code %q has no node for $%s", c.code.Text, digits)
	}
	if c.used[i] {
		return dst.Clone(c.holes[i]), nil
	}
	c.used[i] = true
	return c.holes[i], nil
}

func (c *piece) unuse(name string) {
	c.used[number(strings.TrimPrefix(name, holePrefix))] = false
}

// number parses the digits of a hole, -1 if they aren't.
func number(digits string) int {
	n := 0
	for _, d := range digits {
		if d < '0' || d > '9' || n > 1000 {
			return -1
		}
		n = 10*n + int(d-'0')
	}
	if digits == "" {
		return -1
	}
	return n
}

// unused returns an error if a hole isn't in the code: its node would be lost.
func (c *piece) unused() error {
	for i, used := range c.used {
		if !used {
			return fmt.Errorf("code %q does not use $%d", c.code.Text, i)
		}
	}
	return nil
}

// comments returns the comments of a text of code.
func comments(text string) []string {
	t := scan(named(text))
	var list []string
	for i, k := range t.list {
		if k.comment {
			list = append(list, t.str(i))
		}
	}
	return list
}
