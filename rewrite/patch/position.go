package patch

import (
	"bytes"
	"sort"
	"unicode/utf8"
)

// Lines finds positions in a text: lines from 1 on, and columns that count
// bytes from 1 on, as Go does. Lines end behind their newline.
type Lines struct {
	text   []byte
	starts []int // byte offset of each line; the one behind a last newline too
}

// LinesOf returns the lines of a text, which must not be changed as long as
// they are used.
func LinesOf(text []byte) *Lines {
	starts := []int{0}
	for at := 0; ; {
		n := bytes.IndexByte(text[at:], '\n')
		if n < 0 {
			return &Lines{text, starts}
		}
		at += n + 1
		starts = append(starts, at)
	}
}

// Line returns a line without what ends it; nothing for lines that the text
// doesn't have.
func (l *Lines) Line(line int) []byte {
	if line < 1 || line > len(l.starts) {
		return nil
	}
	end := len(l.text)
	if line < len(l.starts) {
		end = l.starts[line] - 1
	}
	return bytes.TrimSuffix(l.text[l.starts[line-1]:end], []byte("\r"))
}

// Offset returns the byte offset of a position. Positions outside of the text
// become the next one within it.
func (l *Lines) Offset(line, col int) int {
	switch {
	case line < 1:
		return 0
	case line > len(l.starts):
		return len(l.text)
	}
	end := len(l.text)
	if line < len(l.starts) {
		end = l.starts[line] - 1
	}
	return min(l.starts[line-1]+max(col, 1)-1, end)
}

// Position returns the line and column of a byte offset.
func (l *Lines) Position(offset int) (line, col int) {
	offset = min(max(offset, 0), len(l.text))
	line = sort.SearchInts(l.starts, offset+1)
	return line, offset - l.starts[line-1] + 1
}

// Units returns how many UTF-16 code units the text takes up. A byte that is
// not UTF-8 counts as one.
func Units(text []byte) int {
	n := 0
	for len(text) > 0 {
		size, units := step(text)
		n += units
		text = text[size:]
	}
	return n
}

// Bytes returns how many bytes of a text take up the given number of UTF-16
// code units. In the middle of a pair of them the character counts as not yet
// begun; behind the text all of it counts.
func Bytes(text []byte, units int) int {
	n := 0
	for n < len(text) {
		size, u := step(text[n:])
		if units -= u; units < 0 {
			break
		}
		n += size
	}
	return n
}

// step measures the first character of a text in bytes and UTF-16 code units.
func step(text []byte) (size, units int) {
	r, size := utf8.DecodeRune(text)
	if r > 0xFFFF {
		return size, 2
	}
	return size, 1
}
