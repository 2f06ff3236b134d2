package golden

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"testing"

	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rewrite/patch"
	"github.com/go-fixer/fixer/rules"
)

var (
	update    = flag.Bool("update", false, "write what fixer does now into the .golden files and the README")
	raceCases = flag.Bool("race.cases", false, "run the race tests of the cases, before and after")
)

// env is the environment of the go commands a case needs: nothing is fetched,
// and no settings of the user's reach in.
var env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GOPROXY=off", "GOTOOLCHAIN=local")

// TestCases does to every case what "fixer apply" would do and compares.
func TestCases(t *testing.T) {
	for _, c := range loadCases(t) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			runCase(t, c)
		})
	}
}

func runCase(t *testing.T, c *goldenCase) {
	dir := tempDir(t)
	write(t, dir, c.sources)
	r := fix(t, dir, c.unsafe)
	for _, p := range r.Problems {
		t.Errorf("not analysed: %v: %s", p.At, p.Msg)
	}
	for _, u := range r.Unplaced {
		t.Error(u)
	}
	for _, complaint := range c.checkWants(dir, r.Outcomes) {
		t.Error(complaint)
	}
	if c.sources[raceLog] == nil {
		checkUnits(t, dir, r.Outcomes)
	}
	results := map[string][]byte{}
	for _, f := range r.Files {
		name, err := filepath.Rel(dir, filepath.Join(r.Root, filepath.FromSlash(f.Name)))
		if err != nil {
			t.Fatal(err)
		}
		results[filepath.ToSlash(name)] = f.New
	}
	if c.refusal && len(results) > 0 {
		t.Errorf("a refusal changes %v", slices.Sorted(maps.Keys(results)))
	} else if *update {
		c.update(t, results)
	} else {
		c.compare(t, results)
	}
	if len(results) == 0 {
		return
	}
	for name, data := range results {
		lost, err := lostComments(c.sources[name], data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, text := range lost {
			t.Errorf("%s: comment lost: %s", name, text)
		}
	}
	c.checkAlone(t, r)
	write(t, dir, results)
	if out, err := command(dir, "go", "vet", "./..."); err != nil {
		t.Errorf("go vet of the result: %v\n%s", err, out)
	}
	checkSecondRun(t, dir, c.unsafe, r.Outcomes)
}

// checkSecondRun demands that only what the first run refused, or mended in part,
// is found again, and refused again.
func checkSecondRun(t *testing.T, dir string, unsafe bool, first []driver.Outcome) {
	refused := map[string]bool{}
	for _, o := range first {
		if o.Fix == nil || o.Fix.Part {
			refused[o.Place.Key] = true
		}
	}
	if err := os.RemoveAll(filepath.Join(dir, raceLog)); err != nil {
		t.Fatal(err)
	}
	again := fix(t, dir, unsafe)
	for _, f := range again.Files {
		t.Errorf("a second run changes %s", f.Name)
	}
	for _, o := range again.Outcomes {
		if !refused[o.Place.Key] {
			t.Errorf("a second run finds: %v: %s", o.Pos(), o.Message())
		}
	}
}

// compare reports where the results differ from the .golden files.
func (c *goldenCase) compare(t *testing.T, results map[string][]byte) {
	for name := range results {
		if c.results[name] == nil {
			t.Errorf("%s changes, but there is no %s%s:\n%s", name, name, goldenExt, diff(name, c.sources[name], results[name]))
		}
	}
	for name, wanted := range c.results {
		got := results[name]
		if got == nil {
			got = c.sources[name]
		}
		if !bytes.Equal(got, wanted) {
			t.Errorf("%s: wanted (-) and got (+):\n%s", name, diff(name, wanted, got))
		}
	}
}

func (c *goldenCase) update(t *testing.T, results map[string][]byte) {
	new := c.updated(results)
	old, err := os.ReadFile(c.file)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(old, new) {
		return
	}
	if err := os.WriteFile(c.file, new, 0o644); err != nil {
		t.Fatal(err)
	}
	fmt.Println("updated golden/" + filepath.ToSlash(c.file))
}

// defect is how tests show a data race, or a lock that is misused: what the
// runtime says, and tests of what waits for ever.
var defect = regexp.MustCompile(`DATA RACE|fatal error: concurrent map|fatal error: sync: |panic: sync: |waits for ever|panic: test timed out`)

// TestRace runs the race tests of the cases. Where a finding is wanted, the
// test must fail before the fix, by a data race or a lock, and pass after it; where none
// is, it must pass as often as it is run. What the .golden files say is taken
// as the result; TestCases sees to it that they are right.
func TestRace(t *testing.T) {
	if !*raceCases {
		t.Skip("-race.cases is not given")
	}
	// Each of them builds with the race detector; some wait more than they work.
	some := make(chan struct{}, runtime.GOMAXPROCS(0)+1)
	for _, c := range loadCases(t) {
		if c.sources["race_test.go"] == nil {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			some <- struct{}{}
			defer func() { <-some }()
			dir := tempDir(t)
			write(t, dir, c.sources)
			if len(c.wants) == 0 {
				if out, err := raceTest(dir, 20); err != nil {
					t.Errorf("a case without wants: %v\n%s", err, out)
				}
				return
			}
			// The detector sees only what happens to meet, which on some machines
			// is seldom: it gets a few tries, and then many.
			var out string
			var err error
			seen := false
			for _, count := range []int{1, 1, 1, 20, 50} {
				out, err = raceTest(dir, count)
				if seen = err != nil && defect.MatchString(out); seen {
					break
				}
			}
			if !seen {
				t.Errorf("before the fix there is no data race, and no lock is misused: %v\n%s", err, out)
			}
			if len(c.results) == 0 {
				return // nothing mends it
			}
			write(t, dir, c.results)
			if out, err := raceTest(dir, 1); err != nil {
				t.Errorf("after the fix: %v\n%s", err, out)
			}
		})
	}
}

// raceTest runs the tests in dir count times under the race detector. What
// takes more than a minute, and five seconds for each further time, hangs.
func raceTest(dir string, count int) (string, error) {
	return command(dir, "go", "test", "-race", fmt.Sprintf("-count=%d", count), fmt.Sprintf("-timeout=%ds", 55+5*count), "./...")
}

func fix(t *testing.T, dir string, unsafe bool) *driver.Result {
	t.Helper()
	cfg := driver.Config{
		Config: load.Config{Dir: dir, Patterns: []string{"./..."}, Tests: true, Env: env},
		Rules:  rules.All,
		Unsafe: unsafe,
		Alone:  true,
	}
	if log, err := os.ReadFile(filepath.Join(dir, raceLog)); err == nil {
		cfg.RaceLog = parseLog(t, log)
	}
	r, err := driver.Fix(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func command(dir string, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// tempDir is t.TempDir under the name the go command knows it by.
func tempDir(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func diff(name string, old, new []byte) string {
	d, err := patch.Unified([]patch.File{{Name: name, Old: old, New: new}})
	if err != nil {
		return err.Error()
	}
	return string(d)
}
