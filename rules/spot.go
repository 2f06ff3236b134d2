package rules

import (
	"fmt"
	"go/ast"

	"github.com/go-fixer/fixer/rewrite"
)

// A spot is an access that a rule changes, or puts under a lock.
type spot struct {
	*rewrite.Use
	sel   ast.Expr // what names the place: x.f; v or p.V of a variable
	write bool
	elem  bool // reads or writes what the place holds, not just the place
}

// mention returns the expression by which a use names its place; ok is false
// for the elements of composite literals.
func mention(u *rewrite.Use) (e ast.Expr, ok bool) {
	if u.Element {
		return nil, false
	}
	e, ok = u.Path[0].(ast.Expr)
	return e, ok
}

// object is what a spot's field is a field of, nil for variables.
func (s spot) object() ast.Expr {
	if sel, ok := s.sel.(*ast.SelectorExpr); ok && s.File.Info.Selections[sel] != nil {
		return sel.X
	}
	return nil
}

// objectText is the object as Go source, "" for variables.
func (s spot) objectText() string {
	if x := s.object(); x != nil {
		return text(s.File, x)
	}
	return ""
}

// thing is what messages call the place.
func (s spot) thing() string {
	if s.object() == nil {
		return "the variable"
	}
	return "the field"
}

// name is that of the field or variable.
func (s spot) name() string {
	if sel, ok := s.sel.(*ast.SelectorExpr); ok {
		return sel.Sel.Name
	}
	return s.sel.(*ast.Ident).Name
}

func (s spot) at() string { return fmt.Sprintf("%s:%d", base(s.File.Name), s.line()) }

func (s spot) line() int { return s.File.Span(s.sel).Line }

// addressTaken is the reason to leave a place alone whose address goes
// somewhere.
func addressTaken(u *rewrite.Use) string {
	s := spot{Use: u, sel: u.Path[0].(ast.Expr)}
	return fmt.Sprintf("%s's address is taken at %s", s.thing(), s.at())
}
