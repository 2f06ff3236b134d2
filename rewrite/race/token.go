package race

import (
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// A channel that a function both sends on and receives from passes nothing on
// there: it holds a token, and who has put it in, or taken it out, has the
// lock until he does the other (Go memory model: the k-th receive comes before
// the k+C-th send completes).

// findTokens looks for channels that the function uses as locks.
func (w *walk) findTokens() {
	var sends, receives paths
	w.f.each(func(e *effect.Event) {
		switch e.Kind {
		case effect.Signal:
			if e.Send {
				sends = sends.add(w.resolve(e.Path))
			}
		case effect.Wait:
			for _, p := range append(e.Either, e.Path) {
				receives = receives.add(w.resolve(p))
			}
		case effect.Call:
			g := w.m.funcs[e.Fn.Func]
			if g == nil || w.summaryOf(g) == nil || g.Parent != w.f.Key {
				return // only literals are as good as here
			}
			b := w.bind(g, e.Fn, e.Args)
			for _, c := range b.counts(b.sum.sends) {
				sends = sends.add(c.path)
			}
			for _, c := range b.counts(b.sum.waited) {
				receives = receives.add(c.path)
			}
		}
	}, effect.Signal, effect.Wait, effect.Call)
	for i := range w.f.Blocks {
		for _, c := range w.f.Blocks[i].Conds {
			switch p := w.resolve(c.Path); {
			case c.Case && c.Send:
				sends = sends.add(p)
			case c.Case:
				receives = receives.add(p)
			}
		}
	}
	w.tokens = slices.DeleteFunc(sends, func(p effect.Path) bool {
		_, back := p.IsBack()
		return back || !receives.has(p) || !w.holdsOne(p)
	})
}

// holdsOne reports whether a channel may have room for one token, as far as is
// known here.
func (w *walk) holdsOne(p effect.Path) bool {
	if p.Root.Kind == effect.Local && p.Sel == "" {
		c := w.f.Locals[p.Root.N].Cap
		return c <= 0 || c == 2 // no channel, one of unknown capacity, or of 1
	}
	return true
}

// token passes the token of a channel on, if it is one.
func (w *walk) token(s state, p effect.Path) state {
	if !w.tokens.has(p) {
		return s
	}
	if s.may.index(p) >= 0 {
		return w.release(s, p)
	}
	return w.take(s, held{p, rewrite.Exclusive})
}

// condLock ends the paths of locks that are reached through a sync.Cond.
const condLock = ";sync.Cond.L"

// behindCond says a lock that is reached through the L of a sync.Cond by the
// field it was made from, where that was seen.
func (m *Module) behindCond(p effect.Path) effect.Path {
	if !strings.HasSuffix(p.Sel, condLock) {
		return p
	}
	cond, _ := p.Base()
	if base, sel := cond.Base(); sel == effect.Deref {
		cond = base
	}
	owner, field := cond.Base()
	if lock, ok := m.conds[field]; ok {
		p, _ = owner.With(lock)
	}
	return p
}

// meanwhile is a state while Cond.Wait has given a lock back: the one the
// sync.Cond was made from or, where that is not known, the only one there is.
func (w *walk) meanwhile(s state, lock effect.Path) state {
	if lock.Root.Kind == effect.NoRoot {
		return s
	}
	key := held{path: w.resolve(lock)}.key(w.f)
	unknown := strings.HasSuffix(key, condLock[1:])
	rest := slices.DeleteFunc(slices.Clone(s.may), func(h held) bool { return h.key(w.f) == key || unknown && len(s.may) == 1 })
	s.may = rest
	return s
}
