package race

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
	"github.com/go-fixer/fixer/rewrite/model"
)

// isEntry reports whether callers outside what is analysed can run a
// function: it is exported from a package that others can import, or nothing
// in the module is seen to call it and something may through an interface.
func (m *Module) isEntry(f *function) bool {
	if !f.Exported || f.Parent != "" || model.Builds(f.Key) || model.SetsUp(f.Key) {
		return false
	}
	if !f.Public && !m.promotes[f.Recv] {
		return false // through an interface, but by whom is anybody's guess
	}
	if model.Sorts(f.Key) && slices.ContainsFunc(m.types, func(t *effect.Type) bool { return t.Key == f.Recv && model.Sortable(t.Methods) }) {
		return false // called by package sort, where the module sorts
	}
	if f.Params == 2 && slices.ContainsFunc(m.types, func(t *effect.Type) bool { return model.FlagValue(f.Key, t.Methods) }) {
		return false
	}
	if m.public[f.Pkg] {
		return true
	}
	return !slices.ContainsFunc(f.callers, func(g *function) bool { return !g.Test })
}

// judge finds the pairs that meet through the API of a type: a goroutine that
// works on an object, and callers of the object's exported methods, or a
// second goroutine started elsewhere.
func (ps *pairs) judge(ctx context.Context) {
	for _, place := range slices.Sorted(maps.Keys(ps.tests)) {
		tests := thin(ps.tests[place])
		for i, t := range tests {
			for _, u := range tests[i+1:] {
				if t.frame != u.frame && t.frame.Pkg == u.frame.Pkg && t.path == u.path && conflict(t.access, u.access) &&
					!ps.m.excludes(t.held, u.held) && !onceByField(t.access, u.access) && !onceByField(u.access, t.access) && !ps.m.setUpOnce(place, t, u) {
					ps.add(place, pair{a: t.side, b: u.side, certain: true})
				}
			}
		}
	}
	for _, field := range slices.Sorted(maps.Keys(ps.threads)) {
		if ctx.Err() != nil {
			return
		}
		threads := thin(ps.threads[field])
		// Only now are all callers known.
		ps.entries[field] = slices.DeleteFunc(ps.entries[field], func(e published) bool { return !ps.m.isEntry(e.entry) || ps.m.unused(e.entry) })
		entries := thin(ps.entries[field])
		k := kinds{m: ps.m}
		k.number(threads)
		k.number(entries)
		reach := make(map[string][]published) // of entries, by whose path may lead to the same
		for _, t := range threads {
			if _, ok := reach[t.typed]; !ok {
				reach[t.typed] = slices.DeleteFunc(slices.Clone(entries), func(e published) bool { return t.elem() != e.elem() || !sameObject(t.typed, e.typed) })
			}
			for _, e := range reach[t.typed] {
				if !k.keptApart(t, e) && ps.meetsEntry(field, t, e) {
					ps.add(field, pair{a: t.side, b: e.side})
				}
			}
		}
		for i, t := range threads {
			for _, u := range threads[i+1:] {
				if !k.keptApart(t, u) && ps.meetsThread(t, u) && !ps.m.setUpOnce(field, t, u) {
					ps.add(field, pair{a: t.side, b: u.side})
				}
			}
		}
	}
}

