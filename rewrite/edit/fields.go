package edit

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/printer"
	"go/token"
	"slices"
	"strings"

	"github.com/dave/dst"
	"github.com/dave/dst/decorator"

	"github.com/go-fixer/fixer/rewrite"
)

// fieldNames returns the names that a field can be reached by.
func fieldNames(f *dst.Field) []string {
	var names []string
	for _, id := range f.Names {
		names = append(names, id.Name)
	}
	if len(names) > 0 {
		return names
	}
	x := f.Type
	for {
		switch t := x.(type) {
		case *dst.StarExpr:
			x = t.X
		case *dst.ParenExpr:
			x = t.X
		case *dst.IndexExpr:
			x = t.X
		case *dst.IndexListExpr:
			x = t.X
		case *dst.SelectorExpr:
			return []string{t.Sel.Name}
		case *dst.Ident:
			return []string{t.Name}
		default:
			return nil
		}
	}
}

func fieldIndex(list []*dst.Field, name string) int {
	return slices.IndexFunc(list, func(f *dst.Field) bool { return slices.Contains(fieldNames(f), name) })
}

// typeText returns a type as text, to compare types.
func typeText(x dst.Expr) string {
	clone := dst.Clone(x).(dst.Expr)
	stripAll(clone)
	file := &dst.File{Name: dst.NewIdent("p"), Decls: []dst.Decl{&dst.GenDecl{Tok: token.VAR,
		Specs: []dst.Spec{&dst.ValueSpec{Names: []*dst.Ident{dst.NewIdent("_")}, Type: clone}}}}}
	r := decorator.NewRestorer()
	af, err := r.RestoreFile(file)
	if err != nil {
		return ""
	}
	var buf bytes.Buffer
	if printer.Fprint(&buf, r.Fset, af) != nil {
		return ""
	}
	return strings.Join(scan(buf.String()).code(), " ")
}

// An addition is an AddField whose struct is found.
type addition struct {
	rewrite.AddField
	list *dst.FieldList
	from int // offset of the struct
}

// addFields puts new fields into structs.
func (p *player) addFields(edits []rewrite.AddField) error {
	var adds []addition
	for _, e := range edits {
		st, err := find[*ast.StructType](p.tree, e.Struct, "struct type", nil)
		if err != nil {
			return err
		}
		list := p.node(st).(*dst.StructType).Fields
		if fieldIndex(list.List, e.Before) < 0 {
			return p.refuse(p.extent(st).from, fmt.Sprintf("the struct has no field %s to put %s above", e.Before, e.Name))
		}
		adds = append(adds, addition{e, list, p.extent(st).from})
	}
	// Above the earliest of several places. Those above one field: by name.
	slices.SortStableFunc(adds, func(a, b addition) int {
		return cmp.Or(cmp.Compare(a.from, b.from),
			cmp.Compare(fieldIndex(a.list.List, a.Before), fieldIndex(b.list.List, b.Before)), cmp.Compare(a.Name, b.Name))
	})
	added := map[*dst.Field]bool{}
	for i, a := range adds {
		for _, b := range adds[i+1:] {
			if a.list == b.list && a.Name == b.Name {
				for _, field := range b.Guards {
					if !slices.Contains(a.Guards, field) {
						a.Guards = append(slices.Clone(a.Guards), field)
					}
				}
			}
		}
		if err := p.addField(a, added); err != nil {
			return err
		}
	}
	return nil
}

func (p *player) addField(a addition, added map[*dst.Field]bool) error {
	x, err := p.typeCode(a.Type, a.from)
	if err != nil {
		return err
	}
	field := &dst.Field{Type: x}
	if a.Name != "" {
		field.Names = []*dst.Ident{dst.NewIdent(a.Name)}
	}
	names := fieldNames(field)
	if len(names) == 0 {
		return p.refuse(a.from, fmt.Sprintf("a field of type %s needs a name", a.Type.Text))
	}
	if i := fieldIndex(a.list.List, names[0]); i >= 0 {
		if typeText(a.list.List[i].Type) == typeText(x) {
			p.names.forget()
			return nil
		}
		return p.refuse(a.from, fmt.Sprintf("the struct has a field %s of another type", names[0]))
	}
	p.names.commit()
	p.comments = append(p.comments, comments(a.Type.Text)...)
	ownLine(a.list.List)
	i := fieldIndex(a.list.List, a.Before)
	next := a.list.List[i]
	blank := opensGroup(a.list.List, i) || !p.tidy || parts(a.list.List, i, len(typeText(x)))
	free, attached := splitFree(next.Decs.Start)
	field.Decs.Start, next.Decs.Start = free, attached
	doc := strings.Join(strings.Fields(a.Doc), " ")
	if len(a.Guards) > 0 {
		doc = a.Name + " guards " + rewrite.Enumerate(a.Guards) + "."
	}
	if doc != "" {
		// A line of its own parts the columns too: then it goes behind.
		at := &field.Decs.Start
		if i > 0 && !blank {
			doc = strings.TrimSuffix(strings.TrimPrefix(doc, a.Name+" "), ".")
			at = &field.Decs.End
		}
		*at = append(*at, "// "+doc)
		p.comments = append(p.comments, "// "+doc)
	}
	field.Decs.Before, field.Decs.After, next.Decs.Before = dst.NewLine, dst.NewLine, dst.NewLine
	if i > 0 {
		// A blank line starts the group, unless another new field does, or
		// the fields above and below are aligned with each other.
		prev := a.list.List[i-1]
		prev.Decs.After = dst.NewLine
		if blank && !added[prev] {
			prev.Decs.After, field.Decs.Before = dst.EmptyLine, dst.EmptyLine
		}
	}
	added[field] = true
	a.list.List = slices.Insert(a.list.List, i, field)
	return nil
}

