package render

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/driver"
)

// Locks writes locks for people. File names pass through rel.
func Locks(w io.Writer, list []*rewrite.Custody, rel func(string) string) error {
	var b bytes.Buffer
	for _, c := range list {
		fmt.Fprintf(&b, "%s: %s %s\n", at(c.Lock.Decl, rel), c.Lock.Name, c.Lock.Type)
		for _, v := range c.Guards {
			fmt.Fprintf(&b, "\tguards %s: held at %d of %d accesses\n", rewrite.ShortKey(v.Lock), v.Held, v.Of)
		}
		for _, a := range c.Calls {
			fmt.Fprintf(&b, "\t%s: %s in %s\n", at(a.At, rel), method(a), a.Func)
		}
		for _, f := range c.Wrong {
			fmt.Fprintf(&b, "\t%s: wrong: %s\n", at(f.Sides[0].Access.At, rel), driver.Clause(f))
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// method names the method of a lock that an access calls.
func method(a rewrite.Access) string {
	name := "Lock"
	if a.Op == rewrite.Release {
		name = "Unlock"
	}
	if a.Locks[0].Mode == rewrite.Shared {
		name = "R" + name
	}
	if a.Op == rewrite.Try {
		name = "Try" + name
	}
	return name
}

// writeLock writes the evidence of a finding about a lock.
func writeLock(b *bytes.Buffer, f *Finding, rel func(string) string) {
	for _, l := range f.Leaks {
		fmt.Fprintf(b, "\ttaken at %s in %s, held for %s\n", at(l.Taken, rel), f.Sides[0].Access.Func, gerund(l.Mode))
		fmt.Fprintf(b, "\t\tnot released before the %s at %s\n", left(l), at(l.At, rel))
	}
	for i, s := range f.Sides {
		if i == 0 && len(f.Leaks) > 0 {
			continue
		}
		fmt.Fprintf(b, "\t%s at %s in %s\n", done[s.Access.Op], at(s.Access.At, rel), s.Context.Func)
	}
	fmt.Fprintf(b, "\tevidence: %s\n", f.Evidence)
}

var done = map[rewrite.Op]string{rewrite.Acquire: "taken", rewrite.Try: "tried", rewrite.Release: "released", rewrite.Copy: "copied"}

// left names what leaves a function with a lock held.
func left(l rewrite.Leak) string { return strings.Replace(l.By, "end", "closing brace", 1) }

func gerund(m rewrite.Mode) string {
	if m == rewrite.Shared {
		return "reading"
	}
	return "writing"
}
