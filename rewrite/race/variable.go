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
	k := f.path.Root.Kind
	return f.path.Sel == "" && (k == effect.Local || k == effect.Free || k == effect.Param)
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
// another value than at the call, or a parameter that is given another one.
//
//	func (t *table) drop(key string, locked bool)
func (in *frameOf) never(a *access) bool {
	if a.thread != 0 {
		return false
	}
	other := func(f fact) bool {
		if !f.ofVariable() {
			return false
		}
		if r := f.path.Root; r.Kind == effect.Param {
			return r.N < len(in.b.args) && in.b.args[r.N].Const != "" && f.contradicts(fact{is: in.b.args[r.N].Const})
		}
		if len(in.s.facts) == 0 || in.thread != 0 {
			return false
		}
		p, ok := in.b.path(f.path)
		i := in.s.facts.index(p)
		return ok && i >= 0 && f.contradicts(in.s.facts[i])
	}
	return slices.ContainsFunc(a.here, other) || slices.ContainsFunc(a.past, func(f fact) bool { return f.path.Root.Kind == effect.Param && other(f) })
}
