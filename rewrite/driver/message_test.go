package driver

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/load"
)

func span(file string, line, col int) rewrite.Span {
	return rewrite.Span{File: "/m/" + file, Line: line, Col: col, EndLine: line, EndCol: col + 3}
}

// flag is a field with two goroutines and no lock.
func flag() Outcome {
	write := rewrite.Access{Op: rewrite.Write, At: span("watch.go", 33, 4), Func: "(*Watcher).watch"}
	read := rewrite.Access{Op: rewrite.Read, At: span("sub/handle.go", 9, 6), Func: "(*Watcher).repair"}
	fresh := rewrite.Access{Op: rewrite.Write, At: span("watch.go", 20, 3), Func: "New", Fresh: true}
	return Outcome{Finding: rewrite.Finding{
		Kind:       rewrite.Field,
		Place:      rewrite.Place{Key: "example.com/m.Watcher.alive", Name: "Watcher.alive", Type: "bool", Decl: span("watch.go", 12, 2), Owner: "example.com/m.Watcher"},
		Confidence: rewrite.Certain,
		Sides: [2]rewrite.Side{
			{Access: write, Context: rewrite.Context{Start: span("watch.go", 31, 2), Func: "(*Watcher).Start", Runs: "(*Watcher).watch"}},
			{Access: read, Context: rewrite.Context{Start: span("watch.go", 40, 2), Func: "(*Watcher).Start", Runs: "(*Watcher).process", Many: true, Through: "errgroup.Group.Go"},
				Path: []rewrite.Step{{At: span("watch.go", 50, 5), Func: "(*Watcher).handle"}, {At: span("sub/handle.go", 4, 3), Func: "(*Watcher).repair"}}},
		},
		Accesses: []rewrite.Access{read, fresh, write},
		Why:      []string{"neither goroutine waits for the other"},
	}}
}

// half is a map that most methods guard.
func half() Outcome {
	held := []rewrite.Lock{{Key: "example.com/m.Store.mu", Mode: rewrite.Exclusive}}
	write := rewrite.Access{Op: rewrite.WriteElem, At: span("store.go", 21, 2), Func: "(*Store).Put", Locks: held}
	read := rewrite.Access{Op: rewrite.ReadElem, At: span("store.go", 30, 9), Func: "(*Store).Get"}
	return Outcome{Finding: rewrite.Finding{
		Kind:       rewrite.Field,
		Place:      rewrite.Place{Name: "Store.items"},
		Confidence: rewrite.Likely,
		Sides: [2]rewrite.Side{
			{Access: write, Context: rewrite.Context{Start: span("store.go", 19, 17), Entry: true, Func: "(*Store).Put", Runs: "(*Store).Put"}},
			{Access: read, Context: rewrite.Context{Start: span("store.go", 29, 17), Entry: true, Func: "(*Store).Get", Runs: "(*Store).Get"}},
		},
		Votes: []rewrite.Vote{{Lock: "example.com/m.Store.mu", Held: 7, Of: 8, Writes: 3}},
	}}
}

func TestMessage(t *testing.T) {
	mended := half()
	mended.Fix = &rewrite.Fix{Rule: "guard"}
	refused := half()
	refused.Verdicts = []Verdict{{"guard", "the path to the lock changes"}, {"atomicfield", "not a basic type"}}
	crowd := flag()
	crowd.Sides[0].Context = crowd.Sides[1].Context
	twice := crowd
	twice.Sides[1].Access = twice.Sides[0].Access
	shared := half()
	for i := range shared.Sides {
		shared.Sides[i].Access.Locks = []rewrite.Lock{{Key: "example.com/m.Store.mu", Mode: rewrite.Shared}}
	}
	const entries = "Store.items is changed in place by callers of (*Store).Put and looked into by callers of (*Store).Get; "
	for name, c := range map[string]struct {
		o    Outcome
		want string
		pos  rewrite.Span
	}{
		"two goroutines": {flag(), "Watcher.alive is written by the goroutine started at watch.go:31 and read by goroutines started at watch.go:40 through errgroup.Group.Go; no lock is common to both", span("watch.go", 33, 4)},
		"one crowd":      {crowd, "Watcher.alive is written and read by goroutines started at watch.go:40 through errgroup.Group.Go; no lock is common to both", span("watch.go", 33, 4)},
		"one access":     {twice, "Watcher.alive is written by goroutines started at watch.go:40 through errgroup.Group.Go; no lock is common to both", span("watch.go", 33, 4)},
		"callers":        {half(), entries + "no lock is common to both", span("store.go", 30, 9)},
		"mended":         {mended, entries + "no lock is common to both", span("store.go", 30, 9)},
		"read locked":    {shared, entries + "both hold Store.mu, but only for reading", span("store.go", 21, 2)},
		"refused":        {refused, entries + "no lock is common to both; not fixed: guard: the path to the lock changes; atomicfield: not a basic type", span("store.go", 30, 9)},
	} {
		if got := c.o.Message(); got != c.want {
			t.Errorf("%s: Message:\n got %s\nwant %s", name, got, c.want)
		}
		if got := c.o.Pos(); got != c.pos {
			t.Errorf("%s: Pos = %v, want %v", name, got, c.pos)
		}
	}
}

