package golden

import (
	"bytes"
	"go/ast"
	"go/scanner"
	"go/token"
	"go/types"
	"strings"

	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rewrite/patch"
)

// A mutant is a program with one protection taken away.
type mutant struct {
	kind string // lock, unlock, atomic, wait, clone
	file string
	line int
	text []byte // of the file
}

// mutants returns all programs that lack one protection of a package's files.
func mutants(fset *token.FileSet, p *load.Package, read func(name string) []byte) []mutant {
	var all []mutant
	for _, f := range p.Files {
		name := fset.Position(f.FileStart).Filename
		if strings.HasSuffix(name, "_test.go") || ast.IsGenerated(f) {
			continue
		}
		m := &mutator{fset: fset, info: p.Info, name: name, src: read(name), start: f.FileStart}
		for _, d := range f.Decls {
			m.function(d)
		}
		all = append(all, m.out...)
	}
	return all
}

// A mutator makes the mutants of one file.
type mutator struct {
	fset  *token.FileSet
	info  *types.Info
	name  string
	src   []byte
	start token.Pos
	out   []mutant
}

func (m *mutator) function(n ast.Node) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BlockStmt:
			m.list(n.List)
		case *ast.CaseClause:
			m.list(n.Body)
		case *ast.CommClause:
			m.list(n.Body)
		case *ast.CallExpr:
			m.clone(n)
			m.atomicLoad(n)
		}
		return true
	})
}

// list takes away what the statements of a list do.
func (m *mutator) list(list []ast.Stmt) {
	for i, s := range list {
		name, object := m.method(s)
		switch {
		case name == "Lock" || name == "RLock":
			if end := m.release(list[i+1:], object, releaseOf[name]); end != nil {
				m.drop("lock", s, end)
			}
		case name == "Unlock" || name == "RUnlock":
			m.drop("unlock", s)
		case name == "Wait":
			m.drop("wait", s)
		default:
			m.atomicStore(s)
		}
	}
}

var releaseOf = map[string]string{"Lock": "Unlock", "RLock": "RUnlock"}

// release returns the statement of a list that releases a lock, now or
// deferred; nil if one before it, in an inner block, does.
func (m *mutator) release(list []ast.Stmt, object, method string) ast.Node {
	for _, s := range list {
		if name, o := m.method(s); name == method && o == object {
			return s
		}
		inner := false
		ast.Inspect(s, func(n ast.Node) bool {
			if s, ok := n.(ast.Stmt); ok {
				name, o := m.method(s)
				inner = inner || name == method && o == object
			}
			return !inner
		})
		if inner {
			return nil
		}
	}
	return nil
}

// method returns the name of the method of package sync that a statement calls,
// now or deferred, and the text of its receiver.
func (m *mutator) method(s ast.Stmt) (name, object string) {
	var call *ast.CallExpr
	switch s := s.(type) {
	case *ast.ExprStmt:
		call, _ = s.X.(*ast.CallExpr)
	case *ast.DeferStmt:
		call = s.Call
	}
	if call == nil {
		return "", ""
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	fn, ok := m.info.Uses[sel.Sel].(*types.Func)
	if !ok || fn.Pkg() == nil || fn.Pkg().Path() != "sync" || fn.Signature().Recv() == nil {
		return "", ""
	}
	return fn.Name(), m.text(sel.X)
}

// atomicCall returns the function of package sync/atomic that is called, less
// the type in its name, and the place that is meant.
func (m *mutator) atomicCall(n ast.Node) (name, place string, call *ast.CallExpr) {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) == 0 {
		return "", "", nil
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", "", nil
	}
	fn, ok := m.info.Uses[sel.Sel].(*types.Func)
	at, addr := call.Args[0].(*ast.UnaryExpr)
	if !ok || !addr || fn.Pkg() == nil || fn.Pkg().Path() != "sync/atomic" || fn.Signature().Recv() != nil {
		return "", "", nil
	}
	return fn.Name(), m.text(at.X), call
}

func (m *mutator) atomicLoad(call *ast.CallExpr) {
	if name, place, _ := m.atomicCall(call); strings.HasPrefix(name, "Load") {
		m.replace("atomic", call, place)
	}
}

