package load

import (
	"context"
	"errors"
	"fmt"
	"go/build/constraint"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/tools/go/packages"
)

// A Variant is another build of a module: for another system or architecture,
// with other tags, or with packages that were not asked for.
type Variant struct {
	Name  string   // as people say it: "with GOOS=windows"
	Files []string // that are the reason to look at it

	setting setting
	alone   string // a file that is a program by itself and in no build
}

// notNamed is the name of the variant with packages that were not asked for.
const notNamed = "in the packages not named"

// Why says of one of the files why the build at hand does not have it.
func (v Variant) Why(file string) string {
	if v.Name == notNamed {
		return filepath.Base(file) + ", in a package that was not named"
	}
	return filepath.Base(file) + ", which this build leaves out"
}

// Variants returns builds which have, all in all, the files of the module that
// this one leaves out, that mention one of some names, and that belong together
// with one of the changed files. The error is about a file that can't be had in
// any build.
func (prog *Program) Variants(names []Name, changed []string) ([]Variant, error) {
	var list []Variant
	kinds := prog.constraintsOf(changed)
	for _, a := range prog.absent(names, kinds) {
		for _, c := range kinds {
			if !together(a.under, c) {
				continue
			}
			v, err := prog.variant(a, c, list)
			if err != nil {
				return nil, err
			}
			if i := slices.IndexFunc(list, func(o Variant) bool { return o.Name == v.Name }); i < 0 && v.Name != "" {
				list = append(list, v)
			} else if i >= 0 && !slices.Contains(list[i].Files, a.file) {
				list[i].Files = append(list[i].Files, a.file)
			}
		}
	}
	return list, nil
}

// constraintsOf lists the constraints of files, those that are the same once.
func (prog *Program) constraintsOf(files []string) (kinds [][]constraint.Expr) {
	var seen []string
	for _, name := range files {
		text, err := prog.Source(name)
		if err != nil {
			continue
		}
		c := constraints(name, string(text))
		if k := spell(c); !slices.Contains(seen, k) {
			seen, kinds = append(seen, k), append(kinds, c)
		}
	}
	return kinds
}

// variant returns the first of some variants that has a file and others under
// given constraints, else a new one; none if the file is no part of the module's
// programs.
func (prog *Program) variant(a *absent, others []constraint.Expr, list []Variant) (Variant, error) {
	if prog.shared.unit {
		return Variant{}, fmt.Errorf("%s, which this build leaves out, mentions it; fixer diff looks there", filepath.Base(a.file))
	}
	all := slices.Concat(a.under, others)
	for _, v := range list {
		if v.alone == "" && v.setting.builds(all) {
			return v, nil
		}
	}
	host, err := prog.shared.host()
	if err != nil {
		return Variant{}, err
	}
	s, ok := nearest(host, all)
	v := Variant{Name: "with " + s.less(host), Files: []string{a.file}, setting: s}
	switch {
	case !ok && slices.Contains(freeTags(a.under), "ignore"):
		if a.pkg != "main" {
			return Variant{}, nil
		}
		v.setting, v.alone, v.Name = host, a.file, "in "+prog.short(a.file)
	case !ok:
		return v, fmt.Errorf("%s, which no build by this Go has, mentions it", filepath.Base(a.file))
	case host.builds(all) && prog.beside(a.file):
		return v, fmt.Errorf("%s, which was not named, mentions it", filepath.Base(a.file))
	case host.builds(all):
		v.Name = notNamed
	case slices.Contains(s.tags, "cgo") && (s.goos != host.goos || s.goarch != host.goarch):
		return v, fmt.Errorf("%s needs cgo %s, which can't be checked here, and mentions it", filepath.Base(a.file), v.Name)
	}
	return v, nil
}

// short names a file as seen from the root of its module.
func (prog *Program) short(file string) string {
	for _, dir := range prog.ModDirs {
		if rel, err := filepath.Rel(dir, file); err == nil && filepath.IsLocal(rel) {
			return filepath.ToSlash(rel)
		}
	}
	return filepath.ToSlash(file)
}

