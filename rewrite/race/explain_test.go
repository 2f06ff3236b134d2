package race

import (
	"testing"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

func trailOf(steps ...trail) *trail {
	var out *trail
	for i := len(steps) - 1; i >= 0; i-- {
		t := steps[i]
		t.next = out
		out = &t
	}
	return out
}

func step(name string, line int) trail {
	return trail{at: effect.Pos{File: "a.go", Line: line, Col: 1}, fn: &function{Func: &effect.Func{Name: name}}}
}

// TestPath checks that rounds of a recursion and the go statement are left out,
// and that a function handed to a helper is named as what the goroutine runs.
func TestPath(t *testing.T) {
	frame := &function{Func: &effect.Func{Name: "Run"}}
	start := effect.Pos{File: "a.go", Line: 1, Col: 1}
	handed := step("Run.func1", 5)
	handed.handed = true
	for name, c := range map[string]struct {
		trail  *trail
		want   []string
		handed bool
	}{
		"direct":    {trailOf(step("body", 1), step("f", 2)), []string{"f"}, false},
		"recursion": {trailOf(step("body", 1), step("f", 2), step("g", 3), step("f", 4), step("g", 3), step("h", 6)), []string{"f", "g", "h"}, false},
		"helper":    {trailOf(handed, step("f", 2)), []string{"f"}, true},
	} {
		ctx := rewrite.Context{Start: start.Span(), Func: "go", Runs: "go.func1"}
		got := path(side{access: &access{deed: new(deed), scene: new(scene), trail: c.trail}, frame: frame, ctx: ctx}, &ctx)
		var names []string
		for _, s := range got {
			names = append(names, s.Func)
		}
		if len(names) != len(c.want) {
			t.Errorf("%s: path = %v, want %v", name, names, c.want)
			continue
		}
		for i := range names {
			if names[i] != c.want[i] {
				t.Errorf("%s: path = %v, want %v", name, names, c.want)
			}
		}
		if c.handed != (ctx.Handed != nil) || c.handed && (ctx.Runs != "Run.func1" || ctx.Handed.Func != "Run") {
			t.Errorf("%s: context = %+v", name, ctx)
		}
	}
}