func testResult() *Result {
	mended, refused := flag(), half()
	mended.Fix = &rewrite.Fix{Rule: "atomicfield", Title: "Make Watcher.alive an atomic.Bool", Safety: rewrite.Safe}
	refused.Verdicts = []Verdict{{"guard", "the path to the lock changes"}, {"atomicfield", "not a basic type"}}
	return &Result{
		Outcomes: []Outcome{mended, refused},
		Problems: []load.Problem{
			{At: span("bad.go", 3, 1), Pkg: "example.com/m/bad", Msg: "undefined: x\n\tat y"},
			{Pkg: "example.com/m/gone", Msg: "no such package"},
		},
	}
}

func rel(name string) string { return strings.TrimPrefix(filepath.ToSlash(name), "/m/") }

const wantText = `watch.go:33:4: atomicfield: Watcher.alive is written by the goroutine started at watch.go:31 and read by goroutines started at watch.go:40 through errgroup.Group.Go; no lock is common to both
	written at watch.go:33:4 in (*Watcher).watch, holding no lock
		in the goroutine that (*Watcher).Start starts at watch.go:31:2 to run (*Watcher).watch, one for each call of (*Watcher).Start
	read at sub/handle.go:9:6 in (*Watcher).repair, holding no lock
		in the goroutine that (*Watcher).Start starts at watch.go:40:2 through errgroup.Group.Go to run (*Watcher).process, several at once
		calls on the way: (*Watcher).handle (watch.go:50:5), (*Watcher).repair (sub/handle.go:4:3)
	not ordered: neither goroutine waits for the other
	evidence: certain, both goroutines are in this module
	all accesses (3):
		sub/handle.go:9:6: read in (*Watcher).repair, holding no lock
		watch.go:20:3: write in New, holding no lock, while only its own goroutine knows the object
		watch.go:33:4: write in (*Watcher).watch, holding no lock
	fix: Make Watcher.alive an atomic.Bool (atomicfield, safe)
store.go:30:9: field: Store.items is changed in place by callers of (*Store).Put and looked into by callers of (*Store).Get; no lock is common to both
	changed in place at store.go:21:2 in (*Store).Put, holding Store.mu
		by whoever calls (*Store).Put (store.go:19:17)
	looked into at store.go:30:9 in (*Store).Get, holding no lock
		by whoever calls (*Store).Get (store.go:29:17)
	evidence: likely, the two meet through the methods of the type
	Store.mu is held at 7 of 8 accesses, 3 of them writes
	no fix:
		guard: the path to the lock changes
		atomicfield: not a basic type
bad.go:3:1: not analysed: undefined: x at y
example.com/m/gone: not analysed: no such package
`

func TestText(t *testing.T) {
	var b strings.Builder
	if err := Text(&b, testResult(), rel); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != wantText {
		t.Errorf("got:\n%s\nwant:\n%s", got, wantText)
	}
}

func TestTextManyAccesses(t *testing.T) {
	o := flag()
	o.Accesses = slices.Repeat(o.Accesses, 5)
	var b strings.Builder
	if err := Text(&b, &Result{Outcomes: []Outcome{o}}, rel); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "all accesses") {
		t.Errorf("15 accesses are listed:\n%s", b.String())
	}
}

func TestJSON(t *testing.T) {
	r := testResult()
	var b strings.Builder
	if err := JSON(&b, r, rel); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{`"/m/`, `"locks": null`, `"why": null`, `\u003`} {
		if strings.Contains(b.String(), bad) {
			t.Errorf("JSON contains %s:\n%s", bad, b.String())
		}
	}
	var got struct {
		Version  int
		Tool     struct{ Name, Version string }
		Findings []struct {
			Pos      rewrite.Span
			Message  string
			Kind     string
			Place    rewrite.Place
			Sides    []rewrite.Side
			Fix      *rewrite.Fix
			Verdicts []Verdict
		}
		Problems []load.Problem
	}
	if err := json.Unmarshal([]byte(b.String()), &got); err != nil {
		t.Fatal(err)
	}
	if got.Version != 1 || got.Tool.Name != "fixer" || len(got.Findings) != 2 || len(got.Problems) != 2 {
		t.Fatalf("JSON:\n%s", b.String())
	}
	first, second := got.Findings[0], got.Findings[1]
	if first.Pos.String() != "watch.go:33:4" || first.Fix.Rule != "atomicfield" || first.Kind != "field" ||
		first.Sides[1].Path[1].At.File != "sub/handle.go" || first.Place.Decl.File != "watch.go" {
		t.Errorf("first finding: %+v", first)
	}
	if second.Message != r.Outcomes[1].Message() || len(second.Verdicts) != 2 || second.Fix != nil {
		t.Errorf("second finding: %+v", second)
	}
	if got.Problems[0].At.File != "bad.go" || got.Problems[1].At.File != "" {
		t.Errorf("problems: %+v", got.Problems)
	}
	if r.Outcomes[0].Sides[1].Path[1].At.File != "/m/sub/handle.go" || r.Outcomes[0].Accesses[0].At.File != "/m/sub/handle.go" {
		t.Error("JSON changed the result it was given")
	}

	b.Reset()
	if err := JSON(&b, &Result{}, rel); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), `"findings": []`) || !strings.Contains(b.String(), `"problems": []`) {
		t.Errorf("JSON of an empty result:\n%s", b.String())
	}
}
