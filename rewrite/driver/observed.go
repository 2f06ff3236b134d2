package driver

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
	"github.com/go-fixer/fixer/rewrite/race"
	"github.com/go-fixer/fixer/rewrite/report"
)

// A RaceLog is what the race detector saw.
type RaceLog struct {
	Name    string // of the log, for people
	Reports []*report.Report
}

// An Unplaced is a report of the race log that no finding came of.
type Unplaced struct {
	Log  string `json:"log"`
	Line int    `json:"line"` // of the log
	Why  string `json:"why"`
}

func (u Unplaced) String() string {
	return fmt.Sprintf("%s:%d: report without a finding: %s", u.Log, u.Line, u.Why)
}

// An observation follows the reports of a log through a run. A nil one is that
// of a run without a log.
type observation struct {
	log      *RaceLog
	seen     []race.Sighting
	reports  []*report.Report            // of seen
	from     map[string][]*report.Report // by place
	unplaced []Unplaced
	keys     []string // what later builds keep an eye on
}

// of lists the reports that are of a place.
func (o *observation) of(key string) []string {
	if o == nil {
		return nil
	}
	var out []string
	for _, r := range o.from[key] {
		out = append(out, fmt.Sprintf("%s:%d", o.log.Name, r.Line))
	}
	return out
}

// observe finds the lines that reports are of.
func (cfg *Config) observe(t *tracer) *observation {
	o := &observation{log: cfg.RaceLog}
	for _, r := range o.log.Reports {
		s, why := t.sighting(r)
		if why != "" {
			o.leave(r, why)
			continue
		}
		o.seen = append(o.seen, s)
		o.reports = append(o.reports, r)
	}
	return o
}

func (o *observation) leave(r *report.Report, why string) {
	o.unplaced = append(o.unplaced, Unplaced{o.log.Name, r.Line, why})
}

// watch says what a build has to keep an eye on.
func (o *observation) watch(sums []*effect.Summary) []string {
	if o == nil {
		return nil
	}
	if o.keys == nil {
		o.keys = race.Watch(sums, o.seen)
	}
	return o.keys
}

// findings lists what the log shows, place by place, and notes why for reports
// of which it makes none.
func (o *observation) findings(b *build, tests bool) []*rewrite.Finding {
	o.place(b.module)
	var out []*rewrite.Finding
	for _, key := range slices.Sorted(maps.Keys(o.from)) {
		f := b.module.Observed(key)
		why := ""
		switch {
		case !b.sites.complete(f):
			why = fmt.Sprintf("%s is not in a file that was asked for, or in a generated one", f.Place.Name)
		case !tests && (f.Sides[0].Access.Test || f.Sides[1].Access.Test):
			why = fmt.Sprintf("%s races in a test file, and those are left out (--tests)", f.Place.Name)
		default:
			out = append(out, f)
			continue
		}
		for _, r := range o.from[key] {
			o.leave(r, why)
		}
	}
	slices.SortStableFunc(o.unplaced, func(a, b Unplaced) int { return cmp.Compare(a.Line, b.Line) })
	return out
}

// place finds the place of each report.
func (o *observation) place(m *race.Module) {
	o.from = make(map[string][]*report.Report)
	reasons := make([]string, len(o.seen))
	for i, s := range o.seen {
		places, why := m.Observe(s)
		for _, key := range places {
			o.from[key] = append(o.from[key], o.reports[i])
		}
		reasons[i] = why
	}
	for i, why := range reasons {
		if why == "" {
			continue
		}
		places := m.Follows(o.seen[i])
		for _, key := range places {
			o.from[key] = append(o.from[key], o.reports[i])
		}
		if len(places) == 0 {
			o.leave(o.reports[i], why)
		}
	}
}