// meetsEntry reports whether a goroutine's access and one by callers of the
// API, which kinds doesn't keep apart, race, by paths that may lead to the same.
func (ps *pairs) meetsEntry(field string, t, e published) bool {
	switch {
	case t.frame.Pkg != e.frame.Pkg && !strings.HasSuffix(t.typed, chain(e.typed)):
		return false // what is behind an object of another package may be anybody's
	case protectedByCallers(t, e):
		return false
	case ps.m.handedOut(t.held):
		return false // callers may take the lock themselves
	case ps.starts(e.entry, t.ctx.Start) && !e.later(t):
		return false // the frame that starts the goroutine has judged it
	case ps.judged[judgement{ps.m.starts[effect.PosOf(t.ctx.Start)], e.fn, ps.m.numbers[field]}] && !e.later(t):
		return false // so did one that starts it and calls the method
	case t.handsOver(e), t.fn.takesOut(t.path) && e.fn.takesOut(e.path):
		return false // only one of them gets the object
	case waitsByField(e.access, t.access), onceByField(t.access, e.access), gated(t.access, e.access), byGate(t.access, e.access), behindClose(t.access, e.access), dropsClosed(t.access, e.access):
		return false
	case ps.m.solely(t, e), e.entry.Serial, e.excused(), t.excused():
		return false
	case e.entry.onNew():
		return false // the module calls it on new objects only
	case t.writes() && !t.loop && len(t.must) == 0 && !model.Ends(e.entry.Key) && ps.m.announces(t):
		return false // callers get the object when they have waited for that, but may end it before
	case ps.m.setUpOnce(field, t, e):
		return false
	case e.path.Root.Kind == effect.Global && e.onceOver() && (t.ctx.Request || beginsWork(e.entry)):
		return false // what a package sets up once, it has set up when requests come, or work begins
	case e.path.Root.Kind == effect.Global && e.writes() && e.fn.registers():
		return false // as long as it is done by init functions
	case t.runs == e.entry:
		return false // a second call of what is a goroutine of its own is not meant
	case !ps.m.invites(t, e):
		return false
	case t.showsUse(e) && len(t.may)+len(e.may) == 0 && t.op != rewrite.Atomic && e.op != rewrite.Atomic:
		return false
	case e.writes() && len(e.must) == 0 && !model.Ends(e.entry.Key) && ps.setsUp(t, e) && !ps.onItsOwn(t, e):
		return false
	case len(e.must) == 0 && t.keptWithin(e):
		return false // callers get there through what takes its own lock
	}
	if e.writes() && !ps.writtenBy(field, t.ctx.Start) {
		// A setter that the goroutine only reads after: commonly
		// configuration before the start. A flag that is set to a constant
		// and looked at again and again is not, unless that is one of chained
		// calls before the start; else a lock on either side must show that
		// more is meant.
		if model.Ends(e.entry.Key) && (t.loop || t.ctx.Request) && !e.whole {
			return true // what is over for who ends it may go on
		}
		if e.konst && t.loop && !e.whole && (!e.entry.chains() || t.fresh && t.owner() == e.entry.Recv) {
			return true
		}
		if ps.onItsOwn(t, e) {
			return true
		}
		return ps.m.lockedFor(field, e) || ps.m.lockedFor(field, t) || e.op == rewrite.Atomic || t.op == rewrite.Atomic
	}
	return true
}

// onItsOwn reports whether a goroutine that the maker of an object has started gets to an
// access again and again as time passes, and not when callers give it something to do.
func (ps *pairs) onItsOwn(t, e published) bool {
	return t.loop && !e.whole && t.fresh && t.owner() == e.entry.Recv && t.runs != nil && t.frame.handsOut(t.path.Root) && ps.m.keepsTime(t.runs)
}

// keepsTime reports whether a function waits for the time in a loop, and else for the end
// of what it does at most.
func (m *Module) keepsTime(f *function) bool {
	time, other := false, false
	wait := func(p effect.Path) {
		switch {
		case strings.HasPrefix(p.Field(), "time."):
			time = true
		case p == effect.Path{Root: p.Root, Sel: ";" + effect.Deref} && p.Root.Kind == effect.Param: // a context
		case !m.closesField(p.Field()):
			other = true
		}
	}
	f.each(func(e *effect.Event) {
		for _, p := range e.Either {
			wait(p)
		}
		if len(e.Either) == 0 && e.Path.Root.Kind != effect.Either {
			wait(e.Path)
		}
	}, effect.Wait)
	return time && !other
}

