package golden

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rules"
)

var (
	mutate     = flag.String("mutate", "", "take protections away, mend what is found, and write the table to this file")
	mutateDirs = flag.String("mutate.dirs", "", "with -mutate: directories, or directory:pattern, separated by blanks; the default is the results of the golden cases")
	mutateKind = flag.String("mutate.kind", "", "with -mutate: only mutants that lack this: lock, unlock, atomic, wait or clone")
	mutateMax  = flag.Int("mutate.max", 0, "with -mutate: at most this many mutants of a program; 0 for all")
)

// A campaign is what became of the mutants.
type campaign struct {
	mu    sync.Mutex
	fates map[string]*fates // by kind
	lines []string
}

// fates counts mutants: each is in mutants, and in as many of the others as it
// came through.
type fates struct{ mutants, detected, repaired, same, broken int }

// TestMutate takes one protection at a time from programs that are right, and
// looks whether it is missed and put back. A mutant is detected if something
// is found that was not before, repaired if nothing is found after the fix and
// the race test, where there is one, passes, and broken if the fix does not
// build or vet, or the race test hangs.
func TestMutate(t *testing.T) {
	if *mutate == "" {
		t.Skip("needs -mutate; see make mutate")
	}
	c := &campaign{fates: make(map[string]*fates)}
	t.Run("programs", func(t *testing.T) {
		two := make(chan struct{}, 2)
		program := func(name, dir, pattern string, tested bool) {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				two <- struct{}{}
				defer func() { <-two }()
				c.program(t, &subject{name: name, dir: dir, pattern: pattern, tested: tested})
			})
		}
		for _, arg := range strings.Fields(*mutateDirs) {
			dir, pattern, ok := strings.Cut(arg, ":")
			if !ok {
				pattern = "./..."
			}
			program(arg, dir, pattern, false)
		}
		if *mutateDirs != "" {
			return
		}
		for _, g := range loadCases(t) {
			if len(g.results) == 0 {
				continue
			}
			dir := tempDir(t)
			write(t, dir, g.sources)
			for name, text := range g.results {
				write(t, dir, map[string][]byte{name: stripWants(text)})
			}
			if err := os.RemoveAll(filepath.Join(dir, raceLog)); err != nil {
				t.Fatal(err)
			}
			program(g.name, dir, "./...", g.sources["race_test.go"] != nil)
		}
	})
	text, sum := c.table()
	if err := os.WriteFile(*mutate, text, 0o644); err != nil {
		t.Fatal(err)
	}
	if sum.broken > 0 || sum.mutants == 0 {
		t.Errorf("%d mutants, %d broken; see %s", sum.mutants, sum.broken, *mutate)
	}
}

// A subject is one program that mutants are made of.
type subject struct {
	name, dir, pattern string
	tested             bool            // has a race test
	known              map[string]bool // places that are found before
	said               map[string]bool // what vet says before, without positions
	scratch            string
}

func (c *campaign) program(t *testing.T, s *subject) {
	s.scratch = tempDir(t)
	prog, err := load.Load(t.Context(), s.config(nil).Config)
	if err != nil {
		t.Fatal(err)
	}
	s.known = make(map[string]bool)
	for _, o := range s.fix(t, nil).Outcomes {
		s.known[o.Place.Key] = true
	}
	s.said = make(map[string]bool)
	out, _ := command(s.dir, "go", "vet", s.pattern)
	for _, c := range complaints(out) {
		s.said[c] = true
	}
	read := func(name string) []byte {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return src
	}
	var all []mutant
	for _, p := range prog.Packages {
		if p.Root {
			all = append(all, mutants(prog.Fset, p, read)...)
		}
	}
	all = slices.DeleteFunc(all, func(m mutant) bool { return *mutateKind != "" && m.kind != *mutateKind })
	if n := len(all); *mutateMax > 0 && n > *mutateMax {
		some := make([]mutant, *mutateMax)
		for i := range some {
			some[i] = all[i*n/len(some)]
		}
		all = some
	}
	for _, m := range all {
		c.try(t, s, m, read(m.file))
	}
}

