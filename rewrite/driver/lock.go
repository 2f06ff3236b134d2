package driver

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"

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

// writeLock writes the evidence of a finding about a lock.
func writeLock(b *bytes.Buffer, o *Outcome, rel func(string) string) {
	for _, l := range o.Leaks {
		fmt.Fprintf(b, "\ttaken at %s in %s, held for %s\n", at(l.Taken, rel), o.Sides[0].Access.Func, gerund(l.Mode))
		fmt.Fprintf(b, "\t\tnot released before the %s at %s\n", strings.Replace(l.By, "end", "closing brace", 1), at(l.At, rel))
	}
	for i, s := range o.Sides {
		if i == 0 && len(o.Leaks) > 0 {
			continue
		}
		fmt.Fprintf(b, "\t%s at %s in %s\n", done[s.Access.Op], at(s.Access.At, rel), s.Context.Func)
	}
	what := "certain, the function releases it on other ways, or the call always fails"
	if o.Confidence == rewrite.Likely {
		what = "likely, all other functions that take it release it"
	}
	fmt.Fprintf(b, "\tevidence: %s\n", what)
}

var done = map[rewrite.Op]string{rewrite.Acquire: "taken", rewrite.Try: "tried", rewrite.Release: "released", rewrite.Copy: "copied"}

func gerund(m rewrite.Mode) string {
	if m == rewrite.Shared {
		return "reading"
	}
	return "writing"
}
