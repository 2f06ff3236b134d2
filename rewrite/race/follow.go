package race

import (
	"github.com/go-fixer/fixer/rewrite/effect"
)

// A point is an event of the function that is being summarised.
type point struct {
	block *effect.Block
	event int
}

// follows reports whether an object is signalled between a point and the end of
// the turn of the loops around it: what comes last in the last turn of a loop
// is followed by nothing that the loop does at its start.
func (w *walk) follows(at point, p effect.Path) bool {
	if at.block == nil {
		return true
	}
	for i := at.event; i < len(at.block.Events); i++ {
		if w.signals(&at.block.Events[i]).has(p) {
			return true
		}
	}
	return w.beyond(at.block).has(p)
}

// beyond is what is signalled after a block in the same turn.
func (w *walk) beyond(b *effect.Block) paths {
	if set, ok := w.rest[b]; ok {
		return set
	}
	w.rest[b] = nil
	var out paths
	for way, succ := range b.Succs {
		switch {
		case succ < 0:
			continue
		case b.Backs[way] != 0:
			out = out.union(w.outside())
			continue
		}
		out = out.union(w.onwards(succ))
		for _, c := range b.Conds {
			if c.Edge == way && c.Case {
				p := w.resolve(c.Path)
				out = out.add(p).add(p.Back())
			}
		}
	}
	w.rest[b] = out
	return out
}

// onwards is what a block signals, and what is signalled after it.
func (w *walk) onwards(block int) paths {
	var out paths
	b := &w.f.Blocks[block]
	for i := range b.Events {
		out = out.union(w.signals(&b.Events[i]))
	}
	return out.union(w.beyond(b))
}

// outside is what is signalled when loops have ended: sooner or later they do.
func (w *walk) outside() paths {
	if w.ends != nil {
		return w.ends
	}
	w.ends = paths{}
	var out paths
	for i := range w.f.Blocks {
		b := &w.f.Blocks[i]
		for way, succ := range b.Succs {
			if succ >= 0 && b.Exits[way] != 0 {
				out = out.union(w.onwards(succ))
			}
		}
	}
	w.ends = append(paths{}, out...)
	clear(w.rest) // what was computed meanwhile lacks some
	return w.ends
}

// signals lists what an event signals, callees included.
func (w *walk) signals(e *effect.Event) paths {
	if e.Kind != effect.Call && e.Kind != effect.Once {
		return w.signalsOf(e)
	}
	out, known := w.signalling[e]
	if !known {
		out = w.signalsOf(e)
		if w.record {
			w.signalling[e] = out
		}
	}
	return out
}

func (w *walk) signalsOf(e *effect.Event) paths {
	if e.Kind == effect.Defer {
		return nil
	}
	switch e.Kind {
	case effect.Signal:
		return paths{w.resolve(e.Path)}
	case effect.Defers:
		return w.deferred
	case effect.Call, effect.Once:
		g := w.m.funcs[e.Fn.Func]
		if g == nil || w.summaryOf(g) == nil {
			return nil
		}
		var out paths
		for _, c := range w.bind(g, e.Fn, e.Args).counts(w.summaryOf(g).sends) {
			out = out.add(c.path)
		}
		return out
	}
	return nil
}

// deferring lists what the function's deferred calls signal.
func (w *walk) deferring() paths {
	var out paths
	for i := range w.f.Blocks {
		for j := range w.f.Blocks[i].Events {
			if e := &w.f.Blocks[i].Events[j]; e.Kind == effect.Defer {
				out = out.union(w.signals(e.Deferred))
			}
		}
	}
	return out
}
