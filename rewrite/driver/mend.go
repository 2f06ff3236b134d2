package driver

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// maxRounds bounds how often the rules are asked: a fix may need the one before
// it, but seldom more than one.
const maxRounds = 5

// A fixer chooses fixes for findings, checking each on top of those chosen
// before it.
type fixer struct {
	*stage   // the module as the round before left it
	root     string
	seen     *observation
	outcomes map[string]*Outcome // by place
	edits    []rewrite.Edit      // of the fixes chosen in this round
	texts    map[string][]byte   // files as these edits leave them
	next     *build              // the module with texts
	first    []*rewrite.Fix      // those chosen in the first round, for the module as it was
	steps    []Step              // in which all rounds so far can be made
}

// newFixer returns a fixer for findings of a build.
func newFixer(ctx context.Context, cfg Config, b *build, root string, seen *observation, findings []*rewrite.Finding) *fixer {
	x := &fixer{stage: newStage(ctx, &cfg, b), root: root, seen: seen, outcomes: make(map[string]*Outcome)}
	x.scope = near
	for _, f := range findings {
		x.outcomes[f.Place.Key] = &Outcome{Finding: *f, Reports: seen.of(f.Place.Key)}
	}
	return x
}

// A candidate is a fix that a rule proposes and nothing has checked yet.
type candidate struct {
	group []*rewrite.Finding // of the site it was proposed for
	fix   *rewrite.Fix
}

// mend lets round follow round until one mends nothing: what one fix stood in
// the way of may be mended on top of it. It returns the files that change.
func (x *fixer) mend(findings []*rewrite.Finding, tests bool) (map[string][]byte, error) {
	texts := make(map[string][]byte)
	all := x.outcomes
	for range maxRounds {
		x.round(findings)
		for place, o := range x.outcomes {
			switch old := all[place]; {
			case o.Fix != nil:
				old.Fix, old.Verdicts = o.Fix, nil
			case !old.asked():
				old.Verdicts = o.Verdicts
			}
		}
		if x.next == nil {
			break
		}
		x.besides(all)
		if x.first == nil {
			x.first = x.chosen()
		}
		if x.cfg.Split {
			if err := x.split(); err != nil {
				return nil, err
			}
		}
		maps.Copy(texts, x.texts)
		// A log speaks of the lines as they were: of what it shows only the rest
		// of what is mended in part is left, if the analysis finds it by itself.
		left := func(o *Outcome) bool {
			return o != nil && (o.Fix == nil && x.seen == nil || o.Fix != nil && o.Fix.Part)
		}
		dirs := make(map[string]bool) // where something is new: elsewhere the answers are the same
		for file := range x.texts {
			dirs[filepath.Dir(file)] = true
		}
		x.stage = newStage(x.ctx, x.cfg, x.next)
		x.scope = near
		x.next, x.edits, x.texts = nil, nil, nil
		findings = slices.DeleteFunc(x.base.findings(tests, nil), func(f *rewrite.Finding) bool {
			return !left(all[f.Place.Key]) || all[f.Place.Key].asked() && !dirs[filepath.Dir(f.Place.Decl.File)] &&
				!slices.ContainsFunc(f.Accesses, func(a rewrite.Access) bool { return dirs[filepath.Dir(a.At.File)] })
		})
		if len(findings) == 0 {
			break
		}
		// What is refused again keeps the reasons that speak of the text at hand.
		x.outcomes = make(map[string]*Outcome)
		for _, f := range findings {
			x.outcomes[f.Place.Key] = &Outcome{Finding: *f}
		}
	}
	x.outcomes = all
	return texts, nil
}

// asked reports whether the rules were asked about a finding.
func (o *Outcome) asked() bool { return o.Fix != nil || o.Verdicts != nil }

// besides credits the fixes of goroutines with the races that are gone since
// something waits for those.
func (x *fixer) besides(all map[string]*Outcome) {
	var wait *rewrite.Fix
	for _, place := range slices.Sorted(maps.Keys(x.outcomes)) {
		if o := x.outcomes[place]; wait == nil && o.Kind == rewrite.Goroutine {
			wait = o.Fix
		}
	}
	for place, o := range all {
		if wait != nil && o.Fix == nil && o.Kind != rewrite.Locking && !x.next.module.Races(place) {
			o.Fix, o.Verdicts = wait, nil
		}
	}
}

