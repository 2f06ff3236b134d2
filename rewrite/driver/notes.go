package driver

import (
	"fmt"

	"github.com/go-fixer/fixer/rewrite"
)

// A Note is a place in the source that belongs to the evidence of a finding,
// and what is to say of it.
type Note struct {
	At   rewrite.Span
	Text string
}

// Notes lists the places that show why there is a finding: both accesses, the
// start of both goroutines, and at the declaration how often which lock is held.
func (o *Outcome) Notes() []Note {
	if o.Kind == rewrite.Locking {
		return o.lockNotes()
	}
	var notes []Note
	for i, s := range o.Sides {
		if i == 0 || s.Access.At != o.Sides[0].Access.At || s.Access.Op != o.Sides[0].Access.Op {
			notes = append(notes, Note{s.Access.At, verb(s.Access.Op) + " in " + where(s.Access)})
		}
		if c := s.Context; !c.Start.IsZero() && (i == 0 || c.Start != o.Sides[0].Context.Start) {
			notes = append(notes, Note{c.Start, "by " + actor(c)})
		}
	}
	for _, v := range o.Votes {
		notes = append(notes, Note{o.Place.Decl, voteLine(v, o.Accesses)})
	}
	return notes
}

func (o *Outcome) lockNotes() []Note {
	var notes []Note
	for _, l := range o.Leaks {
		notes = append(notes, Note{l.Taken, fmt.Sprintf("taken here for %s, and not released before line %d", gerund(l.Mode), l.At.Line)})
	}
	for i, s := range o.Sides {
		if i > 0 || len(o.Leaks) == 0 {
			notes = append(notes, Note{s.Access.At, done[s.Access.Op] + " in " + s.Context.Func})
		}
	}
	return notes
}
