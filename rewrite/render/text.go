package render

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/driver"
)

// writeText writes a document for people: per finding a line that editors can
// jump from, and below it, indented, the evidence.
func writeText(b *bytes.Buffer, d *Document) {
	rel := d.shown
	for i := range d.Findings {
		writeFinding(b, &d.Findings[i], rel)
	}
	for _, u := range d.Unused {
		fmt.Fprintf(b, "%s: %s: %s\n", at(u.At, rel), unusedRule, u.message())
	}
	for _, u := range d.Unplaced {
		b.WriteString(u.String() + "\n")
	}
	for _, p := range d.Problems {
		b.WriteString(driver.ProblemLine(p, rel) + "\n")
	}
}

// accessesShown is how many accesses of one place are still worth listing, and
// reportsShown how many reports of it are listed at most.
const (
	accessesShown = 12
	reportsShown  = 5
)

func writeFinding(b *bytes.Buffer, f *Finding, rel func(string) string) {
	fmt.Fprintf(b, "%s: %s: %s\n", at(f.Pos, rel), f.Rule, f.Message)
	if f.Kind == rewrite.Locking {
		writeLock(b, f, rel)
		writeVerdict(b, f)
		return
	}
	writeSide(b, f.Sides[0], rel)
	if alike(&f.Finding) {
		fmt.Fprintf(b, "\t%s\n", again(f.Sides[0].Context))
	} else {
		writeSide(b, f.Sides[1], rel)
	}
	for _, why := range f.Why {
		fmt.Fprintf(b, "\tnot ordered: %s\n", why)
	}
	if f.Would != "" {
		fmt.Fprintf(b, "\twould be ordered by: %s\n", f.Would)
	}
	fmt.Fprintf(b, "\tevidence: %s\n", f.Evidence)
	if n := min(len(f.Reports), reportsShown); n > 0 {
		fmt.Fprintf(b, "\treports: %s\n", strings.Join(f.Reports[:n], ", "))
	}
	for _, v := range f.Votes {
		fmt.Fprintf(b, "\t%s\n", voteLine(v, f.Accesses))
	}
	if n := len(f.Accesses); n > 0 && n <= accessesShown {
		fmt.Fprintf(b, "\tall accesses (%d):\n", n)
		for _, a := range f.Accesses {
			fmt.Fprintf(b, "\t\t%s: %s\n", at(a.At, rel), describe(a))
		}
	}
	writeVerdict(b, f)
}

// writeVerdict tells the fix, or why there is none.
func writeVerdict(b *bytes.Buffer, f *Finding) {
	switch {
	case f.Fix != nil:
		fmt.Fprintf(b, "\tfix: %s (%s, %s)\n", f.Fix.Title, f.Fix.Rule, f.Fix.Safety)
	case len(f.Verdicts) > 0:
		b.WriteString("\tno fix:\n")
		for _, v := range f.Verdicts {
			fmt.Fprintf(b, "\t\t%s: %s\n", v.Rule, v.Reason)
		}
	}
}

func writeSide(b *bytes.Buffer, s rewrite.Side, rel func(string) string) {
	fmt.Fprintf(b, "\t%s at %s in %s\n\t\t%s\n", driver.Verb(s.Access.Op), at(s.Access.At, rel), where(s.Access), goroutine(s.Context, rel))
	var calls []string
	for _, step := range s.Path {
		calls = append(calls, step.Func+" ("+at(step.At, rel)+")")
	}
	if len(calls) > 0 {
		fmt.Fprintf(b, "\t\tcalls on the way: %s\n", strings.Join(calls, ", "))
	}
}

