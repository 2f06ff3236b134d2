package race

import (
	"maps"
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

// The channel that somebody closes for good is a gate as well: who goes on if it is not
// closed yet, and waits under the same lock until it is, has no successor.
//
//	c.mu.Lock()
//	defer c.mu.Unlock()
//	select {
//	case <-c.ready:
//		return
//	default:
//	}
//	go c.run()
//	<-c.ready
const (
	openYet = " open"
	isOpen  = "open"
	isShut  = "closed"
)

// unclosed adds that a channel was seen not to be closed yet.
func (w *walk) unclosed(p effect.Path, s state) state {
	f, ok := w.gateOf(p)
	if !ok {
		return s
	}
	f.is, f.alone = isOpen, !s.must.exclusive()
	if i := s.facts.index(f.path); i >= 0 && !(s.facts[i].alone && !f.alone) {
		return s
	}
	s.facts = s.facts.with(f)
	return s
}

// seenClosed notes that a channel was waited for that may be a gate.
func (w *walk) seenClosed(s state, p effect.Path) state {
	f, ok := w.gateOf(p)
	if !ok {
		return s
	}
	w.resets(f.path, isShut)
	return w.sets(s, f.path, isShut)
}

// gateOf is a fact of the member that a channel which is a gate stands for.
func (w *walk) gateOf(p effect.Path) (f fact, ok bool) {
	if w.m.settings[objectKey(p)+openYet] == nil {
		return f, false
	}
	return fact{path: marked(p, openYet)}, true
}

// ofGate reports whether a fact is that a channel is open yet.
func (f fact) ofGate() bool { return strings.HasSuffix(f.path.Sel, openYet) }

// findGates notes, as members that are only ever set to be closed, the channels that
// somebody closes, and nobody sends on or replaces, and of which some function asks
// whether they are closed.
func (m *Module) findGates() {
	closed, asked, other := make(map[string]bool), make(map[string]bool), maps.Clone(m.remade)
	for _, f := range m.order {
		f.each(func(e *effect.Event) {
			if e.Op == rewrite.Close {
				closed[objectKey(e.Path)] = true
			}
		}, effect.Signal)
		f.transfers(func(p effect.Path, sends bool, _ effect.Pos) {
			if sends {
				other[objectKey(p)] = true
			}
		})
		for i := range f.Blocks {
			for _, c := range f.Blocks[i].Conds {
				if c.Polled {
					asked[objectKey(c.Path)] = true
				}
			}
		}
	}
	for k := range asked {
		if k != "" && closed[k] && !other[k] {
			m.settings[k+openYet] = &setting{values: []string{isShut}}
		}
	}
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