func (m *mutator) atomicStore(s ast.Stmt) {
	x, ok := s.(*ast.ExprStmt)
	if !ok {
		return
	}
	switch name, place, call := m.atomicCall(x.X); {
	case strings.HasPrefix(name, "Store"):
		m.replace("atomic", s, place+" = "+m.text(call.Args[1]))
	case strings.HasPrefix(name, "Add"):
		m.replace("atomic", s, place+" += "+m.text(call.Args[1]))
	}
}

// clone takes away copies of maps and slices.
func (m *mutator) clone(call *ast.CallExpr) {
	switch fun := call.Fun.(type) {
	case *ast.SelectorExpr:
		fn, ok := m.info.Uses[fun.Sel].(*types.Func)
		if ok && fn.Pkg() != nil && fn.Name() == "Clone" && (fn.Pkg().Path() == "maps" || fn.Pkg().Path() == "slices") {
			m.replace("clone", call, m.text(call.Args[0]))
		}
	case *ast.Ident:
		if fun.Name == "append" && len(call.Args) == 2 && call.Ellipsis.IsValid() && !m.info.Types[call.Args[0]].Addressable() &&
			types.Identical(m.info.TypeOf(call.Args[0]), m.info.TypeOf(call.Args[1])) {
			m.replace("clone", call, m.text(call.Args[1]))
		}
	}
}

func (m *mutator) offset(p token.Pos) int { return int(p - m.start) }

func (m *mutator) text(n ast.Node) string {
	return string(m.src[m.offset(n.Pos()):m.offset(n.End())])
}

// drop takes statements away, with the lines they stand on alone.
func (m *mutator) drop(kind string, nodes ...ast.Node) {
	var edits []patch.Edit
	for _, n := range nodes {
		from, to := m.offset(n.Pos()), m.offset(n.End())
		head := bytes.TrimRight(m.src[:from], " \t")
		if tail := bytes.TrimLeft(m.src[to:], " \t"); bytes.HasSuffix(head, newline) && bytes.HasPrefix(tail, newline) {
			from, to = len(head), len(m.src)-len(tail)+1
		}
		edits = append(edits, patch.Edit{Start: from, End: to})
	}
	m.keep(kind, nodes[0], edits)
}

var newline = []byte("\n")

func (m *mutator) replace(kind string, n ast.Node, text string) {
	m.keep(kind, n, []patch.Edit{{Start: m.offset(n.Pos()), End: m.offset(n.End()), New: []byte(text)}})
}

func (m *mutator) keep(kind string, at ast.Node, edits []patch.Edit) {
	text, err := patch.Apply(m.src, edits)
	if err != nil {
		panic(err) // the edits are of nodes beside each other
	}
	m.out = append(m.out, mutant{kind: kind, file: m.name, line: m.fset.Position(at.Pos()).Line, text: text})
}

// alike reports whether two files have the same tokens, but for comments and
// the names of things.
func alike(a, b []byte) bool {
	x, y := code(a), code(b)
	if len(x) != len(y) {
		return false
	}
	to, from := make(map[string]string), make(map[string]string)
	for i := range x {
		if x[i].tok != y[i].tok {
			return false
		}
		if x[i].tok != token.IDENT {
			if x[i].lit != y[i].lit {
				return false
			}
			continue
		}
		p, q := x[i].lit, y[i].lit
		if to[p] == "" && from[q] == "" {
			to[p], from[q] = q, p
		}
		if to[p] != q {
			return false
		}
	}
	return true
}

type lexeme struct {
	tok token.Token
	lit string
}

func code(src []byte) (list []lexeme) {
	var s scanner.Scanner
	s.Init(token.NewFileSet().AddFile("", -1, len(src)), src, nil, 0)
	for {
		_, tok, lit := s.Scan()
		switch tok {
		case token.EOF:
			return list
		case token.SEMICOLON:
			// Some are newlines, which may be where a statement was.
		default:
			list = append(list, lexeme{tok, lit})
		}
	}
}
