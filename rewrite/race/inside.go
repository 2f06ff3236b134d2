package race

import (
	"go/token"
	"strings"
)

// looksInside reports whether the test that this frame is calls, in its own
// goroutine, a method of an object that only the code under test has, in an
// unexported field, while a goroutine runs that code: to see what became of it. The
// code itself does not; where it holds a lock, several goroutines are meant.
func (w *walk) looksInside(a, b *access) bool {
	if a.thread > 0 {
		a, b = b, a
	}
	if a.thread != 0 || b.thread == 0 || len(b.must) > 0 {
		return false
	}
	inside := w.inside(a)
	return inside != "" && w.inside(b) != inside
}

// inside is the last field by which the test gets to the object whose method it
// calls to make an access, if the code under test has that field for itself; else
// it is "".
func (w *walk) inside(a *access) string {
	t := a.trail
	for t != nil && t.fn != nil && t.fn.Test {
		t = t.next
	}
	if t == nil || t.fn == nil || t.fn.Recv == "" {
		return ""
	}
	field := ""
	for sel := range strings.SplitSeq(a.path.Sel, ";") {
		i := strings.LastIndexByte(sel, '.')
		if i < 0 {
			continue
		}
		if sel[:i] == t.fn.Recv {
			return field
		}
		if s := w.m.structs[sel[:i]]; s != nil {
			field = ""
			if !s.Test && !token.IsExported(sel[i+1:]) {
				field = sel
			}
		}
	}
	return ""
}
