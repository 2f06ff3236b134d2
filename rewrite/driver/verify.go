package driver

import (
	"cmp"
	"context"
	"fmt"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/tools/go/analysis"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rewrite/race"
)

// Checks says what every fix has passed, a clause each.
var Checks = []string{
	"the result compiles, tests included, in every package that can see the change",
	"go vet has nothing to say of it that it didn't say before",
	"what the fix is for is found no more, and nothing else instead",
	"no lock may wait for itself, or for one that is taken in the other order elsewhere",
	"no lock is held over what may take long",
	"in builds for other systems, architectures and tags the same holds, as far as files of theirs mention what changes",
	"struct tags, what encoders see and initial values stay as they are, and the exported API unless the fix says otherwise",
}

// A claim is what fixes are made for, and the texts that they make.
type claim struct {
	places []string // that they mend, in order, as all lists here
	parts  []string // of which they mend what was seen to race
	safe   bool     // nobody can tell the difference
	waits  bool     // for goroutines
	serial []string // locks that are there to be held over what is slow
	texts  map[string][]byte
	api    bool // a type that other packages may use changes
}

// claimOf is what fixes are made for.
func claimOf(fixes []*rewrite.Fix) (c claim) {
	c.safe = true
	for _, fix := range fixes {
		if fix.Part {
			c.parts = append(c.parts, fix.Places...)
		} else {
			c.places = append(c.places, fix.Places...)
		}
		c.serial = append(c.serial, fix.Serial)
		c.waits = c.waits || fix.Waits
		c.safe = c.safe && fix.Safety == rewrite.Safe
	}
	for _, list := range [][]string{c.places, c.parts, c.serial} {
		slices.Sort(list)
	}
	return c
}

// A scope is where races are looked for that a fix could make.
type scope int

const (
	reached scope = iota // on all that the functions it changes get to
	near                 // on what they name themselves
	everything
)

// A stage checks fixes on top of one state of the module.
type stage struct {
	ctx  context.Context
	cfg  *Config
	base *build
	host *build // that base is a variant of, if it is one
	scope
	close      *race.Module                            // see closer
	complaints map[*load.Package][]analysis.Diagnostic // see vetted
	broken     map[*load.Package]string                // see compatible
	measurings func() []measuring                      // of base
	trials     []*build                                // with changes on top of base, the last ones last
	played     map[string][]played                     // by file
	refusals   []refusal
}

// A refusal is what speaks against a claim.
type refusal struct {
	claim
	scope
	*objection
}

func newStage(ctx context.Context, cfg *Config, base *build) *stage {
	return &stage{
		ctx: ctx, cfg: cfg, base: base,
		complaints: make(map[*load.Package][]analysis.Diagnostic), broken: make(map[*load.Package]string),
		measurings: sync.OnceValue(func() []measuring { return measurings(base.prog) }), played: make(map[string][]played),
	}
}

// program is the module with the texts of a claim, or what the compiler and go
// vet have to say of it.
func (x *stage) program(c claim) (*load.Program, *objection) {
	like := make([]*load.Program, len(x.trials))
	for i, b := range x.trials {
		like[i] = b.prog
	}
	next, again := x.base.prog.With(x.ctx, c.texts, c.api, like...)
	if o := x.compiles(next.Problems); o != nil {
		return nil, o
	}
	if reason := x.vets(again); reason != "" {
		return nil, objectTo(reason)
	}
	return next, nil
}

// analyse summarises and links the module as a claim makes it, and says what speaks
// against it. Of a variant only the packages are summarised that differ from those
// of host.
func (x *stage) analyse(next *load.Program, c claim, host *build, seen *observation) (*build, *objection) {
	b, err := x.cfg.extract(x.ctx, next, x.base, x.trials...)
	if err == nil {
		x.keep(b)
		err = x.link(b, c, host, seen)
	}
	if err != nil {
		return nil, objectTo(err.Error())
	}
	if o := x.analysed(b.problems); o != nil {
		return nil, o
	}
	return b, x.better(b, c)
}

