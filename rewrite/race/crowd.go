package race

import (
	"fmt"
	"iter"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// Of two accesses that race, one changes the place, one is in a goroutine that
// the frame started, and one is not atomic.
const (
	changes = 1 << iota
	elsewhere
	plain
	everyPart = changes | elsewhere | plain
)

// part is what an access has of that.
func (a *access) part() (part int) {
	if a.changes() {
		part |= changes
	}
	if a.thread > 0 {
		part |= elsewhere
	}
	if a.op != rewrite.Atomic {
		part |= plain
	}
	return part
}

// A crowd is all accesses to one place in a frame.
type crowd struct {
	list  []*access
	parts int // that any of them has
	by    *[everyPart + 1][]int
	meets map[visitor][]int
	shown map[likeness]int // races between accesses that are alike
}

// maxAlike is how many races are kept of accesses that are the same code under the
// same locks, in other goroutines: large tests start hundreds.
const maxAlike = 4

// maxCrowd is how many accesses are kept of those that do the same at the same
// place to the same path, under the same locks, in goroutines or methods that
// anybody may start or call: a package variable may be used by all the tests of a
// module.
const maxCrowd = 64

// thin keeps the first maxCrowd of the accesses that are alike.
func thin(list []published) []published {
	if len(list) <= maxCrowd {
		return list
	}
	type kind struct {
		*deed
		typed, held string
	}
	seen := make(map[kind]int)
	out := make([]published, 0, len(list))
	for _, p := range list {
		k := kind{p.deed, p.typed, fmt.Sprint(p.held)}
		if seen[k]++; seen[k] <= maxCrowd {
			out = append(out, p)
		}
	}
	return out
}

// A likeness is what two accesses have in common with others.
type likeness [2]alike

type alike struct {
	deed                    *deed
	scene                   uint64
	adapted, later, starter bool
}

func (a *access) alike() alike {
	return alike{a.deed, a.scene.kind, a.adapted, a.later, a.thread == 0}
}

// having lists, by number, the accesses that have some parts. Most change
// nothing, or are the frame's own: what lacks a part meets few of them.
func (c *crowd) having(parts int) []int {
	if c.by == nil {
		c.by = new([everyPart + 1][]int)
	}
	if c.by[parts] == nil {
		c.by[parts] = make([]int, 0, len(c.list))
		for i, a := range c.list {
			if a.part()&parts == parts {
				c.by[parts] = append(c.by[parts], i)
			}
		}
	}
	return c.by[parts]
}

// among compares the accesses of one place with each other, in order.
func (ps *pairs) among(w *walk, c *crowd) {
	kept := ps.kept(w, c)
	for i, a := range c.list {
		meets := ps.meeting(w, c, a)
		first, _ := slices.BinarySearch(meets, i)
		for _, j := range meets[first:] {
			b := c.list[j]
			if kept == nil || !kept[i] || !kept[j] {
				ps.compare(w, c, a, b)
			} else if a.thread != b.thread && conflict(a, b) {
				ps.remember(w, a, b)
			}
		}
	}
}

// A visitor is all that tells which accesses of a crowd another one may meet.
type visitor struct {
	parts, path, thread, event int
	bound                      bool
}

// meeting lists those that an access is to be compared with. Most others are of its own
// goroutine, which runs alone, or below the same call, and were compared there.
func (ps *pairs) meeting(w *walk, c *crowd, a *access) []int {
	key := visitor{a.part(), a.id, a.thread, a.event, a.bound}
	list, ok := c.meets[key]
	if ok {
		return list
	}
	for _, j := range c.having(everyPart &^ key.parts) {
		switch b := c.list[j]; {
		case ps.m.dismissed != nil: // somebody wants to know of each
		case a.thread == b.thread && !w.selves(a):
			continue
		case belowOneCall(a, b) && !w.severalOf(a.thread) && !w.severalOf(b.thread) && !w.turnsMeet(a, b):
			ps.remember(w, a, b)
			continue
		}
		list = append(list, j)
	}
	if c.meets == nil {
		c.meets = make(map[visitor][]int)
	}
	c.meets[key] = list
	return list
}

// few is how many accesses are compared as quickly as what keeps them apart is
// found.
const few = 8

// kept tells the accesses of a crowd that one lock, or one gate, keeps apart from
// each other: a cache behind a lock is used by all that a large test does. Nil if
// there are none, or somebody wants to know why each two don't race.
func (ps *pairs) kept(w *walk, c *crowd) []bool {
	if len(c.list) < few || ps.m.dismissed != nil {
		return nil
	}
	by := make(map[any][]int) // accesses, by what keeps them
	var most []int
	for i, a := range c.list {
		for k := range w.keepers(a) {
			if by[k] = append(by[k], i); len(by[k]) > len(most) {
				most = by[k]
			}
		}
	}
	if most == nil {
		return nil
	}
	kept := make([]bool, len(c.list))
	for _, i := range most {
		kept[i] = true
	}
	return kept
}

// keepers lists the locks and gates that keep an access from others which have
// the same one; see excludes and oneAfterTheOther.
func (w *walk) keepers(a *access) iter.Seq[any] {
	return func(yield func(any) bool) {
		for key, mode := range w.keysOf(w.tokens1(a).may) {
			if (mode == rewrite.Exclusive || !a.changes()) && !yield(key) {
				return
			}
		}
		for _, f := range a.past {
			if f.ofChannel() || f.ofLatch() || !f.passed && a.changes() || f.path.Root.Kind != effect.Global && f.path.Root != a.path.Root {
				continue
			}
			f.passed, f.alone = false, false
			if !yield(f) {
				return
			}
		}
	}
}

// covering compares the accesses of a place with those to values that hold it:
// arrays and structs copied as one.
func (ps *pairs) covering(w *walk, c *crowd, byPath []crowd) {
	p := c.list[0].path
	for base, sel := p.Base(); sel != "" && sel != effect.Deref; base, sel = base.Base() {
		id, ok := w.ids[base]
		if !ok || byPath[id].parts|c.parts != everyPart {
			continue
		}
		for _, a := range byPath[id].list {
			if !a.covers {
				continue
			}
			for _, j := range ps.meeting(w, c, a) {
				ps.compare(w, c, a, c.list[j])
			}
		}
	}
}