// round asks the rules first about goroutines: what is waited for may not race
// any more. If none of that is mended, it asks about the rest.
func (x *fixer) round(findings []*rewrite.Finding) {
	var first, rest []*rewrite.Finding
	for _, f := range findings {
		if f.Kind == rewrite.Goroutine {
			first = append(first, f)
		} else {
			rest = append(rest, f)
		}
	}
	if x.choose(first); x.next == nil {
		x.choose(rest)
	}
}

// choose asks the rules about each struct's findings, and checks what they
// propose all at once: one build serves any number of good fixes.
func (x *fixer) choose(findings []*rewrite.Finding) {
	var list []candidate
	for _, group := range groups(findings) {
		list = append(list, x.propose(group)...)
	}
	if len(list) > 0 {
		x.cfg.say("checking the fixes")
		x.acceptAll(list)
	}
}

// acceptAll is accept for all candidates there are. Each is checked near what it
// changes, and everything with all that are left. Should that tell more, those to blame,
// or all if it doesn't tell which, are checked with everything, one by one.
func (x *fixer) acceptAll(list []candidate) {
	before := make(map[string]Outcome)
	for place, o := range x.outcomes {
		before[place] = *o
	}
	if x.accept(list); x.next == nil {
		return
	}
	said := x.stands()
	if said == nil {
		return
	}
	var blamed, rest []candidate
	made := make(map[*rewrite.Fix]bool)
	for _, c := range list {
		for _, place := range c.fix.Places {
			o := x.outcomes[place]
			if o == nil || o.Fix == nil || made[o.Fix] {
				continue
			}
			made[o.Fix] = true // not always what was proposed first
			if said.blames(o.Fix) {
				blamed = append(blamed, candidate{c.group, o.Fix})
			} else {
				rest = append(rest, candidate{c.group, o.Fix})
			}
		}
	}
	for place, o := range x.outcomes {
		if o.Fix != nil {
			*o = before[place]
		}
	}
	x.next, x.edits, x.texts = nil, nil, nil
	if len(blamed) > 0 {
		x.acceptAll(rest)
	} else {
		blamed = rest
	}
	x.scope = everything
	x.accept(blamed)
	x.scope = near
}

// stands says what speaks against all fixes of the round together, wherever it is found.
func (x *fixer) stands() *objection {
	b, err := x.cfg.analyse(x.ctx, x.next.prog, x.next, nil, x.seen)
	if err != nil {
		return objectTo(err.Error())
	}
	c := claimOf(x.chosen())
	defer func(s scope) { x.scope = s }(x.scope)
	x.scope = everything
	o := cmp.Or(x.analysed(b.problems), x.better(b, c), objectTo(x.meetings(b, c)))
	if o == nil {
		x.next = b
	}
	return o
}

// propose asks the rules about one struct. Findings that can't be mended stay
// in the group: what belongs with them can't be mended without them.
func (x *fixer) propose(group []*rewrite.Finding) []candidate {
	var list []candidate
	for i := 0; i < len(group) && x.ctx.Err() == nil; {
		fix := x.ask(group[i], group, func(*rewrite.Fix) string { return "" })
		if fix == nil {
			i++
			continue
		}
		list = append(list, candidate{group, fix})
		group = without(group, fix)
		i = 0
	}
	return list
}

func without(group []*rewrite.Finding, fix *rewrite.Fix) []*rewrite.Finding {
	return slices.DeleteFunc(slices.Clone(group), func(f *rewrite.Finding) bool { return slices.Contains(fix.Places, f.Place.Key) })
}

