package golden

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/report"
)

var (
	observed = flag.String("observed", "", "measure what becomes of the races that the race tests show, and write the table to this file")
	every    = flag.Int("observed.every", 1, "with -observed: only each `N`-th case")
	record   = flag.String("record", "", "with -observed: keep the logs in this directory")
)

// raceLog is the file of a case with what the race detector reported.
const raceLog = "race.log"

func parseLog(t *testing.T, log []byte) *driver.RaceLog {
	t.Helper()
	reports, err := report.Parse(bytes.NewReader(log))
	if err != nil {
		t.Fatal(err)
	}
	return &driver.RaceLog{Name: raceLog, Reports: reports}
}

// A measure is what became of the reports of one case.
type measure struct {
	reports, placed, repaired, worse int
	why                              []string
}

// TestObserved runs the race tests of all cases that race, mends what is
// reported, and runs them again. A report is repaired if all its places are
// mended and no longer reported. It is worse if the result does not build, its
// tests fail, or something races that did not before.
func TestObserved(t *testing.T) {
	if *observed == "" {
		t.Skip("-observed is not given")
	}
	var out bytes.Buffer
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "case\treports\tplaced\trepaired\tworse\twhy not")
	var sum measure
	n := 0
	for _, c := range loadCases(t) {
		if c.sources["race_test.go"] == nil || len(c.wants) == 0 {
			continue
		}
		if n++; n%*every != 0 {
			continue
		}
		m := observe(t, c)
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%s\n", c.name, m.reports, m.placed, m.repaired, m.worse, strings.Join(m.why, "; "))
		sum.reports, sum.placed = sum.reports+m.reports, sum.placed+m.placed
		sum.repaired, sum.worse = sum.repaired+m.repaired, sum.worse+m.worse
	}
	if err := table.Flush(); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&out, "observed: reports %d placed %d repaired %d worse %d\n", sum.reports, sum.placed, sum.repaired, sum.worse)
	if err := os.WriteFile(*observed, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if sum.worse > 0 {
		t.Errorf("%d cases are worse after the fix; see %s", sum.worse, *observed)
	}
}

func observe(t *testing.T, c *goldenCase) (m measure) {
	dir := tempDir(t)
	write(t, dir, c.sources)
	var log string
	for try := 0; try < 5 && !strings.Contains(log, "DATA RACE"); try++ {
		log, _ = raceTest(dir, 1)
	}
	if *record != "" {
		text := strings.ReplaceAll(log, dir, "/home/gopher/src")
		if err := os.WriteFile(filepath.Join(*record, strings.ReplaceAll(c.name, "/", "_")+".log"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(t, dir, map[string][]byte{raceLog: []byte(log)})
	r := fix(t, dir, false)
	m.reports = len(parseLog(t, []byte(log)).Reports)
	m.placed = m.reports - len(r.Unplaced)
	for _, u := range r.Unplaced {
		m.why = append(m.why, u.Why)
	}
	for _, f := range r.Files {
		if err := os.WriteFile(filepath.Join(r.Root, filepath.FromSlash(f.Name)), f.New, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var left, bad []string
	if len(r.Files) > 0 {
		left, bad = observeAgain(t, dir)
	}
	m.count(r.Outcomes, left)
	for _, key := range left {
		if !slices.ContainsFunc(r.Outcomes, func(o driver.Outcome) bool { return o.Place.Key == key }) && !racedBefore(t, c, key) {
			bad = append(bad, key+" races now")
		}
	}
	if len(bad) > 0 {
		m.worse = 1
		m.why = append(m.why, bad...)
	}
	return m
}

// count takes the reports as repaired of which all places are mended and none
// is left.
func (m *measure) count(outcomes []driver.Outcome, left []string) {
	mended := make(map[string]bool) // by report
	for _, o := range outcomes {
		ok := true
		switch {
		case o.Fix == nil:
			ok = false
			m.why = append(m.why, o.Message())
		case slices.Contains(left, o.Place.Key):
			ok = false
			m.why = append(m.why, o.Place.Name+" is mended and still reported")
		}
		for _, id := range o.Reports {
			before, known := mended[id]
			mended[id] = ok && (before || !known)
		}
	}
	for _, ok := range mended {
		if ok {
			m.repaired++
		}
	}
}

// racedBefore reports whether a place of a case races by its source: the first
// run may just not have shown it.
func racedBefore(t *testing.T, c *goldenCase, key string) bool {
	dir := tempDir(t)
	write(t, dir, c.sources)
	if err := os.RemoveAll(filepath.Join(dir, raceLog)); err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(fix(t, dir, false).Outcomes, func(o driver.Outcome) bool { return o.Place.Key == key })
}

// observeAgain vets a patched case and runs its race test. It returns the
// places that are reported, and what is wrong besides.
func observeAgain(t *testing.T, dir string) (places, bad []string) {
	if out, err := command(dir, "go", "vet", "./..."); err != nil {
		return nil, []string{"go vet: " + out}
	}
	for range 2 {
		out, err := raceTest(dir, 1)
		if err == nil {
			continue
		}
		if !strings.Contains(out, "DATA RACE") {
			return nil, []string{"the tests fail: " + out}
		}
		write(t, dir, map[string][]byte{raceLog: []byte(out)})
		r := fix(t, dir, false)
		for _, u := range r.Unplaced {
			bad = append(bad, u.Why)
		}
		for _, o := range r.Outcomes {
			places = append(places, o.Place.Key)
		}
	}
	return places, bad
}
