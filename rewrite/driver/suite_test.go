package driver_test

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/driver"
)

// What the detector must reach on the race suite, the tests of Go's own race
// detector: racy functions found, and clean ones with an alarm.
const (
	minRacy   = 220
	maxAlarms = 4
)

var scoreFile = flag.String("score", "", "write what was found in the race suite to this `file` instead of judging it")

// TestRaceSuite runs the detector over the race suite of the installed
// toolchain, where it is.
func TestRaceSuite(t *testing.T) {
	s := loadSuite(t)
	seen := s.reports(t)
	var no dismissals
	r, err := driver.Check(t.Context(), driver.Config{Config: s.config, Dismissed: no.add})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range r.Problems {
		t.Errorf("not analysed: %v: %s", p.At, p.Msg)
	}
	sc := s.score(r.Outcomes, seen, no.between)
	if *scoreFile != "" {
		if err := os.WriteFile(*scoreFile, sc.table(), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if len(sc.found) < minRacy || len(sc.flagged) > maxAlarms {
		t.Errorf("%s; wanted are %d racy functions at least, and %d clean ones with an alarm at most; make score tells which",
			sc.last(), minRacy, maxAlarms)
	}
}

// dismissals are conflicting accesses that the detector takes for no race.
type dismissals []struct {
	a, b rewrite.Span
	why  string
}

func (d *dismissals) add(a, b rewrite.Span, why string) {
	*d = append(*d, struct {
		a, b rewrite.Span
		why  string
	}{a, b, why})
}

// between lists why accesses between two lines of a file were dismissed.
func (d dismissals) between(file string, from, to int) []string {
	var out []string
	for _, e := range d {
		if e.a.File == file && from <= e.a.Line && e.a.Line <= to && !slices.Contains(out, e.why) {
			out = append(out, e.why)
		}
	}
	slices.Sort(out)
	return out
}

// TestRaceSuiteScore scores findings made up from what the race detector
// reports: one in each racy function, and one in a clean one.
func TestRaceSuiteScore(t *testing.T) {
	s := loadSuite(t)
	seen := s.reports(t)
	finding := func(file string, line int) (o driver.Outcome) {
		for i := range o.Sides {
			o.Sides[i].Access.At = rewrite.Span{File: file, Line: line, Col: 1, EndLine: line, EndCol: 2}
		}
		return o
	}
	var all []driver.Outcome
	var clean *suiteTest
	for _, fn := range s.tests {
		if !fn.racy {
			clean = fn
			continue
		}
		file, line := fn.at.File, fn.at.Line
		for where := range seen.of[fn.name] {
			name, number, _ := strings.Cut(where, ":")
			file = filepath.Join(s.dir, name)
			line, _ = strconv.Atoi(number)
		}
		all = append(all, finding(file, line))
	}
	sc := s.score(append(all, finding(clean.at.File, clean.at.Line)), seen, nil)
	if len(sc.found) != len(all) || len(sc.flagged) != 1 || !sc.flagged[clean.name] {
		t.Errorf("%s, want all racy and all but one of the clean:\n%s", sc.last(), sc.table())
	}
	if seen.stale {
		return
	}
	// A finding in the right function, but on what does not race there.
	for i := range all {
		for j := range all[i].Sides {
			all[i].Sides[j].Access.At = s.tests[slices.IndexFunc(s.tests, func(fn *suiteTest) bool { return fn.racy })].at
		}
	}
	if sc := s.score(all, seen, nil); len(sc.found) != 0 {
		t.Errorf("%s, want no racy ones", sc.last())
	}
}

// A scoring is what the findings say about the functions of the suite.
type scoring struct {
	suite   *suite
	seen    reports
	found   map[string]bool // racy functions with a finding on what races
	exact   map[string]bool // those of them where both sides are accesses the race detector saw
	flagged map[string]bool // clean functions with a finding
	lines   []string        // one for each miss, alarm and other finding
	reasons map[string]int  // how often each reason stands in lines
}

// score matches findings to functions. Where the engine can tell why it
// dismissed what it saw between two lines of a file, dismissed does.
func (s *suite) score(outcomes []driver.Outcome, seen reports, dismissed func(file string, from, to int) []string) *scoring {
	sc := &scoring{suite: s, seen: seen, found: make(map[string]bool), exact: make(map[string]bool),
		flagged: make(map[string]bool), reasons: make(map[string]int)}
	beside := make(map[string]bool) // racy functions with findings on something else only
	for _, o := range outcomes {
		used := false
		for _, fn := range s.touched(o) {
			switch {
			case !fn.racy:
				used = true
				sc.flagged[fn.name] = true
				sc.add("alarm", fn.name, o.Pos(), o.Message(), "alarm: "+string(o.Kind)+", "+string(o.Confidence))
			case sc.matches(fn, o):
				used = true
				sc.found[fn.name] = true
			default:
				beside[fn.name] = true
			}
		}
		if !used {
			sc.add("other", o.Place.Name, o.Pos(), o.Message(), "other: not what the race detector saw, or outside the tests")
		}
	}
	for _, fn := range s.tests {
		if !fn.racy || sc.found[fn.name] {
			continue
		}
		var why []string
		if dismissed != nil {
			why = dismissed(fn.at.File, fn.at.Line, fn.at.EndLine)
		}
		switch {
		case len(why) > 0:
		case beside[fn.name]:
			why = []string{"findings on other places only"}
		default:
			why = []string{"no two conflicting accesses to one place are seen"}
		}
		for _, reason := range why {
			sc.add("miss", fn.name, sc.seen.first(fn), reason, "miss: "+reason)
		}
	}
	return sc
}

// matches reports whether a finding that touches a racy function is on what
// races there: one of its accesses stands in a line that the race detector
// reported for the function. Without reports every finding will do.
func (sc *scoring) matches(fn *suiteTest, o driver.Outcome) bool {
	lines := sc.seen.of[fn.name]
	if len(lines) == 0 {
		return true
	}
	a, b := lines[lineOf(o.Sides[0].Access.At)], lines[lineOf(o.Sides[1].Access.At)]
	if a && b {
		sc.exact[fn.name] = true
	}
	return a || b || slices.ContainsFunc(o.Accesses, func(acc rewrite.Access) bool { return lines[lineOf(acc.At)] })
}

func (sc *scoring) add(what, name string, at rewrite.Span, text, reason string) {
	sc.lines = append(sc.lines, fmt.Sprintf("%s %s %s: %s", what, name, lineOf(at), text))
	sc.reasons[reason]++
}

// table tells everything, the score itself in the last line.
func (sc *scoring) table() []byte {
	var b bytes.Buffer
	slices.Sort(sc.lines)
	for _, l := range sc.lines {
		fmt.Fprintln(&b, l)
	}
	fmt.Fprintln(&b)
	reasons := slices.SortedFunc(maps.Keys(sc.reasons), func(x, y string) int {
		return cmp.Or(cmp.Compare(sc.reasons[y], sc.reasons[x]), strings.Compare(x, y))
	})
	for _, reason := range reasons {
		fmt.Fprintf(&b, "%4d  %s\n", sc.reasons[reason], reason)
	}
	fmt.Fprintf(&b, "\n%s\n", sc.seen.note(sc.suite))
	if !sc.seen.stale {
		fmt.Fprintf(&b, "both accesses are such in %d of the %d racy functions found\n", len(sc.exact), len(sc.found))
	}
	fmt.Fprintln(&b, sc.last())
	return b.Bytes()
}

func (sc *scoring) last() string {
	racy := 0
	for _, fn := range sc.suite.tests {
		if fn.racy {
			racy++
		}
	}
	clean := len(sc.suite.tests) - racy
	return fmt.Sprintf("score: racy %d/%d clean %d/%d", len(sc.found), racy, clean-len(sc.flagged), clean)
}

// lineOf names the line of a span as reports do, by the base name of the file.
func lineOf(s rewrite.Span) string { return fmt.Sprintf("%s:%d", filepath.Base(s.File), s.Line) }