// typeCode parses a type that goes to the given offset.
func (p *player) typeCode(c rewrite.Code, at int) (dst.Expr, error) {
	x, err := typeOf(c.Text)
	if err != nil {
		return nil, fmt.Errorf("type %q: %w", c.Text, err)
	}
	n, err := p.fill(&piece{code: c, at: at}, x)
	if err != nil {
		return nil, err
	}
	return n.(dst.Expr), nil
}

// retype changes the types of fields, splitting declarations of several names.
func (p *player) retype(edits []rewrite.Retype) error {
	types := map[*dst.Field]map[string]dst.Expr{}
	var order []*dst.Field
	owner := map[*dst.Field]*dst.FieldList{}
	for _, e := range edits {
		id, err := find(p.tree, e.Field, "field name", func(id *ast.Ident) bool {
			f, ok := p.parent[id].(*ast.Field)
			if !ok || !slices.Contains(f.Names, id) {
				return false
			}
			_, ok = p.parent[p.parent[f]].(*ast.StructType)
			return ok
		})
		if err != nil {
			return err
		}
		field := p.node(p.parent[id]).(*dst.Field)
		x, err := p.typeCode(e.Type, p.extent(id).from)
		if err != nil {
			return err
		}
		if typeText(x) == typeText(field.Type) {
			p.names.forget()
			continue
		}
		p.names.commit()
		if types[field] == nil {
			types[field] = map[string]dst.Expr{}
			order = append(order, field)
			owner[field] = p.node(p.parent[p.parent[id]]).(*dst.FieldList)
		}
		if old := types[field][id.Name]; old != nil && typeText(old) != typeText(x) {
			return p.refuse(p.extent(id).from, "two edits give the field "+id.Name+" different types")
		}
		types[field][id.Name] = x
	}
	for _, field := range order {
		list := owner[field]
		i := slices.Index(list.List, field)
		parts := splitField(field, types[field])
		if len(parts) > 1 {
			ownLine(list.List)
		}
		list.List = slices.Replace(list.List, i, i+1, parts...)
	}
	return nil
}

// splitField returns the declarations of a field's names with their new types.
// Names in a row that keep one type stay together.
func splitField(field *dst.Field, types map[string]dst.Expr) []*dst.Field {
	of := func(id *dst.Ident) dst.Expr {
		if x := types[id.Name]; x != nil {
			return x
		}
		return field.Type
	}
	var parts []*dst.Field
	for _, id := range field.Names {
		if n := len(parts); n > 0 && typeText(parts[n-1].Type) == typeText(of(id)) {
			parts[n-1].Names = append(parts[n-1].Names, id)
			continue
		}
		part := &dst.Field{Names: []*dst.Ident{id}, Type: dst.Clone(of(id)).(dst.Expr)}
		if field.Tag != nil {
			part.Tag = dst.Clone(field.Tag).(*dst.BasicLit)
		}
		part.Decs.Before, part.Decs.After = dst.NewLine, dst.NewLine
		parts = append(parts, part)
	}
	last := parts[len(parts)-1]
	parts[0].Decs.Before, last.Decs.After = field.Decs.Before, field.Decs.After
	parts[0].Decs.Start, last.Decs.End = field.Decs.Start, field.Decs.End
	parts[0].Decs.Type = field.Decs.Type
	return parts
}

// opensGroup reports whether a blank line stands above a field.
func opensGroup(list []*dst.Field, i int) bool {
	return i > 0 && (list[i].Decs.Before == dst.EmptyLine || list[i-1].Decs.After == dst.EmptyLine)
}

// parts reports whether a new field at index i, of a type of the given width,
// should stand apart from those above it: unless only that moves the columns
// of its neighbours.
func parts(list []*dst.Field, i, width int) bool {
	from, to := i, i
	for from > 0 && !opensGroup(list, from) {
		from--
	}
	for to+1 < len(list) && !opensGroup(list, to+1) {
		to++
	}
	n1, t1, behind1 := columns(list[from:i])
	n2, t2, behind2 := columns(list[i : to+1])
	apart := n1 > 0 && n2 > 0 && n1 != n2 || behind1 && behind2 && t1 != t2
	within := (behind1 || behind2) && width > max(t1, t2)
	return !apart || within
}

// columns measures the names and types of fields, and tells whether tags or
// comments stand behind them.
func columns(fields []*dst.Field) (name, typ int, behind bool) {
	for _, f := range fields {
		if len(f.Names) > 0 { // embedded ones are in no column
			name = max(name, len(strings.Join(fieldNames(f), ", ")))
		}
		typ = max(typ, len(typeText(f.Type)))
		behind = behind || f.Tag != nil || len(f.Decs.End) > 0
	}
	return name, typ, behind
}
