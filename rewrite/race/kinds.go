package race

import (
	"fmt"

	"github.com/go-fixer/fixer/rewrite"
)

// kinds tells which accesses to one place can't race, whoever makes them: there are
// many that do the same under the same locks.
type kinds struct {
	m       *Module
	numbers map[kind]int
	apart   map[[2]int]bool
}

// A kind is what conflict and excludes depend on.
type kind struct {
	op    rewrite.Op
	loads bool
	index string
	held  string
}

// number notes the kinds of accesses.
func (k *kinds) number(list []published) {
	for i := range list {
		p := &list[i]
		key := kind{p.op, p.loads, p.index, fmt.Sprint(p.held)}
		p.kind = lazily(&k.numbers, key, func() int { return len(k.numbers) })
	}
}

// keptApart reports whether two don't conflict, or hold locks that keep one of them out.
func (k *kinds) keptApart(a, b published) bool {
	return lazily(&k.apart, [2]int{a.kind, b.kind}, func() bool { return !conflict(a.access, b.access) || k.m.excludes(a.held, b.held) })
}
