package race

import (
	"cmp"
	"slices"
	"strconv"
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
	w.f.transfers(func(p effect.Path, send bool, _ effect.Pos) {
		if send {
			sends = sends.add(w.resolve(p))
		} else {
			receives = receives.add(w.resolve(p))
		}
	})
	w.f.each(func(e *effect.Event) {
		g := w.m.funcs[e.Fn.Func]
		if g == nil || w.summaryOf(g) == nil || g.Parent != w.f.Key {
			return // only literals are as good as here
		}
		b := w.bind(g, e.Fn, e.Args)
		if e.Kind == effect.Call {
			for _, c := range b.counts(b.sum.sends) {
				sends = sends.add(c.path)
			}
		}
		for _, c := range b.counts(b.sum.waited) {
			if !c.loads() && (e.Kind == effect.Call || w.roomForOne(c.path)) { // who stores and loads an atomic has no lock
				receives = receives.add(c.path)
			}
		}
	}, effect.Call, effect.Go)
	w.tokens = slices.DeleteFunc(sends, func(p effect.Path) bool {
		_, back := p.IsBack()
		return back || !receives.has(p) || !w.f.holdsOne(p)
	})
}

// roomForOne reports whether a channel is known to have room for one token.
func (w *walk) roomForOne(p effect.Path) bool {
	if p.Root.Kind == effect.Local && p.Sel == "" {
		return w.f.Locals[p.Root.N].Cap == 2
	}
	return w.m.room[objectKey(p)] == 2
}

// handsToken lists the tokens that a goroutine gets from who starts it: who has put one in
// lets it take that out again.
//
//	slot <- struct{}{}
//	go func() {
//		defer func() { <-slot }()
//		...
//	}()
func (w *walk) handsToken(b binding, s state) paths {
	var out paths
	for _, c := range b.counts(b.sum.waited) {
		if w.tokens.has(c.path) && s.must.index(c.path) >= 0 && w.roomForOne(c.path) {
			out = out.add(c.path)
		}
	}
	return out
}

// transfers calls fn for each channel that the function sends on or receives from, in
// cases of select statements, too.
func (f *function) transfers(fn func(p effect.Path, send bool, at effect.Pos)) {
	f.each(func(e *effect.Event) {
		switch {
		case e.Kind == effect.Signal && e.Send:
			fn(e.Path, true, e.At)
		case e.Kind == effect.Wait && !e.Send && e.Op != rewrite.Atomic:
			for _, p := range append(slices.Clip(e.Either), e.Path) {
				fn(p, false, e.At)
			}
		}
	}, effect.Signal, effect.Wait)
	for i := range f.Blocks {
		for _, c := range f.Blocks[i].Conds {
			if c.Case {
				fn(c.Path, c.Send, c.At)
			}
		}
	}
}

// holdsOne reports whether a channel may have room for one token, as far as is
// known here.
func (f *function) holdsOne(p effect.Path) bool {
	if p.Root.Kind == effect.Local && p.Sel == "" {
		c := f.Locals[p.Root.N].Cap
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

// passes passes the token of a channel on where the function itself sends or receives:
// if the field is a lock with methods, one of them takes it and the other gives it back.
func (w *walk) passes(s state, p effect.Path, send bool) state {
	bySend, ok := w.m.tokens[cmp.Or(objectKey(p), w.f.channel(p))]
	if _, back := p.IsBack(); !ok || back {
		return w.token(s, p)
	}
	if send == bySend {
		return w.take(s, held{p, rewrite.Exclusive})
	}
	if s.may.index(p) < 0 {
		w.sum.released = w.sum.released.add(p)
	}
	return w.release(s, p)
}

// channel names a parameter that is a channel; "" for other paths.
func (f *function) channel(p effect.Path) string {
	if p.Root.Kind != effect.Param || p.Sel != "" {
		return ""
	}
	return f.Key + "#" + strconv.Itoa(p.Root.N)
}

// A tokenUse is who sends on a channel with room for one, and who receives from it.
type tokenUse struct{ sends, receives []*function }

// findTokens looks for fields that hold a channel with room for one which is a lock:
// some functions only send on it, others only receive, and those that call both call
// one kind first, all of them the same.
//
//	func (m *mu) lock()   { m.ch <- struct{}{} }
//	func (m *mu) unlock() { <-m.ch }
//
// The functions may be given the channel.
func (m *Module) findTokens() {
	m.tokens = make(map[string]bool)
	uses := make(map[string]*tokenUse)
	one := func(key string) bool { return m.room[key] == 2 }
	for _, f := range m.order {
		use := func(p effect.Path, send bool, _ effect.Pos) {
			key := objectKey(p)
			if !one(key) {
				key = f.channel(p)
			}
			if _, back := p.IsBack(); back || key == "" {
				return
			}
			u := uses[key]
			if u == nil {
				u = new(tokenUse)
				uses[key] = u
			}
			list := &u.receives
			if send {
				list = &u.sends
			}
			if !slices.Contains(*list, f) {
				*list = append(*list, f)
			}
		}
		f.transfers(use)
		f.each(func(e *effect.Event) { use(e.Path, false, e.At) }, effect.Drain)
	}
	// The functions that only send on a channel, or only receive from it.
	type half struct {
		key  string
		send bool
	}
	halves := make(map[*function][]half)
	for key, u := range uses {
		if slices.ContainsFunc(u.sends, func(f *function) bool { return slices.Contains(u.receives, f) }) {
			continue
		}
		for _, f := range u.sends {
			halves[f] = append(halves[f], half{key, true})
		}
		for _, f := range u.receives {
			halves[f] = append(halves[f], half{key, false})
		}
	}
	if len(halves) == 0 {
		return
	}
	given := make(map[string]map[string]bool) // by field, the parameters that it becomes
	first := make(map[half]bool)              // which of the two comes first where both are called
	for _, f := range m.order {
		calls := make(map[half]*effect.Event)
		f.each(func(e *effect.Event) {
			for _, h := range halves[m.funcs[e.Fn.Func]] {
				if n, ok := strings.CutPrefix(h.key, e.Fn.Func+"#"); ok {
					i, _ := strconv.Atoi(n)
					if i >= len(e.Args) || !one(objectKey(e.Args[i].Path)) {
						continue
					}
					param := h.key
					if h.key = objectKey(e.Args[i].Path); given[h.key] == nil {
						given[h.key] = make(map[string]bool)
					}
					given[h.key][param] = true
				}
				if calls[h] == nil {
					calls[h] = e
				}
			}
		}, effect.Call)
		for h, e := range calls {
			if other := calls[half{h.key, !h.send}]; h.send && other != nil {
				first[half{h.key, f.comesFirst(e, other)}] = true
			}
		}
	}
	for h := range first {
		if !first[half{h.key, !h.send}] {
			m.tokens[h.key] = h.send
			for param := range given[h.key] {
				m.tokens[param] = h.send
			}
		}
	}
}

// comesFirst reports whether a call comes before another one, which may be deferred.
func (f *function) comesFirst(a, b *effect.Event) bool {
	deferred := func(e *effect.Event) bool {
		return slices.ContainsFunc(f.Blocks, func(b effect.Block) bool {
			return slices.ContainsFunc(b.Events, func(d effect.Event) bool { return d.Kind == effect.Defer && d.Deferred == e })
		})
	}
	if x, y := deferred(a), deferred(b); x != y {
		return y
	}
	return f.leads(a, b)
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
