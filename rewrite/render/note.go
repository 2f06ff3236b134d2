package render

import (
	"fmt"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/driver"
)

// A Note is a place in the source that belongs to the evidence of a finding,
// and what is to say of it.
type Note struct {
	At   rewrite.Span
	Text string
}

// Notes lists the places that show why there is a finding: both accesses, the
// start of both goroutines, and at the declaration how often which lock is held.
func Notes(f *rewrite.Finding, rel func(string) string) []Note {
	if f.Kind == rewrite.Locking {
		return lockNotes(f)
	}
	var notes []Note
	for i, s := range f.Sides {
		if i == 0 || s.Access.At != f.Sides[0].Access.At || s.Access.Op != f.Sides[0].Access.Op {
			notes = append(notes, Note{s.Access.At, driver.Verb(s.Access.Op) + " in " + where(s.Access)})
		}
		if c := s.Context; !c.Start.IsZero() && (i == 0 || c.Start != f.Sides[0].Context.Start) {
			notes = append(notes, Note{c.Start, goroutine(c, rel)})
		}
	}
	for _, v := range f.Votes {
		notes = append(notes, Note{f.Place.Decl, voteLine(v, f.Accesses)})
	}
	return notes
}

func lockNotes(f *rewrite.Finding) []Note {
	var notes []Note
	for _, l := range f.Leaks {
		notes = append(notes, Note{l.Taken, fmt.Sprintf("taken here for %s, and not released before line %d", gerund(l.Mode), l.At.Line)})
	}
	for i, s := range f.Sides {
		if i > 0 || len(f.Leaks) == 0 {
			notes = append(notes, Note{s.Access.At, done[s.Access.Op] + " in " + s.Context.Func})
		}
	}
	return notes
}
