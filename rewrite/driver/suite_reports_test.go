package driver_test

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-fixer/fixer/rewrite"
)

var updateReports = flag.Bool("reports", false, "run the race suite under the race detector and write what it reports to testdata")

// reportsFile holds, for each function of the race suite, the lines that the
// race detector reports.
const reportsFile = "testdata/race_suite.txt"

const reportsHead = `# The lines that race in each function of Go's race suite
# (src/runtime/race/testdata), as go test -race reports them.
# go test ./rewrite/driver -run '^TestRaceReports$' -reports writes this file
# for the installed toolchain.
`

// reports is what the race detector says about the suite.
type reports struct {
	version string                     // of Go
	hash    string                     // of the suite
	stale   bool                       // the installed suite is another one
	of      map[string]map[string]bool // lines, as file:line, by test
}

// reports reads what was recorded. Where it was recorded for another suite
// than the installed one, no lines are known.
func (s *suite) reports(t *testing.T) reports {
	t.Helper()
	text, err := os.ReadFile(reportsFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	r := reports{of: make(map[string]map[string]bool)}
	for _, line := range strings.Split(string(text), "\n") {
		words := strings.Fields(line)
		switch {
		case len(words) < 2 || words[0] == "#":
		case words[0] == "go":
			r.version = words[1]
		case words[0] == "sha256":
			r.hash = words[1]
		default:
			r.of[words[0]] = setOf(words[1:])
		}
	}
	if r.stale = r.hash != s.hash; r.stale {
		clear(r.of)
	}
	return r
}

func setOf(list []string) map[string]bool {
	set := make(map[string]bool)
	for _, x := range list {
		set[x] = true
	}
	return set
}

// first returns where a racy function races, or else where it starts.
func (r reports) first(fn *suiteTest) rewrite.Span {
	at := fn.at
	for line := fn.at.Line; line <= fn.at.EndLine; line++ {
		at.Line = line
		if r.of[fn.name][lineOf(at)] {
			return at
		}
	}
	return fn.at
}

// note says what findings were compared with.
func (r reports) note(s *suite) string {
	if r.stale {
		return "a finding counts wherever in the function it is: " + reportsFile + " is for the suite of another Go version (" +
			r.version + "); its first lines say how to write it anew"
	}
	var none []string
	for _, fn := range s.tests {
		if fn.racy && len(r.of[fn.name]) == 0 {
			none = append(none, fn.name)
		}
	}
	note := "a finding counts if it has an access in a line that go test -race (" + r.version + ") reports for the function"
	if len(none) > 0 {
		note += "; anywhere in " + strings.Join(none, ", ") + ", for which it reports none"
	}
	return note
}

// TestRaceReports records what the race detector reports. Which of several
// races of a function it sees depends on the schedule: several runs are
// merged, some of them as Go's own runner makes them.
func TestRaceReports(t *testing.T) {
	if !*updateReports {
		t.Skip("-reports is not given")
	}
	s := loadSuite(t)
	of := make(map[string]map[string]bool)
	for run := range 8 {
		args := append([]string{"test", "-race", "-v", "-count=1"}, s.config.Patterns...)
		cmd := exec.Command("go", args...)
		cmd.Dir = s.dir
		cmd.Env = append(slices.Clone(s.config.Env), "GORACE=suppress_equal_stacks=0 suppress_equal_addresses=0")
		if run%2 == 0 {
			cmd.Env = append(cmd.Env, "GOMAXPROCS=1")
		}
		out, err := cmd.CombinedOutput() // fails: the tests race
		if !bytes.Contains(out, []byte("WARNING: DATA RACE")) {
			t.Fatalf("go test -race in %s reports no race: %v\n%s", s.dir, err, out)
		}
		s.parseReports(out, of)
	}
	version, err := exec.Command("go", "env", "GOVERSION").Output()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%sgo %s\nsha256 %s\n", reportsHead, bytes.TrimSpace(version), s.hash)
	for _, name := range slices.Sorted(maps.Keys(of)) {
		fmt.Fprintln(&b, name, strings.Join(slices.Sorted(maps.Keys(of[name])), " "))
	}
	if err := os.WriteFile(reportsFile, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
}

var (
	accessLine = regexp.MustCompile(`(?i)^(previous )?(atomic )?(read|write) (at|of) `)
	frameLine  = regexp.MustCompile(`^ {6}(.*\.go):(\d+)`)
	testName   = regexp.MustCompile(`_test\.(Test(?:No)?Race\w*)`)
)

// parseReports adds the lines of the reports in the output of go test -v. A
// report belongs to the racy tests on its stacks, for a goroutine may outlive
// the test that started it, and if there are none to the one that runs.
func (s *suite) parseReports(out []byte, of map[string]map[string]bool) {
	var (
		running string
		tests   map[string]bool // on the stacks of this report
		lines   map[string]bool // raced on, in this report
		wanted  bool            // the next line of the suite is an access
	)
	finish := func() {
		if len(tests) == 0 {
			tests = setOf([]string{running})
		}
		for name := range tests {
			if strings.HasPrefix(name, "TestRace") && len(lines) > 0 {
				if of[name] == nil {
					of[name] = make(map[string]bool)
				}
				maps.Copy(of[name], lines)
			}
		}
		tests, lines, wanted = nil, nil, false
	}
	for sc := bufio.NewScanner(bytes.NewReader(out)); sc.Scan(); {
		line := sc.Text()
		if name, ok := strings.CutPrefix(line, "=== RUN   "); ok {
			running = name
		}
		switch {
		case strings.HasPrefix(line, "WARNING: DATA RACE"):
			tests, lines = make(map[string]bool), make(map[string]bool)
		case lines == nil:
		case strings.HasPrefix(line, "====="):
			finish()
		case accessLine.MatchString(line):
			wanted = true
		case strings.HasPrefix(line, "Goroutine "), strings.HasPrefix(line, "  testing."):
			wanted = false
		}
		if m := testName.FindStringSubmatch(line); m != nil && tests != nil {
			tests[m[1]] = true
		}
		if m := frameLine.FindStringSubmatch(line); m != nil && wanted && filepath.Dir(m[1]) == s.dir {
			lines[filepath.Base(m[1])+":"+m[2]] = true
			wanted = false
		}
	}
}