// shared is what a program has in common with those made from it.
type shared struct {
	cfg     Config
	host    func() (setting, error) // asks the go command, once
	absents *absents
	unit    bool                       // another driver has loaded them
	built   map[string]bool            // files
	clauses map[string]map[string]bool // names of the packages in a directory
}

func newShared(ctx context.Context, cfg Config, graph map[string]*packages.Package) *shared {
	s := &shared{cfg: cfg, built: make(map[string]bool), clauses: make(map[string]map[string]bool),
		host:    sync.OnceValues(func() (setting, error) { return hostSetting(context.WithoutCancel(ctx), cfg) }),
		absents: newAbsents()}
	for _, p := range graph {
		for _, f := range slices.Concat(p.GoFiles, p.CompiledGoFiles) {
			s.built[f] = true
			dir := filepath.Dir(f)
			if s.clauses[dir] == nil {
				s.clauses[dir] = make(map[string]bool)
			}
			s.clauses[dir][p.Name] = true
		}
	}
	return s
}

// renewed knows nothing of files yet that the build does not have, and lays
// other texts over those on disk.
func (s *shared) renewed(overlay map[string][]byte) *shared {
	next := *s
	next.cfg.Overlay = overlay
	next.absents = newAbsents()
	return &next
}

// sharedOf is what programs have in common that another driver has loaded. It
// names the files that their build leaves out; others are not to be looked at.
func sharedOf(dir string, ignored []string) *shared {
	a := newAbsents()
	a.tree = []string{dir}
	a.dirs[dir] = ignored
	return &shared{absents: a, unit: true}
}

// hostSetting is the one that the program is loaded with.
func hostSetting(ctx context.Context, cfg Config) (setting, error) {
	cmd := exec.CommandContext(ctx, "go", "env", "GOOS", "GOARCH", "CGO_ENABLED", "GOFLAGS")
	cmd.Dir, cmd.Env = cfg.Dir, cfg.Env
	out, err := cmd.Output()
	lines := strings.Split(string(out), "\n")
	if err != nil || len(lines) < 4 {
		return setting{}, fmt.Errorf("go env failed: %w", err)
	}
	s := setting{goos: lines[0], goarch: lines[1]}
	tags := cfg.Tags
	for _, flag := range strings.Fields(lines[3]) {
		if t, ok := strings.CutPrefix(strings.TrimLeft(flag, "-"), "tags="); ok && tags == "" {
			tags = t
		}
	}
	s.tags = strings.FieldsFunc(tags, func(r rune) bool { return r == ',' || r == ' ' })
	if lines[2] == "1" {
		s.tags = append(s.tags, "cgo")
	}
	return s, nil
}

// Variant loads a variant of the program, as far as it differs: Packages are
// those that the program doesn't have so, Same tells the others. For other
// systems nothing is compiled, and all that they import is read from source.
func (prog *Program) Variant(ctx context.Context, v Variant) (*Program, error) {
	host, err := prog.shared.host()
	if err != nil {
		return nil, err
	}
	cfg := prog.shared.cfg
	cross := v.setting.goos != host.goos || v.setting.goarch != host.goarch
	pcfg := &packages.Config{Mode: metadata, Context: ctx, Dir: cfg.Dir, Tests: cfg.Tests, Overlay: cfg.Overlay, BuildFlags: []string{"-tags=" + v.setting.flag()}}
	if pcfg.Env = cfg.Env; pcfg.Env == nil {
		pcfg.Env = os.Environ()
	}
	cgo := "CGO_ENABLED=0"
	if slices.Contains(v.setting.tags, "cgo") {
		cgo = "CGO_ENABLED=1"
	}
	// What a variant needs and isn't there is no reason to fetch it.
	pcfg.Env = append(slices.Clip(pcfg.Env), "GOOS="+v.setting.goos, "GOARCH="+v.setting.goarch, cgo, "GOPROXY=off")
	if cross {
		pcfg.Mode &^= packages.NeedExportFile | packages.NeedCompiledGoFiles
	}
	patterns := []string{v.alone}
	if v.alone == "" {
		patterns = nil
		for _, dir := range prog.ModDirs {
			patterns = append(patterns, dir+"/...")
		}
	}
	roots, err := packages.Load(pcfg, patterns...)
	if err != nil {
		return nil, listError(err)
	}
	return prog.newVariant(ctx, pcfg, roots, cross)
}

