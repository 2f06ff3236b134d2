// Package driver runs the stages of fixer: load, effect, race, rules, verify,
// patch. The command line and every other front end call it and nothing below.
package driver

import (
	"cmp"
	"context"
	"fmt"
	"go/types"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
	"github.com/go-fixer/fixer/rewrite/git"
	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rewrite/model"
	"github.com/go-fixer/fixer/rewrite/patch"
	"github.com/go-fixer/fixer/rewrite/race"
)

// A Config says what to analyse and how.
type Config struct {
	load.Config
	Rules    []*rewrite.Rule // in order of preference
	Known    []*rewrite.Rule // those that comments may name; nil means Rules
	Pick     []string        // which of the Rules count: names, or with a dash before them those that don't; nil: what the ConfigFile says
	Model    *model.Table    // what library calls do; nil is the default table and what the module's ConfigFile adds
	Cache    *Cache          // of what is known of packages; nil for none
	Unsafe   bool            // also fixes that are not Safe
	Alone    bool            // also say what each fix changes by itself
	Split    bool            // also say in which Steps the changes can be made
	Progress func(stage string)
	// Dismissed, if not nil, is told of conflicting accesses that do not race,
	// and why.
	Dismissed func(a, b rewrite.Span, why string)
	// RaceLog, if not nil, holds the races that findings are made of; others
	// are none then.
	RaceLog *RaceLog
	// Since, if not nil, holds the changes that an Outcome must have to do with.
	Since *git.Changes

	settings *settings // of the ConfigFile
	unit     *Unit     // all that there is to see, if not nil
}

// An Outcome is what became of one finding.
type Outcome struct {
	rewrite.Finding
	Fix      *rewrite.Fix `json:"fix,omitempty"` // the fix that passed all checks
	Verdicts []Verdict    `json:"verdicts,omitempty"`
	Reports  []string     `json:"reports,omitempty"` // of the RaceLog, by name and line

	// Alone is what Fix changes if it is the only one made, if the Config asks
	// for that; nil if it passes the checks only on top of others.
	Alone []patch.File `json:"-"`
}

// A Verdict is why a rule's fix was not taken.
type Verdict struct {
	Rule   string `json:"rule"`
	Reason string `json:"reason"`
}

// A Result is what one run found and would change.
type Result struct {
	Root     string         // directory that the names of Files are relative to: the git work tree, else the module
	Outcomes []Outcome      // by position
	Files    []patch.File   // changed by all fixes together
	Steps    []Step         // that lead there, if the Config asks for them
	Problems []load.Problem // packages that could not be analysed, and comments that could not be read

	Suppressed int           // findings that comments keep from being Outcomes
	Unused     []Suppression // comments that keep nothing, by position, where that can be told
	Unplaced   []Unplaced    // reports of the RaceLog that no Outcome is made of

	source func(file string) ([]byte, error)
}

// Source returns the text of a file as it was analysed.
func (r *Result) Source(file string) ([]byte, error) {
	if r.source == nil {
		return nil, fmt.Errorf("%s was not analysed", file)
	}
	return r.source(file)
}

// Check finds races and proposes no fixes.
func Check(ctx context.Context, cfg Config) (*Result, error) {
	if cfg.Known == nil {
		cfg.Known = cfg.Rules
	}
	cfg.Rules = nil
	return Fix(ctx, cfg)
}

// Fix finds races and mends what it can prove safe, in memory.
func Fix(ctx context.Context, cfg Config) (*Result, error) {
	wantTests := cfg.Tests
	cfg.Tests = true // a fix must keep the tests compiling, whoever asks
	prog, err := cfg.load(ctx)
	if err != nil {
		return nil, err
	}
	return cfg.fix(ctx, prog, wantTests)
}

// fix is Fix for a program that is loaded.
func (cfg *Config) fix(ctx context.Context, prog *load.Program, wantTests bool) (r *Result, err error) {
	defer survive("looking for races", &err)
	cfg.say("looking for races")
	var seen *observation
	if cfg.RaceLog != nil {
		seen = cfg.observe(newTracer(prog))
	}
	b, err := cfg.analyse(ctx, prog, cfg.unit.extracted(), cfg.Dismissed, seen)
	if err != nil {
		return nil, err
	}
	var findings []*rewrite.Finding
	r, findings = cfg.look(ctx, b, wantTests, seen)
	if err := cfg.mend(ctx, b, r, findings, wantTests, seen); err != nil {
		return nil, err
	}
	return r, nil
}

