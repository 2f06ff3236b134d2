package race

import (
	"strconv"
	"strings"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// A binding maps a callee's roots to the caller's paths.
type binding struct {
	w      *walk
	callee *function
	sum    *summary // its summary, if there is one
	args   []effect.Value
	free   []effect.Path
	id     int                        // of the call
	ready  bool                       // args and free are resolved
	names  map[effect.Path]translated // what paths became; nil if that is not kept
}

// A translated is a callee's path in the caller's terms.
type translated struct {
	path effect.Path
	ok   bool
}

// resolved is the binding with its arguments resolved, for many paths in turn.
func (b binding) resolved() binding {
	args, free := make([]effect.Value, len(b.args)), make([]effect.Path, len(b.free))
	for i := range args {
		args[i] = b.args[i]
		args[i].Path = b.w.resolve(args[i].Path)
	}
	for i := range free {
		free[i] = b.w.resolve(b.free[i])
	}
	b.args, b.free, b.ready, b.names = args, free, true, make(map[effect.Path]translated)
	return b
}

// of says a path of the caller that the callee was given.
func (b binding) of(p effect.Path) effect.Path {
	if b.ready {
		return p
	}
	return b.w.resolve(p)
}

// made tells which result a channel is that the callee makes and returns.
func (b binding) made(r effect.Root) (int, bool) {
	if b.id == 0 || b.sum == nil {
		return 0, false
	}
	i, ok := b.sum.made[r]
	return i, ok
}

func (w *walk) bind(g *function, fn effect.Value, args []effect.Value) binding {
	b := binding{w: w, callee: g, args: args, free: fn.Bind}
	if g != nil {
		b.sum = w.summaryOf(g)
	}
	if fn.Bound {
		b.args = append([]effect.Value{{Path: fn.Bind[0]}}, args...)
		b.free = nil
	}
	return b
}

// link gives what a callee keeps for itself, and yet links what it does, a name
// that nothing else has.
func (b binding) link(p effect.Path) (effect.Path, bool) {
	if b.id == 0 || b.sum == nil || !b.sum.links[p.Root] {
		return p, false
	}
	p.Root = effect.Root{Kind: effect.Result, N: b.id, I: linked + 31*p.Root.N + p.Root.I}
	return p, true
}

// linked is more than functions have results. It is added once for each call on
// the way up, as far as maxLinked.
const linked, maxLinked = 1 << 16, 3 << 16

// path says a callee's path in the caller's terms; false if the caller has no
// name for it.
func (b binding) path(p effect.Path) (effect.Path, bool) {
	if b.names == nil || p.Sel == "" || p.Root.Kind == effect.Global {
		return b.translate(p)
	}
	t, known := b.names[p]
	if !known {
		t.path, t.ok = b.translate(p)
		b.names[p] = t
	}
	return t.path, t.ok
}

func (b binding) translate(p effect.Path) (effect.Path, bool) {
	var to effect.Path
	switch r := p.Root; r.Kind {
	case effect.Global:
		return p, true
	case effect.Either:
		return b.either(p)
	case effect.Local:
		if i, ok := b.made(r); ok {
			return b.w.resolve(effect.Path{Root: effect.Root{Kind: effect.Result, N: b.id, I: i}, Sel: p.Sel}), true
		}
		return b.link(p)
	case effect.Result:
		return b.link(p)
	case effect.Param:
		if r.N < len(b.args) {
			to = b.of(b.args[r.N].Path)
		}
	case effect.Free:
		if r.N < len(b.free) {
			to = b.of(b.free[r.N])
		}
	}
	if to.Root.Kind == effect.NoRoot {
		return p, false
	}
	p, ok := p.On(to)
	return b.w.resolve(p), ok
}

func (b binding) paths(s paths) paths {
	var out paths
	for _, p := range s {
		if q, ok := b.path(p); ok {
			out = out.add(q)
		}
	}
	return out
}

// either says which of several objects a callee waits for in the caller's
// terms; false if one of them has no name there.
func (b binding) either(p effect.Path) (effect.Path, bool) {
	if p == something {
		return p, true
	}
	var list []effect.Path
	for _, q := range b.w.m.eithers.of(p.Root.N) {
		q, ok := b.path(q)
		if !ok {
			return p, false
		}
		list = append(list, q)
	}
	return b.w.m.either(list), true
}

func (b binding) counts(c counts) counts { return b.countsAnd(c, 0) }

// countsAnd leaves room for some more.
func (b binding) countsAnd(c counts, room int) counts {
	if len(c) == 0 {
		return nil
	}
	out := make(counts, 0, len(c)+room)
	for _, e := range c {
		if q, ok := b.path(e.path); ok {
			out = out.put(q, e.n)
		}
	}
	return out
}

// locks says a callee's locks in the caller's terms. A lock the caller has no
// path to keeps its key.
func (b binding) locks(l locks) locks {
	var out locks
	for _, h := range l {
		q, ok := b.path(h.path)
		switch {
		case ok:
		case h.path.Root.N < 0: // of one the callee called
			q = h.path
		case h.path.Field() != "":
			q = effect.Path{Root: effect.Root{Kind: effect.Result, N: -1, Key: b.callee.Key}, Sel: h.path.Sel}
		case h.path.Root.Kind == effect.Local:
			q = effect.Path{Root: effect.Root{Kind: effect.Result, N: -1, Key: h.key(b.callee)}}
		default:
			continue
		}
		out = out.put(held{q, h.mode})
	}
	return out
}

// index says which element an access is to in the caller's terms.
func (b binding) index(a *access) string {
	index := a.index
	if r := a.path.Root; index == "" && r.Kind == effect.Param && r.N < len(b.args) && a.path.Hops() == 0 {
		return b.args[r.N].Index // the callee was given its address
	}
	if !strings.Contains(index, "p") {
		return index
	}
	words := strings.Split(index, ",")
	for i, word := range words {
		if n, err := strconv.Atoi(strings.TrimPrefix(word, "p")); err == nil && word[0] == 'p' {
			words[i] = "?"
			if n < len(b.args) && b.args[n].Const != "" {
				words[i] = "=" + b.args[n].Const
			}
		}
	}
	return strings.Join(words, ",")
}
