package race

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// within returns the innermost function around a position.
func (m *Module) within(p effect.Pos) *function {
	var best *function
	for _, f := range m.order {
		if f.At.File != p.File || comparePos(f.At, p) > 0 || f.End.Line == 0 || comparePos(p, f.End) > 0 {
			continue
		}
		if best == nil || comparePos(best.At, f.At) < 0 {
			best = f
		}
	}
	return best
}

// Effects tells what runs when control passes from one position of a function
// to another, callees included.
func (m *Module) Effects(from, to effect.Pos) rewrite.Effects {
	f := m.within(from)
	if f == nil {
		return rewrite.Effects{Slow: []string{"code that was not analysed"}}
	}
	takes := make(map[string]bool)
	var out rewrite.Effects
	slow := func(at effect.Pos, note string) {
		s := fmt.Sprintf("%s at %s:%d", note, filepath.Base(at.File), at.Line)
		if len(out.Slow) < 4 && !slices.Contains(out.Slow, s) {
			out.Slow = append(out.Slow, s)
		}
	}
	f.each(func(e *effect.Event) {
		if comparePos(e.At, from) < 0 || comparePos(e.At, to) > 0 {
			return
		}
		switch e.Kind {
		case effect.Slow:
			slow(e.At, e.Note)
		case effect.Lock:
			if k := (held{path: e.Path}).key(f); k != "" {
				takes[k] = true
			}
		case effect.Call, effect.Once:
			g := m.funcs[e.Fn.Func]
			if g == nil && e.Quick {
				return
			}
			if g == nil {
				slow(e.At, "a call of a function value")
				return
			}
			for k := range g.sum.takes.keys(g) {
				takes[k] = true
			}
			for _, note := range g.sum.slow {
				slow(e.At, note+" in "+g.Name)
			}
		}
	})
	out.Locks = slices.Sorted(maps.Keys(takes))
	return out
}

// Entry tells which locks some caller may hold when the function around a
// position starts.
func (m *Module) Entry(p effect.Pos) []rewrite.Lock {
	if f := m.within(p); f != nil {
		return f.allMay()
	}
	return nil
}

// Held tells which locks are held for certain, and which may be, when the call
// at a position runs; ok is false if none is known there.
func (m *Module) Held(at effect.Pos) (must, may []rewrite.Lock, ok bool) {
	f := m.within(at)
	if f == nil {
		return nil, nil, false
	}
	var certain, possible keys
	for _, c := range f.calls {
		if c.at != at {
			continue
		}
		var here keys
		if !c.spawn {
			here = merge(f.entry.must, c.must)
			possible = merge(possible, merge(f.entry.may, c.may))
		}
		if !ok {
			certain, ok = here, true
			continue
		}
		maps.DeleteFunc(certain, func(k string, _ rewrite.Mode) bool { return here[k] == 0 })
	}
	return certain.list(), possible.list(), ok
}
