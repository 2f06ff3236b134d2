package race

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// A custody is what is known of one lock in the whole module.
type custody struct {
	uses    []*effect.LockUse
	handed  bool // some function releases what it hasn't taken, or may
	inTests bool // the same of a function of a test
	secured bool // some function is meant to return with it
}

// misuses judges what functions do with locks: what one function alone shows
// is a defect only if no other is there to make up for it.
func (m *Module) misuses() []*rewrite.Finding {
	locks := m.custodies()
	var out []*rewrite.Finding
	for _, s := range m.sums {
		for _, u := range s.Locks {
			if len(u.Misuses) > 0 {
				out = append(out, m.left(u, locks[u.Key]), m.released(u, locks[u.Key]), m.copied(u))
			}
		}
	}
	out = slices.DeleteFunc(out, func(f *rewrite.Finding) bool { return f == nil })
	slices.SortFunc(out, func(a, b *rewrite.Finding) int {
		return cmp.Or(a.Sides[0].Access.At.Compare(b.Sides[0].Access.At), strings.Compare(a.Place.Key, b.Place.Key))
	})
	return slices.CompactFunc(out, func(a, b *rewrite.Finding) bool { return a.Place.Key == b.Place.Key })
}

// custodies gathers what is known of each lock, by key.
func (m *Module) custodies() map[string]*custody {
	locks := make(map[string]*custody)
	for _, s := range m.sums {
		for _, u := range s.Locks {
			c := locks[u.Key]
			if c == nil {
				c = &custody{}
				locks[u.Key] = c
			}
			c.uses = append(c.uses, u)
			c.handed = c.handed || u.GivesAway && !u.Test
			c.inTests = c.inTests || u.GivesAway && u.Test
			c.secured = c.secured || slices.ContainsFunc(u.Misuses, func(x effect.Misuse) bool {
				return x.Op == rewrite.Leave && (u.Means || !x.Elsewhere)
			})
		}
	}
	return locks
}

// left is the finding that a function leaves a lock held, nil if it doesn't,
// or may well do so.
func (m *Module) left(u *effect.LockUse, c *custody) *rewrite.Finding {
	if u.Means || c.handed || u.Test && c.inTests {
		return nil
	}
	f := m.about(u, "left")
	for _, x := range u.Misuses {
		if x.Op != rewrite.Leave || m.ends(x.After, 0) || !x.Elsewhere && !m.forgotten(u, c) {
			continue
		}
		op, waits := m.waits(u, x, c)
		if waits.IsZero() {
			continue
		}
		if len(f.Leaks) == 0 {
			f.Sides[0] = m.lockSide(rewrite.Leave, x.At, u.Key, x.Mode)
			f.Sides[1] = m.lockSide(op, waits, u.Key, 0)
			f.Confidence = rewrite.Likely
			if x.Elsewhere {
				f.Confidence = rewrite.Certain
			}
		}
		leak := rewrite.Leak{At: x.At, By: x.Leave, Taken: x.Taken, Mode: x.Mode, Before: x.Place}
		if !slices.Contains(f.Leaks, leak) {
			f.Leaks = append(f.Leaks, leak)
		}
	}
	if len(f.Leaks) == 0 {
		return nil
	}
	return f
}

// ends reports whether a function never returns, as those that end the program
// do, calls of others like it followed to some depth.
func (m *Module) ends(key string, depth int) bool {
	f := m.funcs[key]
	if f == nil || len(f.Blocks) == 0 || depth > 3 {
		return false
	}
	seen := make([]bool, len(f.Blocks))
	work := []int{0}
	for len(work) > 0 {
		i := work[len(work)-1]
		work = work[:len(work)-1]
		if i < 0 || seen[i] {
			continue
		}
		seen[i] = true
		exit := slices.IndexFunc(f.Blocks[i].Events, func(e effect.Event) bool {
			return e.Kind == effect.Exit || e.Kind == effect.Call && m.ends(e.Fn.Func, depth+1)
		})
		if exit >= 0 {
			continue
		}
		if slices.ContainsFunc(f.Blocks[i].Events, func(e effect.Event) bool { return e.Kind == effect.Return }) {
			return false
		}
		work = append(work, f.Blocks[i].Succs...)
	}
	return true
}

// closers are words in the names of functions after which nobody needs the
// lock.
var closers = []string{"close", "stop", "shutdown", "exit", "kill", "destroy", "terminate", "quit"}

