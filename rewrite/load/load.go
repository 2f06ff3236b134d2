// Package load brings the packages of a module into memory: syntax and types
// for the module's own packages, export data for everything below them, and
// SSA on demand.
//
// The go command is asked once, for the graph. Type-checking is done here and
// not by go/packages because the checks of a fix need it again, on changed
// text, for the few packages that can see the change: Program.With does that
// without another run of the go command.
package load

import (
	"context"
	"errors"
	"fmt"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"

	"github.com/go-fixer/fixer/rewrite"
)

// A Config says which packages to load.
type Config struct {
	Dir      string            // where patterns are resolved; "" is the current directory
	Patterns []string          // as for go list; none means ./...
	Tests    bool              // with test files
	Tags     string            // build tags, comma-separated
	Overlay  map[string][]byte // absolute file name to contents that replace those on disk
	Env      []string          // nil means os.Environ
	Watch    bool              // the files will change: Over and Touched are wanted
}

// A Problem is why a package, or a file of it, was not analysed as it should be.
type Problem struct {
	At  rewrite.Span `json:"at"` // zero when no file is to blame
	Pkg string       `json:"pkg"`
	Msg string       `json:"msg"`
	// Comment means that only a comment addressed to fixer is wrong; the
	// package was analysed without it.
	Comment bool `json:"comment,omitempty"`
}

// A Program is the packages of one build, as one set of types.
type Program struct {
	Fset     *token.FileSet
	Packages []*Package // the module's, to be analysed, importers after what they import
	Problems []Problem  // packages that are left out, and why; by position
	ModDirs  []string   // root directories of the main modules: one, unless there is a go.work
	// Same holds, in a Variant, the IDs of its other packages, which are those of
	// the program that it is a variant of.
	Same map[string]bool

	list   *packages.Config
	graph  map[string]*packages.Package // by ID
	world  *world
	files  map[string][]byte // overlay
	heads  map[string]head   // of the files the go command was asked about
	stamps *stamps
	shared *shared
}

const metadata = packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles |
	packages.NeedImports | packages.NeedDeps | packages.NeedExportFile | packages.NeedModule |
	packages.NeedTypesSizes | packages.NeedForTest

// Load finds the packages the patterns name, and type-checks those of the
// main module among them and below them.
//
// Packages with errors are left out and told in Problems; the error is for
// runs that can't go on at all: a bad directory, no module, no packages.
func Load(ctx context.Context, cfg Config) (*Program, error) {
	patterns := cfg.Patterns
	if len(patterns) == 0 {
		patterns = []string{"./..."}
	}
	if err := checkDir(cfg.Dir, patterns, cfg.Overlay); err != nil {
		return nil, err
	}
	pcfg := &packages.Config{
		Mode: metadata, Context: ctx, Dir: cfg.Dir, Env: cfg.Env,
		Tests: cfg.Tests, Overlay: cfg.Overlay,
	}
	if cfg.Tags != "" {
		pcfg.BuildFlags = []string{"-tags=" + cfg.Tags}
	}
	roots, err := packages.Load(pcfg, patterns...)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, listError(err)
	}
	if err := checkRoots(roots, patterns); err != nil {
		return nil, err
	}
	pcfg.Tests, pcfg.Overlay = false, nil
	pcfg.Context = context.WithoutCancel(ctx) // more may be asked for when this is over
	prog := &Program{list: pcfg, Fset: token.NewFileSet(), graph: make(map[string]*packages.Package), files: cfg.Overlay}
	isRoot := make(map[string]bool)
	for _, p := range roots {
		isRoot[p.ID] = true
	}
	packages.Visit(roots, nil, func(p *packages.Package) { prog.graph[p.ID] = p })
	prog.ModDirs = modDirs(prog.graph, roots)
	prog.shared = newShared(pcfg.Context, cfg, prog.graph)
	prog.world = newWorld(prog, isRoot)
	if cfg.Watch {
		prog.stamps = newStamps(prog) // before the files are read
	}
	prog.Packages, prog.Problems = prog.world.check(ctx)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if cfg.Watch {
		prog.readHeads()
	}
	return prog, nil
}

// Below reports whether a package, by its path, is of the standard library or of
// another module, and packages of the program import it, directly or not.
func (prog *Program) Below(path string) bool {
	_, ok := prog.graph[path]
	return ok && !prog.Own(path)
}

// checkDir refuses what the go command would answer with a riddle.
func checkDir(dir string, patterns []string, overlay map[string][]byte) error {
	if dir != "" {
		if st, err := os.Stat(dir); err != nil {
			return fmt.Errorf("%s: no such directory; give -C an existing one", dir)
		} else if !st.IsDir() {
			return fmt.Errorf("%s: is a file; give -C the directory that holds it", dir)
		}
	}
	for _, p := range patterns {
		if !strings.HasSuffix(p, ".go") {
			continue
		}
		name := p
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, p)
		}
		st, err := os.Stat(name)
		switch {
		case err == nil && st.IsDir():
			return fmt.Errorf("%s: is a directory, a Go file was expected; write ./%s/... for the packages in it", p, strings.TrimPrefix(p, "./"))
		case errors.Is(err, fs.ErrNotExist) && !importPath(p) && !inOverlay(overlay, name):
			return fmt.Errorf("%s: no such Go file; name files that exist, or packages as for go list", p)
		}
	}
	return nil
}