// look lists the findings of a build that are wanted and that no comment keeps
// back, and begins the result with all that is to say beside them.
func (cfg *Config) look(ctx context.Context, b *build, wantTests bool, seen *observation) (*Result, []*rewrite.Finding) {
	sups := b.suppressions(cfg.Known)
	all := cfg.unit.settled(b, b.findings(wantTests, seen))
	findings := sups.filter(slices.Clone(all), cfg.Known)
	r := &Result{Root: cfg.root(ctx, b.prog), Problems: slices.Concat(b.prog.Problems, b.problems, sups.problems),
		Suppressed: len(all) - len(findings), Unused: cfg.unused(b.prog, sups, wantTests), source: b.prog.Source}
	if seen != nil {
		r.Unplaced = seen.unplaced
	}
	return r, b.since(cfg.Since, cfg.settings.keep(findings))
}

// mend adds to a result what becomes of the findings, by the rules there are.
func (cfg *Config) mend(ctx context.Context, b *build, r *Result, findings []*rewrite.Finding, wantTests bool, seen *observation) error {
	fixer := newFixer(ctx, *cfg, b, r.Root, seen, findings)
	if len(cfg.Rules) > 0 {
		texts, err := fixer.mend(findings, wantTests)
		if err != nil {
			return err
		}
		if r.Files, err = files(b.prog.Source, r.Root, texts); err != nil {
			return err
		}
		r.Steps = fixer.steps
	}
	if cfg.Alone {
		if err := fixer.eachAlone(b, r.Root); err != nil {
			return err
		}
	}
	for _, f := range findings {
		r.Outcomes = append(r.Outcomes, *fixer.outcomes[f.Place.Key])
	}
	slices.SortFunc(r.Outcomes, func(a, b Outcome) int { return a.Pos().Compare(b.Pos()) })
	return ctx.Err() // what was cut off is half the truth
}

func (cfg *Config) say(stage string) {
	if cfg.Progress != nil {
		cfg.Progress(stage)
	}
}

// load reads the settings and the packages, fills in Model and picks Rules.
func (cfg *Config) load(ctx context.Context) (*load.Program, error) {
	cfg.say("loading packages")
	if err := cfg.configure(cfg.Dir); err != nil {
		return nil, err
	}
	prog, err := load.Load(ctx, cfg.Config)
	if err != nil {
		return nil, err
	}
	return prog, cfg.settings.check(prog)
}

// configure reads the settings for a directory, fills in Model and picks Rules.
func (cfg *Config) configure(dir string) error {
	if cfg.Known == nil {
		cfg.Known = cfg.Rules
	}
	cfg.settings = &settings{}
	if cfg.Model == nil {
		var err error
		if cfg.settings, err = findSettings(dir); err != nil {
			return err
		}
		cfg.Model = cfg.settings.table()
	}
	return cfg.pickRules()
}

// A build is one state of the module's text, analysed.
type build struct {
	prog     *load.Program
	sums     map[*load.Package]*effect.Summary
	problems []load.Problem // packages without a summary
	module   *race.Module
	sites    *sites
	variants *variants
	values   map[*load.Package]map[string]bool // see valuesIn
}

// analyse summarises what an earlier build has not, and links.
func (cfg *Config) analyse(ctx context.Context, prog *load.Program, old *build, dismissed func(a, b rewrite.Span, why string), seen *observation) (*build, error) {
	b, err := cfg.extract(ctx, prog, old)
	if err != nil {
		return nil, err
	}
	return b, cfg.link(ctx, b, race.Options{Dismissed: dismissed}, seen)
}

// link links a build of the host, with an eye on what a log shows.
func (cfg *Config) link(ctx context.Context, b *build, o race.Options, seen *observation) error {
	list := append(cfg.unit.below(), b.summaries()...)
	o.Watch = seen.watch(list)
	return b.link(ctx, list, o)
}

