package race

import "github.com/go-fixer/fixer/rewrite/effect"

// A refuge is where an argument that a function keeps can be found from then on:
// if only by the object of one of its parameters, whose number plus 1 it is, an
// object that is given itself to keep stays with those who have it.
type refuge int

const (
	nowhere    refuge = 0
	everywhere refuge = -1
)

func (r refuge) or(s refuge) refuge {
	switch {
	case r == nowhere || r == s:
		return s
	case s == nowhere:
		return r
	}
	return everywhere
}

// refuge is where what is put at a path can be found.
func (w *walk) refuge(p effect.Path) refuge {
	if r := w.origin(p).Root; r.Kind == effect.Param {
		return refuge(r.N + 1)
	}
	return everywhere
}
