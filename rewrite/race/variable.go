package race

import (
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// What is known of a variable that closures share tells which of their ways are
// taken: a deferred function that cleans up after an error does nothing at the end
// that returns none.
//
//	defer func() {
//		if err != nil {
//			c.conn = nil
//		}
//	}()
//	go c.read()
//	return nil

// ofVariable reports whether a fact is the value of a variable. Others may change
// it: it is of use to one goroutine.
func (f fact) ofVariable() bool {
	return f.path.Sel == "" && (f.path.Root.Kind == effect.Local || f.path.Root.Kind == effect.Free)
}

// contradicts reports whether a variable can't be what both say.
func (f fact) contradicts(g fact) bool {
	switch {
	case f.not && g.not:
		return false
	case g.not:
		f, g = g, f
		fallthrough
	case f.not:
		return slices.Contains(strings.Split(f.is, "|"), g.is)
	}
	return f.is != g.is
}

// never reports whether a callee comes to an access only with a variable that has
// another value than at the call.
func (in *frameOf) never(a *access) bool {
	if len(in.s.facts) == 0 || in.thread != 0 || a.thread != 0 {
		return false
	}
	for _, f := range a.here {
		if !f.ofVariable() {
			continue
		}
		if p, ok := in.b.path(f.path); ok {
			if i := in.s.facts.index(p); i >= 0 && f.contradicts(in.s.facts[i]) {
				return true
			}
		}
	}
	return false
}
