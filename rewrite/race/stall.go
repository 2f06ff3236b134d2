package race

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// A stall is a lock that is held while something slow runs: all who want the
// lock wait for that too.
type stall struct {
	lock string // key
	fn   string
	note string // what is slow
}

// A stalled is a stall with the place where it was seen.
type stalled struct {
	stall
	at   effect.Pos
	test bool
}

func (s stalled) String() string {
	what := s.note
	if field, ok := strings.CutPrefix(what, hook); ok {
		what = hook + rewrite.ShortKey(field)
	}
	return fmt.Sprintf("over %s, in %s at %s:%d", what, s.fn, filepath.Base(s.at.File), s.at.Line)
}

// groupWait is what is slow about a call of WaitGroup.Wait.
const groupWait = "a call of Wait"

// sleep is what is slow about a call of time.Sleep.
const sleep = "a call of Sleep"

// stalls notes what is slow while locks are held.
func (w *walk) stalls(s state, note string, at effect.Pos) {
	if w.record && w.pass == final {
		w.out.stalls = w.stalled(w.out.stalls, s, note, at)
	}
}

func (w *walk) stalled(list []stalled, s state, note string, at effect.Pos) []stalled {
	for _, h := range s.may {
		if k := h.key(w.f); k != "" && isMutex(k) {
			list = append(list, stalled{stall{k, w.f.Name, note}, at, w.f.Test})
		}
	}
	return list
}

// pauses notes what waits for others while locks are held, however much else a
// callee does that is slow.
func (w *walk) pauses(s state, note string, at effect.Pos) {
	if !(stall{note: note}).waits() {
		return
	}
	w.sum.pauses = cmp.Or(w.sum.pauses, note)
	if w.record && w.pass == final {
		w.out.pausing = w.stalled(w.out.pausing, s, note, at)
	}
}

// hook is how a stall on the call of a function that a field keeps is noted:
// nobody knows what it does, and it may call back.
const hook = "a call of the function kept in "

// waiting are the names of library functions that wait for others; servers that
// are shut down wait for their handlers.
var waiting = map[string]bool{"Wait": true, "Sleep": true, "Shutdown": true, "GracefulStop": true, "Drain": true}

// library is what is called of another module; "" if it is not that. It may wait
// until what it runs itself, of the functions it was given, has come to an end:
// nobody knows.
func (s stall) library() string {
	_, lib, _ := strings.Cut(s.note, effect.From)
	return lib
}

// runsIO reports whether what is slow is a call of what is not the module's, and
// more than what people put into a log.
func (s stall) runsIO() bool {
	call, ok := strings.CutPrefix(s.note, "a call of ")
	if !ok || s.note == groupWait || s.note == sleep || strings.HasPrefix(s.note, hook) || s.note == "a call of a function value" {
		return false
	}
	call, _, _ = strings.Cut(call, effect.From)
	name, _, _ := strings.Cut(call[strings.LastIndexByte(call, '.')+1:], " ")
	return !slices.ContainsFunc([]string{"Print", "Log", "Trace", "Debug", "Info", "Notice", "Warn", "Error", "Panic", "Fatal"}, func(level string) bool {
		return strings.HasPrefix(name, level)
	})
}

// waits reports whether a stall lasts until somebody else does something, who
// may need the lock for it.
func (s stall) waits() bool {
	switch s.note {
	case "a channel send", "a channel receive", "a select":
		return true
	}
	if call, ok := strings.CutPrefix(s.note, "a call of "); ok {
		call, _, _ = strings.Cut(call, effect.From)
		name, _, _ := strings.Cut(call[strings.LastIndexByte(call, '.')+1:], " ")
		return waiting[name] || strings.HasPrefix(s.note, hook)
	}
	return false
}

// Impairs tells of the first way in which the module makes goroutines wait
// that an earlier state of it did not: a lock held over what is slow, or while
// waiting for a lock that is; or a function that takes a lock which others hold
// until they are told to go on, perhaps by that function. "" if there is none.
// With joins, locks held over the wait for a WaitGroup are meant to be; the serial
// ones, over what is slow but ends by itself. The locks are the keys of all of which
// such a thing can be told.
func (m *Module) Impairs(old *Module, joins bool, serial []string) (reason string, locks []string) {
	tell := func(why string, keys ...string) {
		reason = cmp.Or(reason, why)
		locks = append(locks, keys...)
	}
	for _, s := range m.stallsByPosition() {
		meant := joins && s.note == groupWait || slices.Contains(serial, s.lock) && (!s.waits() || s.note == sleep)
		if _, ok := old.stalls[s.stall]; !ok && !meant {
			tell(rewrite.ShortKey(s.lock)+" would be held "+s.String(), s.lock)
		}
	}
	slow, waits := make(map[string]stalled), make(map[string][]stalled) // by lock
	foreign := make(map[string]stalled)
	for _, s := range slices.Backward(old.stallsByPosition()) {
		if s.test {
			continue
		}
		if slow[s.lock] = s; s.waits() || s.library() != "" {
			waits[s.lock] = append(waits[s.lock], s)
		}
		if s.runsIO() {
			foreign[s.lock] = s
		}
	}
	for _, e := range slices.SortedFunc(maps.Keys(m.lockOrder), compareLocks) {
		if s, ok := slow[e[1]]; ok && old.lockOrder[e].Func == "" && !old.slowAnyway(e[0], e[1]) {
			tell(fmt.Sprintf("%s would be held while waiting for %s, which is held %v", rewrite.ShortKey(e[0]), rewrite.ShortKey(e[1]), s), e[:]...)
		}
	}
	m.narrows(old, foreign, tell)
	m.delays(old, waits, tell)
	return reason, locks
}

