package race

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// kinds tells which accesses to one place can't race, whoever makes them: there are
// many that do the same under the same locks.
type kinds struct {
	m       *Module
	numbers map[kind]int
	first   []published // of each kind
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
		var held strings.Builder
		for _, key := range slices.Sorted(maps.Keys(p.held)) {
			fmt.Fprint(&held, key, " ", p.held[key], ";")
		}
		key := kind{p.op, p.loads, p.index, held.String()}
		n, known := k.numbers[key]
		if !known {
			n = len(k.first)
			k.numbers[key], k.first = n, append(k.first, *p)
		}
		p.kind = n
	}
}

// keptApart reports whether two don't conflict, or hold locks that keep one of them out.
func (k *kinds) keptApart(a, b published) bool {
	both := [2]int{a.kind, b.kind}
	out, known := k.apart[both]
	if !known {
		out = !conflict(k.first[a.kind].access, k.first[b.kind].access) || k.m.excludes(k.first[a.kind].held, k.first[b.kind].held)
		k.apart[both] = out
	}
	return out
}