// accept takes the candidates that pass the checks together with those taken
// before. Where they don't pass as they are, those that the objection blames
// are tried after the others, one by one. Where it blames none, or cannot tell
// which of all, halves are tried. A place whose fix fails by itself gets what
// other rules can do.
func (x *fixer) accept(list []candidate) {
	if x.ctx.Err() != nil || len(list) == 0 {
		return
	}
	fixes := make([]*rewrite.Fix, len(list))
	for i, c := range list {
		fixes[i] = c.fix
	}
	o := x.verify(fixes...)
	switch {
	case o == nil:
		for _, fix := range fixes {
			x.take(fix)
		}
		return
	case len(list) == 1:
		x.oneByOne(list[0])
		return
	}
	var blamed, rest []candidate
	for _, c := range list {
		if o.blames(c.fix) {
			blamed = append(blamed, c)
		} else {
			rest = append(rest, c)
		}
	}
	if len(blamed) == 0 || len(rest) == 0 && len(o.places) == 0 {
		x.accept(list[:len(list)/2])
		x.accept(list[len(list)/2:])
		return
	}
	x.accept(rest)
	for i := range blamed {
		x.accept(blamed[i : i+1])
	}
}

// oneByOne checks each rule's fix for the places of a candidate by itself.
func (x *fixer) oneByOne(c candidate) {
	for _, f := range c.group {
		if !slices.Contains(c.fix.Places, f.Place.Key) || x.outcomes[f.Place.Key].Fix != nil {
			continue
		}
		fix := x.ask(f, c.group, func(fix *rewrite.Fix) string {
			if o := x.verify(fix); o != nil {
				return o.reason
			}
			return ""
		})
		if fix != nil {
			x.take(fix)
		}
	}
}

func (x *fixer) take(fix *rewrite.Fix) {
	for _, place := range fix.Places {
		if o := x.outcomes[place]; o != nil {
			o.Fix, o.Verdicts = fix, nil
		}
	}
}

// groups gathers the findings of one struct, or on variables of one function,
// in order of declaration.
func groups(findings []*rewrite.Finding) [][]*rewrite.Finding {
	byOwner := make(map[string][]*rewrite.Finding)
	var owners []string
	for _, f := range findings {
		owner := f.Place.Owner
		if f.Kind != rewrite.Field {
			owner = string(f.Kind) + " of " + owner[:strings.LastIndexByte(owner, '.')]
		}
		if byOwner[owner] == nil {
			owners = append(owners, owner)
		}
		byOwner[owner] = append(byOwner[owner], f)
	}
	var out [][]*rewrite.Finding
	for _, o := range owners {
		g := byOwner[o]
		slices.SortFunc(g, func(a, b *rewrite.Finding) int { return a.Place.Decl.Compare(b.Place.Decl) })
		out = append(out, g)
	}
	return out
}

// verify checks fixes together with those chosen before, and takes their edits
// in if nothing speaks against it. The answer is why not.
func (x *fixer) verify(fixes ...*rewrite.Fix) (o *objection) {
	defer func() {
		if v := recover(); v != nil {
			o = objectTo(fmt.Sprintf("the checks failed: %v; %s", v, defect))
		}
	}()
	edits := slices.Clip(x.edits)
	for _, fix := range fixes {
		edits = append(edits, fix.Edits...)
	}
	c := claimOf(fixes)
	texts, reason := x.play(edits)
	if reason != "" {
		return objectTo(reason)
	}
	c.texts, c.api = texts, x.declares(edits)
	for _, r := range x.refusals {
		if r.scope == x.scope && reflect.DeepEqual(r.claim, c) {
			return r.objection
		}
	}
	b, o := x.test(c, edits)
	if o != nil {
		x.refusals = append(x.refusals, refusal{c, x.scope, o})
		return o
	}
	x.edits, x.texts, x.next = edits, texts, b
	return nil
}

// test returns the build of a claim, which edits make, or what speaks against it.
func (x *fixer) test(c claim, edits []rewrite.Edit) (*build, *objection) {
	next, o := x.program(c)
	if o != nil {
		return nil, o
	}
	reason := ""
	if c.safe {
		reason = x.compatible(next)
	}
	// What needs no analysis is asked first: that takes longest.
	if reason = cmp.Or(reason, x.shape(next), x.base.sites.initial(edits)); reason != "" {
		return nil, objectTo(reason)
	}
	b, o := x.analyse(next, c, nil, x.seen)
	if o != nil {
		return nil, o
	}
	if reason = x.meetings(b, c); reason != "" {
		return nil, objectTo(reason)
	}
	if o := x.elsewhere(edits, c, b); o != nil {
		return nil, o
	}
	return b, x.cfg.unit.notices(x.base, b)
}
