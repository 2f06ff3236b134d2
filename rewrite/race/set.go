package race

import (
	"hash/maphash"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// A held is a lock as one function activation sees it.
type held struct {
	path effect.Path
	mode rewrite.Mode
}

// key tells the lock from others by the field or variable that holds it. All
// instances of a type share the keys of its locks: that two objects are the
// same is rarely provable and nearly always meant.
func (h held) key(f *function) string {
	if k := h.path.Field(); k != "" {
		return k
	}
	switch h.path.Root.Kind {
	case effect.Global:
		return h.path.Root.Key
	case effect.Local, effect.Free:
		return f.variable(h.path.Root).Key
	case effect.Result:
		if h.path.Root.Key != "" {
			return h.path.Root.Key
		}
		return f.Key + ".result"
	}
	return "" // a parameter's own name is nobody's
}

// locks is an immutable sorted list of locks.
type locks []held

func (l locks) index(p effect.Path) int {
	for i := range l {
		if l[i].path == p {
			return i
		}
	}
	return -1
}

func (l locks) add(h held) locks {
	if i := l.index(h.path); i >= 0 {
		if l[i].mode >= h.mode {
			return l
		}
		l = l.remove(h.path)
	}
	return with(l, h)
}

// put is add to a list that nobody else has yet.
func (l locks) put(h held) locks {
	if i := l.index(h.path); i >= 0 {
		if l[i].mode >= h.mode {
			return l
		}
		l = slices.Delete(l, i, i+1)
	}
	return append(l, h)
}

// with is a copy of a set with one more element.
func with[T any](set []T, v T) []T {
	out := make([]T, len(set)+1)
	copy(out, set)
	out[len(set)] = v
	return out
}

func (l locks) remove(p effect.Path) locks {
	i := l.index(p)
	if i < 0 {
		return l
	}
	return slices.Concat(l[:i], l[i+1:])
}

// meet keeps what both lists hold, in the weaker mode.
func (l locks) meet(m locks) locks {
	var out locks
	for _, h := range l {
		if i := m.index(h.path); i >= 0 {
			out = append(out, held{h.path, min(h.mode, m[i].mode)})
		}
	}
	return out
}

func (l locks) union(m locks) locks {
	if len(l) == 0 {
		return m
	}
	own := false
	for i, h := range m {
		if j := l.index(h.path); j >= 0 && l[j].mode >= h.mode {
			continue
		}
		if !own {
			l, own = append(make(locks, 0, len(l)+len(m)-i), l...), true
		}
		l = l.put(h)
	}
	return l
}

// exclusive reports whether one of them keeps all others out.
func (l locks) exclusive() bool {
	return slices.ContainsFunc(l, func(h held) bool { return h.mode == rewrite.Exclusive })
}

func (l locks) equal(m locks) bool {
	if len(l) != len(m) {
		return false
	}
	for _, h := range l {
		if i := m.index(h.path); i < 0 || m[i].mode != h.mode {
			return false
		}
	}
	return true
}

// paths is an immutable set of paths.
type paths []effect.Path

func (s paths) has(p effect.Path) bool { return slices.Contains(s, p) }

func (s paths) add(p effect.Path) paths {
	if p.Root.Kind == effect.NoRoot || s.has(p) {
		return s
	}
	return with(s, p)
}

func (s paths) without(p effect.Path) paths {
	i := slices.Index(s, p)
	if i < 0 {
		return s
	}
	return slices.Concat(s[:i], s[i+1:])
}

func (s paths) union(t paths) paths {
	own := false
	for i, p := range t {
		if p.Root.Kind == effect.NoRoot || s.has(p) {
			continue
		}
		if !own {
			s, own = append(make(paths, 0, len(s)+len(t)-i), s...), true
		}
		s = append(s, p)
	}
	return s
}

// keys is a sorted set of lock keys with modes.
type keys map[string]rewrite.Mode

func (l locks) keys(f *function) keys {
	if len(l) == 0 {
		return nil
	}
	k := make(keys, len(l))
	for _, h := range l {
		if key := h.key(f); key != "" {
			k[key] = max(k[key], h.mode)
		}
	}
	return k
}

func (k keys) list() []rewrite.Lock {
	var out []rewrite.Lock
	for key, mode := range k {
		out = append(out, rewrite.Lock{Key: key, Mode: mode})
	}
	slices.SortFunc(out, func(a, b rewrite.Lock) int { return strings.Compare(a.Key, b.Key) })
	return out
}

var seed = maphash.MakeSeed()

// hash tells sets apart, whatever the order of their elements.
func hash[T comparable](set []T) uint64 {
	var sum uint64
	for _, v := range set {
		sum += maphash.Comparable(seed, v)
	}
	return sum
}

// lazily is what a map holds for a key; the first time fn says what that is.
func lazily[K comparable, V any](m *map[K]V, key K, fn func() V) V {
	v, known := (*m)[key]
	if !known {
		v = fn()
		if *m == nil {
			*m = make(map[K]V)
		}
		(*m)[key] = v
	}
	return v
}

// A memo keeps what sets became, for the many accesses that share them.
// Neighbours mostly share the same one.
type memo[T any] struct {
	all  map[backing[T]][]T
	last backing[T]
	out  []T
}

// A backing tells slices apart by the memory they are.
type backing[T any] struct {
	first *T
	n     int
}

func backingOf[T any](set []T) backing[T] {
	key := backing[T]{n: len(set)}
	if len(set) > 0 {
		key.first = &set[0]
	}
	return key
}

func (m *memo[T]) of(set []T, fn func([]T) []T) []T {
	key := backingOf(set)
	if m.all != nil && m.last == key {
		return m.out
	}
	out, ok := m.all[key]
	if !ok {
		out = fn(set)
		if m.all == nil {
			m.all = make(map[backing[T]][]T)
		}
		m.all[key] = out
	}
	m.last, m.out = key, out
	return out
}

// A pool keeps sets that many accesses share, each once, with their hashes: what
// is worked out for a set is found again by the memory it is.
type pool[T comparable] struct {
	all  map[backing[T]]pooled[T]
	sets map[uint64][]T
	last backing[T]
	out  pooled[T]
}

type pooled[T any] struct {
	set  []T
	hash uint64
}

// of returns the set of the pool that equals one, and its hash by a function
// that is the same each time.
func (p *pool[T]) of(set []T, hash func([]T) uint64) ([]T, uint64) {
	if len(set) == 0 {
		return set, 0
	}
	if key := backingOf(set); p.last != key {
		out, ok := p.all[key]
		if !ok {
			out = p.add(set, hash(set))
			p.all[key] = out
		}
		p.last, p.out = key, out
	}
	return p.out.set, p.out.hash
}

func (p *pool[T]) add(set []T, h uint64) pooled[T] {
	if p.all == nil {
		p.all, p.sets = make(map[backing[T]]pooled[T]), make(map[uint64][]T)
	}
	old, ok := p.sets[h]
	switch {
	case !ok:
		p.sets[h] = set
	case slices.Equal(old, set): // in the same order
		set = old
	}
	return pooled[T]{set, h}
}
