package load

import (
	"cmp"
	"go/ast"
	"go/build/constraint"
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A Name is what a change is about, as other files may know it.
type Name struct {
	Text string
	Dir  string // of the files that can mean it; not used if it is exported
	From string // import path that other packages need to mean it; "" if they may need none

	Member bool // of a struct: it is mentioned behind a dot, or as the key of an element
}

// An absent is a Go file of the module that the build does not have: for
// another system or with other tags, or of a package that was not asked for.
type absent struct {
	file   string
	pkg    string          // as the package clause has it
	idents map[string]bool // in it
	member map[string]bool // that are mentioned as members are
	paths  map[string]bool // that it imports
	under  []constraint.Expr
}

// absents knows the files that a build does not have, once they are asked for.
type absents struct {
	mu    sync.Mutex // guards the maps
	files map[string]*absent
	dirs  map[string][]string // the Go files in a directory
	tree  []string            // directories of the module; nil until asked for
}

func newAbsents() *absents {
	return &absents{files: make(map[string]*absent), dirs: make(map[string][]string)}
}

// absent lists the files that mention one of some names and that some build
// has together with files under one of some constraints.
func (prog *Program) absent(names []Name, kinds [][]constraint.Expr) []*absent {
	out := prog.shared.absents
	out.mu.Lock()
	defer out.mu.Unlock()
	var list []*absent
	for _, n := range names {
		exported := ast.IsExported(n.Text)
		dirs := []string{n.Dir}
		if exported {
			dirs = out.all(prog.ModDirs)
		}
		for _, dir := range dirs {
			for _, file := range out.in(dir) {
				if prog.shared.built[file] {
					continue
				}
				a := out.read(prog, file)
				if a.mentions(n) && (n.From == "" || dir == n.Dir || a.paths[n.From]) && (exported || a.pkg == "" || prog.shared.clauses[dir][a.pkg] || prog.shared.unit) && !slices.Contains(list, a) &&
					slices.ContainsFunc(kinds, func(c []constraint.Expr) bool { return together(a.under, c) }) {
					list = append(list, a)
				}
			}
		}
	}
	slices.SortFunc(list, func(a, b *absent) int { return strings.Compare(a.file, b.file) })
	return list
}

func (a *absent) mentions(n Name) bool {
	if n.Member {
		return a.member[n.Text]
	}
	return a.idents[n.Text]
}

func spell(all []constraint.Expr) string {
	var words []string
	for _, e := range all {
		words = append(words, e.String())
	}
	slices.Sort(words)
	return strings.Join(words, "; ")
}

// all lists the directories of the module that may hold packages.
func (out *absents) all(roots []string) []string {
	if out.tree != nil {
		return out.tree
	}
	out.tree = []string{}
	for _, root := range roots {
		filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil || !d.IsDir():
				return nil
			case name == root:
			case d.Name() == "vendor", d.Name() == "testdata", d.Name()[0] == '.', d.Name()[0] == '_':
				return fs.SkipDir
			default:
				if _, err := os.Lstat(filepath.Join(name, "go.mod")); err == nil {
					return fs.SkipDir // another module
				}
			}
			if !slices.Contains(out.tree, name) {
				out.tree = append(out.tree, name)
			}
			return nil
		})
	}
	return out.tree
}

// in lists the Go files in a directory that some build may have.
func (out *absents) in(dir string) []string {
	if list, ok := out.dirs[dir]; ok {
		return list
	}
	entries, _ := os.ReadDir(dir)
	list := []string{}
	for _, e := range entries {
		if n := e.Name(); strings.HasSuffix(n, ".go") && n[0] != '.' && n[0] != '_' && !e.IsDir() {
			list = append(list, filepath.Join(dir, n))
		}
	}
	out.dirs[dir] = list
	return list
}

func (out *absents) read(prog *Program, file string) *absent {
	if a := out.files[file]; a != nil {
		return a
	}
	a := &absent{file: file, idents: make(map[string]bool), member: make(map[string]bool), paths: make(map[string]bool)}
	out.files[file] = a
	text, err := prog.Source(file)
	if err != nil {
		return a
	}
	a.under = constraints(file, string(text))
	var s scanner.Scanner
	s.Init(token.NewFileSet().AddFile(file, -1, len(text)), text, nil, 0)
	clause, imports, dot, last := false, true, false, ""
	for {
		_, tok, lit := s.Scan()
		if tok == token.COLON || dot && tok == token.IDENT {
			a.member[cmp.Or(last, lit)] = true
		}
		dot, last = tok == token.PERIOD, ""
		switch {
		case tok == token.STRING && imports:
			path, _ := strconv.Unquote(lit)
			a.paths[path] = true
		case tok == token.EOF:
			return a
		case tok == token.IDENT:
			a.idents[lit], last = true, lit
			if clause {
				a.pkg = lit
			}
		}
		clause = tok == token.PACKAGE && a.pkg == ""
		imports = imports && tok != token.FUNC && tok != token.TYPE && tok != token.VAR && tok != token.CONST
	}
}