// registers reports whether the module calls a function in init functions only, or in
// exported ones that do no more than pass it on.
func (f *function) registers() bool {
	found := false
	for _, g := range f.callers {
		switch {
		case g.Test, g.Exported && len(g.callers) == 0:
		case !g.initial():
			return false
		default:
			found = true
		}
	}
	return found
}

// onNew reports whether the module calls a function on new objects only.
func (f *function) onNew() bool {
	return f.inner.reached && len(f.inner.fresh) > 0 && f.inner.fresh[0]
}

// excused reports whether the documentation of the function in which an access
// stands keeps others away from it. One that reads under a lock may be what the
// documentation asks for.
func (p *published) excused() bool { return p.fn.Serial && (p.writes() || len(p.must) == 0) }

// protectedByCallers reports whether all calls of the entry in the module hold
// a lock that the goroutine holds too, but for those on new objects. Others are assumed
// to follow them.
func protectedByCallers(t, e published) bool {
	for lock, mode := range t.held {
		if e.entry.calledHolding(lock, mode) {
			return true
		}
	}
	return false
}

// calledHolding reports whether the module calls a function, and always with a lock held
// that keeps out who holds it in a mode.
func (f *function) calledHolding(lock string, mode rewrite.Mode) bool {
	called := false
	for by, c := range f.calledAt() {
		if c.test || c.onNew() {
			continue
		}
		held := max(by.entry.must[lock], c.must[lock])
		if held == 0 || c.spawn || mode != rewrite.Exclusive && held != rewrite.Exclusive {
			return false
		}
		called = true
	}
	return called
}

// handedOut reports whether an exported function leaves one of the locks held
// for its callers.
func (m *Module) handedOut(k keys) bool {
	for key := range k {
		if m.handed[key] {
			return true
		}
	}
	return false
}

// lockedFor reports whether an access holds a lock for the field: it writes, or the lock
// stands beside the field, or some write holds it. Others are for something else.
func (m *Module) lockedFor(field string, p published) bool {
	if p.writes() || p.path.Root.Kind == effect.Global {
		return len(p.must) > 0
	}
	return slices.ContainsFunc(p.must, func(h held) bool {
		k := h.key(p.frame)
		return m.besides(field, k) || slices.ContainsFunc(m.raw[field], func(r *raw) bool { return r.writes() && r.locks()[k] != 0 })
	})
}

// writtenBy reports whether the goroutine started at a place writes the field.
func (ps *pairs) writtenBy(field string, start rewrite.Span) bool {
	return slices.ContainsFunc(ps.threads[field], func(p published) bool { return p.ctx.Start == start && p.writes() })
}

// sameObject reports whether two paths, spelled from the types of their
// roots, can lead to the same field: one ends in the other.
func sameObject(a, b string) bool {
	return strings.HasSuffix(a, chain(b)) || strings.HasSuffix(b, chain(a))
}

// chain drops the root's type.
func chain(typed string) string {
	if i := strings.IndexByte(typed, ';'); i >= 0 {
		return typed[i:]
	}
	return typed
}

// elem reports whether it is the content of a container that is accessed.
func (p *published) elem() bool { return p.path.Content() }

// invites reports whether a type lets others call its methods while the
// goroutine runs: it starts the goroutine itself, or who makes it does and hands
// it out; one of the two holds a lock, and it has one, or atomics; or it is a
// package variable's business. What the goroutine gets to through the object that
// is handed out was given to that: it is not for everybody.
func (m *Module) invites(t, e published) bool {
	recv := e.entry.Recv
	behind := t.path.Sel != chain(e.typed) && strings.Contains(t.path.Sel, ";"+effect.Deref+";")
	if recv == "" || t.frame.Recv == recv || t.fresh && !behind && t.frame.handsOut(t.path.Root) {
		return true
	}
	if model.Ends(e.entry.Key) {
		return false // that others are done with it is the business of who has it
	}
	if t.runs != nil && t.runs.Recv == recv && t.writes() && !e.writes() && !m.above(e.entry)[t.runs] {
		return true // its own work, which it does while others ask how far it is
	}
	if len(t.must)+len(e.must) == 0 && t.op != rewrite.Atomic && e.op != rewrite.Atomic {
		return false
	}
	s := m.structs[recv]
	return s != nil && slices.ContainsFunc(s.Fields, func(f effect.FieldInfo) bool { return f.Lock || f.Atomic })
}

