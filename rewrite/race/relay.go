package race

import (
	"slices"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// A relay is a signal that comes after waits: who waits for it has waited for
// them as well.
type relay struct {
	path   effect.Path
	at     effect.Pos // of the signal
	need   uint8      // its number
	thread int
	waits  counts
}

// maxRelays bounds the relays of a summary.
const maxRelays = 60

// relays notes a signal and what was waited for by then.
func (w *walk) relays(p effect.Path, need uint8, waits counts, at effect.Pos) {
	if !w.record || p.Root.Kind == effect.NoRoot {
		return
	}
	for _, r := range w.sum.relays {
		if r.path == p && r.at == at && r.thread == 0 {
			r.waits, r.need = r.waits.least(waits), max(r.need, need)
			return
		}
	}
	if len(w.sum.relays) < maxRelays {
		w.sum.relays = append(w.sum.relays, &relay{path: p, at: at, need: need, waits: waits})
	}
}

// A relayed is all signals that come after an access: its goroutine's own, and
// round by round those that others give once they have waited for one before.
type relayed struct {
	have   []relay
	rounds []int // how many there are after each round
}

// A relayedKey is all that the signals after an access depend on.
type relayedKey struct {
	before   backing[count]
	thread   int
	leaveOut int // a thread whose relays count for nothing; -1 for none
}

// relayed lists the signals after a by which it may come before what a thread
// does; what that thread relays itself says nothing.
func (w *walk) relayed(a *access, thread int) *relayed {
	key := relayedKey{backingOf(a.before), a.thread, -1}
	if thread != a.thread && slices.ContainsFunc(w.sum.relays, func(r *relay) bool { return r.thread == thread }) {
		key.leaveOut = thread
	}
	out := w.sequels[key]
	if out == nil {
		out = w.relay(a, key.leaveOut)
		if w.sequels == nil {
			w.sequels = make(map[relayedKey]*relayed)
		}
		w.sequels[key] = out
	}
	return out
}

func (w *walk) relay(a *access, leaveOut int) *relayed {
	out := new(relayed)
	for _, c := range a.before {
		out.have = append(out.have, relay{path: c.path, need: c.n, thread: a.thread})
	}
	used := make([]bool, len(w.sum.relays))
	for n := 0; len(out.have) > n; {
		n = len(out.have)
		out.rounds = append(out.rounds, n)
		for i, r := range w.sum.relays {
			if used[i] || r.thread == leaveOut {
				continue
			}
			if _, used[i] = w.await(out.have, r.thread, r.waits); used[i] {
				out.have = append(out.have, relay{path: r.path, need: r.need, thread: r.thread})
			}
		}
	}
	return out
}
