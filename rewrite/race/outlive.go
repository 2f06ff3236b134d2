package race

import (
	"maps"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// outlives looks for harm that a goroutine does when it goes on after it was
// told to end. That nobody waits for it is no harm by itself: most that end do
// so soon, and touch nothing by then.
func (m *Module) outlives(l *lifetime) {
	if l.tour.signals[""] || !l.tour.acts {
		return
	}
	for _, e := range l.ends {
		top := m.method(e.in)
		if m.waitsFor(top, l) {
			return // as the others may
		}
		why, would := m.harm(l, e)
		if why == "" {
			continue
		}
		key := l.in.Key + " starts " + l.runs.Key
		m.goroutines[key] = &rewrite.Finding{
			Kind: rewrite.Goroutine, Confidence: rewrite.Likely,
			Place: rewrite.Place{Key: key, Owner: key, Name: l.runs.Name, Type: "goroutine", Decl: l.start.At.Span()},
			Sides: [2]rewrite.Side{
				{Access: rewrite.Access{Op: rewrite.Stop, At: e.at.Span(), Func: e.in.Name},
					Context: rewrite.Context{Start: top.At.Span(), Func: top.Name, Runs: top.Name, Entry: true}},
				{Access: rewrite.Access{Op: rewrite.Start, At: l.start.At.Span(), Func: l.in.Name}, Context: l.context()},
			},
			Why: []string{why}, Would: would,
		}
		return
	}
}

// waitsFor reports whether a function, or anything in the module, waits for the
// end of a goroutine.
func (m *Module) waitsFor(end *function, l *lifetime) bool {
	t := m.tour()
	t.visit(end, make(map[effect.Root]bool))
	found := false
	for f := range t.seen {
		f.each(func(e *effect.Event) {
			found = found || e.Op != rewrite.Atomic && (!e.Group || e.Path.Field() == "")
		}, effect.Wait)
	}
	for field := range l.tour.signals {
		found = found || slices.ContainsFunc(m.waiters(field), func(f *function) bool { return l.tour.seen[f] == nil })
	}
	return found
}

// waiters lists the functions that wait for what a field holds.
func (m *Module) waiters(field string) []*function {
	if m.waiting == nil {
		m.waiting = make(map[string][]*function)
		for _, f := range m.order {
			f.each(func(e *effect.Event) { m.waiting[e.Path.Field()] = append(m.waiting[e.Path.Field()], f) }, effect.Wait)
			for i := range f.Blocks {
				for _, c := range f.Blocks[i].Conds {
					if c.Case {
						m.waiting[c.Path.Field()] = append(m.waiting[c.Path.Field()], f)
					}
				}
			}
		}
		delete(m.waiting, "")
	}
	return m.waiting[field]
}

// harm says what goes wrong when a goroutine goes on after an ending, and what
// would keep it from that.
func (m *Module) harm(l *lifetime, e ending) (why, would string) {
	wait := "a wait for the goroutine in " + m.method(e.in).Name
	if key := l.closedUnder(e); key != "" && !m.sentUnderLock(l, e, key) {
		return "it may still send on " + rewrite.ShortKey(key) + ", which " + e.in.Name + " closes then: that panics", wait + " before the channel is closed"
	}
	if l.again = l.tour.goesOn() && m.restarts(l, e); l.again {
		return l.in.Name + " may be called again after " + m.method(e.in).Name + ": then two of these goroutines run at once", wait
	}
	return "", ""
}

// closedUnder is the key of a channel that is closed after an ending while the
// goroutine may send on it.
func (l *lifetime) closedUnder(end ending) string {
	key := ""
	end.in.each(func(e *effect.Event) {
		if k := e.Path.Field(); e.Kind == effect.Signal && e.Op == rewrite.Close && comparePos(e.At, end.at) > 0 && l.tour.sends[k] && k != l.field {
			key = k
		}
	})
	return key
}

// sentUnderLock reports whether whoever closes the channel of a field holds a lock that
// the goroutine holds where it sends: it can ask under the lock whether that is done.
func (m *Module) sentUnderLock(l *lifetime, end ending, key string) bool {
	closing := m.heldAt(end.in, key, false)
	maps.DeleteFunc(closing, func(k string, _ rewrite.Mode) bool { return !isMutex(k) })
	found := false
	for f := range l.tour.seen {
		if sending := m.heldAt(f, key, true); sending != nil {
			if found = true; !m.excludes(closing, sending) {
				return false
			}
		}
	}
	return found
}

// heldAt tells which locks a function holds wherever it sends on the channel of a field,
// or closes it; nil if it does not.
func (m *Module) heldAt(f *function, key string, send bool) keys {
	var held keys
	does := func(p effect.Path, at effect.Pos) {
		if p.Field() != key {
			return
		}
		here := make(keys)
		for _, r := range m.raw[key] { // the field is read there
			if r.fn == f && r.at.Line == at.Line {
				here = merge(here, r.locks())
			}
		}
		if held == nil {
			held = here
		}
		maps.DeleteFunc(held, func(k string, _ rewrite.Mode) bool { _, ok := here[k]; return !ok })
	}
	if send {
		f.transfers(func(p effect.Path, sends bool, at effect.Pos) {
			if sends {
				does(p, at)
			}
		})
	} else {
		f.each(func(e *effect.Event) {
			if e.Op == rewrite.Close {
				does(e.Path, e.At)
			}
		}, effect.Signal)
	}
	return held
}

// goesOn reports whether what a goroutine does it may do again and again, or without a
// lock: else several may be there, as long as each soon comes to its end.
func (t *tour) goesOn() bool {
	for f := range t.seen {
		found := f.sum != nil && slices.ContainsFunc(f.sum.accesses, func(a *access) bool { return a.writes() && len(a.must) == 0 })
		f.each(func(e *effect.Event) { found = found || e.Loop != 0 })
		if found {
			return true
		}
	}
	return false
}

// restarts reports whether a method that starts the goroutine is meant to be
// called again after one that ends it: it makes the signal anew, and what one of
// them sets the other takes back.
func (m *Module) restarts(l *lifetime, end ending) bool {
	top := m.method(end.in)
	if l.in.Recv == "" || l.in.Recv != top.Recv || l.in == top || !remakes(l.in, l.field) {
		return false
	}
	owner := ownerOf(l.field)
	set := flags(l.in, owner)
	for k := range flags(top, owner) {
		if set[k] {
			return true
		}
	}
	for k := range flags(end.in, owner) {
		if set[k] {
			return true
		}
	}
	return m.callsAgain(top, l.in)
}

// remakes reports whether a method puts a new signal into a field.
func remakes(f *function, field string) bool {
	found := false
	f.each(func(e *effect.Event) {
		found = found || (e.Kind == effect.Keep || e.Kind == effect.Cancel) && e.Path.Field() == field && e.Path.Root == effect.Root{Kind: effect.Param}
	})
	return found
}

// flags lists the fields of a method's receiver that it sets to true or false.
func flags(f *function, owner string) map[string]bool {
	out := make(map[string]bool)
	f.each(func(e *effect.Event) {
		if k := e.Path.Field(); e.Kind == effect.Access && e.Op == rewrite.Write && e.Const && strings.HasPrefix(k, owner+".") && e.Path.Root.Kind != effect.Local {
			out[k] = true
		}
	})
	return out
}

// callsAgain reports whether some function ends a goroutine and then starts it
// again, by calls on one object.
func (m *Module) callsAgain(end, start *function) bool {
	for _, f := range m.order {
		ended := make(map[effect.Path]effect.Pos)
		again := false
		for i := range f.Blocks {
			for j := range f.Blocks[i].Events {
				e := &f.Blocks[i].Events[j]
				if e.Kind != effect.Call || len(e.Args) == 0 || e.Args[0].Path.Root.Kind == effect.NoRoot {
					continue
				}
				switch p := e.Args[0].Path; e.Fn.Func {
				case end.Key:
					ended[p] = e.At
				case start.Key:
					at, ok := ended[p]
					again = again || ok && comparePos(at, e.At) < 0
				}
			}
		}
		if again {
			return true
		}
	}
	return false
}
