package driver

import (
	"go/ast"
	"go/token"

	"github.com/go-fixer/fixer/rewrite"
)

// lines tells, for the lines of a file, where code is and what starts there.
type lines struct {
	last   int              // of the file
	code   map[int]int      // the first column at which a node starts or ends
	starts map[int]ast.Node // the outermost node that starts the line
	fset   *token.FileSet
}

func linesOf(fset *token.FileSet, f *ast.File) *lines {
	l := &lines{last: fset.Position(f.FileEnd).Line, code: make(map[int]int), starts: make(map[int]ast.Node), fset: fset}
	mark := func(p token.Pos) int {
		at := fset.Position(p)
		if col := l.code[at.Line]; col == 0 || at.Column < col {
			l.code[at.Line] = at.Column
		}
		return at.Line
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n.(type) {
		case nil, *ast.CommentGroup, *ast.Comment:
			return false
		}
		line := mark(n.Pos())
		mark(max(n.Pos(), n.End()-1))
		if l.starts[line] == nil {
			l.starts[line] = n
		}
		return true
	})
	return l
}

// reach returns the lines a directive is for. Behind code, it is for that
// line. On a line of its own, it is for what starts below the comments it is
// one of: its head, or all of it.
func (l *lines) reach(at rewrite.Span, groupEnd int, d directive) (from, to int) {
	if d.file {
		return 1, l.last
	}
	if col, ok := l.code[at.Line]; ok && col < at.Col {
		return at.Line, at.Line
	}
	n := l.starts[groupEnd+1]
	if n == nil {
		return at.Line, at.Line
	}
	if _, isFile := n.(*ast.File); isFile {
		if d.block {
			return 1, l.last
		}
		return groupEnd + 1, groupEnd + 1
	}
	end := n.End()
	if !d.block {
		end = head(n)
	}
	return groupEnd + 1, l.fset.Position(end).Line
}

// head returns where a node's own code ends and statements or fields inside it
// begin; its end, if it holds none.
func head(n ast.Node) token.Pos {
	end := n.End()
	ast.Inspect(n, func(m ast.Node) bool {
		if m == nil || m.Pos() >= end {
			return false
		}
		switch m := m.(type) {
		case *ast.BlockStmt:
			end = m.Lbrace
		case *ast.StructType:
			end = m.Fields.Opening
		case *ast.InterfaceType:
			end = m.Methods.Opening
		case *ast.CaseClause:
			end = m.Colon
		case *ast.CommClause:
			end = m.Colon
		}
		return true
	})
	return end
}
