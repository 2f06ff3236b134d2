package patch

import "testing"

func TestLines(t *testing.T) {
	const text = "a\r\né𝄞b\n\nlast"
	l := LinesOf([]byte(text))
	for _, c := range []struct{ line, col, offset int }{
		{1, 1, 0}, {1, 2, 1}, {2, 1, 3}, {2, 3, 5}, {2, 7, 9}, {2, 8, 10}, {3, 1, 11}, {4, 1, 12}, {4, 5, 16},
	} {
		if got := l.Offset(c.line, c.col); got != c.offset {
			t.Errorf("Offset(%d, %d) = %d, want %d", c.line, c.col, got, c.offset)
		}
		if line, col := l.Position(c.offset); line != c.line || col != c.col {
			t.Errorf("Position(%d) = %d, %d, want %d, %d", c.offset, line, col, c.line, c.col)
		}
	}
	for _, c := range []struct{ line, col, offset int }{{0, 1, 0}, {2, 0, 3}, {2, 99, 10}, {5, 1, 16}, {4, 99, 16}} {
		if got := l.Offset(c.line, c.col); got != c.offset {
			t.Errorf("Offset(%d, %d) = %d, want %d", c.line, c.col, got, c.offset)
		}
	}
	for i, want := range []string{"", "a", "é𝄞b", "", "last", ""} {
		if got := string(l.Line(i)); got != want {
			t.Errorf("Line(%d) = %q, want %q", i, got, want)
		}
	}
	empty := LinesOf(nil)
	if line, col := empty.Position(7); line != 1 || col != 1 || empty.Offset(1, 1) != 0 || empty.Offset(9, 9) != 0 {
		t.Errorf("in an empty text: %d, %d", line, col)
	}
}

func TestUnits(t *testing.T) {
	const text = "aé𝄞\xFFb"
	for _, c := range []struct{ bytes, units int }{{0, 0}, {1, 1}, {3, 2}, {7, 4}, {8, 5}, {9, 6}} {
		if got := Units([]byte(text[:c.bytes])); got != c.units {
			t.Errorf("Units(%q) = %d, want %d", text[:c.bytes], got, c.units)
		}
		if got := Bytes([]byte(text), c.units); got != c.bytes {
			t.Errorf("Bytes(%q, %d) = %d, want %d", text, c.units, got, c.bytes)
		}
	}
	if got := Bytes([]byte(text), 3); got != 3 {
		t.Errorf("in the middle of a pair: %d", got)
	}
	if got := Bytes([]byte(text), 99); got != 9 {
		t.Errorf("behind the end: %d", got)
	}
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("a\r\né𝄞b\n\nlast"), 5)
	f.Fuzz(func(t *testing.T, text []byte, offset int) {
		l := LinesOf(text)
		line, col := l.Position(offset)
		if got := l.Offset(line, col); got != min(max(offset, 0), len(text)) {
			t.Errorf("%q: offset %d is %d:%d, which is %d", text, offset, line, col, got)
		}
		if got := Bytes(text, Units(text)); got != len(text) {
			t.Errorf("%q: %d bytes", text, got)
		}
	})
}