// keptWithin reports whether a goroutine gets to the object of an entry through
// another one, holding a lock of that and none of the object.
func (t published) keptWithin(e published) bool {
	outer, ok := strings.CutSuffix(t.path.Sel, chain(e.typed))
	return ok && outer != "" && len(t.must) > 0 && !slices.ContainsFunc(t.must, func(h held) bool {
		return h.path.Root != t.path.Root || strings.HasPrefix(h.path.Sel, outer+";")
	})
}

// handsOut reports whether a function returns an object, or puts it where
// others find it; what its goroutine does with it doesn't count.
func (f *function) handsOut(r effect.Root) bool {
	found := false
	f.each(func(e *effect.Event) {
		switch e.Kind {
		case effect.Escape:
			found = found || isObject(e.Path, r)
		case effect.Return:
			found = found || slices.ContainsFunc(e.Results, func(v effect.Value) bool { return isObject(v.Path, r) })
		}
	}, effect.Escape, effect.Return)
	return found
}

// setsUp reports whether an entry also sets, without a lock, what the goroutine
// needs and never sets itself: then it is called before the goroutine starts.
func (ps *pairs) setsUp(t, e published) bool {
	return lazily(&ps.sets, setup{e.entry, t.ctx.Start}, func() bool { return ps.findsSetUp(t, e) })
}

func (ps *pairs) findsSetUp(t, e published) bool {
	for field, entries := range ps.entries {
		if ps.writtenBy(field, t.ctx.Start) {
			continue
		}
		for _, o := range entries {
			if o.entry != e.entry || !o.writes() || o.konst || len(o.must) > 0 || o.elem() {
				continue
			}
			for _, u := range ps.threads[field] {
				if u.ctx.Start == t.ctx.Start && !u.writes() && len(u.must) == 0 && sameObject(u.typed, o.typed) {
					return true
				}
			}
		}
	}
	return false
}

// beginsWork reports whether a function is called before others work, by custom: it makes
// something, or sets it up, or panics.
func beginsWork(f *function) bool {
	name := strings.Replace(f.Key, ".Must", ".", 1)
	return model.Makes(name) || model.SetsUp(name)
}

// announces reports whether the goroutine makes an access before it closes a channel of
// the same object for good, which others wait for: it gets the object ready.
func (m *Module) announces(t published) bool {
	return slices.ContainsFunc(t.before, func(s count) bool {
		key := s.path.Field()
		if key == "" || s.path.Root != t.path.Root || !m.closesField(key) {
			return false
		}
		return slices.ContainsFunc(m.waiters(key), func(f *function) bool { return !f.Test && f != t.fn && f != t.runs })
	})
}

// closesField reports whether the channel of a field is closed in one place, and never
// sent on.
func (m *Module) closesField(field string) bool {
	if m.closings == nil {
		m.closings = make(map[string]int)
		for _, f := range m.order {
			f.each(func(e *effect.Event) {
				switch {
				case e.Op == rewrite.Close:
					m.closings[e.Path.Field()]++
				case e.Send:
					m.closings[e.Path.Field()] += 2
				}
			}, effect.Signal)
		}
	}
	return m.closings[field] == 1
}

// starts reports whether a function, or what it calls, starts the goroutine.
func (ps *pairs) starts(f *function, start rewrite.Span) bool {
	if f == nil || f.sum == nil {
		return false
	}
	if slices.ContainsFunc(f.sum.threads, func(t *thread) bool { return t.site.Span() == start }) {
		return true
	}
	found := false
	f.each(func(e *effect.Event) { found = found || e.At.Span() == start }, effect.Go)
	return found
}
