package driver

import (
	"fmt"
	"path/filepath"

	"github.com/go-fixer/fixer/rewrite"
)

// lockClause says in one line how a lock is misused.
func lockClause(f *rewrite.Finding) string {
	a, b := f.Sides[0].Access, f.Sides[1].Access
	switch {
	case a.Op == rewrite.Leave:
		return leftClause(f)
	case a.Op == rewrite.Copy:
		return fmt.Sprintf("%s is copied with %s %s, which locks the copy at %s: that keeps nobody out", f.Place.Name, copies[a.Func], b.Func, nearby(b.At))
	case len(a.Locks) == 0:
		return fmt.Sprintf("%s is released in %s and once more at %s; that ends the program", f.Place.Name, a.Func, nearby(b.At))
	}
	take, give := "RLock", "Unlock"
	if a.Locks[0].Mode == rewrite.Exclusive {
		take, give = "Lock", "RUnlock"
	}
	return fmt.Sprintf("%s is taken with %s at %s and released with %s in %s; that ends the program", f.Place.Name, take, nearby(b.At), give, a.Func)
}

// copies says with what a lock is copied.
var copies = map[string]string{"receiver": "the receiver of", "parameter": "a parameter of", "range": "each element that is ranged over in"}

func leftClause(f *rewrite.Finding) string {
	a, b := f.Sides[0].Access, f.Sides[1].Access
	msg := fmt.Sprintf("%s is still held when %s %s", f.Place.Name, a.Func, leaving(f.Leaks[0].By))
	if n := len(f.Leaks); n > 1 {
		msg += fmt.Sprintf(", here and at %d other %s", n-1, plural(n-1, "place"))
	}
	switch {
	case b.Op == rewrite.Try:
		return msg + fmt.Sprintf("; %s, which tries to take it at %s, then never gets it", b.Func, nearby(b.At))
	case b.Func == a.Func:
		return msg + fmt.Sprintf("; the next to take it, at %s, waits for ever", nearby(b.At))
	}
	return msg + fmt.Sprintf("; %s, which takes it at %s, then waits for ever", b.Func, nearby(b.At))
}

// leaving says how a function or a turn of a loop is left.
func leaving(by string) string {
	switch by {
	case "return":
		return "returns"
	case "panic":
		return "panics and recovers"
	case "end":
		return "comes to the end"
	}
	return "goes on by " + by
}

func nearby(s rewrite.Span) string { return fmt.Sprintf("%s:%d", filepath.Base(s.File), s.Line) }

func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}
