package race

import (
	"slices"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// turns is what was waited for by the end of a loop's turns, by the block from
// which each goes back to the head.
type turns struct {
	head   int
	blocks []int
	waited []counts
}

// turned notes what was waited for by the end of a loop's turn; true if that
// is news.
func (w *walk) turned(loop, block, head int, waited counts) bool {
	t := w.turns[loop]
	if t == nil {
		t = &turns{head: head}
		w.turns[loop] = t
	}
	if i := slices.Index(t.blocks, block); i >= 0 {
		old := t.waited[i]
		t.waited[i] = waited
		return !old.equal(waited)
	}
	t.blocks, t.waited = append(t.blocks, block), append(t.waited, waited)
	return true
}

// everyTurn is what the turns of a loop wait for, as far as they wait at all:
// those that don't are taken to have nothing to wait for.
func (w *walk) everyTurn(loop int) counts {
	if loop <= 0 || len(w.turns) == 0 {
		return nil
	}
	if out, ok := w.every[loop]; ok && w.record {
		return out
	}
	var out counts
	if t := w.turns[loop]; t != nil {
		for _, waited := range t.waited {
			out = out.most(waited)
		}
	}
	if w.record {
		if loop < len(w.f.Within) { // and those of the loops around it
			out = out.most(w.everyTurn(w.f.Within[loop]))
		}
		w.every[loop] = out
	}
	return out
}

// drained is what was waited for when a loop has ended: a loop that waits in
// every turn waits for all there is, be it by their number or until the
// channel is closed. That a loop may have no turn at all is not held against
// it. Who leaves it in the middle of a turn has not waited for what that turn made.
func (w *walk) drained(loop, from int, in []state, out state) counts {
	t := w.turns[loop]
	if t == nil {
		return out.waited
	}
	every := w.everyTurn(loop)
	if !w.without(out.now, loop).equal(out.now) {
		every = every.drop(func(p effect.Path) bool { return w.loop(p.Root) == loop })
	}
	if t.head == from { // what the head itself waits for, every turn does
		return out.waited.most(every).widen(in[t.head].waited)
	}
	return out.waited.most(every.widen(in[t.head].waited))
}

// alternate reports whether two goroutines take turns in their loops: each
// waits, every turn, for what the other does after its own access.
func (w *walk) alternate(a, b *access) bool {
	for _, p := range w.loosely(a, b) {
		for _, q := range w.loosely(b, a) {
			if p != q {
				return true
			}
		}
	}
	return false
}

// loosely lists the channels that b waits for and a signals after its access,
// whoever else does.
func (w *walk) loosely(a, b *access) paths {
	if len(a.before) == 0 || len(b.waited) == 0 && len(b.turns) == 0 {
		return nil
	}
	key := looseKey{backingOf(a.before), backingOf(b.waited), backingOf(b.turns)}
	out, known := w.loose[key]
	if known {
		return out
	}
	for _, c := range a.before {
		if b.waited.of(c.path) == 0 && b.turns.of(c.path) == 0 || w.room(c.path) > 0 {
			continue
		}
		p, _ := c.path.IsBack()
		out = out.add(p)
	}
	if w.loose == nil {
		w.loose = make(map[looseKey]paths)
	}
	w.loose[key] = out
	return out
}

// A looseKey is all that loosely depends on.
type looseKey struct{ before, waited, turns backing[count] }