// extract makes a build that is not linked yet. What is known of its packages from an
// old one, or from others like it, it takes from there.
func (cfg *Config) extract(ctx context.Context, prog *load.Program, old *build, like ...*build) (*build, error) {
	b := &build{prog: prog, sums: make(map[*load.Package]*effect.Summary)}
	b.sites = &sites{build: b, mentioned: sync.OnceValue(b.mentioned)}
	if b.variants = new(variants); old != nil {
		b.variants = old.variants
		like = append(slices.Clip(like), old)
	}
	var todo []*load.Package
	for _, p := range prog.Packages {
		if i := slices.IndexFunc(like, func(l *build) bool { return l.sums[p] != nil }); i >= 0 {
			b.sums[p] = like[i].sums[p]
		} else {
			todo = append(todo, p)
		}
	}
	cfg.summarise(ctx, b, todo)
	slices.SortFunc(b.problems, func(p, q load.Problem) int { return strings.Compare(p.Pkg, q.Pkg) })
	return b, ctx.Err()
}

// summaries lists those of a build's packages.
func (b *build) summaries() (list []*effect.Summary) {
	for _, p := range b.prog.Packages {
		if s := b.sums[p]; s != nil {
			list = append(list, s)
		}
	}
	return list
}

// summarise adds the summaries of packages to a build: those that the cache
// has, then, with their SSA, the others.
func (cfg *Config) summarise(ctx context.Context, b *build, todo []*load.Package) {
	// The largest come first: one begun last would keep a single processor busy.
	slices.SortStableFunc(todo, func(p, q *load.Package) int { return cmp.Compare(q.Size(), p.Size()) })
	var mu sync.Mutex // guards sums and problems of b
	recipes := cfg.Cache.recipes(b.prog, todo, cfg.Model)
	each(todo, func(p *load.Package) {
		if s := cfg.Cache.summary(p, recipes); s != nil {
			mu.Lock()
			defer mu.Unlock()
			b.sums[p] = s
		}
	})
	todo = slices.DeleteFunc(todo, func(p *load.Package) bool { return b.sums[p] != nil })
	if len(todo) == 0 {
		return
	}
	b.prog.PrepareSSA(todo)
	each(todo, func(p *load.Package) {
		if ctx.Err() != nil {
			return
		}
		s, err := effect.Extract(b.prog.Fset, p, b.prog.Own, cfg.Model)
		if r, ok := recipes[p]; ok && err == nil {
			cfg.Cache.put(r, s)
		}
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			msg := err.Error() + "; " + defect
			if broken := b.brokenBelow(p.Types, make(map[*types.Package]bool)); broken != "" {
				msg = "it imports " + broken + ", which does not compile"
			}
			b.problems = append(b.problems, load.Problem{Pkg: p.Path, Msg: msg})
			return
		}
		b.sums[p] = s
	})
}

// brokenBelow is the path of a package with problems that another one imports,
// itself or through others: nothing says what an expression is that has to do with
// those. It is "" if there is none.
func (b *build) brokenBelow(p *types.Package, seen map[*types.Package]bool) string {
	for _, q := range p.Imports() {
		if seen[q] {
			continue
		}
		seen[q] = true
		if slices.ContainsFunc(b.prog.Problems, func(r load.Problem) bool { return r.Pkg == q.Path() }) {
			return q.Path()
		}
		if broken := b.brokenBelow(q, seen); broken != "" {
			return broken
		}
	}
	return ""
}

// each calls f for packages, as many at once as there are processors.
func each(pkgs []*load.Package, f func(*load.Package)) {
	var wg sync.WaitGroup
	sem := make(chan struct{}, runtime.GOMAXPROCS(0))
	for _, p := range pkgs {
		sem <- struct{}{}
		wg.Go(func() {
			defer func() { <-sem }()
			f(p)
		})
	}
	wg.Wait()
}

// findings lists the races on places of the packages that were asked for.
func (b *build) findings(tests bool, seen *observation) []*rewrite.Finding {
	if seen != nil {
		return seen.findings(b, tests)
	}
	var out []*rewrite.Finding
	for _, f := range b.module.Findings() {
		if !tests && (f.Sides[0].Access.Test || f.Sides[1].Access.Test) {
			continue
		}
		if b.sites.complete(f) {
			out = append(out, f)
		}
	}
	return out
}
