// Package rules holds the ways in which fixer mends races: one file per rule,
// each a value that proposes a fix for a finding or says why it can't.
package rules

import (
	"embed"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// All holds every rule in order of preference.
var All = []*rewrite.Rule{
	once,
	clip,
	deepcopy,
	guard,
	waitgroup,
	callback,
	sooner,
	later,
	atomicfield,
	rlock,
	mutexfield,
	local,
	globalvar,
	snapshot,
	clone,
	logged,
	unlock,
	pointer,
}

//go:embed *.go
var sources embed.FS

// Doc returns the text of the comment above the variable that holds the rule
// of this name, and whether there is one.
func Doc(name string) (string, bool) {
	files, err := sources.ReadDir(".")
	if err != nil {
		return "", false
	}
	for _, f := range files {
		src, err := sources.ReadFile(f.Name())
		if err != nil || !strings.Contains(string(src), "var "+name+" = &rewrite.Rule{") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), f.Name(), src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			continue
		}
		for _, d := range file.Decls {
			if d, ok := d.(*ast.GenDecl); ok && declares(d, name) && d.Doc != nil {
				return d.Doc.Text(), true
			}
		}
	}
	return "", false
}

// declares reports whether d declares the variable called name.
func declares(d *ast.GenDecl, name string) bool {
	for _, s := range d.Specs {
		if s, ok := s.(*ast.ValueSpec); ok && d.Tok == token.VAR && s.Names[0].Name == name {
			return true
		}
	}
	return false
}
