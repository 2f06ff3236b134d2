package driver

import (
	"fmt"
	"go/ast"
	"path/filepath"
	"slices"

	"golang.org/x/tools/go/ast/astutil"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
	"github.com/go-fixer/fixer/rewrite/load"
)

// goroutine fills in the spans of a finding on a goroutine. It reports false
// for those of generated files and of packages that were not asked for.
func (s *sites) goroutine(f *rewrite.Finding) bool {
	p, file := s.fileOf(f.Sides[0].Access.At.File)
	if file == nil || ast.IsGenerated(file) || !p.Root && !s.inRoot(f) {
		return false
	}
	for i := range f.Sides {
		if u := s.At(f.Sides[i].Access.At); u != nil {
			f.Sides[i].Access.At = u.File.Span(u.Path[0])
		}
	}
	return true
}

// fileOf finds the syntax of a file by its name.
func (s *sites) fileOf(name string) (*load.Package, *ast.File) {
	for _, p := range s.build.prog.Packages {
		for _, f := range p.Files {
			if s.build.prog.Fset.Position(f.FileStart).Filename == name {
				return p, f
			}
		}
	}
	return nil, nil
}

// At returns what begins at a place: the call whose opening parenthesis is
// there, the statement, expression or declared function.
func (s *sites) At(at rewrite.Span) *rewrite.Use {
	s.index()
	f := s.byName[at.File]
	if f == nil {
		return nil
	}
	pos := s.posIn(f.Syntax, effect.PosOf(at))
	path, _ := astutil.PathEnclosingInterval(f.Syntax, pos, pos)
	for i, n := range path {
		call, ok := n.(*ast.CallExpr)
		if !ok || call.Lparen != pos && (call.Pos() != pos || isLiteral(call.Fun)) {
			continue
		}
		path = path[i:]
		break
	}
	if len(path) > 1 {
		if d, ok := path[1].(*ast.FuncDecl); ok && d.Name == path[0] {
			path = path[1:]
		}
		if l, ok := path[1].(*ast.FuncLit); ok && l.Type == path[0] {
			path = path[1:]
		}
	}
	return &rewrite.Use{File: f, Path: slices.Clip(path)}
}

func isLiteral(e ast.Expr) bool {
	_, ok := e.(*ast.FuncLit)
	return ok
}

func (s *sites) Goroutine(start rewrite.Span) *rewrite.GoroutineInfo {
	return s.build.module.Goroutine(effect.PosOf(start))
}

// lifetimeClause says in one line which goroutine nothing waits for in time.
func lifetimeClause(f *rewrite.Finding) string {
	a, b := f.Sides[0].Access, f.Sides[1].Access
	switch {
	case a.Op == rewrite.Add && f.Sides[0].Context.Starter:
		return fmt.Sprintf("%s.Add is called only after the goroutine that it counts was started at %s:%d, which may call Done first",
			f.Place.Name, filepath.Base(f.Place.Decl.File), f.Place.Decl.Line)
	case a.Op == rewrite.Add:
		return fmt.Sprintf("%s.Add is called by the goroutine it counts, started at %s; %s may not wait for it", f.Place.Name, place(f.Sides[0].Context), b.Func)
	}
	return fmt.Sprintf("%s does not wait for the goroutine started at %s:%d, which may go on", a.Func, filepath.Base(b.At.File), b.At.Line)
}
