package race

import (
	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
	"github.com/go-fixer/fixer/rewrite/model"
)

// otherObject reports whether two goroutines work on different objects, although
// they get to them by the same field: both were started on a new one that was just
// put there, or one was, to do the same as the other did on the old one.
func (t published) otherObject(u published) bool {
	a, b := t.renews(), u.renews()
	return a && b || t.fn == u.fn && (a && t.succeeds() || b && u.succeeds())
}

// succeeds reports whether what a method's goroutine works on is not the first of
// its kind: who makes or starts the whole puts that there.
func (t published) succeeds() bool {
	return t.frame.Recv != "" && t.path.Root == effect.Root{Kind: effect.Param} && !model.Starts(t.frame.Key)
}

// renews reports whether the function that starts a goroutine first replaces the
// object through which the goroutine gets to what it accesses.
func (t published) renews() bool {
	found := false
	t.frame.each(func(e *effect.Event) {
		if e.Op != rewrite.Write || e.At.File != t.ctx.Start.File || e.At.Line > t.ctx.Start.Line {
			return
		}
		for p, sel := t.path.Base(); sel != ""; p, sel = p.Base() {
			found = found || p == e.Path && p.Field() != ""
		}
	}, effect.Access)
	return found
}
