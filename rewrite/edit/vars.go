package edit

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"

	"github.com/dave/dst"

	"github.com/go-fixer/fixer/rewrite"
)

// A declaration is a variable in a var declaration.
type declaration struct {
	id   *ast.Ident
	spec *ast.ValueSpec
	decl *ast.GenDecl
}

// varNamed finds the declaration of the variable whose name has a span.
func (p *player) varNamed(s rewrite.Span) (declaration, error) {
	id, err := find(p.tree, s, "name in a var declaration", func(id *ast.Ident) bool {
		spec, ok := p.parent[id].(*ast.ValueSpec)
		return ok && slices.Contains(spec.Names, id) && p.parent[spec].(*ast.GenDecl).Tok == token.VAR
	})
	if err != nil {
		return declaration{}, err
	}
	spec := p.parent[id].(*ast.ValueSpec)
	return declaration{id, spec, p.parent[spec].(*ast.GenDecl)}, nil
}

// typed finds a declaration and builds a type that is to stand there.
func (p *player) typed(name rewrite.Span, t rewrite.Code) (declaration, dst.Expr, error) {
	d, err := p.varNamed(name)
	if err != nil {
		return d, nil, err
	}
	x, err := p.typeCode(t, p.extent(d.id).from)
	if err != nil {
		return d, nil, err
	}
	p.names.commit()
	return d, x, nil
}

// declare declares variables above others, and gives others other types.
func (p *player) declare(edits []rewrite.Edit) error {
	var changes []rewrite.Redeclare
	for _, e := range edits {
		var err error
		switch e := e.(type) {
		case rewrite.AddVar:
			err = p.addVar(e)
		case rewrite.Redeclare:
			changes = append(changes, e)
		}
		if err != nil {
			return err
		}
	}
	return p.redeclare(changes)
}

func (p *player) addVar(e rewrite.AddVar) error {
	d, x, err := p.typed(e.Var, e.Type)
	if err != nil {
		return err
	}
	spec := &dst.ValueSpec{Names: []*dst.Ident{dst.NewIdent(e.Name)}, Type: x}
	var comments []string
	if e.Doc != "" {
		comments = []string{"// " + strings.Join(strings.Fields(e.Doc), " ")}
		p.comments = append(p.comments, comments...)
	}
	if p.node(d.decl).(*dst.GenDecl).Lparen {
		spec.Decs.End = comments
		p.addToGroup(d, spec)
		return nil
	}
	p.addAbove(d, &dst.GenDecl{Tok: token.VAR, Specs: []dst.Spec{spec},
		Decs: dst.GenDeclDecorations{NodeDecs: dst.NodeDecs{End: comments}}})
	return nil
}

// addToGroup puts a declaration above another one of a group.
func (p *player) addToGroup(d declaration, spec *dst.ValueSpec) {
	group := p.node(d.decl).(*dst.GenDecl)
	ownLine(group.Specs)
	i := slices.Index(group.Specs, dst.Spec(p.node(d.spec).(*dst.ValueSpec)))
	next := group.Specs[i].Decorations()
	spec.Decs.Before, spec.Decs.After = next.Before, dst.NewLine
	next.Before = dst.NewLine
	if len(next.Start) > 0 {
		spec.Decs.Start, next.Start = splitFree(next.Start)
	}
	if len(next.Start) > 0 { // its comment is its own
		next.Before = dst.EmptyLine
	}
	if i > 0 && (len(next.Start) > 0 || widens(group.Specs[:i], spec)) {
		group.Specs[i-1].Decorations().After, spec.Decs.Before = dst.EmptyLine, dst.EmptyLine
	}
	group.Specs = slices.Insert(group.Specs, i, dst.Spec(spec))
}

// addAbove puts a declaration above one that stands alone.
func (p *player) addAbove(d declaration, decl *dst.GenDecl) {
	group := p.node(d.decl).(*dst.GenDecl)
	if stmt, ok := p.parent[d.decl].(*ast.DeclStmt); ok {
		p.put(false, p.parent[stmt], stmt, []dst.Stmt{&dst.DeclStmt{Decl: decl}})
		return
	}
	next := group.Decorations()
	decl.Decs.Before, decl.Decs.After = next.Before, dst.NewLine
	decl.Decs.Start, next.Start = splitFree(next.Start)
	next.Before = dst.NewLine
	if len(next.Start) > 0 { // its comment is its own
		next.Before, decl.Decs.After = dst.EmptyLine, dst.EmptyLine
	}
	i := slices.Index(p.root.Decls, dst.Decl(group))
	p.root.Decls = slices.Insert(p.root.Decls, i, dst.Decl(decl))
}

