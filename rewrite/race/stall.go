package race

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// A Stall is a lock that is held while something slow runs: all who want the
// lock wait for that too.
type Stall struct {
	Lock string // key
	Func string
	Note string // what is slow
}

// At says a stall with the place where it was seen.
func (s Stall) At(at effect.Pos) string {
	return fmt.Sprintf("%s would be held over %s, in %s at %s:%d",
		rewrite.ShortKey(s.Lock), s.Note, s.Func, filepath.Base(at.File), at.Line)
}

// groupWait is what is slow about a call of WaitGroup.Wait.
const groupWait = "a call of Wait"

// stalls notes what is slow while locks are held.
func (w *walk) stalls(s state, note string, at effect.Pos) {
	if !w.record || !w.last {
		return
	}
	for _, h := range s.may {
		if k := h.key(w.f); k != "" {
			w.out.stalls = append(w.out.stalls, stalled{Stall{k, w.f.Name, note}, at})
		}
	}
}

type stalled struct {
	Stall
	at effect.Pos
}

// NewStall tells of the first stall that an earlier state of the module did
// not have, "" if there is none. With waits, those for a WaitGroup are meant.
func (m *Module) NewStall(old *Module, waits bool) string {
	list := slices.SortedFunc(maps.Keys(m.stalls), func(a, b Stall) int {
		return cmp.Or(comparePos(m.stalls[a], m.stalls[b]), cmp.Compare(a.Lock, b.Lock), cmp.Compare(a.Note, b.Note))
	})
	for _, s := range list {
		if _, ok := old.stalls[s]; !ok && !(waits && s.Note == groupWait) {
			return s.At(m.stalls[s])
		}
	}
	return ""
}