// try mends one mutant.
func (c *campaign) try(t *testing.T, s *subject, m mutant, original []byte) {
	overlay := map[string][]byte{m.file: m.text}
	r := s.fix(t, overlay)
	if len(r.Problems) > 0 {
		return // no longer Go: the only use of a name is gone
	}
	var f fates
	f.mutants = 1
	fate, text := "", m.text
	for _, o := range r.Outcomes {
		switch {
		case s.known[o.Place.Key]:
		case o.Fix == nil:
			f.detected = 1
			fate = "refused: " + o.Message()
		default:
			f.detected = 1
		}
	}
	switch {
	case f.detected == 0:
		fate = "missed"
	case fate != "":
	default:
		for _, p := range r.Files {
			name := filepath.Join(r.Root, filepath.FromSlash(p.Name))
			overlay[name] = p.New
			if name == m.file {
				text = p.New
			}
		}
		if fate = s.judge(t, overlay); strings.HasPrefix(fate, "broken") {
			f.broken = 1
		}
		if fate == "" {
			f.repaired = 1
			if fate = "repaired differently"; alike(text, original) {
				f.same, fate = 1, "the original"
			}
		}
	}
	line := fmt.Sprintf("%s\t%s:%d\t%s\t%s", s.name, filepath.Base(m.file), m.line, m.kind, fate)
	if f.repaired == 1 && f.same == 0 || f.broken == 1 {
		line += "\n" + diff(filepath.Base(m.file), m.text, text)
	}
	t.Log(line) // a campaign is long: -v tells of it as it goes
	c.count(m.kind, f, line)
}

// judge returns what is wrong with a mended mutant.
func (s *subject) judge(t *testing.T, overlay map[string][]byte) string {
	for _, o := range s.fix(t, overlay).Outcomes {
		if !s.known[o.Place.Key] {
			return "still found: " + o.Message()
		}
	}
	file := s.overlay(t, overlay)
	out, err := command(s.dir, "go", "vet", "-overlay", file, s.pattern)
	for _, c := range complaints(out) {
		if err != nil && !s.said[c] {
			return "broken: go vet: " + c
		}
	}
	if !s.tested {
		return ""
	}
	out, err = command(s.dir, "go", "test", "-race", "-count=1", "-timeout=60s", "-overlay", file, s.pattern)
	switch {
	case err == nil:
		return ""
	case strings.Contains(out, "DATA RACE"):
		return "still races"
	}
	return "broken: go test: " + strings.Join(strings.Fields(out), " ")
}

var whence = regexp.MustCompile(`^\S+?:\d+(:\d+)?: `)

// complaints lists what vet says, without where.
func complaints(out string) (list []string) {
	for line := range strings.Lines(out) {
		if !strings.HasPrefix(line, "#") {
			list = append(list, whence.ReplaceAllString(strings.TrimSpace(line), ""))
		}
	}
	return list
}

// overlay writes an overlay as the go command reads it.
func (s *subject) overlay(t *testing.T, overlay map[string][]byte) string {
	files := make(map[string]string)
	for i, name := range slices.Sorted(maps.Keys(overlay)) {
		files[name] = filepath.Join(s.scratch, fmt.Sprintf("%d.go", i))
		if err := os.WriteFile(files[name], overlay[name], 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": files})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(s.scratch, "overlay.json")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func (s *subject) config(overlay map[string][]byte) driver.Config {
	return driver.Config{
		Config: load.Config{Dir: s.dir, Patterns: []string{s.pattern}, Tests: s.tested, Env: env, Overlay: overlay},
		Rules:  rules.All,
	}
}

func (s *subject) fix(t *testing.T, overlay map[string][]byte) *driver.Result {
	t.Helper()
	r, err := driver.Fix(t.Context(), s.config(overlay))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (c *campaign) count(kind string, f fates, line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	sum := c.fates[kind]
	if sum == nil {
		sum = new(fates)
		c.fates[kind] = sum
	}
	sum.add(f)
	c.lines = append(c.lines, line)
}

func (f *fates) add(o fates) {
	f.mutants += o.mutants
	f.detected += o.detected
	f.repaired += o.repaired
	f.same += o.same
	f.broken += o.broken
}

// table prints all mutants, and the sums by kind below them.
func (c *campaign) table() ([]byte, fates) {
	var out bytes.Buffer
	slices.Sort(c.lines)
	for _, line := range c.lines {
		fmt.Fprintln(&out, line)
	}
	var sum fates
	fmt.Fprintf(&out, "\n%-8s %8s %8s %8s %8s %8s\n", "", "mutants", "detected", "repaired", "original", "broken")
	for _, kind := range slices.Sorted(maps.Keys(c.fates)) {
		f := c.fates[kind]
		sum.add(*f)
		fmt.Fprintf(&out, "%-8s %8d %8d %8d %8d %8d\n", kind, f.mutants, f.detected, f.repaired, f.same, f.broken)
	}
	fmt.Fprintf(&out, "mutate: mutants %d detected %d repaired %d same-as-original %d broken %d\n", sum.mutants, sum.detected, sum.repaired, sum.same, sum.broken)
	return out.Bytes(), sum
}
