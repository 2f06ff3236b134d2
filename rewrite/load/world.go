package load

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/tools/go/gcexportdata"
	"golang.org/x/tools/go/packages"
	"golang.org/x/tools/go/ssa"

	"github.com/go-fixer/fixer/rewrite"
)

// A Package is one package of the module under analysis. Where a package has
// test files inside it, only the variant with them is there.
type Package struct {
	ID        string // unique in a build: "p", "p [p.test]"
	Path      string
	GoVersion string // language version of the module, as "go1.21"
	Files     []*ast.File
	Types     *types.Package
	Info      *types.Info
	Root      bool // named by the patterns, not only imported

	ssa *ssaProgram
}

// Size is how much source a package has, in bytes.
func (p *Package) Size() (n token.Pos) {
	for _, f := range p.Files {
		n += f.FileEnd - f.FileStart
	}
	return n
}

// SSA builds the package's functions.
func (p *Package) SSA() (*ssa.Package, error) { return p.ssa.build(p) }

// PrepareSSA declares packages whose SSA will be built. One that is not among
// them is declared when it is built, and the building of others waits for that.
// SSA of packages that are no longer those of the program is let go of when there
// is more of it than the program has source.
func (prog *Program) PrepareSSA(pkgs []*Package) {
	defer func() { recover() }() // the package that x/tools can't declare says so when it is built
	prog.world.ssa.trim(prog.Packages)
	prog.world.ssa.declare(pkgs...)
}

// A world is one consistent set of types: every import path of every package
// in it leads to one types.Package.
type world struct {
	prog  *Program
	root  map[string]bool
	own   map[string]bool // type-checked from source: the module's, and what imports those
	paths map[string]bool // import paths of packages whose bodies are wanted
	named map[string]bool // files that were named one by one
	nodes map[string]*node
	deps  *exports
	ssa   *ssaProgram

	reading *reading   // of the files on disk
	like    []*Program // with packages that may be the same as those here

	lean bool // of packages without bodies, which may be the library's, only the types are wanted
}

// A node is a package being type-checked from source.
type node struct {
	meta   *packages.Package
	bodies bool // function bodies too; else declarations suffice
	once   sync.Once
	pkg    *Package
	errs   []Problem
	text   [sha256.Size]byte         // hash of the files' names and texts
	laid   bool                      // over one of them at least: its text is not that on disk
	below  map[string]*types.Package // what its imports lead to, by path
}

func newWorld(prog *Program, root map[string]bool) *world {
	w := &world{prog: prog, root: root, own: make(map[string]bool), paths: make(map[string]bool), nodes: make(map[string]*node),
		named: named(prog.graph),
		deps:  newExports(prog),
		ssa:   newSSAProgram(prog.Fset), reading: &reading{sums: make(map[string][sha256.Size]byte)}}
	w.markOwn()
	for id := range w.own {
		n := &node{meta: prog.graph[id], bodies: w.analysed(prog.graph[id])}
		w.nodes[id] = n
		if n.bodies {
			w.paths[n.meta.PkgPath] = true
		}
	}
	return w
}

// markOwn decides which packages are read from source: those of main modules,
// those named, and - so that types have one identity - all that import them.
func (w *world) markOwn() {
	done := make(map[string]bool)
	var visit func(p *packages.Package) bool
	visit = func(p *packages.Package) bool {
		if done[p.ID] {
			return w.own[p.ID]
		}
		done[p.ID] = true
		own := w.root[p.ID] || p.Module != nil && p.Module.Main
		for _, q := range p.Imports {
			if visit(q) {
				own = true
			}
		}
		if own && p.PkgPath != "unsafe" {
			w.own[p.ID] = true
		}
		return own
	}
	for _, p := range w.prog.graph {
		visit(p)
	}
}

// analysed reports whether a package's bodies are wanted: it is the module's,
// not a generated test main, and not covered by its variant with tests.
func (w *world) analysed(p *packages.Package) bool {
	if strings.HasSuffix(p.ID, ".test") || len(p.CompiledGoFiles) == 0 {
		return false
	}
	if !w.root[p.ID] && (p.Module == nil || !p.Module.Main) {
		return false
	}
	if p.ForTest != "" && p.ForTest != strings.TrimSuffix(p.PkgPath, "_test") {
		return false // q [p.test]: q again, compiled against p's variant
	}
	if !fromNames(p) && slices.ContainsFunc(p.CompiledGoFiles, func(f string) bool { return w.named[f] }) {
		return false // the package of named files, imported by a test among them
	}
	_, wider := w.prog.graph[p.PkgPath+" ["+p.PkgPath+".test]"]
	return !wider || p.ForTest != ""
}