// goroutine tells who runs one side, and how many of them there are.
func goroutine(c rewrite.Context, rel func(string) string) string {
	start := at(c.Start, rel)
	switch {
	case c.Entry:
		return fmt.Sprintf("by whoever calls %s (%s)", c.Func, start)
	case c.Starter && c.Func == c.Runs:
		return fmt.Sprintf("by the goroutine that runs %s (%s) and has started the other by then", c.Func, start)
	case c.Starter:
		return fmt.Sprintf("by the goroutine that runs %s (%s)", c.Func, start)
	case c.Through == rewrite.ParallelTest:
		return fmt.Sprintf("in the test %s (%s), which calls t.Parallel", c.Runs, start)
	}
	runs := cmp.Or(c.Runs, "a function that is not known")
	through := ""
	if c.Through != "" {
		through = " through " + c.Through
	}
	switch {
	case c.Contract() != "":
		return fmt.Sprintf("in %s (%s), which %s lets several goroutines call at once", runs, start, c.Contract())
	case c.Request && c.Func == c.Runs:
		return fmt.Sprintf("in %s (%s), which a server runs for each request", runs, start)
	case c.Request:
		return fmt.Sprintf("in %s, which %s registers at %s%s and a server runs for each request", runs, c.Func, start, through)
	case c.Handed != nil:
		return fmt.Sprintf("in the goroutine that runs %s, which %s hands over at %s and %s starts at %s%s, %s",
			runs, c.Handed.Func, at(c.Handed.At, rel), c.Func, start, through, number(c, c.Handed.Func))
	}
	return fmt.Sprintf("in the goroutine that %s starts at %s%s to run %s, %s", c.Func, start, through, runs, number(c, c.Func))
}

// number says how many goroutines of one start there are.
func number(c rewrite.Context, starter string) string {
	if c.Many {
		return "several at once"
	}
	return "one for each call of " + starter
}

// voteLine says how often a lock is held, and, where that is the point, that
// it is held for reading only.
func voteLine(v rewrite.Vote, accesses []rewrite.Access) string {
	line := fmt.Sprintf("%s is held at %d of %d accesses", rewrite.ShortKey(v.Lock), v.Held, v.Of)
	reading := 0
	for _, a := range accesses {
		if a.Op.Writes() && !a.Fresh && !a.Test && slices.Contains(a.Locks, rewrite.Lock{Key: v.Lock, Mode: rewrite.Shared}) {
			reading++
		}
	}
	switch v.Writes {
	case 0:
		line += ", none of them a write"
	case 1:
		line += ", one of them a write"
	default:
		line += fmt.Sprintf(", %d of them writes", v.Writes)
	}
	if reading > 0 {
		line += fmt.Sprintf(" (%d only for reading)", reading)
	}
	if rest := len(accesses) - v.Of; rest > 0 {
		line += fmt.Sprintf("; %d in tests or before the object is shared not counted", rest)
	}
	return line
}

func describe(a rewrite.Access) string { return string(a.Op) + " in " + where(a) }

// where tells the function of an access, the locks it holds and what else
// makes it special.
func where(a rewrite.Access) string {
	held := "holding no lock"
	if len(a.Locks) > 0 {
		var names []string
		for _, l := range a.Locks {
			names = append(names, l.String())
		}
		held = "holding " + strings.Join(names, ", ")
	}
	if a.Whole {
		held += ", with the whole struct"
	}
	switch {
	case a.Func == "init":
		held += ", before main begins"
	case a.Fresh:
		held += ", while only its own goroutine knows the object"
	}
	return a.Func + ", " + held
}

// evidence says what the confidence of a finding rests on.
func evidence(f *rewrite.Finding) string {
	a, b := f.Sides[0].Context, f.Sides[1].Context
	switch {
	case f.Kind == rewrite.Locking && f.Confidence == rewrite.Likely:
		return "likely, all other functions that take it release it"
	case f.Kind == rewrite.Locking:
		return "certain, the function releases it on other ways, or the call always fails"
	case f.Confidence == rewrite.Observed:
		return "observed, a report of the race detector names both accesses"
	case f.Confidence == rewrite.Certain && !a.Entry && !b.Entry:
		return "certain, both goroutines are in this module"
	case f.Confidence == rewrite.Certain:
		return "certain, the goroutine runs while the function that was returned is called"
	case !a.Entry && !b.Entry && a.Start == b.Start:
		return "likely, two of these goroutines may do so at once"
	case f.Kind == rewrite.Field:
		return "likely, the two meet through the methods of the type"
	case a.Entry && b.Entry:
		return "likely, several callers of the package may come at once"
	default:
		return "likely, callers of the package may come while the goroutine runs"
	}
}

func at(s rewrite.Span, rel func(string) string) string {
	s.File = rel(s.File)
	return s.String()
}
