package driver

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/load"
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
	places []string // that they mend
	parts  []string // of which they mend what was seen to race
	waits  bool     // for goroutines
	serial []string // locks that are there to be held over what is slow
	texts  map[string][]byte
	api    bool // a type that other packages may use changes
}

// A stage checks fixes on top of one state of the module.
type stage struct {
	ctx  context.Context
	cfg  *Config
	base *build
	// complaints is what vet says of packages of base, by ID, as far as asked.
	complaints map[string][]analysis.Diagnostic
}

func newStage(ctx context.Context, cfg *Config, base *build) *stage {
	return &stage{ctx: ctx, cfg: cfg, base: base, complaints: make(map[string][]analysis.Diagnostic)}
}

// try builds what a claim is about and says what speaks against it. Of a variant
// only the packages are built that differ from those of host.
func (x *stage) try(c claim, host *build, seen *observation) (*build, *objection) {
	next, again := x.base.prog.With(x.ctx, c.texts, c.api)
	if o := x.compiles(next.Problems); o != nil {
		return nil, o
	}
	if reason := x.vets(again); reason != "" {
		return nil, objectTo(reason)
	}
	var b *build
	var err error
	if host != nil {
		b, err = x.cfg.analyseVariant(x.ctx, next, x.base, host)
	} else {
		b, err = x.cfg.analyse(x.ctx, next, x.base, nil, seen)
	}
	if err != nil {
		return nil, objectTo(err.Error())
	}
	if o := x.analysed(b.problems); o != nil {
		return nil, o
	}
	return b, x.better(b, c.places, c.waits, c.serial)
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
	places []string // that the fixes are for, and that they don't mend
	locks  []string // keys of locks that must not be held where they would be
	file   string   // that would not be right any more
}

// blames reports whether an objection is to a fix.
func (o *objection) blames(fix *rewrite.Fix) bool {
	for _, place := range fix.Places {
		if slices.Contains(o.places, place) {
			return true
		}
	}
	for _, e := range fix.Edits {
		if o.file != "" && e.Anchor().File == o.file {
			return true
		}
		lock := holds(e)
		for _, key := range o.locks {
			owner, name := key[:strings.LastIndexByte(key, '.')+1], key[strings.LastIndexByte(key, '.')+1:]
			if lock != "" && lock[strings.LastIndexByte(lock, '.')+1:] == name && slices.ContainsFunc(fix.Places, func(p string) bool { return strings.HasPrefix(p, owner) }) {
				return true
			}
		}
	}
	return false
}

// holds is the expression of the lock that an edit holds; "" if it holds none.
func holds(e rewrite.Edit) string {
	switch e := e.(type) {
	case rewrite.Hold:
		return e.Lock
	case rewrite.Hoist:
		return e.Lock
	}
	return ""
}

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
func (x *stage) better(b *build, places []string, waits bool, serial []string) *objection {
	had := make(map[string]bool)
	for _, f := range x.base.module.Findings() {
		had[f.Place.Key] = true
	}
	var out objection
	for _, f := range b.module.Findings() {
		still := slices.Contains(places, f.Place.Key)
		reason := x.worse(f, still, had[f.Place.Key])
		if reason != "" && still {
			out.places = append(out.places, f.Place.Key)
		}
		out.reason = cmp.Or(out.reason, reason)
	}
	if out.reason != "" {
		return &out
	}
	before := x.base.module.Deadlocks()
	for _, d := range b.module.Deadlocks() {
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
	out.reason, out.locks = b.module.Impairs(x.base.module, waits, serial)
	if out.reason != "" {
		return &out
	}
	return nil
}

// worse says why a finding of the new build speaks against it: it is on a place
// that was to be mended, and races still, or on one that the old build didn't
// find. "" if it doesn't.
func (x *stage) worse(f *rewrite.Finding, still, had bool) string {
	switch locking := f.Kind == rewrite.Locking; {
	case locking && still:
		return lockClause(f) + " still"
	case locking && !had:
		return "then " + lockClause(f)
	case locking:
		return ""
	case still:
		return fmt.Sprintf("%s would still race, at %s:%d", f.Place.Name, filepath.Base(f.Sides[1].Access.At.File), f.Sides[1].Access.At.Line)
	case !x.base.module.Races(f.Place.Key):
		return fmt.Sprintf("%s would race", f.Place.Name)
	}
	return ""
}
