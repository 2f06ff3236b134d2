package race

import (
	"go/token"
	"maps"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// A leak is the map or slice of a field of the receiver, or of a package
// variable, that a function returns without holding the lock any more that it took
// to read it.
type leak struct {
	field string
	locks keys // that were held for the read, and no longer are
	bare  bool // nothing was, nor could be
	at    effect.Pos
	frame *function
	path  effect.Path
}

// leaks notes what the function's results let out of its locks.
func (w *walk) leaks(e *effect.Event, s state) {
	if w.pass != final || w.f.Parent != "" || w.f.Test {
		return
	}
	for _, v := range e.Results {
		p := w.resolve(v.Path)
		base, last := p.Base()
		field := w.held(base)
		if last != effect.Deref || field == "" || !w.m.racy(base) {
			continue
		}
		if slices.ContainsFunc(w.out.raw, func(r placed) bool { return r.raw.path == base && r.raw.op == rewrite.Write }) {
			continue // it hands over what the field held, and gives the field something else
		}
		l := leak{field: field, at: e.At, frame: w.f, path: p, locks: make(keys)}
		l.bare = true
		for _, r := range w.out.raw {
			if a := r.raw; r.place == field && a.path == base && a.op == rewrite.Read {
				l.locks, l.bare = merge(l.locks, a.must), l.bare && len(a.may) == 0
			}
		}
		for k := range s.may.keys(w.f) {
			delete(l.locks, k)
		}
		if len(l.locks) > 0 || l.bare {
			w.out.leaks = append(w.out.leaks, l)
		}
	}
}

// held is the key of the field or variable that a path names, if it is a field of
// the receiver or of a package variable, or such a variable.
func (w *walk) held(p effect.Path) string {
	owner, field := p.Base()
	switch root := owner.Root; {
	case owner.Sel != "":
	case root.Kind == effect.Global && field == "":
		return root.Key
	case root.Kind == effect.Global, root.Kind == effect.Param && root.N == 0 && w.f.Recv != "":
		return field
	}
	return ""
}

// judgeLeaks finds functions of the API that return what others change in place
// under the lock: their callers look into it without.
func (m *Module) judgeLeaks(leaks []leak) {
	for _, l := range leaks {
		if f := l.frame; len(m.pairs.found[l.field]) > 0 || !f.Public || !m.isEntry(f) || !m.public[f.Pkg] {
			continue
		}
		for _, r := range m.raw[l.field] {
			if r.op != rewrite.WriteElem || r.isFresh() || r.fn.Test {
				continue
			}
			lock := m.leakedFrom(l, r, leaks)
			if lock == "" {
				continue
			}
			elem, _ := l.path.With(effect.Elem)
			a := access{path: elem, scene: new(scene), deed: &deed{op: rewrite.ReadElem, leak: lock, bare: l.bare, at: l.at, fn: l.frame}}
			ctx := rewrite.Context{Start: l.frame.At.Span(), Func: l.frame.Name, Runs: l.frame.Name, Entry: true}
			m.pairs.add(l.field, pair{a: apiSide(r), b: side{access: &a, frame: l.frame, entry: l.frame, ctx: ctx}})
			break
		}
	}
}

// leakedFrom returns the lock that a write in place holds and those who look into
// what was returned do not, "" if there is none.
func (m *Module) leakedFrom(l leak, write *raw, leaks []leak) string {
	for _, k := range slices.Sorted(maps.Keys(write.locks())) {
		name, beside := strings.CutPrefix(k, ownerOf(l.field)+".")
		if !beside || strings.Contains(name, ".") || m.handed[k] {
			continue
		}
		if _, held := l.locks[k]; held && m.alwaysHolds(l.field, k) || l.bare && m.heldElsewhere(l, k, leaks) {
			return k
		}
	}
	return ""
}

// heldElsewhere reports whether all accesses to a field hold a lock but for those
// functions that return what it holds: several functions, one of which changes it,
// so that the lock can't be there for something else.
func (m *Module) heldElsewhere(l leak, lock string, leaks []leak) bool {
	if _, may := l.frame.entry.may[lock]; may || m.serial(l.frame) {
		return false
	}
	returns := func(f *function) bool {
		return slices.ContainsFunc(leaks, func(o leak) bool { return o.bare && o.field == l.field && o.frame == f })
	}
	users := make(map[*function]bool)
	for _, r := range m.proper(l.field) {
		_, must := r.locks()[lock]
		switch {
		case r.isFresh() || r.fn.Test:
		case must:
			users[r.fn] = true
		case r.op != rewrite.Read || !returns(r.fn):
			return false
		}
	}
	return len(users) > 1
}

// ownerOf is the struct type of a field, or what else stands before the last name of a
// key; "" if nothing does.
func ownerOf(field string) string { return field[:max(strings.LastIndexByte(field, '.'), 0)] }

// exported reports whether the last name of a key is exported.
func exported(key string) bool { return token.IsExported(key[strings.LastIndexByte(key, '.')+1:]) }

// alwaysHolds reports whether all accesses to a field hold a lock, those before
// the object is shared and those of tests left out.
func (m *Module) alwaysHolds(field, lock string) bool {
	return !slices.ContainsFunc(m.accesses(field), func(a rewrite.Access) bool {
		return !a.Fresh && !a.Test && !rewrite.Holds(a.Locks, lock)
	})
}
