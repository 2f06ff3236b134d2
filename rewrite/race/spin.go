package race

import (
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// spinHeld marks, as a lock, a number or a flag that is one: who swaps it from one
// value to the other goes on alone, until it is set back.
//
//	if !atomic.CompareAndSwapUint32(&b.busy, 0, 1) {
//		return nil
//	}
//	defer atomic.StoreUint32(&b.busy, 0)
const spinHeld = " swapped"

// isMutex reports whether a key is that of a lock that a rule may take: a sync.Once
// keeps its own callers apart, nobody else, and to swap a number may fail.
func isMutex(key string) bool {
	return !strings.HasSuffix(key, onceHeld) && !strings.HasSuffix(key, spinHeld)
}

// spins reports whether a member has two values, of which the one is swapped for
// the other.
func (m *Module) spins(p effect.Path, is, sets string) bool {
	s := m.settings[objectKey(p)]
	if s == nil || len(s.values) != 2 {
		return false
	}
	return s.values[0] == is && s.values[1] == sets || s.values[0] == sets && s.values[1] == is
}

// swaps is the state where a member was found to be one value and has become
// another in one step.
func (w *walk) swaps(s state, f fact, sets string) state {
	if f.not || !w.m.spins(f.path, f.is, sets) {
		return s
	}
	return w.take(s, held{marked(f.path, spinHeld), rewrite.Exclusive})
}

// setsBack gives the lock back that a member is.
func (w *walk) setsBack(s state, p effect.Path) state {
	lock := marked(p, spinHeld)
	if s.may.index(lock) < 0 {
		return s
	}
	return w.release(s, lock)
}
