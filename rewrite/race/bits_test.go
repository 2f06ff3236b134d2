package race

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestBits compares sets of bits with maps.
func TestBits(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	random := func() (bits, map[int]bool) {
		var s bits
		m := make(map[int]bool)
		for range r.IntN(20) {
			n := 1 + r.IntN(200)
			s, m[n] = s.with(n), true
		}
		return s, m
	}
	check := func(what string, s bits, m map[int]bool) {
		t.Helper()
		want := slices.Sorted(maps.Keys(m))
		if got := slices.Collect(s.all()); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
		if s.size() != len(m) || len(s) > 0 && s[len(s)-1] == 0 {
			t.Errorf("%s: size %d of %d, words %x", what, s.size(), len(m), []uint64(s))
		}
	}
	for range 200 {
		s, m := random()
		u, n := random()
		check("with", s, m)
		union := maps.Clone(m)
		maps.Copy(union, n)
		check("union", s.union(u), union)
		less := maps.Clone(m)
		maps.DeleteFunc(less, func(k int, _ bool) bool { return n[k] })
		check("less", s.less(u), less)
		check("drop", s.drop(u.has), less)
		by := r.IntN(150)
		shifted := make(map[int]bool)
		for k := range m {
			shifted[k+by] = true
		}
		check("shift", s.shift(by), shifted)
		if s.equal(u) != maps.Equal(m, n) || s.equal(u) && hashWords(s) != hashWords(u) {
			t.Errorf("%v and %v: equal %v", m, n, s.equal(u))
		}
		check("unchanged", s, m)
	}
}
