package race

import (
	"fmt"
	"maps"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// Lends reports whether packages that are not analysed may take the lock with
// a key, if they import its own: its name is exported, or an exported function
// leaves it held.
func (m *Module) Lends(key string) bool {
	return m.handed[key] || exported(key)
}

// TakesLent tells of the first function that takes, more often than in an older
// state of the module, a lock that packages which are not analysed may hold
// when they call it. "" if there is none.
func (m *Module) TakesLent(old *Module) (reason, lock string) {
	for _, f := range m.order {
		if f.Test {
			continue
		}
		for _, k := range slices.Sorted(maps.Keys(f.taken())) {
			if m.Lends(k) && m.sections(f, k) > old.sections(old.funcs[f.Key], k) {
				return fmt.Sprintf("other packages may hold %s when they call %s", rewrite.ShortKey(k), f.Name), k
			}
		}
	}
	return "", ""
}
