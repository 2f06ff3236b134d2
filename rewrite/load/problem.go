package load

import (
	"go/scanner"
	"go/token"
	"go/types"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/tools/go/packages"

	"github.com/go-fixer/fixer/rewrite"
)

func listProblem(m *packages.Package, e packages.Error) Problem {
	p := Problem{Pkg: m.PkgPath, Msg: strings.TrimSpace(e.Msg)}
	parts := strings.Split(e.Pos, ":")
	if len(parts) >= 2 {
		p.At.File = parts[0]
		p.At.Line, _ = strconv.Atoi(parts[1])
		if len(parts) > 2 {
			p.At.Col, _ = strconv.Atoi(parts[2])
		}
		if !filepath.IsAbs(p.At.File) && len(m.GoFiles) > 0 {
			p.At.File = filepath.Join(filepath.Dir(m.GoFiles[0]), filepath.Base(p.At.File))
		}
	}
	return p
}

func syntaxProblem(pkg, name string, err error) Problem {
	p := Problem{Pkg: pkg, Msg: err.Error(), At: rewrite.Span{File: name, Line: 1, Col: 1}}
	if list, ok := err.(scanner.ErrorList); ok && len(list) > 0 {
		p.Msg = list[0].Msg
		p.At.Line, p.At.Col = list[0].Pos.Line, list[0].Pos.Column
	}
	return p
}

func typeProblem(fset *token.FileSet, pkg string, err error) Problem {
	if e, ok := err.(types.Error); ok {
		return Problem{Pkg: pkg, Msg: e.Msg, At: rewrite.SpanOf(fset, e.Pos, e.Pos)}
	}
	return Problem{Pkg: pkg, Msg: err.Error()}
}
