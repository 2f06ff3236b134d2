package race

import (
	"hash/maphash"
	"iter"
	mathbits "math/bits"
	"slices"
)

// bits is an immutable set of small numbers: threads, roots, fields. Its last
// word is not 0.
type bits []uint64

func (s bits) has(n int) bool { return n/64 < len(s) && s[n/64]&(1<<(n%64)) != 0 }

func (s bits) with(n int) bits {
	if s.has(n) {
		return s
	}
	out := make(bits, max(len(s), n/64+1))
	copy(out, s)
	out.set(n)
	return out
}

// set adds a number to a set that nobody else has yet, and that has room.
func (s bits) set(n int) { s[n/64] |= 1 << (n % 64) }

func (s bits) union(t bits) bits {
	if len(s) < len(t) {
		s, t = t, s
	}
	for i, word := range t {
		if s[i]|word != s[i] {
			out := slices.Clone(s)
			for j := i; j < len(t); j++ {
				out[j] |= t[j]
			}
			return out
		}
	}
	return s
}

func (s bits) equal(t bits) bool { return slices.Equal(s, t) }

// hashWords tells sets of numbers apart.
func hashWords(s []uint64) uint64 {
	var h uint64
	for _, word := range s {
		h = maphash.Comparable(seed, [2]uint64{h, word})
	}
	return h
}

// all lists the numbers, in order.
func (s bits) all() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, word := range s {
			for ; word != 0; word &= word - 1 {
				if !yield(64*i + mathbits.TrailingZeros64(word)) {
					return
				}
			}
		}
	}
}

// size is how many there are.
func (s bits) size() int {
	n := 0
	for _, word := range s {
		n += mathbits.OnesCount64(word)
	}
	return n
}

// less drops what another set has.
func (s bits) less(t bits) bits {
	out := slices.Clone(s)
	for i := range min(len(s), len(t)) {
		out[i] &^= t[i]
	}
	return out.trim()
}

// drop drops the numbers for which fn holds.
func (s bits) drop(fn func(int) bool) bits {
	var out bits
	for n := range s.all() {
		if fn(n) {
			if out == nil {
				out = slices.Clone(s)
			}
			out[n/64] &^= 1 << (n % 64)
		}
	}
	if out == nil {
		return s
	}
	return out.trim()
}

func (s bits) trim() bits {
	for len(s) > 0 && s[len(s)-1] == 0 {
		s = s[:len(s)-1]
	}
	return s
}

// shift adds to all numbers.
func (s bits) shift(by int) bits {
	if len(s) == 0 || by == 0 {
		return s
	}
	words, rest := by/64, by%64
	out := make(bits, len(s)+words+1)
	for i, word := range s {
		out[i+words] |= word << rest
		out[i+words+1] |= word >> (64 - rest) // 0 for a rest of 0
	}
	return out.trim()
}
