package race

import (
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// closed is what is known of a channel from which the close was received: for
// good, if the channel is not replaced.
func (w *walk) closed(p effect.Path) (fact, bool) {
	open, ok := p.With(effect.Open)
	if !ok || p.Root.Kind == effect.NoRoot || p.HasElem() || w.m.remade[objectKey(p)] {
		return fact{}, false
	}
	return fact{path: open, passed: true}, true
}

// ofChannel reports whether a fact is that a channel is closed.
func (f fact) ofChannel() bool { return strings.HasSuffix(f.path.Sel, ";"+effect.Open) }

// behindClose reports whether a is made when a channel is known to be closed,
// which the function of b does only after b.
func behindClose(a, b *access) bool {
	closed := func(f fact) bool {
		return f.ofChannel() && f.path.Root == a.path.Root && b.fn.closesAfter(b.at, objectKey(f.path))
	}
	return slices.ContainsFunc(a.here, closed) || slices.ContainsFunc(a.past, closed)
}

// dropsClosed reports whether a forgets a channel that its goroutine has received
// from, and b reads which one to close. To close it twice were a mistake of its own.
func dropsClosed(a, b *access) bool {
	key := objectKey(a.path)
	return a.op == rewrite.Write && b.op == rewrite.Read && key != "" && key == objectKey(b.path) && b.fn.closesAfter(b.at, key) &&
		slices.ContainsFunc(a.waited, func(c count) bool { return objectKey(c.path) == key })
}

// closesAfter reports whether a function closes a channel on every way from one
// of its accesses to its end.
func (f *function) closesAfter(at effect.Pos, key string) bool {
	closes := func(e *effect.Event) bool {
		return e.Kind == effect.Signal && e.Op == rewrite.Close && objectKey(e.Path) == key
	}
	deferred := false
	f.each(func(e *effect.Event) { deferred = deferred || closes(e) }, effect.Signal)
	if key == "" || !deferred {
		return false
	}
	deferred = slices.ContainsFunc(f.Blocks, func(b effect.Block) bool {
		return slices.ContainsFunc(b.Events, func(e effect.Event) bool { return e.Kind == effect.Defer && closes(e.Deferred) })
	})
	seen := make([]bool, len(f.Blocks))
	var sure func(block, from int) bool
	sure = func(block, from int) bool {
		for i := from; i < len(f.Blocks[block].Events); i++ {
			switch e := &f.Blocks[block].Events[i]; {
			case closes(e), e.Kind == effect.Defers && deferred, e.Kind == effect.Exit:
				return true
			case e.Kind == effect.Return:
				return false
			}
		}
		for _, next := range f.Blocks[block].Succs {
			if next < 0 || seen[next] {
				continue
			}
			if seen[next] = true; !sure(next, 0) {
				return false
			}
		}
		return len(f.Blocks[block].Succs) > 0
	}
	found := false
	for i := range f.Blocks {
		for j := range f.Blocks[i].Events {
			if e := &f.Blocks[i].Events[j]; e.Kind == effect.Access && e.At == at {
				if found = true; !sure(i, j+1) {
					return false
				}
			}
		}
	}
	return found
}
