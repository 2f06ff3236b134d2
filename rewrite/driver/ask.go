package driver

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// ask returns the first fix for a finding of a group that passes the given
// check, and keeps the reasons against all others.
func (x *fixer) ask(f *rewrite.Finding, group []*rewrite.Finding, check func(*rewrite.Fix) string) *rewrite.Fix {
	out := x.outcomes[f.Place.Key]
	out.Verdicts = nil
	for _, rule := range x.cfg.Rules {
		if !slices.Contains(rule.Mends, f.Kind) {
			continue
		}
		fix, reason := x.passing(rule, rewrite.Site{Finding: f, Group: group, Module: x.base.sites}, check)
		if fix != nil {
			return fix
		}
		if reason != "" { // else it is another rule's business
			out.Verdicts = append(out.Verdicts, Verdict{Rule: rule.Name, Reason: reason})
		}
	}
	if fix := x.part(f, check); fix != nil {
		return fix
	}
	if len(out.Verdicts) == 0 {
		out.Verdicts = []Verdict{{Rule: "fixer", Reason: "no rule mends this kind of race"}}
	}
	return nil
}

// part returns a fix for what was seen of a finding, that leaves the rest of it:
// a lock that is there already, held at one place more, is right however many
// others lack it.
func (x *fixer) part(f *rewrite.Finding, check func(*rewrite.Fix) string) *rewrite.Fix {
	seen := x.base.module.Seen(f.Place.Key)
	if len(seen) == 0 {
		return nil
	}
	site := rewrite.Site{Finding: f, Group: []*rewrite.Finding{f}, Module: x.base.sites}
	for _, pair := range seen {
		for _, a := range pair {
			if u := x.base.sites.at[effect.PosOf(a.At)]; u != nil {
				a.At = u.File.Span(u.Path[0]) // as those of the finding
			}
			site.Seen = append(site.Seen, a)
		}
	}
	for _, rule := range x.cfg.Rules {
		if rule.Parts && slices.Contains(rule.Mends, f.Kind) {
			fix, _ := x.passing(rule, site, func(fix *rewrite.Fix) string {
				fix.Part = true
				return check(fix)
			})
			if fix != nil {
				return fix
			}
		}
	}
	return nil
}

// strays says that a fix for a struct that is declared outside the named packages
// would change code there: nobody asked for that, and the tests of those packages
// are not loaded.
func (x *fixer) strays(f *rewrite.Finding, fix *rewrite.Fix) string {
	s := x.base.sites
	if st := s.types[f.Place.Owner]; f.Kind != rewrite.Field || st == nil || s.asked(st.File.Name) {
		return ""
	}
	for _, e := range fix.Edits {
		if name := e.Anchor().File; !s.asked(name) {
			return fmt.Sprintf("it changes %s, outside the packages named; name its package too", filepath.Base(name))
		}
	}
	return ""
}

// passing asks a rule for a fix that passes the given check. Where one for several
// findings doesn't, one for the first alone may.
func (x *fixer) passing(rule *rewrite.Rule, s rewrite.Site, check func(*rewrite.Fix) string) (*rewrite.Fix, string) {
	reason := ""
	for range 2 {
		fix, why := consult(rule, &s)
		if fix == nil || s.Alone && len(fix.Places) > 1 {
			return nil, cmp.Or(reason, why)
		}
		fix.Rule = rule.Name
		if fix.Safety != rewrite.Safe && !x.cfg.Unsafe {
			return nil, cmp.Or(reason, fix.Caution+"; --unsafe makes the change")
		}
		why = x.judge(s.Finding, fix, check)
		if why == "" {
			return fix, ""
		}
		reason = cmp.Or(reason, why)
		if s.Alone = len(fix.Places) > 1; !s.Alone {
			break
		}
	}
	return nil, reason
}

// judge says why a fix is not to be made, by itself or by a check. One that
// can't even be looked at is no fix.
func (x *fixer) judge(f *rewrite.Finding, fix *rewrite.Fix, check func(*rewrite.Fix) string) (reason string) {
	defer func() {
		if v := recover(); v != nil {
			reason = fmt.Sprintf("the checks failed: %v; %s", v, defect)
		}
	}()
	if reason = cmp.Or(x.strays(f, fix), x.unwinds(fix), x.cfg.unit.spares(f.Kind, fix)); reason == "" {
		reason = check(fix)
	}
	return reason
}
