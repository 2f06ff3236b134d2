package rules

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// globalvar: guard a package variable, or make it atomic
//
// Goroutines share a variable of the package: a registry, a flag, a counter, a
// configuration that is swapped. What it is decides what becomes of it:
//
//   - a mutex of the package that is held at some of the accesses is held at
//     all;
//   - a flag, a counter or a pointer that starts as zero becomes a typed atomic
//     (go 1.19 or later), where no access depends on one before it;
//   - where functions of sync/atomic change it already and it can't become one, the
//     other accesses call such functions, too;
//   - anything else gets a mutex of its own, declared above it: an RWMutex
//     where functions that only read outnumber those that write.
//
// What init functions and other initial values do needs no lock and gets none.
//
// It is refused where a lock could do harm or would guard nothing:
//
//   - only tests write the variable: it is theirs to restore order;
//   - the variable is exported, and code outside this module may use it;
//   - between a read and the write that depends on it, something slow runs;
//   - a map, slice or pointer is handed out while others change what it holds;
//   - the variable's address is taken;
//   - a file for another platform or build tag mentions the variable.
var globalvar = &rewrite.Rule{
	Name:  "globalvar",
	Title: "guard a package variable with a mutex, or make it atomic",
	Mends: []rewrite.Kind{rewrite.Global},
	Parts: true,
	Fix:   fixGlobal,
}

// A global is a package variable that a finding is about, with its declaration.
type global struct {
	site *rewrite.Site
	file *rewrite.File
	obj  *types.Var
	id   *ast.Ident
	spec *ast.ValueSpec
	uses []*rewrite.Use
}

func fixGlobal(s *rewrite.Site) (*rewrite.Fix, string) {
	g, reason := globalOf(s)
	if reason != "" {
		return nil, reason
	}
	if g.mixed() {
		for _, fix := range []func() (*rewrite.Fix, string){g.atomic, g.calls} {
			if fix, _ := fix(); fix != nil {
				return fix, ""
			}
		}
	}
	if mutex, key := g.mutex(); mutex != nil {
		return g.guarded(nil, mutex, key)
	}
	if len(s.Seen) > 0 {
		return nil, "no mutex of the package guards the variable elsewhere"
	}
	if fix, _ := g.atomic(); fix != nil {
		return fix, ""
	}
	if mates := g.mates(); len(mates) > 0 {
		if fix, _ := g.guarded(mates, nil, ""); fix != nil {
			return fix, ""
		}
	}
	return g.guarded(nil, nil, "")
}

// calls makes the plain accesses call functions of sync/atomic, if others do.
func (g *global) calls() (*rewrite.Fix, string) {
	a, reason := atomicType(g.obj.Type(), &ast.Field{Type: g.spec.Type}, &rewrite.Struct{File: g.file})
	if reason == "" {
		reason = a.calls(g.site)
	}
	if reason != "" {
		return nil, reason
	}
	return a.callsEverywhere()
}

// mates lists other variables of the file that race in the same functions and
// need a lock as well: one serves them all.
func (g *global) mates() []*global {
	var out []*global
	for _, f := range g.site.Group {
		if f == g.site.Finding {
			continue
		}
		s := *g.site
		s.Finding = f
		o, reason := globalOf(&s)
		if reason != "" || o.file != g.file {
			continue
		}
		m, _ := o.mutex()
		a, _ := o.atomic()
		if m == nil && a == nil && slices.ContainsFunc(o.uses, func(u *rewrite.Use) bool {
			return !u.File.Test && slices.ContainsFunc(g.uses, func(v *rewrite.Use) bool { return function(u) != nil && function(u) == function(v) })
		}) {
			out = append(out, o)
		}
	}
	return out
}

// globalOf finds the package variable that races, or says why it is not one
// that a rule can do anything for.
func globalOf(s *rewrite.Site) (*global, string) {
	g := &global{site: s, uses: s.Module.Uses(s.Finding.Place.Key)}
	for _, u := range g.uses {
		id, ok := u.Path[0].(*ast.Ident)
		if !ok {
			continue
		}
		if v, ok := u.File.Info.Uses[id].(*types.Var); ok && v.Pkg() == u.File.Pkg {
			g.obj = v
		}
	}
	if g.obj == nil {
		return nil, "its own package does not use the variable"
	}
	for _, u := range g.uses {
		for _, f := range s.Module.Files(u.File.Pkg) {
			g.declaredIn(f)
		}
		if g.spec != nil {
			break
		}
	}
	switch {
	case g.spec == nil:
		return nil, "its declaration is not at hand"
	case g.obj.Exported() && importable(g.obj.Pkg()):
		return nil, "the variable is exported: code outside this module could not take part"
	case !slices.ContainsFunc(s.Finding.Accesses, func(a rewrite.Access) bool { return a.Op.Writes() && !a.Test && !a.Fresh }) && !g.mixed():
		return nil, "only tests change it after it was initialised"
	}
	return g, ""
}

// mixed reports whether some accesses are atomic operations.
func (g *global) mixed() bool {
	return slices.ContainsFunc(g.site.Finding.Accesses, func(a rewrite.Access) bool { return a.Op == rewrite.Atomic && !a.Test })
}

