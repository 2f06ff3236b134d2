package race

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// A Deadlock is a lock that a goroutine may take while it has it, or two that
// are taken in both orders.
type Deadlock struct {
	Locks [2]string // keys; the same one twice for a lock that waits for itself
	Func  string
	At    effect.Pos
}

// Same reports whether two deadlocks may be the same one, wherever edits moved
// it. Elements count as one: who takes the locks of several has such deadlocks
// before anything is edited.
func (d Deadlock) Same(e Deadlock) bool {
	return d.Locks == e.Locks && (d.Locks[0] != d.Locks[1] || d.Func == e.Func)
}

func (d Deadlock) String() string {
	at := fmt.Sprintf("%s:%d", filepath.Base(d.At.File), d.At.Line)
	if d.Locks[0] == d.Locks[1] {
		return fmt.Sprintf("%s would take %s again while it holds it, at %s", d.Func, rewrite.ShortKey(d.Locks[0]), at)
	}
	return fmt.Sprintf("%s and %s would be taken in both orders, in %s at %s",
		rewrite.ShortKey(d.Locks[0]), rewrite.ShortKey(d.Locks[1]), d.Func, at)
}

// taking notes that a lock is taken, by path, while others are held.
func (w *walk) taking(s state, h held, at effect.Pos) {
	if !w.record || w.pass != final {
		return
	}
	key := h.key(w.f)
	if key == "" {
		return
	}
	for _, o := range s.may {
		if o.path == h.path {
			if h.path.Root.N < 0 {
				continue // perhaps two of a kind
			}
			w.out.again = append(w.out.again, Deadlock{Locks: [2]string{key, key}, Func: w.f.Name, At: at})
			continue
		}
		if k := o.key(w.f); k != "" && k != key {
			w.out.lockOrder = append(w.out.lockOrder, Deadlock{Locks: [2]string{k, key}, Func: w.f.Name, At: at})
		}
	}
}

// Deadlocks lists the ways a goroutine may wait for ever for a mutex: by
// taking it twice, or by taking two in an order that some other code inverts.
func (m *Module) Deadlocks() []Deadlock {
	out := slices.Clone(m.again)
	after := make(map[string][]string)
	for e := range m.lockOrder {
		after[e[0]] = append(after[e[0]], e[1])
	}
	edges := slices.SortedFunc(maps.Keys(m.lockOrder), compareLocks)
	for _, e := range edges {
		if reaches(after, e[1], e[0]) {
			out = append(out, m.lockOrder[e])
		}
	}
	return out
}

func reaches(after map[string][]string, from, to string) bool {
	seen := map[string]bool{from: true}
	work := []string{from}
	for len(work) > 0 {
		k := work[len(work)-1]
		work = work[:len(work)-1]
		if k == to {
			return true
		}
		for _, n := range after[k] {
			if !seen[n] {
				seen[n] = true
				work = append(work, n)
			}
		}
	}
	return false
}
