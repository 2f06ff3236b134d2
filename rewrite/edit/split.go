package edit

import (
	"fmt"
	"go/ast"
	"slices"

	"github.com/dave/dst"

	"github.com/go-fixer/fixer/rewrite"
)

// A split is a Split whose function is found.
type split struct {
	rewrite.Split
	decl *dst.FuncDecl
	at   int
}

func (p *player) findSplit(e rewrite.Split) error {
	fd, err := find(p.tree, e.Func, "function with a body", func(fd *ast.FuncDecl) bool { return fd.Body != nil })
	if err != nil {
		return err
	}
	s := &split{e, p.node(fd).(*dst.FuncDecl), p.extent(fd).from}
	if slices.ContainsFunc(p.splits, func(o *split) bool { return o.decl == s.decl }) {
		return p.refuse(s.at, "two edits split one function")
	}
	p.splits = append(p.splits, s)
	return nil
}

// splitAll moves bodies into functions of their own. It comes after edits of
// the bodies.
func (p *player) splitAll() error {
	for _, s := range p.splits {
		list, err := stmtsOf(s.Body.Text)
		if err != nil {
			return p.refuse(s.at, fmt.Sprintf("code %q: %v", s.Body.Text, err))
		}
		ownLine(list)
		old := s.decl
		made := &dst.FuncDecl{Name: dst.NewIdent(s.Name), Type: dst.Clone(old.Type).(*dst.FuncType), Body: old.Body}
		if old.Recv != nil {
			made.Recv = dst.Clone(old.Recv).(*dst.FieldList)
		}
		bare(made.Type)
		// Comments behind the closing brace are about what stands in the body.
		made.Decs.Start = dst.Decorations{"// " + s.Doc}
		made.Decs.Before, made.Decs.After, made.Decs.End = dst.EmptyLine, old.Decs.After, old.Decs.End
		old.Decs.After, old.Decs.End = dst.EmptyLine, nil
		old.Body = &dst.BlockStmt{List: list}
		i := slices.Index(p.root.Decls, dst.Decl(old))
		p.root.Decls = slices.Insert(p.root.Decls, i+1, dst.Decl(made))
		p.comments = append(p.comments, made.Decs.Start[0])
		p.comments = append(p.comments, comments(s.Body.Text)...)
	}
	return nil
}

// bare takes the comments off a signature that is there twice.
func bare(n dst.Node) {
	dst.Inspect(n, func(n dst.Node) bool {
		if n != nil {
			d := n.Decorations()
			d.Start, d.End = nil, nil
		}
		return true
	})
}
