package driver

import (
	"context"
	"fmt"
	"go/ast"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
	"github.com/go-fixer/fixer/rewrite/load"
)

// A Unit is one package, judged with what it imports and without those that
// import it, as Go's own drivers have it.
//
// What it finds, a run over the module finds too. It keeps silent where
// packages that it doesn't see could make a difference: where they may touch
// what races, hold the lock, or be the only callers. It mends what they can't
// notice but by the race being gone.
type Unit struct {
	Program *load.Program     // of the one package
	Below   []*effect.Summary // of the packages of the module that it imports, directly or not
	// Summary is what is to be known of the package where it is imported.
	Summary *effect.Summary
}

// Summarise fills in the Summary of a unit. Of a Config it heeds what
// concerns rules and the Model, which it fills in for FixUnit.
func (cfg *Config) Summarise(u *Unit) error {
	if cfg.Known == nil {
		cfg.Known = cfg.Rules
	}
	err := cfg.configure(moduleDir(u.Program.ModDirs[0]))
	if err == nil {
		err = cfg.settings.check(u.Program)
	}
	if err != nil {
		return err
	}
	u.Summary, err = effect.Extract(u.Program.Fset, u.Program.Packages[0], u.Program.Own, cfg.Model)
	return err
}

// FixUnit is Fix for a unit that was summarised with the same Config.
func FixUnit(ctx context.Context, cfg Config, u Unit) (*Result, error) {
	cfg.unit = &u
	return cfg.fix(ctx, u.Program, true)
}

// extracted is a build that has the summary of the unit.
func (u *Unit) extracted() *build {
	if u == nil {
		return nil
	}
	return &build{sums: map[*load.Package]*effect.Summary{u.Program.Packages[0]: u.Summary}}
}

// below lists the summaries that a build has besides its own, in memory of
// their own.
func (u *Unit) below() []*effect.Summary {
	if u == nil {
		return nil
	}
	return slices.Clip(u.Below)
}

// root is the directory that the names of files in the result are relative to.
func (cfg *Config) root(ctx context.Context, prog *load.Program) string {
	if cfg.unit != nil {
		return prog.ModDirs[0]
	}
	return root(ctx, cfg.Dir, prog.ModDirs)
}

// moduleDir is the directory of the go.mod file above others: the settings
// that count for a unit stand there, so that all units of a module, and who
// must know when they change, agree on them.
func moduleDir(dir string) string {
	for ; ; dir = filepath.Dir(dir) {
		if exists(filepath.Join(dir, "go.mod")) || dir == filepath.Dir(dir) {
			return dir
		}
	}
}

// closed reports whether no package that could make a difference is left out:
// nothing imports a main package, or one of tests.
func (u *Unit) closed() bool {
	p := u.Program.Packages[0]
	return p.Types.Name() == "main" || strings.HasSuffix(p.Types.Name(), "_test")
}

// settled leaves the findings that a unit can tell.
func (u *Unit) settled(b *build, findings []*rewrite.Finding) []*rewrite.Finding {
	if u == nil {
		return findings
	}
	return slices.DeleteFunc(findings, func(f *rewrite.Finding) bool { return !u.settles(b, f) })
}

// settles reports whether a unit can tell that a place races: all of it is in
// the package, no other one may hold a lock that an access holds, and whoever
// calls it from outside is not of the module only.
func (u *Unit) settles(b *build, f *rewrite.Finding) bool {
	within := func(s rewrite.Span) bool { return s.IsZero() || b.sites.byName[s.File] != nil }
	accesses := append(slices.Clone(f.Accesses), f.Sides[0].Access, f.Sides[1].Access)
	for _, a := range accesses {
		if !within(a.At) {
			return false
		}
		if !u.closed() && slices.ContainsFunc(a.Locks, func(l rewrite.Lock) bool { return b.module.Lends(l.Key) }) {
			return false
		}
	}
	if u.closed() {
		return true
	}
	if lock, _, _ := strings.Cut(f.Place.Key, " "); f.Kind == rewrite.Locking && b.module.Lends(lock) {
		return false
	}
	internal := strings.Contains("/"+u.Program.Packages[0].Path+"/", "/internal/")
	return !internal || !f.Sides[0].Context.Entry && !f.Sides[1].Context.Entry
}

// spares says why a fix for findings of a kind may be none for packages that
// import this one: they may touch the place without it, or have to wait. "" if
// there is nothing like that.
func (u *Unit) spares(kind rewrite.Kind, fix *rewrite.Fix) string {
	if u == nil || u.closed() {
		return ""
	}
	if fix.Waits {
		return "callers in other packages would wait; " + wholeModule
	}
	for _, place := range fix.Places {
		if kind != rewrite.Field && kind != rewrite.Global {
			break // out of reach for others
		}
		if ast.IsExported(place[strings.LastIndexByte(place, '.')+1:]) {
			return fmt.Sprintf("other packages may use %s too; %s", rewrite.ShortKey(place), wholeModule)
		}
	}
	return ""
}

// wholeModule is what to do where a unit sees too little.
const wholeModule = "fixer diff sees the whole module"

// notices says what packages that import the unit's would notice of a change:
// another API, or a lock that they may hold already.
func (u *Unit) notices(old, new *build) *objection {
	if u == nil || u.closed() {
		return nil
	}
	before, after := old.prog.Packages[0].Types, new.prog.Packages[0].Types
	if surface(before) != surface(after) {
		return &objection{reason: "other packages could notice that what " + before.Name() + " exports has changed; " + wholeModule}
	}
	if reason, lock := new.module.TakesLent(old.module); reason != "" {
		return &objection{reason: reason + "; " + wholeModule, locks: []string{lock}}
	}
	return nil
}