// slowAnyway reports whether a lock is held itself over all that another one is
// held over, which ends by itself: who waits for it waits for that already.
func (m *Module) slowAnyway(lock, other string) bool {
	own := make(map[string]bool)
	for s, at := range m.stalls {
		own[s.note] = own[s.note] || s.lock == lock && !at.test
	}
	for s, at := range m.stalls {
		if s.lock == other && !at.test && (!own[s.note] || s.waits() || s.library() != "") {
			return false
		}
	}
	return true
}

// delays tells of the first function for each lock that takes it while others hold it
// until they are told to go on, perhaps by that function.
func (m *Module) delays(old *Module, waits map[string][]stalled, tell func(why string, locks ...string)) {
	told := make(map[string]bool)
	for _, f := range m.order {
		if f.Test {
			continue
		}
		before := old.funcs[f.Key]
		for _, k := range slices.Sorted(maps.Keys(f.taken())) {
			if told[k] || !m.locks(f, k) || before != nil && m.locks(before, k) {
				continue
			}
			if s, ok := old.answered(f, before, k, waits[k]); ok {
				told[k] = true
				tell(fmt.Sprintf("%s would wait for %s, which is held %v, perhaps until it goes on", f.Name, rewrite.ShortKey(k), s), k)
			}
		}
	}
}

// answered finds where a lock is held until others go on, perhaps a function that is
// to take it; before is what this one was.
func (m *Module) answered(f, before *function, lock string, waits []stalled) (stalled, bool) {
	if s, ok := m.startedUnder(f, lock); ok {
		return s, true
	}
	for _, s := range waits {
		if s.fn == f.Name {
			continue
		}
		exposed := before.taken()[lock] == 0 && (s.waits() && m.exposes(f, s) || s.library() != "" && m.runs(f, s.library()))
		if exposed || s.waits() && m.answersAbove(f, s) {
			return s, true
		}
	}
	return stalled{}, false
}

// startedUnder finds where a lock is held over a wait, perhaps for a goroutine that runs a
// function: who waits, or what that one calls, starts the goroutine with the lock held.
func (m *Module) startedUnder(f *function, lock string) (stalled, bool) {
	for g := range m.above(f) {
		for by, c := range g.calledAt() {
			if !c.spawn || c.under[lock]+by.entry.may[lock] == 0 {
				continue
			}
			for h := range m.above(by) {
				if s, ok := m.pausing[stall{lock: lock, fn: h.Name}]; ok && !s.test {
					return s, true
				}
			}
		}
	}
	return stalled{}, false
}

// waitedFor lists the fields that hold what a stall waits for: a signal, not that one of
// its own is taken.
func (m *Module) waitedFor(s stalled) map[string]bool {
	fields := make(map[string]bool)
	for _, f := range m.order {
		if f.Name != s.fn {
			continue
		}
		f.each(func(e *effect.Event) {
			if e.At != s.at || e.Send {
				return
			}
			for _, p := range append(slices.Clip(e.Either), e.Path) {
				if _, back := p.IsBack(); back {
					continue
				}
				if field := p.Field(); field != "" {
					fields[field] = true
				}
			}
		}, effect.Wait)
	}
	return fields
}

// sentOn lists the fields that hold the channel that a stall sends on.
func (m *Module) sentOn(s stalled) map[string]bool {
	fields := make(map[string]bool)
	for _, f := range m.order {
		if f.Name == s.fn {
			f.transfers(func(p effect.Path, send bool, at effect.Pos) {
				if field := p.Field(); send && at == s.at && field != "" {
					fields[field] = true
				}
			})
		}
	}
	return fields
}

// answersAbove reports whether a function, or one that leads to it, gives the signal that
// a stall waits for, or receives what it sends: it comes to that only with the lock, which
// it will not get.
func (m *Module) answersAbove(f *function, s stalled) bool {
	waited, sent := m.waitedFor(s), m.sentOn(s)
	if len(waited)+len(sent) == 0 {
		return false
	}
	for g := range m.above(f) {
		if g.Name != s.fn && (g.signals(waited) || g.receives(sent)) {
			return true
		}
	}
	return false
}

// receives reports whether a function receives from a channel that one of some fields
// holds.
func (f *function) receives(fields map[string]bool) bool {
	found := false
	f.transfers(func(p effect.Path, send bool, _ effect.Pos) { found = found || !send && fields[p.Field()] })
	return found
}

// signals reports whether a function gives a signal that one of some fields stands for.
func (f *function) signals(fields map[string]bool) bool {
	found := false
	f.each(func(e *effect.Event) { found = found || fields[e.Path.Field()] }, effect.Signal)
	return found
}

func compareLocks(a, b [2]string) int {
	return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
}

func (m *Module) stallsByPosition() []stalled {
	return slices.SortedFunc(maps.Values(m.stalls), func(a, b stalled) int {
		return cmp.Or(comparePos(a.at, b.at), cmp.Compare(a.lock, b.lock), cmp.Compare(a.note, b.note))
	})
}

// taken is the set of the locks a function takes, itself or by its calls; a
// function that is not there takes none.
func (f *function) taken() keys {
	if f == nil || f.sum == nil {
		return nil
	}
	return f.sum.takes.keys(f)
}

// locks reports whether a function takes a lock itself.
func (m *Module) locks(f *function, key string) bool {
	found := false
	f.each(func(e *effect.Event) {
		found = found || e.Kind == effect.Lock && held{path: e.Path}.key(f) == key
	})
	return found
}
