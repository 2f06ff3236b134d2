package race

import (
	"maps"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// judgeReaders finds what callers of the API change while they hold a lock for
// reading only. Who takes it so says that several come at once, and all of them
// write.
func (ps *pairs) judgeReaders() {
	for _, field := range slices.Sorted(maps.Keys(ps.entries)) {
		if len(ps.found[field]) > 0 {
			continue
		}
		if i := slices.IndexFunc(ps.entries[field], ps.writesAsReader); i >= 0 {
			e := ps.entries[field][i]
			ps.add(field, pair{a: e.side, b: e.side})
		}
	}
}

// writesAsReader reports whether an access of callers is a write under nothing
// but a read lock of the object they call.
func (ps *pairs) writesAsReader(e published) bool {
	if e.op != rewrite.Write && e.op != rewrite.WriteElem || !ps.m.isEntry(e.entry) || protected(e.access, e.access, e.frame, e.frame) {
		return false
	}
	if in := e.entry.inner; in.reached && len(in.fresh) > 0 && in.fresh[0] {
		return false // the module calls it on new objects only
	}
	reads := slices.ContainsFunc(e.must, func(h held) bool { return h.mode == rewrite.Shared && h.path.Root == e.path.Root && h.path.Sel != "" })
	return reads && !ps.m.handedOut(e.may.keys(e.frame))
}
