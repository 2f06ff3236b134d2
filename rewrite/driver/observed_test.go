package driver_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rewrite/report"
)

const hitsSource = `package m

import "sync"

type Stats struct {
	mu    sync.RWMutex
	hits  int
	hooks []func()
}

func New() *Stats {
	s := &Stats{}
	s.hooks = append(s.hooks, s.hit)
	return s
}

func (s *Stats) hit() {
	s.hits++
}

func (s *Stats) Fire() {
	for _, h := range s.hooks {
		go h()
	}
}

func (s *Stats) Hits() int {
	return s.hits
}
`

const hitsLog = `==================
WARNING: DATA RACE
Read at 0x00c0000140a8 by goroutine 7:
  example.com/m.(*Stats).Hits()
      /src/m/hits.go:28 +0x35

Previous write at 0x00c0000140a8 by goroutine 8:
  example.com/m.(*Stats).hit()
      /src/m/hits.go:18 +0x35

Goroutine 8 (running) created at:
  example.com/m.(*Stats).Fire()
      /src/m/hits.go:23 +0x92
==================
`

// TestObservedStays lets a rule make changes that leave a race as it is, where
// only the race detector sees it: none is taken.
func TestObservedStays(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "hits.go")
	for file, text := range map[string]string{"go.mod": "module example.com/m\n\ngo 1.21\n", "hits.go": hitsSource} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	reports, err := report.Parse(strings.NewReader(hitsLog))
	if err != nil {
		t.Fatal(err)
	}
	write := rewrite.Span{File: name, Line: 18, Col: 2, EndLine: 18, EndCol: 10}
	read := rewrite.Span{File: name, Line: 28, Col: 2, EndLine: 28, EndCol: 15}
	hold := func(at rewrite.Span, mode rewrite.Mode) rewrite.Edit {
		return rewrite.Hold{Lock: "s.mu", Mode: mode, First: at, Last: at, Defer: at == read}
	}
	for what, c := range map[string]struct {
		edits []rewrite.Edit
		taken bool
	}{
		"nothing that matters":         {[]rewrite.Edit{rewrite.Insert{Stmt: write, Code: rewrite.Code{Text: "_ = 0"}}}, false},
		"a lock at one of the two":     {[]rewrite.Edit{hold(write, rewrite.Exclusive)}, false},
		"a lock for reading at both":   {[]rewrite.Edit{hold(write, rewrite.Shared), hold(read, rewrite.Shared)}, false},
		"the write moved to a literal": {[]rewrite.Edit{rewrite.Replace{Node: write, Code: rewrite.Code{Text: "func() { s.hits++ }()"}}}, false},
		"a lock at both":               {[]rewrite.Edit{hold(write, rewrite.Exclusive), hold(read, rewrite.Shared)}, true},
	} {
		rule := &rewrite.Rule{Name: "try", Mends: rewrite.Kinds, Fix: func(s *rewrite.Site) (*rewrite.Fix, string) {
			return &rewrite.Fix{Title: "Try", Places: []string{s.Finding.Place.Key}, Safety: rewrite.Safe, Edits: c.edits}, ""
		}}
		r, err := driver.Fix(t.Context(), driver.Config{
			Config: load.Config{Dir: dir}, Rules: []*rewrite.Rule{rule},
			RaceLog: &driver.RaceLog{Name: "log", Reports: reports},
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Outcomes) != 1 || len(r.Unplaced) != 0 {
			t.Fatalf("%s: %d findings, unplaced: %v", what, len(r.Outcomes), r.Unplaced)
		}
		o := r.Outcomes[0]
		switch {
		case o.Confidence != rewrite.Observed:
			t.Errorf("%s: confidence %s", what, o.Confidence)
		case c.taken && o.Fix == nil:
			t.Errorf("%s: %s", what, o.Message())
		case !c.taken && o.Fix != nil:
			t.Errorf("%s: the fix is taken:\n%s", what, r.Files[0].New)
		case !c.taken && !strings.Contains(o.Message(), "race"):
			t.Errorf("%s: %s", what, o.Message())
		}
	}
}