// declaredIn looks for the declaration in a file.
func (g *global) declaredIn(f *rewrite.File) {
	for _, d := range f.Syntax.Decls {
		gd, ok := d.(*ast.GenDecl)
		if !ok || gd.Tok != token.VAR {
			continue
		}
		for _, spec := range gd.Specs {
			for _, id := range spec.(*ast.ValueSpec).Names {
				if id.Pos() == g.obj.Pos() {
					g.file, g.id, g.spec = f, id, spec.(*ast.ValueSpec)
				}
			}
		}
	}
}

// mutex returns the mutex of the package that guards the variable elsewhere,
// with its key: one that is held at a write, or at half of the accesses.
func (g *global) mutex() (types.Object, string) {
	var best types.Object
	key := ""
	for _, vote := range g.site.Finding.Votes {
		if vote.Held == 0 || vote.Writes == 0 && 2*vote.Held < vote.Of {
			continue
		}
		name, ok := strings.CutPrefix(vote.Lock, g.obj.Pkg().Path()+".")
		m, isVar := g.obj.Pkg().Scope().Lookup(name).(*types.Var)
		if !ok || !isVar || !hasMethod(m.Type(), "Lock") {
			continue
		}
		// Of several, the one that is named after the variable.
		if best == nil || strings.HasPrefix(name, g.obj.Name()) && !strings.HasPrefix(best.Name(), g.obj.Name()) {
			best, key = m, vote.Lock
		}
	}
	return best, key
}

// atomic makes the variable a typed atomic, or says why not.
func (g *global) atomic() (*rewrite.Fix, string) {
	if reason := g.site.Module.Elsewhere(g.site.Finding.Place.Key); reason != "" {
		return nil, reason // a mutex doesn't change the type
	}
	if g.obj.Exported() || !startsZero(g.file, g.spec) {
		return nil, "an atomic can't start with its value"
	}
	a, reason := atomicVariable(g.site, g.file, g.obj.Type(), g.spec.Type, g.uses)
	if reason != "" {
		return nil, reason
	}
	a.edits = append(a.edits, rewrite.Redeclare{Var: g.file.Span(g.id), Type: a.code})
	return &rewrite.Fix{
		Title:  fmt.Sprintf("Make %s an %s", g.obj.Name(), a.code.Text),
		Places: []string{g.site.Finding.Place.Key}, Safety: rewrite.Safe, Edits: a.edits,
	}, ""
}

// guarded holds a mutex of the package at all accesses: one that is there, or
// a new one, which serves other variables too.
func (g *global) guarded(mates []*global, mutex types.Object, key string) (*rewrite.Fix, string) {
	all := append([]*global{g}, mates...)
	slices.SortFunc(all, func(a, b *global) int { return int(a.obj.Pos() - b.obj.Pos()) })
	l := &locking{site: g.site, pkg: g.obj.Pkg().Path()}
	var names []string
	var accesses []rewrite.Access
	for _, o := range all {
		f := o.site.Finding
		l.places, names, accesses = append(l.places, f.Place.Key), append(names, o.obj.Name()), append(accesses, f.Accesses...)
		if u, ok := handsOut(o.uses, o.obj.Type(), func(u *rewrite.Use) bool { return u.Access == nil || u.Access.Fresh }); ok {
			return nil, fmt.Sprintf("%s hands out what %s holds, which others change", spot{Use: u, sel: u.Path[0].(ast.Expr)}.at(), o.obj.Name())
		}
	}
	title := ""
	if mutex != nil {
		l.name, l.mutex, l.key, l.rw = mutex.Name(), mutex, key, hasMethod(mutex.Type(), "RLock")
		title = "Hold " + l.name
	} else {
		l.name = all[0].beside("Mu")
		if len(all) > 1 && all[0].free("mu") {
			l.name = "mu"
		}
		l.key, l.rw = l.pkg+"."+l.name, readersDominate(accesses)
	}
	if reason := l.plan(); reason != "" {
		return nil, reason
	}
	if len(l.edits) == 0 {
		return nil, "every access that can be placed holds the lock already"
	}
	if mutex == nil {
		typ := rewrite.Code{Text: "sync.Mutex", Imports: []string{"sync"}}
		if l.rw {
			typ.Text = "sync.RWMutex"
		}
		first := all[0]
		l.edits = append(l.edits, rewrite.AddVar{Var: first.file.Span(first.id), Name: l.name, Type: typ, Doc: "guards " + rewrite.Enumerate(names)})
		title = fmt.Sprintf("Guard %s with a %s", rewrite.Enumerate(names), typ.Text)
	}
	return &rewrite.Fix{Title: title, Places: l.places, Safety: rewrite.Safe, Edits: l.edits}, ""
}

// beside finds a name for what belongs to the variable that neither the package
// nor a function that uses the variable has.
func (g *global) beside(suffix string) string {
	name := lowerFirst(g.obj.Name())
	if try := name + suffix; g.free(try) {
		return try
	}
	for i := 2; ; i++ {
		if try := fmt.Sprintf("%s%s%d", name, suffix, i); g.free(try) {
			return try
		}
	}
}

// free reports whether a name is nobody's where the variable is used.
func (g *global) free(name string) bool {
	return g.obj.Pkg().Scope().Lookup(name) == nil &&
		!slices.ContainsFunc(g.uses, func(u *rewrite.Use) bool { return function(u) != nil && fresh(u, name) != name })
}
