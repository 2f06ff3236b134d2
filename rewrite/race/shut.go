package race

import (
	"strings"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// A flag that a goroutine looks at under a lock may shut it out for good: who
// has set it under that lock, and goes on, need not hold the lock any longer.

// The marks of a flag's value: that this goroutine has set it, and that it has
// seen it and released no lock since.
const (
	flagSet  = " set"
	flagSeen = " seen"
)

// raises notes that a goroutine has given a flag a value itself, or perhaps: then
// it is not known any more.
func (w *walk) raises(s state, value effect.Path, sure bool) state {
	flag, ok := value.IsFlag()
	if !ok {
		return s
	}
	s.waited = s.waited.drop(func(p effect.Path) bool {
		return p.Root == flag.Root && strings.HasPrefix(p.Sel, flag.Sel+";"+effect.Is) && isMark(p)
	})
	if sure {
		s.waited = s.waited.with(flagMark(value, flagSet), plenty)
	}
	return s
}

// sees notes that a flag was seen to have a value.
func (w *walk) sees(s state, value effect.Path) state {
	if _, ok := value.IsFlag(); ok {
		s.waited = s.waited.with(flagMark(value, flagSeen), plenty)
	}
	return s
}

// unseen forgets what was seen of flags when a lock is released.
func (w *walk) unseen(s state) state {
	s.waited = s.waited.drop(func(p effect.Path) bool { return strings.HasSuffix(p.Sel, flagSeen) })
	return s
}

func flagMark(value effect.Path, mark string) effect.Path {
	return effect.Path{Root: value.Root, Sel: value.Sel + mark}
}

func isMark(p effect.Path) bool {
	return strings.HasSuffix(p.Sel, flagSet) || strings.HasSuffix(p.Sel, flagSeen)
}

// shutOut reports whether a comes before b, if at all: b's goroutine has set a
// flag by then, under the lock under which a's looks at it, and leaves a out.
func (w *walk) shutOut(a, b *access) bool {
	for _, c := range b.waited {
		sel, ok := strings.CutSuffix(c.path.Sel, flagSet)
		if !ok {
			continue
		}
		set := effect.Path{Root: c.path.Root, Sel: sel}
		other := opposite(set)
		if other.Root.Kind != effect.NoRoot && a.waited.of(flagMark(other, flagSeen)) > 0 && !w.raced(set) && w.stays(set, other, b.thread) {
			return true
		}
	}
	return false
}

// opposite is the other value of a flag that is true or false.
func opposite(value effect.Path) effect.Path {
	flag, sel := value.Base()
	switch sel {
	case effect.Is + "true":
		flag.Sel += ";" + effect.Is + "false"
	case effect.Is + "false":
		flag.Sel += ";" + effect.Is + "true"
	default:
		return effect.Path{}
	}
	return flag
}

// stays reports whether nobody but one thread may take the value of a flag back.
func (w *walk) stays(set, other effect.Path, thread int) bool {
	flag, _ := set.IsFlag()
	for _, a := range w.sum.accesses {
		if a.path == flag && a.writes() && !a.konst {
			return false
		}
	}
	for _, t := range w.signallers(other) {
		if t != thread {
			return false
		}
	}
	return thread == 0 || w.sum.sends.of(other) == 0
}
