package driver

import (
	"bytes"
	"context"
	"fmt"
	"go/types"
	"maps"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rewrite/patch"
)

// A Session keeps a module analysed while its text changes: it looks again only
// at the packages that changed and at those that import them. One method may run
// at a time; one that is interrupted leaves the session as it was.
type Session struct {
	given Config // by the caller
	cfg   Config // with what the module's settings say
	tests bool   // findings in test files are wanted too

	prog *load.Program // with the newest text, which may not compile
	base *build        // of the text that compiled last
	disk bool          // files on disk changed since base was made

	findings []*rewrite.Finding // of base
	result   *Result            // of base, without fixes
	mended   *Result            // of base, with fixes; nil until they are asked for
	offers   map[string][]Offer // of base, by place, as far as they were asked for
	locks    []*rewrite.Custody // of base; nil until they are asked for
	trimmed  int                // where the file set ended when it was trimmed last
}

// An Offer is a fix that passes all checks by itself, and what it changes.
type Offer struct {
	Fix   *rewrite.Fix
	Files []patch.File // named relative to the Root of the Result
}

// NewSession returns a session on the packages of a config. Nothing is loaded
// before the first Update.
func NewSession(cfg Config) *Session {
	s := &Session{given: cfg, tests: cfg.Tests}
	if s.given.Known == nil {
		s.given.Known = cfg.Rules
	}
	s.given.Tests, s.given.Watch = true, true
	if s.given.Cache == nil {
		s.given.Cache = newCache()
	}
	return s
}

// Update takes in new texts of files and what changed on disk, and returns the
// findings, without fixes. The overlay holds all texts that are not those on
// disk. While texts in it don't compile, those that last did are looked at in
// their place: Source tells which.
func (s *Session) Update(ctx context.Context, overlay map[string][]byte) (*Result, error) {
	prog, err := s.renew(ctx, overlay)
	if err != nil {
		return nil, err
	}
	s.prog = prog
	if lost := s.lost(prog); len(lost) > 0 {
		old := s.asBefore(ctx, overlay, lost)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case old != nil:
			prog = old
		case !s.disk:
			return s.result, nil
		}
	}
	if s.base != nil && slices.Equal(prog.Packages, s.base.prog.Packages) {
		s.base.prog, s.disk = prog, false
		return s.result, nil
	}
	return s.analyse(ctx, prog)
}

// renew returns the program with the newest texts.
func (s *Session) renew(ctx context.Context, overlay map[string][]byte) (*load.Program, error) {
	if s.prog != nil {
		touched, moved := s.prog.Touched()
		s.disk = s.disk || moved || len(touched) > 0
		if !moved && len(touched) == 0 && maps.EqualFunc(overlay, s.prog.Texts(), bytes.Equal) {
			return s.prog, nil
		}
		if !moved {
			if prog, ok := s.prog.Over(ctx, overlay, touched); ok {
				return prog, ctx.Err()
			}
		}
	}
	cfg := s.given
	cfg.Overlay = overlay
	prog, err := cfg.load(ctx)
	if err != nil {
		return nil, err
	}
	cfg.Overlay = nil
	s.cfg, s.trimmed = cfg, prog.Fset.Base()
	return prog, nil
}

// lost lists the IDs of packages that compiled and don't any more.
func (s *Session) lost(prog *load.Program) map[string]bool {
	if s.base == nil {
		return nil
	}
	lost := make(map[string]bool)
	for _, p := range s.base.prog.Packages {
		if prog.Knows(p.ID) {
			lost[p.ID] = true
		}
	}
	for _, p := range prog.Packages {
		delete(lost, p.ID)
	}
	return lost
}

// asBefore returns the newest program with files of the lost packages, and of
// what they import, as they last compiled; nil if that doesn't bring them back.
func (s *Session) asBefore(ctx context.Context, overlay map[string][]byte, lost map[string]bool) *load.Program {
	texts := maps.Clone(overlay)
	blamed := make(map[string]bool)
	for _, p := range s.base.prog.Packages {
		if lost[p.ID] {
			addImports(blamed, p.Types)
		}
	}
	back := false
	for _, p := range s.base.prog.Packages {
		if !blamed[p.Path] {
			continue
		}
		for _, f := range p.Files {
			name := s.base.prog.Fset.File(f.FileStart).Name()
			old, err := s.base.prog.Source(name)
			if text, open := overlay[name]; open && err == nil && !bytes.Equal(text, old) {
				texts[name], back = old, true
			}
		}
	}
	if !back {
		return nil
	}
	if maps.EqualFunc(texts, s.base.prog.Texts(), bytes.Equal) && !s.disk {
		return s.base.prog
	}
	prog, ok := s.prog.Over(ctx, texts, nil)
	if !ok || len(s.lost(prog)) > 0 {
		return nil
	}
	return prog
}

