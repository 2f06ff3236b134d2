package driver

import (
	"testing"

	"github.com/go-fixer/fixer/rewrite"
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
