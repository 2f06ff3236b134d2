package race

import (
	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// renews reports whether the function that starts a goroutine first replaces the
// object through which the goroutine gets to what it accesses: one started
// elsewhere has another object.
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
