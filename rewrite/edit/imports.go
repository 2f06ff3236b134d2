package edit

import (
	"cmp"
	"fmt"
	"go/token"
	"slices"
	"strconv"
	"strings"

	"github.com/dave/dst"
)

// addImport adds one import where a person would: in order, in the block and
// group of the standard library's packages.
func (p *player) addImport(path string) error {
	if path == "" || strings.ContainsAny(path, "\"`\\ \n\t") {
		return fmt.Errorf("%s: %q is no import path", p.name, path)
	}
	spec := &dst.ImportSpec{Path: &dst.BasicLit{Kind: token.STRING, Value: strconv.Quote(path)}}
	if name := p.names.chosen[path]; name != baseName(path) {
		spec.Name = dst.NewIdent(name)
	}
	decls := p.importDecls()
	var blocks, lone []*dst.GenDecl
	for _, d := range decls {
		if d.Lparen {
			blocks = append(blocks, d)
		} else {
			lone = append(lone, d)
		}
	}
	switch {
	case len(blocks) > 0:
		block := blocks[0]
		if i := slices.IndexFunc(blocks, func(d *dst.GenDecl) bool { return slices.ContainsFunc(d.Specs, isStd) }); i >= 0 {
			block = blocks[i]
		}
		addSpec(block, spec)
	case len(lone) == 1:
		enclose(lone[0])
		addSpec(lone[0], spec)
	case len(lone) > 1:
		p.addLine(lone, spec)
	default:
		p.addDecl(spec)
	}
	return nil
}

// importDecls lists the import declarations, but for those of C, whose comment
// above must stay its.
func (p *player) importDecls() []*dst.GenDecl {
	var list []*dst.GenDecl
	for _, d := range p.root.Decls {
		d, ok := d.(*dst.GenDecl)
		if !ok || d.Tok != token.IMPORT {
			continue
		}
		if !slices.ContainsFunc(d.Specs, func(s dst.Spec) bool { return pathOf(s) == "C" }) {
			list = append(list, d)
		}
	}
	return list
}

func pathOf(s dst.Spec) string {
	path, _ := strconv.Unquote(s.(*dst.ImportSpec).Path.Value)
	return path
}

func isStd(s dst.Spec) bool { return stdPath(pathOf(s)) }

// stdPath reports whether a path looks like one of the standard library's.
func stdPath(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

// addSpec puts an import into a block: into its first group with packages of
// the standard library, else a new group on top.
func addSpec(block *dst.GenDecl, spec *dst.ImportSpec) {
	spec.Decs.Before, spec.Decs.After = dst.NewLine, dst.NewLine
	if len(block.Specs) == 0 {
		block.Specs = []dst.Spec{spec}
		return
	}
	// One line blocks are broken.
	ownLine(block.Specs)
	std := stdPath(pathOf(spec))
	for from := 0; from < len(block.Specs); {
		to := from + 1
		for to < len(block.Specs) && !parted(block.Specs[to-1], block.Specs[to]) {
			to++
		}
		if slices.ContainsFunc(block.Specs[from:to], func(s dst.Spec) bool { return isStd(s) == std }) {
			insertSpec(block, spec, from, to)
			return
		}
		from = to
	}
	spec.Decs.After = dst.EmptyLine
	block.Specs[0].Decorations().Before = dst.EmptyLine
	block.Specs = slices.Insert(block.Specs, 0, dst.Spec(spec))
}

// order compares imports as gofmt does.
func order(a, b dst.Spec) int {
	return cmp.Or(cmp.Compare(pathOf(a), pathOf(b)), cmp.Compare(nameOf(a), nameOf(b)))
}

func nameOf(s dst.Spec) string {
	if id := s.(*dst.ImportSpec).Name; id != nil {
		return id.Name
	}
	return ""
}

// parted reports whether a blank line stands between two imports.
func parted(a, b dst.Spec) bool {
	return a.Decorations().After == dst.EmptyLine || b.Decorations().Before == dst.EmptyLine ||
		slices.Contains(b.Decorations().Start, "\n")
}

// insertSpec puts an import in order into the group from to.
func insertSpec(block *dst.GenDecl, spec *dst.ImportSpec, from, to int) {
	i := from
	for i < to && order(block.Specs[i], spec) < 0 {
		i++
	}
	if i < to {
		next := block.Specs[i].Decorations()
		spec.Decs.Before, next.Before = next.Before, dst.NewLine
		spec.Decs.Start, next.Start = splitFree(next.Start)
		if i > 0 && i > from {
			spec.Decs.Before = dst.NewLine
		}
	} else {
		prev := block.Specs[i-1].Decorations()
		spec.Decs.After, prev.After = prev.After, dst.NewLine
		prev.End, spec.Decs.End = splitEnd(prev.End)
	}
	block.Specs = slices.Insert(block.Specs, i, dst.Spec(spec))
}

// enclose turns a single import into a block. Its comments stay with it.
func enclose(d *dst.GenDecl) {
	d.Lparen, d.Rparen = true, true
	old := d.Specs[0].Decorations()
	d.Decs.After, old.After = max(d.Decs.After, old.After), dst.NewLine
	d.Decs.After = max(d.Decs.After, dst.EmptyLine)
	old.Before = dst.NewLine
	d.Decs.Start, old.Start = splitFree(d.Decs.Start)
	trailing, hanging := splitEnd(d.Decs.End)
	old.End = append(old.End, trailing...)
	d.Decs.End = hanging
}

// addLine adds an import to a file that has each on a line of its own.
func (p *player) addLine(lone []*dst.GenDecl, spec *dst.ImportSpec) {
	prev := lone[0]
	for _, d := range lone {
		if isStd(d.Specs[0]) && pathOf(d.Specs[0]) < pathOf(spec) {
			prev = d
		}
	}
	decl := &dst.GenDecl{Tok: token.IMPORT, Specs: []dst.Spec{spec}}
	i := slices.Index(p.root.Decls, dst.Decl(prev))
	if pathOf(prev.Specs[0]) > pathOf(spec) {
		decl.Decs.Before, decl.Decs.After = prev.Decs.Before, dst.NewLine
		prev.Decs.Before = dst.NewLine
	} else {
		i++
		decl.Decs.Before, decl.Decs.After = dst.NewLine, prev.Decs.After
		prev.Decs.After = dst.NewLine
		s := prev.Specs[0].Decorations()
		decl.Decs.After, s.After = max(decl.Decs.After, s.After), dst.None
	}
	p.root.Decls = slices.Insert(p.root.Decls, i, dst.Decl(decl))
}

// addDecl adds the first import of a file, below those of C.
func (p *player) addDecl(spec *dst.ImportSpec) {
	decl := &dst.GenDecl{Tok: token.IMPORT, Specs: []dst.Spec{spec}}
	decl.Decs.Before, decl.Decs.After = dst.EmptyLine, dst.EmptyLine
	i := 0
	for i < len(p.root.Decls) {
		d, ok := p.root.Decls[i].(*dst.GenDecl)
		if !ok || d.Tok != token.IMPORT {
			break
		}
		i++
	}
	if i > 0 {
		// What follows C's import on its line stays there.
		p.root.Decls[i-1].Decorations().After = dst.EmptyLine
	}
	if i < len(p.root.Decls) {
		next := p.root.Decls[i].Decorations()
		next.Before = dst.EmptyLine
	}
	p.root.Decls = slices.Insert(p.root.Decls, i, dst.Decl(decl))
}