// check type-checks what is not yet checked and lists the packages in
// dependency order.
func (w *world) check(ctx context.Context) ([]*Package, []Problem) {
	order := w.order()
	sem := make(chan struct{}, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for _, n := range order {
		wg.Go(func() {
			// Waiting for imports holds no slot, so the order of starts
			// can't dead-lock.
			for _, q := range n.meta.Imports {
				if dep := w.nodes[q.ID]; dep != nil {
					w.run(ctx, dep, sem)
				}
			}
			w.run(ctx, n, sem)
		})
	}
	wg.Wait()
	var pkgs []*Package
	var problems []Problem
	for _, n := range order {
		problems = append(problems, n.errs...)
		if n.bodies && n.pkg != nil && len(n.errs) == 0 {
			pkgs = append(pkgs, n.pkg)
		}
	}
	slices.SortFunc(problems, func(a, b Problem) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Pkg, b.Pkg), cmp.Compare(a.Msg, b.Msg))
	})
	return pkgs, slices.Compact(problems)
}

// order lists the nodes, imports first, otherwise by ID.
func (w *world) order() []*node {
	var ids []string
	for id := range w.nodes {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	done := make(map[string]bool)
	var list []*node
	var visit func(id string)
	visit = func(id string) {
		n := w.nodes[id]
		if n == nil || done[id] {
			return
		}
		done[id] = true
		var deps []string
		for _, q := range n.meta.Imports {
			deps = append(deps, q.ID)
		}
		slices.Sort(deps)
		for _, q := range deps {
			visit(q)
		}
		list = append(list, n)
	}
	for _, id := range ids {
		visit(id)
	}
	return list
}

func (w *world) run(ctx context.Context, n *node, sem chan struct{}) {
	n.once.Do(func() {
		for _, q := range n.meta.Imports {
			if dep := w.nodes[q.ID]; dep != nil {
				w.run(ctx, dep, sem)
			}
		}
		sem <- struct{}{}
		defer func() { <-sem }()
		if ctx.Err() == nil {
			w.attempt(n)
		}
	})
}

// attempt type-checks a package. What go/types can't take is a problem of that
// package, not the end of the run.
func (w *world) attempt(n *node) {
	defer func() {
		if v := recover(); v != nil {
			n.pkg = nil
			n.fail(Problem{Pkg: n.meta.PkgPath, Msg: fmt.Sprintf("type-checking it failed: %v; this is a defect of fixer, please report it", v)})
		}
	}()
	w.typecheck(n)
}

// typecheck parses and checks one package. Errors go to n.errs.
func (w *world) typecheck(n *node) {
	m := n.meta
	if strings.HasSuffix(m.ID, ".test") {
		return
	}
	for _, e := range m.Errors {
		if strings.HasPrefix(e.Msg, "# ") && len(m.CompiledGoFiles) > 0 {
			continue // the compiler's words for what is found below
		}
		if e.Kind == packages.ListError || len(m.CompiledGoFiles) == 0 {
			n.fail(listProblem(m, e))
		}
	}
	pkg := &Package{ID: m.ID, Path: m.PkgPath, Root: w.root[m.ID], GoVersion: "go1.26", ssa: w.ssa}
	if m.Module != nil && m.Module.GoVersion != "" {
		pkg.GoVersion = "go" + m.Module.GoVersion
	} else if w.lean {
		pkg.GoVersion = "" // the library's own
	}
	texts := w.read(n)
	if len(n.errs) == 0 && w.recall(n) {
		return
	}
	w.parse(n, pkg, texts)
	n.below = make(map[string]*types.Package)
	pkg.Info = &types.Info{
		Types: make(map[ast.Expr]types.TypeAndValue), Defs: make(map[*ast.Ident]types.Object),
		Uses: make(map[*ast.Ident]types.Object), Implicits: make(map[ast.Node]types.Object),
		Selections: make(map[*ast.SelectorExpr]*types.Selection), Scopes: make(map[ast.Node]*types.Scope),
		Instances: make(map[*ast.Ident]types.Instance), FileVersions: make(map[*ast.File]string),
	}
	conf := types.Config{
		Importer: importFunc(func(path string) (q *types.Package, err error) {
			q, err = w.importFrom(m, path)
			n.below[path] = q
			return q, err
		}),
		Sizes: m.TypesSizes, GoVersion: pkg.GoVersion, IgnoreFuncBodies: !n.bodies,
		Error: func(err error) { n.fail(typeProblem(w.prog.Fset, m.PkgPath, err)) },
	}
	pkg.Types, _ = conf.Check(m.PkgPath, w.prog.Fset, pkg.Files, pkg.Info)
	pkg.Types.SetName(m.Name)
	if !n.bodies && w.lean {
		pkg.Files, pkg.Info = nil, nil
	}
	n.pkg = pkg
}

// A source is the text of a file to be parsed.
type source struct {
	file string
	text []byte
}

// read reads the files of a package.
func (w *world) read(n *node) (list []source) {
	m := n.meta
	texts := sha256.New()
	for _, name := range m.CompiledGoFiles {
		text, err := w.prog.read(name)
		sum, laid := sha256.Sum256(text), w.prog.laid(name)
		if err == nil && !laid && !w.reading.note(name, sum) {
			err = errors.New("it changes meanwhile")
		}
		if err != nil {
			n.fail(Problem{At: rewrite.Span{File: name}, Pkg: m.PkgPath, Msg: "can't be read: " + err.Error()})
			continue
		}
		fmt.Fprintf(texts, "%q %x\n", name, sum)
		n.laid = n.laid || laid
		list = append(list, source{name, text})
	}
	texts.Sum(n.text[:0])
	return list
}

// parse parses the files of a package.
func (w *world) parse(n *node, pkg *Package, list []source) {
	for _, s := range list {
		f, err := parser.ParseFile(w.prog.Fset, s.file, s.text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			n.fail(syntaxProblem(n.meta.PkgPath, s.file, err))
		}
		if f != nil {
			pkg.Files = append(pkg.Files, f)
		}
	}
}

// fail records a problem; soft follow-ups of the first few add nothing.
func (n *node) fail(p Problem) {
	if len(n.errs) < 10 {
		n.errs = append(n.errs, p)
	}
}

func (w *world) importFrom(m *packages.Package, path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	q := m.Imports[path]
	if q == nil {
		q = cmp.Or(w.prog.graph[path], w.prog.standard(path)) // imported by changed text only
	}
	if q == nil {
		return nil, fmt.Errorf("package %s is not in the build; run go mod tidy", path)
	}
	if n := w.nodes[q.ID]; n != nil {
		if n.pkg == nil || n.pkg.Types == nil {
			return nil, fmt.Errorf("package %s has errors", path)
		}
		return n.pkg.Types, nil
	}
	return w.deps.load(q)
}

type importFunc func(path string) (*types.Package, error)

func (f importFunc) Import(path string) (*types.Package, error) { return f(path) }

// exports reads the export data of packages outside the module. Its types
// never change, so all worlds of a program share it.
type exports struct {
	prog *Program
	mu   sync.Mutex
	pkgs map[string]*types.Package // by import path; guarded by mu
}

func newExports(prog *Program) *exports {
	return &exports{prog: prog, pkgs: map[string]*types.Package{"unsafe": types.Unsafe}}
}

func (e *exports) load(p *packages.Package) (*types.Package, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if t := e.pkgs[p.PkgPath]; t != nil && t.Complete() {
		return t, nil
	}
	if p.ExportFile == "" {
		why := "its build left no export data"
		if len(p.Errors) > 0 {
			why = p.Errors[0].Msg
		}
		return nil, fmt.Errorf("can't import %s: %s", p.PkgPath, why)
	}
	f, err := os.Open(p.ExportFile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	//lint:ignore SA1019 compilers before Go 1.28 write archives, which Read alone doesn't take
	r, err := gcexportdata.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("can't import %s: %w", p.PkgPath, err)
	}
	return gcexportdata.Read(r, e.prog.Fset, e.pkgs, p.PkgPath)
}
