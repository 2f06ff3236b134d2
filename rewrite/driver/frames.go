package driver

import (
	"fmt"
	"go/ast"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rewrite/race"
	"github.com/go-fixer/fixer/rewrite/report"
)

// A tracer finds the lines of the module that the frames of reports are of.
// Only files that are loaded are ever looked at.
type tracer struct {
	prog  *load.Program
	files map[string][]*traced // by base name
	pkgs  map[string]bool      // as symbols have them
}

// A traced is a file of the module.
type traced struct {
	name   string
	pkg    *load.Package
	syntax *ast.File
}

func newTracer(prog *load.Program) *tracer {
	t := &tracer{prog: prog, files: make(map[string][]*traced), pkgs: make(map[string]bool)}
	for _, p := range prog.Packages {
		t.pkgs[p.Path] = true
		for _, f := range p.Files {
			name := prog.Fset.Position(f.FileStart).Filename
			base := filepath.Base(name)
			if !slices.ContainsFunc(t.files[base], func(o *traced) bool { return o.name == name }) {
				t.files[base] = append(t.files[base], &traced{name, p, f})
			}
		}
	}
	return t
}

// trace returns the part of a stack that is in the module, innermost first, and
// what was called above it. If its innermost frame can't be found again, it
// says why.
func (t *tracer) trace(stack []report.Frame) (lines []race.Line, above []report.Frame, why string) {
	for _, fr := range stack {
		l, found, problem := t.line(fr)
		switch {
		case problem != "" && len(lines) == 0:
			return nil, nil, problem
		case !found && len(lines) == 0:
			above = append(above, fr)
		case found && !(fr.Wraps() && len(lines) > 0):
			lines = append(lines, l)
		}
	}
	return lines, above, ""
}

// line finds a frame: the package by the function's name, the file by its own
// and, where several have it, by the longest end of its path.
func (t *tracer) line(fr report.Frame) (l race.Line, found bool, why string) {
	where := strings.ReplaceAll(fr.File, `\`, "/")
	base := path.Base(where)
	var best []*traced
	longest := 0
	for _, f := range t.files[base] {
		if fr.Package() != f.pkg.Path && !(fr.Package() == "main" && f.pkg.Types.Name() == "main" && t.ends(where, f.name)) && where != filepath.ToSlash(f.name) {
			continue
		}
		n := commonEnd(where, filepath.ToSlash(f.name))
		if n > longest {
			best, longest = nil, n
		}
		if n == longest {
			best = append(best, f)
		}
	}
	switch {
	case len(best) > 1:
		return l, false, fmt.Sprintf("%s may be %s or %s", where, t.short(best[0].name), t.short(best[1].name))
	case len(best) == 1:
		return t.within(fr, best[0])
	case t.pkgs[fr.Package()] && strings.HasSuffix(base, ".go") && !strings.HasPrefix(base, "_") && !t.foreign(where):
		return l, false, fmt.Sprintf("%s is not among the files of package %s: removed since, or other build tags selected it (--tags)", base, fr.Package())
	}
	return l, false, ""
}

// foreign reports whether a file is one of another module, or of a package of the
// standard library that is imported. Functions that are inlined have the name of a
// function of the module, and literals in them even its package.
func (t *tracer) foreign(where string) bool {
	_, std, _ := strings.Cut(where, "/src/")
	return strings.Contains(where, "@v") || t.prog.Below(path.Dir(std))
}

// ends reports whether a path of another machine ends like that of a file in its
// module, or is the end of it: all programs are of a package main.
func (t *tracer) ends(where, name string) bool {
	return strings.HasSuffix("/"+where, "/"+t.short(name)) || strings.HasSuffix(filepath.ToSlash(name), "/"+where)
}

// short names a file as seen from the root of its module.
func (t *tracer) short(name string) string {
	for _, dir := range t.prog.ModDirs {
		if within(dir, name) {
			if rel, err := filepath.Rel(dir, name); err == nil {
				return filepath.ToSlash(rel)
			}
		}
	}
	return filepath.ToSlash(name)
}

// commonEnd counts the elements in which two paths end alike.
func commonEnd(a, b string) int {
	x, y := strings.Split(a, "/"), strings.Split(b, "/")
	n := 0
	for n < len(x) && n < len(y) && x[len(x)-1-n] == y[len(y)-1-n] {
		n++
	}
	return n
}

// within checks that the function of a frame still is where the report says.
func (t *tracer) within(fr report.Frame, f *traced) (l race.Line, found bool, why string) {
	from, to := 0, 0
	for _, d := range f.syntax.Decls {
		if span := t.span(d); span.Line <= fr.Line && fr.Line <= span.EndLine && declares(d, fr.Names()) {
			from, to = t.statement(d, fr.Line)
		}
	}
	if from == 0 {
		return l, false, fmt.Sprintf("line %d of %s is not in %s: the source has changed since the report", fr.Line, filepath.Base(f.name), fr.Name())
	}
	return race.Line{File: f.name, Line: fr.Line, From: from, To: to, Func: fr.Name()}, true, ""
}

func (t *tracer) span(n ast.Node) rewrite.Span { return rewrite.SpanOf(t.prog.Fset, n.Pos(), n.End()) }

// declares reports whether a function with these names can be in a declaration:
// its own one, another one into which it was inlined, or one of a package
// variable.
func declares(d ast.Decl, names []string) bool {
	fd, ok := d.(*ast.FuncDecl)
	if !ok {
		return slices.Contains(names, "init") || slices.Contains(names, "glob") || slices.Contains(names, "map")
	}
	return slices.Contains(names, fd.Name.Name) && (fd.Recv == nil || len(fd.Recv.List) == 0 || slices.Contains(names, receiver(fd.Recv.List[0].Type)))
}

func receiver(e ast.Expr) string {
	if id := embeddedName(e); id != nil {
		return id.Name
	}
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.ParenExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	}
	return ""
}

// statement returns the lines of the innermost statement around a line; of one
// that holds others, those of its head.
func (t *tracer) statement(d ast.Decl, line int) (from, to int) {
	from, to = line, line
	size := -1
	ast.Inspect(d, func(n ast.Node) bool {
		if n == nil {
			return false
		}
		span := t.span(n)
		if line < span.Line || span.EndLine < line {
			return false
		}
		end := span.EndLine
		switch s := n.(type) {
		case *ast.IfStmt:
			end = t.span(s.Cond).EndLine
		case *ast.ForStmt:
			end = t.span(s.Body).Line
		case *ast.RangeStmt:
			end = t.span(s.X).EndLine
		case *ast.SwitchStmt:
			end = t.span(s.Body).Line
		case *ast.TypeSwitchStmt:
			end = t.span(s.Body).Line
		case *ast.AssignStmt, *ast.ExprStmt, *ast.IncDecStmt, *ast.ReturnStmt, *ast.SendStmt, *ast.DeferStmt, *ast.GoStmt, *ast.DeclStmt, *ast.ValueSpec:
		default:
			return true
		}
		if line <= end && (size < 0 || end-span.Line <= size) {
			from, to, size = span.Line, end, end-span.Line
		}
		return true
	})
	return from, to
}
