package edit

import "slices"

// cells bounds the work of align: lists with a larger product are matched
// without regard to runs.
const cells = 4 << 20

// A side is one of two lists of tokens to be aligned.
type side struct {
	keys []string
	ends []bool // which tokens end their line
}

func (t *tokens) side(from, to int) side { return side{t.keys(from, to), t.ends(from, to)} }

// first reports whether token i starts a line.
func (s side) first(i int) bool { return i == 0 || s.ends[i-1] }

// cross is the cost of going on with a run at token i: a run costs one for
// each line that it has a part of.
func (s side) cross(i int) int32 {
	if s.first(i) {
		return 1
	}
	return 0
}

// value is the score of pairing token i of a with j of b, which are equal.
// Words count for more than punctuation, and pairs that both start or end a
// line for more than others, so that what is new behind a line isn't taken for
// a part of it.
func value(a, b side, i, j int) int32 {
	v := int32(2)
	if key := a.keys[i]; len(key) > 1 || key[0] >= '0' {
		v = 4
	}
	if a.ends[i] && b.ends[j] {
		v += 2
	}
	if a.first(i) && b.first(j) {
		v++
	}
	return v
}

// align pairs equal tokens of two lists like match, but prefers few long runs
// to many short ones: that a dot or parenthesis has a partner somewhere says
// nothing, that a whole expression has one says that it was kept.
func align(a, b side) []int {
	if len(a.keys)*len(b.keys) > cells {
		return match(a.keys, b.keys)
	}
	best := scores(a, b)
	width := len(b.keys) + 1
	partner := slices.Repeat([]int{-1}, len(a.keys))
	state := 0
	for i, j := 0, 0; i < len(a.keys) && j < len(b.keys); {
		want := best[i*width+j][state]
		if a.keys[i] == b.keys[j] && best[(i+1)*width+j+1][0]+value(a, b, i, j) == want {
			partner[i] = j
			i, j, state = i+1, j+1, 0
			continue
		}
		cost := int32(1)
		if state == 1 {
			cost = a.cross(i)
		}
		if best[(i+1)*width+j][1]-cost == want {
			i++
		} else {
			j++
		}
		state = 1
	}
	return partner
}

// scores returns for each i and j the best score of aligning a from i and b
// from j on, after a pair [0] and within a run without partners [1].
func scores(a, b side) [][2]int32 {
	const none = -1 << 30
	width := len(b.keys) + 1
	best := make([][2]int32, (len(a.keys)+1)*width)
	for i := len(a.keys); i >= 0; i-- {
		for j := len(b.keys); j >= 0; j-- {
			if i == len(a.keys) && j == len(b.keys) {
				continue
			}
			pair, open, stay := int32(none), int32(none), int32(none)
			if i < len(a.keys) {
				rest := best[(i+1)*width+j][1]
				open, stay = rest-1, rest-a.cross(i)
			}
			if j < len(b.keys) {
				rest := best[i*width+j+1][1]
				open, stay = max(open, rest-1), max(stay, rest-b.cross(j))
			}
			if i < len(a.keys) && j < len(b.keys) && a.keys[i] == b.keys[j] {
				pair = best[(i+1)*width+j+1][0] + value(a, b, i, j)
			}
			best[i*width+j] = [2]int32{max(pair, open), max(pair, stay)}
		}
	}
	return best
}
