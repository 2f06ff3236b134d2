package race

import (
	"github.com/go-fixer/fixer/rewrite"
)

// before finds an access to a part of what a field holds that has the lock, and
// one in a function that a method of the API calls while it has not: a method
// that does take the lock, before or after the call.
func (m *Module) before(field, of, lock string) (guarded *raw, open *published) {
	for _, e := range m.pairs.entries[field] {
		if e.fn == e.entry || part(e.path) != of || !m.isEntry(e.entry) || m.serial(e.entry) || m.isEntry(e.fn) {
			continue
		}
		if _, takes := e.entry.sum.takes.keys(e.entry)[lock]; !takes {
			continue
		}
		held := merge(e.may.keys(e.frame), e.entry.entry.may)
		if _, may := held[lock]; may || len(e.entry.sum.threads) > 0 && len(e.live) == 0 {
			continue
		}
		for _, r := range m.proper(field) {
			_, must := r.locks()[lock]
			if must && !r.isFresh() && !r.fn.Test && r.op != rewrite.Address && part(r.path) == of && (r.writes() || e.writes()) &&
				m.meets(&r.access, r.perhaps(), e.access, held) {
				return r, &e
			}
		}
	}
	return nil, nil
}

// meets reports whether nothing keeps a guarded access and an open one apart.
func (m *Module) meets(g *access, held keys, o *access, open keys) bool {
	return !excludes(held, open) && !m.afterSetting(o, g) && !byGate(o, g) && !waitsByField(o, g) && !waitsByField(g, o)
}
