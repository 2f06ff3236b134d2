package render

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/driver"
)

// A Note is a place in the source that belongs to the evidence of a finding,
// and what is to say of it.
type Note struct {
	At   rewrite.Span
	Text string
}

// Notes lists the places that show why there is a finding: both accesses, or one
// if they are the same, the start of both goroutines, the declaration with how
// often which lock is held, and all other accesses, unless they are many. Of a
// lock, it is what happens to it, in order.
func Notes(f *rewrite.Finding) []Note {
	if f.Kind == rewrite.Locking {
		return lockNotes(f)
	}
	var out []Note
	add := func(at rewrite.Span, text string) {
		if !at.IsZero() && !slices.Contains(out, Note{at, text}) {
			out = append(out, Note{at, text})
		}
	}
	for _, s := range sides(f) {
		add(s.Access.At, driver.Verb(s.Access.Op)+" in "+where(s.Access))
	}
	for _, s := range sides(f) {
		add(s.Context.Start, begins(s.Context))
	}
	if len(f.Votes) == 0 {
		add(f.Place.Decl, f.Place.Name+" is declared here")
	}
	for _, v := range f.Votes {
		add(f.Place.Decl, voteLine(v, f.Accesses))
	}
	for _, a := range f.Accesses {
		if len(f.Accesses) <= accessesShown && a.At != f.Sides[0].Access.At && a.At != f.Sides[1].Access.At {
			add(a.At, describe(a))
		}
	}
	return out
}

func lockNotes(f *rewrite.Finding) []Note {
	var out []Note
	for _, l := range f.Leaks {
		out = append(out,
			Note{l.Taken, fmt.Sprintf("taken in %s, held for %s", f.Sides[0].Access.Func, gerund(l.Mode))},
			Note{l.At, "not released before this " + left(l)})
	}
	for i, s := range f.Sides {
		if i > 0 || len(f.Leaks) == 0 {
			out = append(out, Note{s.Access.At, done[s.Access.Op] + " in " + s.Context.Func})
		}
	}
	return out
}

// sides lists the sides of a finding: one if both are the same access in
// goroutines of one start.
func sides(f *rewrite.Finding) []rewrite.Side {
	if alike(f) {
		return f.Sides[:1]
	}
	return f.Sides[:]
}

func alike(f *rewrite.Finding) bool {
	a, b := f.Sides[0], f.Sides[1]
	return a.Access.At == b.Access.At && a.Access.Op == b.Access.Op && a.Context.Start == b.Context.Start
}

// again tells of a second side that is like the first one.
func again(c rewrite.Context) string {
	if c.Entry {
		return "the same by another of them"
	}
	return "the same in another goroutine of this start"
}

// begins says what a goroutine's start is, at that place.
func begins(c rewrite.Context) string {
	through := ""
	if c.Through != "" {
		through = " through " + c.Through
	}
	runs := cmp.Or(c.Runs, "a function that is not known")
	switch {
	case c.Entry:
		return "callers of " + c.Func + " come in here"
	case c.Starter:
		return c.Func + " starts a goroutine and goes on"
	case c.Through == rewrite.ParallelTest:
		return c.Runs + " runs beside other tests"
	case c.Contract() != "":
		return "several goroutines may call " + runs + " at once, as a method of " + c.Contract()
	case c.Request && c.Func == c.Runs:
		return "a server runs " + runs + " for each request"
	case c.Request:
		return c.Func + " registers " + runs + through + ", which a server runs for each request"
	case c.Many:
		return c.Func + " starts goroutines that run " + runs + through
	}
	return c.Func + " starts a goroutine that runs " + runs + through
}
