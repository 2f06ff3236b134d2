package race

import (
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// judgeReaders finds what callers of the API change while they hold a lock for
// reading only, which others hold for themselves to do so. Who takes it for
// reading says that several come at once, and all of them write.
func (ps *pairs) judgeReaders() {
	ps.withItself(ps.entries, func(field string) func(published) bool {
		alone := ps.heldAlone(field)
		return func(e published) bool { return ps.writesAsReader(e, alone) }
	})
}

// heldAlone lists the locks that are held for writing at some access to a field:
// those that do not only keep what is around the field in its place.
func (ps *pairs) heldAlone(field string) keys {
	out := make(keys)
	for _, e := range ps.entries[field] {
		for k, mode := range e.must.keys(e.frame) {
			if mode == rewrite.Exclusive {
				out[k] = mode
			}
		}
	}
	return out
}

// writesAsReader reports whether an access of callers is a write under nothing
// but a read lock of the object they call, one of those given.
func (ps *pairs) writesAsReader(e published, alone keys) bool {
	if e.op != rewrite.Write && e.op != rewrite.WriteElem || !ps.m.isEntry(e.entry) || protected(e.access, e.access, e.frame, e.frame) {
		return false
	}
	if in := e.entry.inner; in.reached && len(in.fresh) > 0 && in.fresh[0] {
		return false // the module calls it on new objects only
	}
	reads := slices.ContainsFunc(e.must, func(h held) bool {
		return h.mode == rewrite.Shared && h.path.Root == e.path.Root && alone[h.key(e.frame)] != 0
	})
	return reads && !ps.m.handedOut(e.may.keys(e.frame))
}
