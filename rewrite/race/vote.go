package race

import (
	"maps"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
	"github.com/go-fixer/fixer/rewrite/model"
)

// vote looks for a field that a lock guards nearly everywhere: a quarter of
// real fixes are in packages without any go statement, where the lock at the
// other accesses is all the evidence there is. It needs most accesses under
// one lock of the same struct, a write among them, and a bare access that
// callers of the API reach. Where a comment names the lock, one access that
// holds it is enough.
func (m *Module) vote(field string) {
	if !slices.ContainsFunc(m.raw[field], func(r *raw) bool { return len(r.must)+len(r.fn.entry.must) > 0 }) {
		return
	}
	accesses := m.accesses(field)
	list := m.votes(accesses)
	if slices.ContainsFunc(list, func(v rewrite.Vote) bool { return v.Held == v.Of }) {
		return // guarded throughout; a second lock at some of them is for something else
	}
	for _, v := range list {
		said := v.Lock == m.guards[field] // a comment or annotation says so
		if !said && !m.besides(field, v.Lock) {
			continue
		}
		if m.handed[v.Lock] || !said && m.readsBeside(field, v.Lock) {
			continue // the callers of the API may take it themselves, or it is for something else
		}
		if !said && m.onlyShared(field, v.Lock) {
			continue // all who have it read something else under it
		}
		bare := v.Of - v.Held
		// Where every write holds the lock it is meant; a write without it
		// needs a clear majority against it.
		enough := bare <= 2*v.Held
		if m.writtenBare(field, v.Lock) {
			enough = v.Held >= 3 && v.Held >= 3*bare
		}
		if bare == 0 {
			continue
		}
		if !said && (v.Writes == 0 || !enough) {
			if guarded, open, ok := m.forgottenWrite(field, v.Lock); ok {
				m.pairs.add(field, pair{a: apiSide(guarded), b: open})
				return
			}
			continue
		}
		clear := v.Held >= 3 && v.Held >= 3*bare || m.looksTwice(field, v.Lock)
		for _, part := range m.changed(field) {
			if guarded, open := m.opposed(field, part, v.Lock, false); guarded != nil {
				m.pairs.add(field, pair{a: apiSide(guarded), b: apiSide(open)})
				return
			}
			if guarded, open := m.before(field, part, v.Lock); guarded != nil {
				m.pairs.add(field, pair{a: apiSide(guarded), b: open.side})
				return
			}
			if !clear {
				continue
			}
			if guarded, open := m.opposed(field, part, v.Lock, true); guarded != nil {
				m.pairs.add(field, pair{a: apiSide(guarded), b: apiSide(open)})
				return
			}
			if guarded, open, ok := m.apart(field, part, v.Lock); ok {
				m.pairs.add(field, pair{a: apiSide(guarded), b: open})
				return
			}
		}
	}
}

// looksTwice reports whether all who access a field without a lock are functions that
// take it then, and look again before they set the field: others may come meanwhile.
//
//	if c.ready { return }
//	c.mu.Lock()
//	defer c.mu.Unlock()
//	if c.ready { return }
func (m *Module) looksTwice(field, lock string) bool {
	reads, writes, bare := make(map[*function]bool), make(map[*function]bool), make(map[*function]bool)
	for _, r := range m.telling(field) {
		switch _, held := r.locks()[lock]; {
		case !held && r.writes():
			return false
		case !held:
			bare[r.fn] = true
		case r.writes():
			writes[r.fn] = true
		default:
			reads[r.fn] = true
		}
	}
	for f := range bare {
		if !reads[f] || !writes[f] {
			return false
		}
	}
	return len(bare) > 0
}

// onlyShared reports whether a field is changed under a lock that all have for reading.
func (m *Module) onlyShared(field, lock string) bool {
	changed := false
	for _, r := range m.telling(field) {
		switch r.locks()[lock] {
		case rewrite.Exclusive:
			return false
		case rewrite.Shared:
			changed = changed || r.writes()
		}
	}
	return changed
}

// besides reports whether a lock stands in the struct of a field, or in one that
// holds that by value and through which all go.
func (m *Module) besides(field, lock string) bool {
	owner, holder := ownerOf(field), ownerOf(lock)
	if owner == holder {
		return true
	}
	return m.lock[lock] && !m.hasLock(owner) && !slices.ContainsFunc(m.telling(field), func(r *raw) bool { return !r.within(holder) })
}

// within reports whether an access is to a field of a struct that one of the given
// type holds by value.
func (r *raw) within(holder string) bool {
	_, rest, ok := strings.Cut(r.path.Sel, ";"+holder+".")
	inner, _, _ := strings.Cut(rest, r.field)
	return ok && strings.Contains(rest, r.field) && !strings.Contains(inner, effect.Deref) && !strings.Contains(inner, effect.Elem)
}

// readsBeside reports whether one function alone has to do with a field, and takes
// the lock for reading at most: what it reads is something else.
func (m *Module) readsBeside(field, lock string) bool {
	list := m.telling(field)
	return !slices.ContainsFunc(list, func(r *raw) bool { return r.fn != list[0].fn || r.locks()[lock] == rewrite.Exclusive })
}

// changed lists the parts of what a field holds that are written once others
// can see it: itself, its elements, what those refer to. What is only ever
// replaced as a whole may be looked into without the lock.
func (m *Module) changed(field string) []string {
	parts := make(map[string]bool)
	for _, r := range m.proper(field) {
		if r.writes() && !r.isFresh() {
			parts[part(r.path)] = true
		}
	}
	return slices.Sorted(maps.Keys(parts))
}