// widens reports whether a new declaration would move the columns of those
// right above it.
func widens(above []dst.Spec, spec *dst.ValueSpec) bool {
	width := 0
	for i := len(above) - 1; i >= 0; i-- {
		names := 0
		for _, id := range above[i].(*dst.ValueSpec).Names {
			names += len(id.Name) + len(", ")
		}
		width = max(width, names-len(", "))
		if above[i].Decorations().Before == dst.EmptyLine {
			break
		}
	}
	return len(spec.Names[0].Name) > width
}

// redeclare gives variables other types and takes their initial values.
func (p *player) redeclare(edits []rewrite.Redeclare) error {
	types := make(map[*ast.ValueSpec]map[string]dst.Expr)
	var order []declaration
	for _, e := range edits {
		d, x, err := p.typed(e.Var, e.Type)
		if err != nil {
			return err
		}
		if types[d.spec] == nil {
			types[d.spec] = make(map[string]dst.Expr)
			order = append(order, d)
		}
		types[d.spec][d.id.Name] = x
	}
	for _, d := range order {
		if err := p.retypeVars(d, types[d.spec]); err != nil {
			return err
		}
	}
	return nil
}

// retypeVars changes the types of the names of one declaration.
func (p *player) retypeVars(d declaration, types map[string]dst.Expr) error {
	spec := p.node(d.spec).(*dst.ValueSpec)
	if len(spec.Names) > 1 && len(spec.Values) > 0 {
		return p.refuse(p.extent(d.spec).from, "several variables are declared here together with their values")
	}
	parts := splitSpec(spec, types)
	if len(parts) == 1 {
		spec.Type, spec.Values = parts[0].Type, nil
		return nil
	}
	group := p.node(d.decl).(*dst.GenDecl)
	if !group.Lparen {
		p.declareApart(d, group, parts)
		return nil
	}
	ownLine(group.Specs)
	i := slices.Index(group.Specs, dst.Spec(spec))
	parts[0].Decs.Before, parts[0].Decs.Start = spec.Decs.Before, spec.Decs.Start
	last := parts[len(parts)-1].Decorations()
	last.After, last.End = spec.Decs.After, spec.Decs.End
	group.Specs = slices.Delete(group.Specs, i, i+1)
	for k, part := range parts {
		group.Specs = slices.Insert(group.Specs, i+k, dst.Spec(part))
	}
	return nil
}

// declareApart puts declarations in the place of one that stands alone.
func (p *player) declareApart(d declaration, group *dst.GenDecl, parts []*dst.ValueSpec) {
	spec := group.Specs[0].(*dst.ValueSpec)
	spec.Names, spec.Type = parts[0].Names, parts[0].Type
	var decls []dst.Decl
	var stmts []dst.Stmt
	for _, part := range parts[1:] {
		part.Decs.Before, part.Decs.After = dst.None, dst.None
		decl := &dst.GenDecl{Tok: token.VAR, Specs: []dst.Spec{part}}
		decls = append(decls, decl)
		stmts = append(stmts, &dst.DeclStmt{Decl: decl})
	}
	if stmt, ok := p.parent[d.decl].(*ast.DeclStmt); ok {
		p.put(true, p.parent[stmt], stmt, stmts)
		return
	}
	last := group.Decorations()
	for _, decl := range decls {
		decl.Decorations().Before, decl.Decorations().After = dst.NewLine, last.After
		last.After = dst.NewLine
		last = decl.Decorations()
	}
	i := slices.Index(p.root.Decls, dst.Decl(group))
	p.root.Decls = slices.Insert(p.root.Decls, i+1, decls...)
}

// splitSpec returns the declarations of a spec's names with their new types.
// Names in a row that get one type stay together.
func splitSpec(spec *dst.ValueSpec, types map[string]dst.Expr) []*dst.ValueSpec {
	var parts []*dst.ValueSpec
	for _, id := range spec.Names {
		x := types[id.Name]
		if x == nil {
			x = spec.Type
		}
		if n := len(parts); n > 0 && typeText(parts[n-1].Type) == typeText(x) {
			parts[n-1].Names = append(parts[n-1].Names, id)
			continue
		}
		part := &dst.ValueSpec{Names: []*dst.Ident{id}, Type: dst.Clone(x).(dst.Expr)}
		part.Decs.Before, part.Decs.After = dst.NewLine, dst.NewLine
		parts = append(parts, part)
	}
	return parts
}