// imported lists packages that fixes import.
var imported = []string{"maps", "slices", "sync", "sync/atomic"}

func (prog *Program) newVariant(ctx context.Context, pcfg *packages.Config, roots []*packages.Package, cross bool) (*Program, error) {
	pcfg.Tests, pcfg.Overlay = false, nil
	next := &Program{list: pcfg, Fset: token.NewFileSet(), graph: make(map[string]*packages.Package), ModDirs: prog.ModDirs, files: prog.shared.cfg.Overlay, shared: prog.shared}
	isRoot := make(map[string]bool)
	for _, p := range roots {
		isRoot[p.ID] = true
	}
	add := func(p *packages.Package) {
		if next.graph[p.ID] != nil {
			return
		}
		if next.graph[p.ID] = p; cross {
			p.CompiledGoFiles = p.GoFiles
		}
	}
	packages.Visit(roots, nil, add)
	if missing := slices.DeleteFunc(slices.Clone(imported), func(path string) bool { return next.graph[path] != nil }); cross && len(missing) > 0 {
		more, err := packages.Load(pcfg, missing...)
		if err != nil {
			return nil, listError(err)
		}
		packages.Visit(more, nil, add)
	}
	next.world = prog.world.variant(next, isRoot, cross)
	next.Same = make(map[string]bool)
	for id, p := range next.graph {
		if next.world.nodes[id] == nil || !next.world.nodes[id].bodies {
			next.Same[id] = next.world.analysed(p)
		}
	}
	next.Packages, next.Problems = next.world.check(ctx)
	return next, ctx.Err()
}

// variant returns the world of a variant: the packages that differ, and what
// they import, all of it from source if cross is set.
func (w *world) variant(prog *Program, root map[string]bool, cross bool) *world {
	next := &world{prog: prog, root: root, own: make(map[string]bool), paths: make(map[string]bool), named: named(prog.graph), nodes: make(map[string]*node),
		deps: newExports(prog), ssa: newSSAProgram(prog.Fset), reading: w.reading.without(nil), lean: true}
	next.markOwn()
	var visit func(p *packages.Package)
	visit = func(p *packages.Package) {
		if next.nodes[p.ID] != nil || !cross && !next.own[p.ID] || p.PkgPath == "unsafe" {
			return
		}
		next.nodes[p.ID] = &node{meta: p}
		for _, q := range p.Imports {
			visit(q)
		}
	}
	for _, p := range prog.graph {
		if !next.analysed(p) {
			if slices.Contains(imported, p.ID) {
				visit(p)
			}
			continue
		}
		next.paths[p.PkgPath] = true
		if old := w.prog.graph[p.ID]; old == nil || !slices.Equal(old.CompiledGoFiles, p.CompiledGoFiles) || !w.nodes[p.ID].bodies {
			if visit(p); next.nodes[p.ID] != nil { // else it is another module's
				next.nodes[p.ID].bodies = true
			}
		}
	}
	return next
}

var errNotThere = errors.New("its package can't be loaded")

// Lacks returns why a variant doesn't have a file of its; nil if it does.
func (prog *Program) Lacks(file string) error {
	for _, p := range prog.Packages {
		for _, f := range p.Files {
			if prog.Fset.Position(f.FileStart).Filename == file {
				return nil
			}
		}
	}
	for _, p := range prog.Problems {
		if filepath.Dir(p.At.File) == filepath.Dir(file) {
			return fmt.Errorf("%s:%d: %s", filepath.Base(p.At.File), p.At.Line, p.Msg)
		}
	}
	for _, p := range prog.graph {
		if slices.Contains(p.GoFiles, file) && len(p.Errors) > 0 {
			return errors.New(p.Errors[0].Msg)
		}
	}
	return errNotThere
}