// importPath reports whether a pattern that ends in .go may mean a package:
// some modules are called example.com/name.go.
func importPath(pattern string) bool {
	return !filepath.IsAbs(pattern) && !strings.HasPrefix(pattern, ".") && strings.Contains(pattern, "/")
}

func inOverlay(overlay map[string][]byte, name string) bool {
	abs, err := filepath.Abs(name)
	_, ok := overlay[abs]
	return err == nil && ok
}

// listError turns a failure of the go command into one line.
func listError(err error) error {
	msg := err.Error()
	switch {
	case strings.Contains(msg, "go.mod file not found"), strings.Contains(msg, "outside main module"),
		strings.Contains(msg, "cannot find main module"), strings.Contains(msg, "does not contain main module"):
		return errors.New("not in a Go module: no go.mod here or above; run fixer inside a module, or name one with -C")
	}
	msg = strings.TrimPrefix(msg, "err: ")
	if _, after, ok := strings.Cut(msg, "stderr: "); ok {
		msg = after
	}
	lines := strings.FieldsFunc(msg, func(r rune) bool { return r == '\n' })
	if len(lines) == 0 {
		return errors.New("go list failed without a word; run go list ./... to see why")
	}
	return fmt.Errorf("go list: %s", strings.TrimSpace(lines[0]))
}

// checkRoots tells patterns that name nothing from packages with errors.
func checkRoots(roots []*packages.Package, patterns []string) error {
	var real int
	var first string
	for _, p := range roots {
		if len(p.GoFiles)+len(p.CompiledGoFiles)+len(p.IgnoredFiles) > 0 {
			real++
			continue
		}
		if len(p.Errors) > 0 && first == "" {
			first = strings.TrimSpace(strings.SplitN(p.Errors[0].Msg, "\n", 2)[0])
		}
	}
	switch {
	case real > 0:
		return nil
	case strings.Contains(first, "go.mod file not found"), strings.Contains(first, "main module"):
		return listError(errors.New(first))
	case first != "":
		return fmt.Errorf("%s: %s", strings.Join(patterns, " "), first)
	}
	if len(patterns) == 1 && patterns[0] == "./..." {
		return errors.New("no Go files in this module; name another directory with -C")
	}
	return fmt.Errorf("%s: no Go files match; name packages as for go list, or ./... for all", strings.Join(patterns, " "))
}

// With returns the program with some files replaced, type-checking again only
// the packages that hold them and, if the change shows in declarations that
// others can see (api), those that import these. The receiver stays as it was.
// The returned packages are those that were checked again, or taken from one of the
// programs that are like the one wanted: results of With for the same receiver.
func (prog *Program) With(ctx context.Context, files map[string][]byte, api bool, like ...*Program) (*Program, []*Package) {
	next := *prog
	next.files = make(map[string][]byte, len(prog.files)+len(files))
	for _, m := range []map[string][]byte{prog.files, files} {
		for name, text := range m {
			next.files[name] = text
		}
	}
	changed := make(map[string]bool)
	for name := range files {
		changed[name] = true
	}
	next.world = prog.world.without(&next, changed, api)
	next.world.like = like
	next.Packages, next.Problems = next.world.check(ctx)
	next.world.like = nil
	var again []*Package
	for _, p := range next.Packages {
		if !slices.Contains(prog.Packages, p) {
			again = append(again, p)
		}
	}
	return &next, again
}

// standard finds a package of the standard library that nothing in the build
// imports so far: changed text may be the first to do so.
func (prog *Program) standard(path string) *packages.Package {
	if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") {
		return nil
	}
	list, err := packages.Load(prog.list, path)
	if err != nil || len(list) != 1 || list[0].ExportFile == "" {
		return nil
	}
	return list[0]
}

// Texts returns the texts that stand for those on disk, by file name. They must
// not be changed.
func (prog *Program) Texts() map[string][]byte { return prog.files }

// Own reports whether the package with this import path is analysed.
func (prog *Program) Own(path string) bool { return prog.world.paths[path] }

// Source returns the text a file of the program was loaded from. It fails if
// the file on disk is another one by now.
func (prog *Program) Source(name string) ([]byte, error) {
	text, err := prog.read(name)
	if err == nil && !prog.laid(name) && !prog.world.reading.same(name, text) {
		return nil, fmt.Errorf("%s was changed since it was loaded; run again", name)
	}
	return text, err
}

// read returns the text of a file as it is now.
func (prog *Program) read(name string) ([]byte, error) {
	if text, ok := prog.files[name]; ok {
		return text, nil
	}
	return os.ReadFile(name)
}

// laid reports whether a text stands for that on disk.
func (prog *Program) laid(name string) bool {
	_, ok := prog.files[name]
	return ok
}