// keep keeps the packages of a build, and what they were summarised to, for builds
// that have some in common with it. It lets go of those of the oldest builds, so that
// what is kept has no more source than the module.
func (x *stage) keep(b *build) {
	x.trials = append(x.trials, &build{prog: b.prog, sums: b.sums})
	known, room := make(map[*load.Package]bool), token.Pos(0)
	for _, p := range x.base.prog.Packages {
		known[p] = true
		room += p.Size()
	}
	for i := len(x.trials) - 1; i >= 0; i-- {
		for _, p := range x.trials[i].prog.Packages {
			if !known[p] {
				known[p] = true
				room -= p.Size()
			}
		}
		if room < 0 {
			x.trials = slices.Clone(x.trials[i+1:])
			break
		}
	}
	maps.DeleteFunc(x.complaints, func(p *load.Package, _ []analysis.Diagnostic) bool { return !known[p] })
	maps.DeleteFunc(x.broken, func(p *load.Package, _ string) bool { return !known[p] })
}

// link links what a claim is about, no more, unless all is asked for.
func (x *stage) link(b *build, c claim, host *build, seen *observation) error {
	var focus *race.Focus
	if x.scope != everything {
		focus = x.focus(b, c)
	}
	if host == nil {
		return x.cfg.link(x.ctx, b, race.Options{Focus: focus}, seen)
	}
	if focus != nil {
		focus.Places = append(focus.Places, host.module.Places()...)
	}
	if err := b.linkVariant(x.ctx, host, focus); err != nil {
		return err
	}
	if x.base.module != nil && x.base.module.Judges(b.module.Focus()) {
		return nil
	}
	return x.base.linkVariant(x.ctx, x.host, b.module.Focus())
}

// focus is what is looked at in a build for a claim, in the scope of the stage.
func (x *stage) focus(b *build, c claim) *race.Focus {
	f := &race.Focus{Funcs: x.changed(b, c.texts), Near: x.scope == near, Places: slices.Concat(c.places, c.parts)}
	known := x.base
	if x.host != nil {
		known = x.host
	}
	if known.module != nil {
		f.Tests = known.module.Tests(f.Places)
	}
	return f
}

// changed lists the functions of a build, by key, of which the text differs from
// that in base.
func (x *stage) changed(b *build, texts map[string][]byte) (keys []string) {
	before := make(map[string][]byte)
	for file := range texts {
		before[file], _ = x.base.prog.Source(file) // a file that was not there had no functions
	}
	old := bodies(x.base, before)
	for key, text := range bodies(b, texts) {
		if old[key] != text {
			keys = append(keys, key)
		}
	}
	return keys
}

// bodies returns the lines of the functions in some files of a build, by key.
func bodies(b *build, texts map[string][]byte) map[string]string {
	lines := make(map[string][]string)
	for file, text := range texts {
		lines[file] = strings.SplitAfter(string(text), "\n")
	}
	out := make(map[string]string)
	for _, s := range b.summaries() {
		for _, f := range s.Funcs {
			if list := lines[f.At.File]; 0 < f.At.Line && f.At.Line <= f.End.Line && f.End.Line <= len(list) {
				out[f.Key] = strings.Join(list[f.At.Line-1:f.End.Line], "")
			}
		}
	}
	return out
}

// analysed reports the first package that can't be judged any more.
func (x *stage) analysed(problems []load.Problem) *objection {
	for _, p := range problems {
		if !slices.ContainsFunc(x.base.problems, func(o load.Problem) bool { return o.Pkg == p.Pkg && o.Msg == p.Msg }) {
			return objectTo(fmt.Sprintf("the result can't be analysed: %s: %s", p.Pkg, p.Msg))
		}
	}
	return nil
}

// An objection is why fixes may not be made together, and what tells those to
// blame from the others, as far as that is known.
type objection struct {
	reason string
	places []string // that the fixes to blame are for
	locks  []string // keys of locks that must not be held where they would be
	file   string   // that would not be right any more
}

// blames reports whether an objection is to a fix.
func (o *objection) blames(fix *rewrite.Fix) bool {
	for _, place := range fix.Places {
		if slices.Contains(o.places, place) {
			return true
		}
		for _, lock := range o.locks {
			if ownerOf(place) == ownerOf(lock) {
				return true
			}
		}
	}
	return slices.ContainsFunc(fix.Edits, func(e rewrite.Edit) bool { return o.file != "" && e.Anchor().File == o.file })
}

