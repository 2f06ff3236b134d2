package edit

import (
	"slices"
	"strings"

	"github.com/sergi/go-diff/diffmatchpatch"
)

// match pairs equal items of two lists, in order, as many as possible: for
// each item of a it returns the index of its partner in b, or -1.
func match(a, b []string) []int {
	ids := map[string]rune{}
	number := func(items []string) []rune {
		runes := make([]rune, len(items))
		for i, item := range items {
			id, ok := ids[item]
			if !ok {
				id = rune(len(ids) + 1)
				if id >= 0xD800 { // no surrogates, they don't survive in a string
					id += 0x2000
				}
				ids[item] = id
			}
			runes[i] = id
		}
		return runes
	}
	d := diffmatchpatch.New()
	d.DiffTimeout = 0 // minimal, and the same on every machine
	partner := make([]int, 0, len(a))
	at := 0
	for _, diff := range d.DiffMainRunes(number(a), number(b), false) {
		n := len([]rune(diff.Text))
		switch diff.Type {
		case diffmatchpatch.DiffEqual:
			for range n {
				partner = append(partner, at)
				at++
			}
		case diffmatchpatch.DiffDelete:
			partner = append(partner, slices.Repeat([]int{-1}, n)...)
		case diffmatchpatch.DiffInsert:
			at += n
		}
	}
	return partner
}

// matchPrints pairs the tokens of the print after with those of the print
// before: whole lines first, so that an inserted statement isn't mixed up with
// its neighbours, then tokens within the lines that changed.
func matchPrints(after, before *tokens) []int {
	partner := slices.Repeat([]int{-1}, len(after.list))
	lines, old := after.lines(), before.lines()
	from := match(after.lineKeys(lines), before.lineKeys(old))
	next := 0 // the first old line not passed yet
	for i := 0; i < len(lines); {
		if from[i] >= 0 {
			for k := lines[i].from; k < lines[i].to; k++ {
				partner[k] = old[from[i]].from + k - lines[i].from
			}
			next, i = from[i]+1, i+1
			continue
		}
		end := i
		for end < len(lines) && from[end] < 0 {
			end++
		}
		stop := len(old)
		if end < len(lines) {
			stop = from[end]
		}
		if next < stop {
			a0, b0 := lines[i].from, old[next].from
			for k, f := range align(after.side(a0, lines[end-1].to), before.side(b0, old[stop-1].to)) {
				if f >= 0 {
					partner[a0+k] = b0 + f
				}
			}
		}
		i = end
	}
	slide(after, before, partner)
	return partner
}

// slide moves runs of inserted tokens to where they are whole lines: between
// equal tokens it is arbitrary which of them are the new ones.
func slide(after, before *tokens, partner []int) {
	n := len(partner)
	for p := 0; p < n; p++ {
		if partner[p] >= 0 {
			continue
		}
		q := p
		for q < n && partner[q] < 0 {
			q++
		}
		if pure(partner, p, q, len(before.list)) {
			base := -1
			if p > 0 {
				base = partner[p-1]
			}
			best, low := 0, awkward(after, before, base, p, q)
			try := func(s int) {
				if a := awkward(after, before, base+s, p+s, q+s); a < low {
					best, low = s, a
				}
			}
			same := func(i, j int) bool { return after.list[i].key == after.list[j].key }
			for s := 1; p-s >= 0 && partner[p-s] == base-s+1 && base-s >= -1 && same(p-s, q-s); s++ {
				try(-s)
			}
			for s := 1; q+s <= n && partner[q+s-1] == base+s && same(p+s-1, q+s-1); s++ {
				try(s)
			}
			shiftRun(partner, p, q, best)
			q = max(q, q+best)
		}
		p = q
	}
}

// pure reports whether nothing is deleted where the tokens p to q are inserted.
func pure(partner []int, p, q, old int) bool {
	left, right := -1, old
	if p > 0 {
		left = partner[p-1]
	}
	if q < len(partner) {
		right = partner[q]
	}
	return right == left+1
}

func shiftRun(partner []int, p, q, shift int) {
	for ; shift < 0; shift++ {
		p, q = p-1, q-1
		partner[q], partner[p] = partner[p], -1
	}
	for ; shift > 0; shift-- {
		partner[p], partner[q] = partner[q], -1
		p, q = p+1, q+1
	}
}

// awkward says how badly the run p to q would do as an insertion of whole
// lines below the old token left; 0 is well.
func awkward(after, before *tokens, left, p, q int) int {
	above, below := newlines(after.gap(p)), newlines(after.gap(q))
	was := newlines(before.gap(left + 1))
	switch {
	case above > 0 && below > 0:
		if was > 0 && min(above, below) == 1 && max(above, below) == was {
			return 0
		}
		return 1
	case above == 0 && below == 0 && strings.Contains(after.text[after.list[p].from:after.list[q-1].to], "\n"):
		return 3 // line breaks that come from the middle of lines
	case above == 0 && below == 0:
		return 0
	}
	return 2
}
