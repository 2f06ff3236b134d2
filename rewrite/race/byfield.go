package race

import (
	"cmp"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// Accesses of functions that no frame sees together are ordered by what one waits for and
// the other one signals, told by the fields that hold it.

// objectKey is the field or package variable that holds an object.
func objectKey(p effect.Path) string { return cmp.Or(p.Field(), p.Root.Key) }

// waitsByField reports whether a waits, before its access, for something that
// b signals only after its own, told by the fields that hold it.
func waitsByField(a, b *access) bool {
	return awaits(a, b, func(effect.Path) bool { return true })
}

// onceByField is waitsByField for the end of a sync.Once alone: callers come
// again and again, and of all signals only this one is over after the first.
func onceByField(a, b *access) bool { return awaits(a, b, isOnce) }

// comesAfter is waitsByField for two who are called: who asks a sync.Once after its
// access may do so when that is over already.
func comesAfter(a, b *access) bool {
	return awaits(a, b, func(p effect.Path) bool { return !isOnce(p) || b.inOnce() })
}

// afterOnce reports whether an access comes after the end of a sync.Once, and another
// one, which holds some locks, is made by what that runs.
func afterOnce(a *access, held keys) bool {
	return slices.ContainsFunc(a.waited, func(c count) bool {
		once, ok := strings.CutSuffix(objectKey(c.path), onceMark)
		_, inside := held[once+onceHeld]
		return ok && inside
	})
}

// awaits is waitsByField for some of what is waited for.
func awaits(a, b *access, counts func(effect.Path) bool) bool {
	return slices.ContainsFunc(a.waited, func(w count) bool {
		k := objectKey(w.path)
		return k != "" && counts(w.path) && slices.ContainsFunc(b.before, func(s count) bool { return k == objectKey(s.path) })
	})
}

// gated reports whether a comes after the atomic load of something that b
// stores after its own access: callers see what was there before. Who takes a lock
// to write does not rely on that, nor is what an atomic operation loads a gate to it.
func gated(a, b *access) bool {
	return !(a.writes() && len(a.must) > 0) && slices.ContainsFunc(a.waited, func(w count) bool {
		return w.n >= plenty && w.n < many && objectKey(w.path) != "" && objectKey(w.path) != objectKey(a.path) &&
			slices.ContainsFunc(b.before, func(s count) bool { return objectKey(s.path) == objectKey(w.path) })
	})
}

// setUpOnce reports whether one of two accesses is made when a sync.Once runs, and the
// other one reads what that sets up: a package variable, or a field of an object in a
// function that is not the type's own. Who made the object that leads there has asked the
// sync.Once first.
func (m *Module) setUpOnce(field string, p, q published) bool {
	if p.writes() {
		p, q = q, p
	}
	if p.writes() || !q.writes() || !q.inOnce() || p.onceOver() { // which asks too late
		return false
	}
	return q.path.Root.Kind == effect.Global || m.structs[ownerOf(field)] != nil && m.method(p.fn).Recv != ownerOf(field)
}

// inOnce reports whether an access is made by what a sync.Once runs.
func (a *access) inOnce() bool {
	return slices.ContainsFunc(a.must, func(h held) bool { return strings.HasSuffix(h.path.Sel, onceHeld) })
}

// onceOver reports whether an access comes before the end of a sync.Once.
func (a *access) onceOver() bool {
	return slices.ContainsFunc(a.before, func(c count) bool { return isOnce(c.path) })
}
