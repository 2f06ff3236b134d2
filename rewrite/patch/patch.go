// Package patch turns texts before and after into edits and unified diffs. It
// deals in bytes and lines only: it knows no Go, no encoding and no line-end
// convention.
package patch

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/sergi/go-diff/diffmatchpatch"
)

// An Edit replaces the bytes from Start to before End of a text.
type Edit struct {
	Start, End int // byte offsets in the old text
	New        []byte
}

// Edits returns the smallest set of edits of whole lines that turns old into
// new, in order of position.
func Edits(old, new []byte) []Edit {
	var edits []Edit
	for _, r := range runs(old, new) {
		if r.same {
			continue
		}
		edits = append(edits, Edit{r.oldFrom, r.oldTo, slices.Clone(new[r.newFrom:r.newTo])})
	}
	return edits
}

// Apply returns src with the edits made. Their order doesn't matter, but for
// several insertions at one place. It is an error if they overlap or lie
// outside of src.
func Apply(src []byte, edits []Edit) ([]byte, error) {
	sorted := slices.Clone(edits)
	slices.SortStableFunc(sorted, func(a, b Edit) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
	})
	var out []byte
	at := 0
	for i, e := range sorted {
		if e.Start < 0 || e.End < e.Start || e.End > len(src) {
			return nil, fmt.Errorf("edit of bytes %d to %d is outside of a text of %d bytes", e.Start, e.End, len(src))
		}
		if e.Start < at {
			return nil, fmt.Errorf("edits of bytes %d to %d and %d to %d overlap",
				sorted[i-1].Start, sorted[i-1].End, e.Start, e.End)
		}
		out = append(out, src[at:e.Start]...)
		out = append(out, e.New...)
		at = e.End
	}
	return append(out, src[at:]...), nil
}

// Count returns how many lines a diff of old and new adds and removes.
func Count(old, new []byte) (added, removed int) {
	for _, r := range runs(old, new) {
		if !r.same {
			removed += len(split(old[r.oldFrom:r.oldTo]))
			added += len(split(new[r.newFrom:r.newTo]))
		}
	}
	return added, removed
}

// A run is a stretch of whole lines that is the same in both texts, or takes
// the place of the other.
type run struct {
	same           bool
	oldFrom, oldTo int
	newFrom, newTo int
}

// runs covers both texts with runs that alternate between same and not.
func runs(old, new []byte) []run {
	if bytes.Equal(old, new) {
		if len(old) == 0 {
			return nil
		}
		return []run{{true, 0, len(old), 0, len(new)}}
	}
	n := numbering{ids: map[string]rune{}}
	a, b := n.number(split(old)), n.number(split(new))
	if n.full {
		return []run{{false, 0, len(old), 0, len(new)}}
	}
	// Without a deadline the result is minimal and the same on every machine.
	d := diffmatchpatch.New()
	d.DiffTimeout = 0
	var list []run
	at := run{}
	for _, diff := range d.DiffMainRunes(a, b, false) {
		size := 0
		for _, id := range diff.Text {
			size += len(n.lines[id])
		}
		at = run{diff.Type == diffmatchpatch.DiffEqual, at.oldTo, at.oldTo, at.newTo, at.newTo}
		if diff.Type != diffmatchpatch.DiffInsert {
			at.oldTo += size
		}
		if diff.Type != diffmatchpatch.DiffDelete {
			at.newTo += size
		}
		if last := len(list) - 1; last >= 0 && list[last].same == at.same {
			list[last].oldTo, list[last].newTo = at.oldTo, at.newTo
			continue
		}
		list = append(list, at)
	}
	return list
}

// A numbering gives each distinct line a rune, so that a diff of runes is a
// diff of lines.
type numbering struct {
	ids   map[string]rune
	lines map[rune]string
	next  rune
	full  bool // there are more distinct lines than runes
}

func (n *numbering) number(lines []string) []rune {
	if n.lines == nil {
		n.lines = map[rune]string{}
	}
	runes := make([]rune, len(lines))
	for i, line := range lines {
		id, ok := n.ids[line]
		if !ok {
			n.next++
			switch n.next {
			case 0xD800: // surrogates don't survive in a string
				n.next = 0xE000
			case 0xFFFD: // what broken UTF-8 decodes to
				n.next++
			}
			if n.next > 0x10FFFF {
				n.full = true
				return nil
			}
			id = n.next
			n.ids[line], n.lines[id] = id, line
		}
		runes[i] = id
	}
	return runes
}

// split cuts a text after each newline. Only the last line may lack one.
func split(text []byte) []string {
	var lines []string
	for line := range bytes.Lines(text) {
		lines = append(lines, string(line))
	}
	return lines
}
