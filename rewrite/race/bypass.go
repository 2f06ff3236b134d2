package race

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// narrows tells of the first function for each lock which callers of the API call and
// which takes it on some ways only, but now on more of them, though somebody holds
// that over I/O or code of others: calls that had nothing to wait for would wait
// for that, or call back for ever.
func (m *Module) narrows(old *Module, slow map[string]stalled, tell func(why string, locks ...string)) {
	told := make(map[string]bool)
	for _, f := range m.order {
		if f.Test {
			continue
		}
		for _, k := range slices.Sorted(maps.Keys(f.taken())) {
			s, ok := slow[k]
			if !ok || told[k] || m.sections(f, k) <= old.sections(old.funcs[f.Key], k) {
				continue
			}
			starters := old.starters(f)
			for _, g := range old.order {
				if _, leads := starters[g]; !leads || g.taken()[k] == 0 || !old.isEntry(g) {
					continue
				}
				if n := old.newBypass(k).events(g); n > 0 && m.newBypass(k).events(m.funcs[g.Key]) < n {
					told[k] = true
					tell(fmt.Sprintf("%s would wait for %s where it does not yet, which is held %v", g.Name, rewrite.ShortKey(k), s), k)
					break
				}
			}
		}
	}
}

// sections counts where a function itself takes a lock.
func (m *Module) sections(f *function, key string) int {
	n := 0
	if f != nil {
		f.each(func(e *effect.Event) {
			if (held{path: e.Path}).key(f) == key {
				n++
			}
		}, effect.Lock)
	}
	return n
}

// A bypass finds the ways through functions on which they don't take a lock.
type bypass struct {
	m      *Module
	key    string
	always map[*function]bool // it is taken on every way
}

func (m *Module) newBypass(key string) *bypass {
	return &bypass{m, key, make(map[*function]bool)}
}

// events counts the accesses and calls on those ways, outside of loops.
func (b *bypass) events(f *function) int {
	n := 0
	if f == nil {
		return n
	}
	for i := range b.blocks(f) {
		for _, e := range f.Blocks[i].Events {
			if (e.Kind == effect.Access || e.Kind == effect.Call) && e.Loop == 0 {
				n++
			}
		}
	}
	return n
}

// blocks are those that lie on a way from a function's start to its end
// without the lock.
func (b *bypass) blocks(f *function) map[int]bool {
	from, to := make(map[int]bool), make(map[int]bool)
	var down func(i int)
	down = func(i int) {
		if i < 0 || from[i] || b.takes(f, &f.Blocks[i]) {
			return
		}
		from[i] = true
		for _, next := range f.Blocks[i].Succs {
			down(next)
		}
	}
	if len(f.Blocks) > 0 {
		down(0)
	}
	for changed := true; changed; {
		changed = false
		for i := range from {
			block := &f.Blocks[i]
			ends := slices.ContainsFunc(block.Events, func(e effect.Event) bool { return e.Kind == effect.Return })
			if !to[i] && (ends || slices.ContainsFunc(block.Succs, func(next int) bool { return to[next] })) {
				to[i], changed = true, true
			}
		}
	}
	return to
}

// takes reports whether a block takes the lock for sure.
func (b *bypass) takes(f *function, block *effect.Block) bool {
	return slices.ContainsFunc(block.Events, func(e effect.Event) bool {
		switch e.Kind {
		case effect.Lock:
			return held{path: e.Path}.key(f) == b.key
		case effect.Call:
			g := b.m.funcs[e.Fn.Func]
			return g != nil && e.Method == "" && g.taken()[b.key] != 0 && b.every(g)
		}
		return false
	})
}

// every reports whether a function takes the lock on every way.
func (b *bypass) every(f *function) bool {
	all, known := b.always[f]
	if !known {
		b.always[f] = false // as long as it is looked for
		all = len(b.blocks(f)) == 0
		b.always[f] = all
	}
	return all
}

// runs reports whether a library may run a function: one that leads to it was
// given to the library, by argument, in a field, or as a method of which nothing
// in the module makes use and that wants what is the library's. The function
// may be of another state of the module.
func (m *Module) runs(f *function, library string) bool {
	of := func(key string) bool {
		return key == library || strings.HasPrefix(key, library+"/") || strings.HasPrefix(key, library+".")
	}
	given := lazily(&m.given, library, func() map[string]bool {
		given := make(map[string]bool)
		for _, g := range m.order {
			g.each(func(e *effect.Event) {
				if e.Fn.Func != "" && (e.Library == library || e.Kind == effect.Keep && of(e.Path.Field())) {
					given[e.Fn.Func] = true
				}
			})
		}
		return given
	})
	for g := range m.above(f) {
		if given[g.Key] || len(g.callers) == 0 && slices.ContainsFunc(g.Types, of) {
			return true
		}
	}
	return false
}
