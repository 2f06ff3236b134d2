package edit

import (
	"fmt"
	"go/ast"

	"github.com/dave/dst"

	"github.com/go-fixer/fixer/rewrite"
)

// findElse adds the else branch at once: no other edit reaches it.
func (p *player) findElse(e rewrite.Else) error {
	is, err := find[*ast.IfStmt](p.tree, e.If, "if statement", nil)
	if err != nil {
		return err
	}
	stmt, at := p.node(is).(*dst.IfStmt), p.extent(is).from
	if stmt.Else != nil {
		return p.refuse(at, "the if statement has an else branch already")
	}
	list, err := stmtsOf(e.Code.Text)
	if err != nil {
		return p.refuse(at, fmt.Sprintf("code %q: %v", e.Code.Text, err))
	}
	ownLine(list)
	stmt.Else = &dst.BlockStmt{List: list}
	p.comments = append(p.comments, comments(e.Code.Text)...)
	return nil
}