// forgotten reports whether a function that never releases a lock is alone in
// that: all others do, and nobody outside the module is to.
func (m *Module) forgotten(u *effect.LockUse, c *custody) bool {
	if u.Test || u.Public && len(c.uses) < 3 {
		return false
	}
	name := ""
	if f := m.within(u.At); f != nil {
		name = strings.ToLower(f.Name)
	}
	if slices.ContainsFunc(closers, func(w string) bool { return strings.Contains(name, w) }) {
		return false
	}
	others := 0
	for _, o := range c.uses {
		if o == u || o.Test {
			continue
		}
		if others++; len(o.Gives) == 0 || o.Means {
			return false
		}
	}
	// Without others, who could release it, it must be its own victim.
	return others > 0 || u.Runs == effect.RunsOften
}

// waits finds a call that waits for ever once the lock is left held: in
// another function, else the next one of the same; else one that tries in vain.
func (m *Module) waits(u *effect.LockUse, x effect.Misuse, c *custody) (rewrite.Op, rewrite.Span) {
	rank, op, at := 0, rewrite.Acquire, rewrite.Span{}
	for _, o := range c.uses {
		if o.Test && !u.Test || (u.Local || u.Runs == effect.RunsOnce) && o.At == u.At {
			continue
		}
		for _, t := range o.Takes {
			if t.Mode == rewrite.Shared && x.Mode == rewrite.Shared {
				continue
			}
			r, does := 1, rewrite.Try
			if !t.Try {
				r, does = 2, rewrite.Acquire
			}
			if o.At != u.At {
				r += 2
			}
			if r > rank {
				rank, op, at = r, does, t.At
			}
		}
	}
	return op, at
}

// released is the finding that a function releases a lock that it doesn't hold,
// or holds otherwise.
func (m *Module) released(u *effect.LockUse, c *custody) *rewrite.Finding {
	for _, x := range u.Misuses {
		if x.Op != rewrite.Release {
			continue
		}
		again := x.Taken.IsZero()
		if again && (u.Means || c.handed || c.secured) {
			continue
		}
		f := m.about(u, "released")
		f.Confidence = rewrite.Certain
		f.Sides[0] = m.lockSide(rewrite.Release, x.At, u.Key, 0)
		if again {
			f.Sides[1] = m.lockSide(rewrite.Release, x.Freed, u.Key, 0)
		} else {
			f.Sides[0].Access.Locks = []rewrite.Lock{{Key: u.Key, Mode: x.Mode}}
			f.Sides[1] = m.lockSide(rewrite.Acquire, x.Taken, u.Key, 0)
		}
		return f
	}
	return nil
}

// copied is the finding that a function takes the lock of a copy.
func (m *Module) copied(u *effect.LockUse) *rewrite.Finding {
	x := u.Misuses[0]
	if x.Op != rewrite.Copy || u.Test {
		return nil
	}
	f := m.about(u, "copied")
	f.Confidence = rewrite.Certain
	f.Sides[0] = m.lockSide(rewrite.Copy, x.At, u.Key, 0)
	f.Sides[0].Access.Func = x.Leave
	f.Sides[1] = m.lockSide(rewrite.Acquire, x.Taken, u.Key, 0)
	return f
}

// about begins a finding about what a function does with a lock.
func (m *Module) about(u *effect.LockUse, what string) *rewrite.Finding {
	name := ""
	if f := m.within(u.At); f != nil {
		name = f.Key
	}
	key := u.Key + " " + what + " by " + name
	return &rewrite.Finding{Kind: rewrite.Locking,
		Place: rewrite.Place{Key: key, Name: u.Name, Type: u.Type, Decl: u.Decl, Owner: key}}
}

// lockSide is one of the two operations of a finding about a lock; held is how
// the lock is held there, 0 for not at all.
func (m *Module) lockSide(op rewrite.Op, at rewrite.Span, lock string, held rewrite.Mode) rewrite.Side {
	s := rewrite.Side{Access: rewrite.Access{Op: op, At: at}}
	if held != 0 {
		s.Access.Locks = []rewrite.Lock{{Key: lock, Mode: held}}
	}
	if f := m.within(effect.PosOf(at)); f != nil {
		s.Access.Func, s.Access.Test = f.Name, f.Test
		s.Context = rewrite.Context{Entry: true, Start: f.At.Span(), Func: f.Name, Runs: f.Name}
	}
	return s
}

// findHanded finds the locks that exported functions leave held for their
// callers. One that is only left by mistake is no such lock. Those that some need not
// take, as a comment says, are as little for all.
func (m *Module) findHanded() {
	m.handed = make(map[string]bool)
	defer maps.Copy(m.handed, m.partly)
	for _, f := range m.order {
		if f.Exported {
			for k := range f.sum.kept.keys(f) {
				m.handed[k] = true
			}
		}
	}
	if len(m.handed) == 0 {
		return
	}
	for _, f := range m.misuses() {
		if len(f.Leaks) > 0 {
			lock, _, _ := strings.Cut(f.Place.Key, " ")
			delete(m.handed, lock)
		}
	}
}
