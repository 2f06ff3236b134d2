package load

import (
	"crypto/sha256"
	"maps"
	"sync"
)

// A reading remembers what was read from disk: a file may be another one when
// it is read again for its edits.
type reading struct {
	mu   sync.Mutex // guards sums
	sums map[string][sha256.Size]byte
}

// same reports whether a file has the text that it had before, if it was read.
func (r *reading) same(name string, text []byte) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	sum, ok := r.sums[name]
	return !ok || sum == sha256.Sum256(text)
}

// note remembers the sum of a file's text unless another one is known: a file that is
// in several packages is read for each.
func (r *reading) note(name string, sum [sha256.Size]byte) (same bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if old, ok := r.sums[name]; ok {
		return old == sum
	}
	r.sums[name] = sum
	return true
}

// without returns what was read of all but the changed files.
func (r *reading) without(changed map[string]bool) *reading {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := &reading{sums: maps.Clone(r.sums)}
	maps.DeleteFunc(next.sums, func(name string, _ [sha256.Size]byte) bool { return changed[name] })
	return next
}