// addImports adds the paths of a package and of all that it imports.
func addImports(all map[string]bool, p *types.Package) {
	if !all[p.Path()] {
		all[p.Path()] = true
		for _, q := range p.Imports() {
			addImports(all, q)
		}
	}
}

// analyse makes a program the one that the session speaks of.
func (s *Session) analyse(ctx context.Context, prog *load.Program) (r *Result, err error) {
	defer survive("looking for races", &err)
	s.cfg.say("looking for races")
	b, err := s.cfg.analyse(ctx, prog, s.base, nil, nil)
	if err != nil {
		return nil, err
	}
	b.variants = new(variants) // their files may have changed, too
	var findings []*rewrite.Finding
	r, findings = s.cfg.look(ctx, b, s.tests, nil)
	plain := s.cfg
	plain.Rules = nil
	if err := plain.mend(ctx, b, r, findings, s.tests, nil); err != nil {
		return nil, err
	}
	s.base, s.findings, s.result, s.mended, s.offers, s.locks = b, findings, r, nil, make(map[string][]Offer), nil
	s.disk = false
	s.trim()
	return r, nil
}

// leastTrim is how many bytes of source may be parsed anew before it is worth
// while to forget what came before.
const leastTrim = 1 << 16

// trim keeps what is left of old texts below what there is of new ones.
func (s *Session) trim() {
	s.given.Cache.age()
	all := 0
	for _, p := range s.base.prog.Packages {
		all += int(p.Size())
	}
	if s.prog == s.base.prog && s.prog.Fset.Base()-s.trimmed > max(leastTrim, all) {
		s.prog.Trim()
		s.trimmed = s.prog.Fset.Base()
	}
}

// Source returns the text of a file that the last Result speaks of.
func (s *Session) Source(name string) ([]byte, error) {
	if s.base == nil {
		return nil, fmt.Errorf("%s: nothing is loaded", name)
	}
	return s.base.prog.Source(name)
}

// Mend returns the last result with all fixes that can be made together.
func (s *Session) Mend(ctx context.Context) (*Result, error) {
	if s.mended != nil || s.base == nil {
		return s.mended, nil
	}
	r := *s.result
	r.Outcomes = nil
	if err := s.cfg.mend(ctx, s.base, &r, slices.Clone(s.findings), s.tests, nil); err != nil {
		return nil, err
	}
	s.mended = &r
	return s.mended, nil
}

// Offers returns what the rules can do about one place, each by itself: what
// is Safe first, otherwise in the order of the rules.
func (s *Session) Offers(ctx context.Context, place string) ([]Offer, error) {
	if s.base == nil {
		return nil, nil
	}
	if known, ok := s.offers[place]; ok {
		return known, nil
	}
	var out []Offer
	for _, group := range groups(s.findings) {
		for _, f := range group {
			if f.Place.Key != place {
				continue
			}
			list, err := s.offersFor(ctx, f, group)
			if err != nil {
				return nil, err
			}
			out = append(out, list...)
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	slices.SortStableFunc(out, func(a, b Offer) int { return risk(a.Fix) - risk(b.Fix) })
	s.offers[place] = out
	return out, nil
}

func risk(fix *rewrite.Fix) int {
	return slices.Index([]rewrite.Safety{rewrite.Safe, rewrite.Unsafe}, fix.Safety)
}

func (s *Session) offersFor(ctx context.Context, f *rewrite.Finding, group []*rewrite.Finding) ([]Offer, error) {
	var out []Offer
	for _, rule := range s.cfg.Rules {
		cfg := s.cfg
		cfg.Rules, cfg.Unsafe = []*rewrite.Rule{rule}, true
		x := newFixer(ctx, cfg, s.base, s.result.Root, nil, group)
		fix := x.ask(f, group, func(fix *rewrite.Fix) string {
			if o := x.verify(fix); o != nil {
				return o.reason
			}
			return ""
		})
		if fix == nil || fix.Safety == rewrite.Display {
			continue
		}
		changed, err := files(s.base.prog.Source, s.result.Root, x.texts)
		if err != nil {
			return nil, err
		}
		same := func(o Offer) bool {
			return slices.EqualFunc(o.Files, changed, func(a, b patch.File) bool { return a.Name == b.Name && bytes.Equal(a.New, b.New) })
		}
		if len(changed) > 0 && !slices.ContainsFunc(out, same) {
			out = append(out, Offer{fix, changed})
		}
	}
	return out, nil
}