// sighting traces both sides of a report.
func (t *tracer) sighting(r *report.Report) (race.Sighting, string) {
	var s race.Sighting
	if r.Truncated {
		return s, "the report is cut off before its second access"
	}
	for i, a := range r.Accesses {
		lines, above, why := t.trace(a.Stack)
		if why != "" {
			return s, why
		}
		start, _, _ := t.trace(a.Start) // what is lost here is not needed
		s[i] = race.Sighted{Ops: operations(a, above), Calls: lines, Start: start, Main: a.Goroutine == 0}
	}
	if len(s[0].Calls)+len(s[1].Calls) == 0 {
		for _, a := range r.Accesses {
			if len(a.Stack) > 0 {
				return s, fmt.Sprintf("no code of the module is on either stack; the race is in %s (%s:%d)", a.Stack[0].Name(), filepath.Base(a.Stack[0].File), a.Stack[0].Line)
			}
		}
		return s, "the detector has lost both stacks; a larger history_size in GORACE keeps more"
	}
	return s, ""
}

// operations says what an access may be in the module's code, by what was
// called above it; the likeliest first.
func operations(a report.Access, above []report.Frame) []rewrite.Op {
	elem := false
	if len(above) > 0 && above[0].Package() == "sync/atomic" {
		return []rewrite.Op{rewrite.Atomic, rewrite.Address}
	}
	for _, fr := range slices.Backward(above) {
		pkg, name := fr.Package(), fr.Name()
		switch {
		case pkg == "runtime" && name == "closechan":
			return []rewrite.Op{rewrite.Close}
		case pkg == "runtime" && (strings.HasPrefix(name, "chansend") || name == "selectgo"):
			return []rewrite.Op{rewrite.Send}
		case pkg == "runtime" && hasPrefix(name, "map", "slicecopy", "growslice", "typedslicecopy", "memmove"), strings.HasPrefix(pkg, "internal/runtime/maps"):
			elem = true
		case pkg == "runtime" || pkg == "internal/race" || fr.File == "<autogenerated>":
		case a.Write: // handed to a library
			return []rewrite.Op{rewrite.WriteElem, rewrite.Write, rewrite.Address, rewrite.ReadElem, rewrite.Read}
		default:
			return []rewrite.Op{rewrite.ReadElem, rewrite.Read, rewrite.Address, rewrite.WriteElem, rewrite.Write}
		}
	}
	switch {
	case a.Atomic:
		return []rewrite.Op{rewrite.Atomic, rewrite.Address}
	case elem && a.Write:
		return []rewrite.Op{rewrite.WriteElem, rewrite.Write}
	case elem:
		return []rewrite.Op{rewrite.ReadElem, rewrite.Read}
	case a.Write:
		return []rewrite.Op{rewrite.Write, rewrite.WriteElem, rewrite.Address}
	default:
		return []rewrite.Op{rewrite.Read, rewrite.ReadElem, rewrite.Address}
	}
}

func hasPrefix(s string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}

// meets reports why accesses that were seen to race could still do so in a
// build after a fix.
func (x *fixer) meets(b *build, places []string) string {
	for _, key := range places {
		for _, pair := range x.base.module.Blind(key) {
			for _, k := range x.now(b, key) {
				if b.module.Meets(k, pair[0], pair[1]) {
					return fmt.Sprintf("%s may still race: nothing shows that %s and %s keep out of each other's way", x.outcomes[key].Place.Name, pair[0].Func, pair[1].Func)
				}
			}
		}
	}
	return ""
}

// now lists the keys that a place may have in a build after a fix: those of
// variables depend on the code around them.
func (x *fixer) now(b *build, key string) []string {
	o := x.outcomes[key]
	if o == nil || o.Kind != rewrite.Variable {
		return []string{key}
	}
	var out []string
	for k, at := range b.module.Variables(key) {
		if k == key || b.sites.nameAt(at) == o.Place.Name {
			out = append(out, k)
		}
	}
	return out
}

// nameAt returns the name of the variable that is made at a position.
func (s *sites) nameAt(at effect.Pos) string {
	for _, p := range s.build.prog.Packages {
		for _, file := range p.Files {
			if s.build.prog.Fset.Position(file.FileStart).Filename == at.File {
				if id := s.named(file, s.posIn(file, at)); id != nil {
					return id.Name
				}
				return ""
			}
		}
	}
	return ""
}
