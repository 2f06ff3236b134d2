package load

import (
	"bytes"
	"context"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/packages"
)

// Over returns the program with other texts laid over its files, in place of
// those that were laid over them before, and with the touched files read again
// from disk. As with With, only packages that hold such files, and those that
// import these, are type-checked again, and the receiver stays as it was.
//
// It reports false where only the go command knows what the build consists of
// now: a file is new or gone, its package or build constraints are others, or
// it imports what nothing did. The program must be loaded again then. The
// Config it was loaded with must have asked for this with Watch.
func (prog *Program) Over(ctx context.Context, overlay map[string][]byte, touched []string) (*Program, bool) {
	next := *prog
	next.files = overlay
	changed := make(map[string]bool)
	for _, name := range touched {
		old, was := prog.files[name]
		if text, err := next.read(name); !was || err != nil || !bytes.Equal(old, text) {
			changed[name] = true
		}
	}
	for _, texts := range []map[string][]byte{overlay, prog.files} {
		for name := range texts {
			old, err := prog.Source(name)
			if text, now := next.read(name); err != nil || now != nil || !bytes.Equal(old, text) {
				changed[name] = true
			}
		}
	}
	compiled := prog.compiled()
	for name := range changed {
		if !next.sameBuild(name, compiled[name]) {
			return nil, false
		}
	}
	next.stamps = prog.stamps.renewed(touched)
	next.shared = prog.shared.renewed(overlay)
	next.world = prog.world.without(&next, changed, true)
	next.Packages, next.Problems = next.world.check(ctx)
	return &next, true
}

// compiled tells for the files that are type-checked from source which
// packages they are in.
func (prog *Program) compiled() map[string][]*node {
	all := make(map[string][]*node)
	for _, n := range prog.world.nodes {
		for _, name := range n.meta.CompiledGoFiles {
			all[name] = append(all[name], n)
		}
	}
	return all
}

// A head is what the go command looks at of a file.
type head struct {
	pkg         string
	constraints string
	imports     []string
	broken      bool // what stands before the declarations doesn't parse
}

// readHead reads the head of a Go file, as far as it can be understood.
func readHead(name string, text []byte) head {
	f, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ImportsOnly|parser.ParseComments)
	if f == nil {
		return head{broken: true}
	}
	h := headOf(f)
	h.broken = err != nil
	return h
}

func headOf(f *ast.File) head {
	var h head
	if f.Name != nil {
		h.pkg = f.Name.Name
	}
	for _, group := range f.Comments {
		for _, c := range group.List {
			if c.Pos() < f.Package && (constraint.IsGoBuild(c.Text) || constraint.IsPlusBuild(c.Text)) {
				h.constraints += c.Text + "\n"
			}
		}
	}
	for _, spec := range f.Imports {
		if path, err := strconv.Unquote(spec.Path.Value); err == nil {
			h.imports = append(h.imports, path)
		}
	}
	return h
}

// sameBuild reports whether the build still consists of the same after a file
// has changed to what the program now has as its text.
func (prog *Program) sameBuild(name string, nodes []*node) bool {
	text, err := prog.read(name)
	old, known := prog.heads[name]
	if err != nil || !known {
		return false
	}
	if len(nodes) == 0 && prog.compiles(filepath.Dir(name)) {
		return false
	}
	h := readHead(name, text)
	if h.pkg != old.pkg || h.constraints != old.constraints || slices.Contains(h.imports, "C") {
		return false
	}
	if slices.ContainsFunc(nodes, misread) && (h.broken != old.broken || !slices.Equal(h.imports, old.imports)) {
		return false
	}
	return !slices.ContainsFunc(h.imports, func(path string) bool {
		return !slices.Contains(old.imports, path) && !prog.reaches(nodes, path)
	})
}

// compiles reports whether the go command compiles what is in a directory, whose
// types are read from what that leaves: of a module that replaces another one.
func (prog *Program) compiles(dir string) bool {
	for _, p := range prog.graph {
		if p.Dir == dir && prog.world.nodes[p.ID] == nil {
			return true
		}
	}
	return false
}

// misread reports whether the go command could not make sense of the head of a
// file of a package.
func misread(n *node) bool {
	return slices.ContainsFunc(n.meta.Errors, func(e packages.Error) bool { return e.Kind == packages.ListError })
}

// reaches reports whether packages can import what they didn't so far, without
// the go command.
func (prog *Program) reaches(nodes []*node, path string) bool {
	first, _, _ := strings.Cut(path, "/")
	if prog.graph[path] == nil {
		return !strings.Contains(first, ".") // of the standard library, or an error
	}
	return prog.world.nodes[path] == nil || !slices.ContainsFunc(nodes, func(n *node) bool { return n.meta.Imports[path] == nil })
}

// readHeads reads the heads of all files that the go command looked at: those
// of the program's own packages, and those laid over.
func (prog *Program) readHeads() {
	prog.heads = make(map[string]head)
	for _, n := range prog.world.nodes {
		unread := n.meta.IgnoredFiles
		if misread(n) {
			unread = slices.Concat(unread, n.meta.CompiledGoFiles)
		} else if n.pkg != nil {
			for _, f := range n.pkg.Files {
				prog.heads[prog.Fset.File(f.FileStart).Name()] = headOf(f)
			}
		}
		for _, name := range unread {
			if text, err := prog.read(name); err == nil {
				prog.heads[name] = readHead(name, text)
			}
		}
	}
	for name, text := range prog.files {
		prog.heads[name] = readHead(name, text)
	}
}

// Trim forgets what texts that are no longer those of the program left behind:
// where their lines began, and the SSA made of them. Programs that this one came
// from can't be used any more. It must not be called concurrently with other methods.
func (prog *Program) Trim() {
	prog.world.ssa.reset()
	live := make(map[*token.File]bool)
	names := make(map[string]bool)
	for _, n := range prog.world.nodes {
		if n.pkg == nil {
			continue
		}
		for _, f := range n.pkg.Files {
			file := prog.Fset.File(f.FileStart)
			live[file], names[file.Name()] = true, true
		}
	}
	var gone []*token.File
	prog.Fset.Iterate(func(f *token.File) bool {
		if names[f.Name()] && !live[f] {
			gone = append(gone, f)
		}
		return true
	})
	for _, f := range gone {
		prog.Fset.RemoveFile(f)
	}
}

// Knows reports whether the go command told of a package with this ID.
func (prog *Program) Knows(id string) bool { return prog.graph[id] != nil }