// part is what follows the last field of a path.
func part(p effect.Path) string {
	field := p.Field()
	return p.Sel[strings.LastIndex(p.Sel, ";"+field)+1+len(field):]
}

// opposed finds an access to a part of what a field holds that has the lock,
// a write if there is one, and one by callers of the API that has not, nor
// another lock in common with the first: who writes may hold two, of which one
// is enough for a reader. Deep means that it may also be in what the API calls, or looks
// elements up in what methods of any type call; where it looks the object up under a
// lock of the one that holds it, others are meant to get to it anyway.
func (m *Module) opposed(field, of, lock string, deep bool) (guarded, open *raw) {
	var with, without []*raw
	for _, r := range m.telling(field) {
		if part(r.path) != of {
			continue
		}
		_, may := r.perhaps()[lock]
		_, must := r.locks()[lock]
		switch {
		case must:
			with = append(with, r)
		case !may && (m.reachable(r) || (deep || r.lookedUp()) && m.reachableBelow(r)):
			without = append(without, r)
		}
	}
	without = slices.DeleteFunc(without, func(o *raw) bool { return m.readsOwn(field, o) })
	reads := func(r *raw) bool { return !r.writes() }
	for _, g := range slices.Concat(slices.DeleteFunc(slices.Clone(with), reads), with) {
		for _, o := range without {
			if (g.writes() || o.writes()) && m.meets(&g.access, g.perhaps(), &o.access, o.perhaps()) {
				return g, o
			}
		}
	}
	return nil, nil
}

// reachableBelow reports whether what callers of the API call runs an access, or, if it
// looks an element up, what methods of any type call.
func (m *Module) reachableBelow(r *raw) bool {
	return r.param >= 0 && r.thread == 0 && (len(r.fn.sum.left) == 0 || len(r.live) > 0) &&
		(m.asked(r.fn) || strings.Contains(part(r.path), effect.Elem) && m.askedBy(r.fn, inAnyType))
}

// lookedUp reports whether an access is to an object that was found in another one under
// the lock of that.
func (r *raw) lookedUp() bool {
	for k, mode := range r.locks() {
		if mode == rewrite.Exclusive && r.through(k) {
			return true
		}
	}
	return false
}

// readsOwn reports whether a function that is called once, by custom, reads what
// nobody but itself has set.
func (m *Module) readsOwn(field string, o *raw) bool {
	return !o.writes() && o.thread == 0 && model.Starts(o.fn.Key) && !slices.ContainsFunc(m.telling(field), func(r *raw) bool {
		return r.writes() && r.fn != o.fn
	})
}

// tells reports whether an access says something of what guards a place: others
// can see the object, it is in no test, it is more than the address, and not what a
// sync.Once sets up for all who come.
func (r *raw) tells() bool {
	return !r.isFresh() && !r.fn.Test && r.op != rewrite.Address && !r.onceOnly()
}

// onceOnly reports whether an access is made by what a sync.Once runs, and under no other
// lock.
func (r *raw) onceOnly() bool {
	n := 0
	for k := range r.locks() {
		if !strings.HasSuffix(k, onceHeld) {
			return false
		}
		n++
	}
	return n > 0
}

// telling lists the accesses to a field itself that say something of its lock.
func (m *Module) telling(field string) []*raw {
	return slices.DeleteFunc(m.proper(field), func(r *raw) bool { return !r.tells() })
}

// holding lists those of them that are to a part of what the field holds, and
// have a lock.
func (m *Module) holding(field, of, lock string) []*raw {
	return slices.DeleteFunc(m.telling(field), func(r *raw) bool {
		_, must := r.locks()[lock]
		return !must || part(r.path) != of
	})
}

// perhaps returns what may be held when the access runs.
func (r *raw) perhaps() keys {
	if r.thread != 0 {
		return r.may
	}
	return merge(r.may, r.fn.entry.may)
}

// writtenBare reports whether a write to a field lacks a lock. What a library
// sorts, say, was perhaps never seen to be a write.
func (m *Module) writtenBare(field, lock string) bool {
	return slices.ContainsFunc(m.raw[field], func(r *raw) bool {
		_, held := r.locks()[lock]
		return !held && r.writes() && r.called == "" && !r.isFresh() && !r.fn.Test && !r.fn.Alone
	})
}

// reachable reports whether callers of the API run the access, and not as a
// part of setting the object up.
func (m *Module) reachable(r *raw) bool {
	f := r.fn
	if !m.isEntry(f) || m.serial(f) || r.param < 0 && r.path.Root.Kind != effect.Global {
		return false
	}
	// What comes before the goroutines that the function starts is there to be
	// used by them.
	return len(f.sum.threads) == 0 || len(r.live) > 0 || !slices.ContainsFunc(f.sum.accesses, func(a *access) bool { return a.thread > 0 && a.path.Root == r.path.Root })
}

func apiSide(r *raw) side {
	a := r.access
	ctx := rewrite.Context{Start: r.fn.At.Span(), Func: r.fn.Name, Runs: r.fn.Name, Entry: true}
	s := side{access: &a, frame: r.fn, entry: r.fn, ctx: ctx}
	if r.thread == 0 {
		s.above = r.fn.entry.must
	}
	return s
}