// ownerOf is the key of the struct, or the path of the package, that a key's field or
// variable is in.
func ownerOf(key string) string { return key[:strings.LastIndexByte(key, '.')+1] }

// objectTo is an objection that names nobody; nil if there is no reason.
func objectTo(reason string) *objection {
	if reason == "" {
		return nil
	}
	return &objection{reason: reason}
}

// compiles reports the first problem that the original text does not have.
func (x *stage) compiles(problems []load.Problem) *objection {
	for _, p := range problems {
		if !slices.Contains(x.base.prog.Problems, p) {
			return &objection{reason: fmt.Sprintf("the result does not compile: %s:%d: %s", filepath.Base(p.At.File), p.At.Line, p.Msg), file: p.At.File}
		}
	}
	return nil
}

// better reports why the new build is no improvement: some of the places still
// race, another one does now, a lock may wait for itself, or one is held over
// what is slow.
func (x *stage) better(b *build, c claim) *objection {
	findings := b.module.Findings()
	if o := fails(findings, c.places); o != nil {
		return o
	}
	o := spoils(x.base.module, b.module, findings, c)
	if o == nil || x.scope == everything || x.host != nil {
		return o
	}
	// The more there is to see, the less of it is kept: base gets as close a look.
	old, err := x.closer(b.module.Focus())
	if err != nil {
		return objectTo(err.Error())
	}
	return spoils(old, b.module, findings, c)
}

// closer is the module of base where nothing is looked at but what a focus tells.
func (x *stage) closer(f *race.Focus) (*race.Module, error) {
	if x.close == nil || !x.close.Judges(f) {
		b := *x.base
		if err := x.cfg.link(x.ctx, &b, race.Options{Focus: f}, nil); err != nil {
			return nil, err
		}
		x.close = b.module
	}
	return x.close, nil
}

// fails says which of the places that are to be mended still race, by what a new
// module finds.
func fails(findings []*rewrite.Finding, places []string) *objection {
	var out objection
	for _, f := range findings {
		if !slices.Contains(places, f.Place.Key) {
			continue
		}
		out.places = append(out.places, f.Place.Key)
		reason := fmt.Sprintf("%s would still race, at %s:%d", f.Place.Name, filepath.Base(f.Sides[1].Access.At.File), f.Sides[1].Access.At.Line)
		if f.Kind == rewrite.Locking {
			reason = lockClause(f) + " still"
		}
		out.reason = cmp.Or(out.reason, reason)
	}
	if out.reason == "" {
		return nil
	}
	return &out
}

// spoils says what the new module, with its findings, has against it that the old
// one had not.
func spoils(old, new *race.Module, findings []*rewrite.Finding, c claim) *objection {
	var out objection
	had := make(map[string]bool)
	for _, f := range old.Findings() {
		had[f.Place.Key] = true
	}
	for _, f := range findings {
		key := f.Place.Key
		switch {
		case had[key] || old.Races(key) || slices.Contains(c.places, key):
			continue
		case f.Kind == rewrite.Locking:
			out.reason = cmp.Or(out.reason, "then "+lockClause(f))
			continue
		}
		out.reason = cmp.Or(out.reason, fmt.Sprintf("%s would race", f.Place.Name))
		for _, p := range c.places { // most likely it is the fix of a neighbour
			if ownerOf(p) == ownerOf(key) {
				out.places = append(out.places, p)
			}
		}
	}
	if out.reason != "" {
		return &out
	}
	before := old.Deadlocks()
	for _, d := range new.Deadlocks() {
		if i := slices.IndexFunc(before, d.Same); i >= 0 {
			before = slices.Delete(before, i, i+1) // one explains one
		} else {
			out.reason = cmp.Or(out.reason, d.String())
			out.locks = append(out.locks, d.Locks[:]...)
		}
	}
	if out.reason != "" {
		return &out
	}
	out.reason, out.locks = new.Impairs(old, c.waits, c.serial)
	if out.reason != "" {
		return &out
	}
	return nil
}
