package race

import (
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// A share is memory that an object has in common with another one: all of it
// that starts with a selector is what a path names.
type share struct {
	sel   string
	whole bool        // a copied struct: only what its fields refer to is shared
	to    effect.Path // zero for memory of its own, or unknown
	by    *effect.Event
}

// of returns the path by which others know a part of the object.
func (l shares) of(sel string) (effect.Path, bool) {
	var best *share
	for i := range l {
		s := &l[i]
		rest, ok := strings.CutPrefix(sel, s.sel)
		if !ok || rest != "" && rest[0] != ';' || s.whole && !strings.Contains(rest, ";"+effect.Deref) {
			continue
		}
		if best == nil || len(s.sel) > len(best.sel) {
			best = s
		}
	}
	if best == nil || best.to.Root.Kind == effect.NoRoot {
		return effect.Path{}, false
	}
	return effect.Path{Sel: sel[len(best.sel):]}.On(best.to)
}

type shares []share

// share notes what a local object has in common with another one. Two values
// for one field are unknown.
func (w *walk) share(e *effect.Event) {
	to := w.resolve(e.Args[0].Path)
	r, sel := e.Path.Root, e.Path.Sel
	if w.shared == nil {
		w.shared = make(map[effect.Root]shares)
	}
	list := w.shared[r]
	for i := range list {
		switch {
		case list[i].by == e:
			list[i].to = to
			return
		case list[i].sel == sel && list[i].whole == e.Covers && list[i].to != to:
			to, list[i].to = effect.Path{}, effect.Path{}
		}
	}
	w.shared[r] = append(list, share{sel: sel, whole: e.Covers, to: to, by: e})
}

// copied replaces what a field of a struct refers to, which is a copy made here of
// another one, by what that field of the other one does: unless the copy is given away
// to somebody who may have set the field.
//
//	now := c.stats
//	for k := range now.byHost {
func (w *walk) copied(p effect.Path) effect.Path {
	list := w.shared[p.Root]
	if len(list) == 0 || p.Root.Kind != effect.Local || !slices.ContainsFunc(list, func(s share) bool { return s.whole && s.sel == "" }) || w.givenAway(p.Root) {
		return p
	}
	if q, ok := list.of(p.Sel); ok && outside(q.Root) {
		return q
	}
	return p
}

// givenAway reports whether a call gets, or a pointer somewhere else is set to, an object
// that is made here.
func (w *walk) givenAway(r effect.Root) bool {
	return lazily(&w.away, r, func() bool {
		found := false
		w.f.each(func(e *effect.Event) {
			is := func(p effect.Path) bool { return p == effect.Path{Root: r} }
			found = found || e.Kind == effect.Escape && is(e.Path) || slices.ContainsFunc(e.Args, func(v effect.Value) bool { return is(v.Path) })
		}, effect.Call, effect.Go, effect.Escape)
		return found
	})
}

// common lists what an object that the function returns has in common with
// those its caller knows. Only copies count: a struct copied as a whole, a
// field that gets what the same field of another one refers to, and elements
// of a map that is made here.
func (w *walk) common(r effect.Root, depth int) shares {
	if r.Kind == effect.Result {
		return w.results[r].shares
	}
	var out shares
	for _, s := range w.shared[r] {
		elem := strings.HasPrefix(s.sel, ";"+effect.Elem)
		switch own := s.to.Sel == "" && w.fresh(s.to.Root); {
		case own && elem && depth < 3:
			for _, t := range w.common(s.to.Root, depth+1) {
				t.sel = s.sel + t.sel
				out = append(out, t)
			}
		case s.whole && !own, elem && outside(s.to.Root), s.sel != "" && sameField(s.sel, s.to.Sel), w.isDefault(s.to):
			out = append(out, s)
		default:
			s.to = effect.Path{}
			out = append(out, s)
		}
	}
	if !slices.ContainsFunc(out, func(s share) bool { return s.to.Root.Kind != effect.NoRoot }) {
		return nil
	}
	return out
}

// below is what a part of the object has in common with others.
func (l shares) below(sel string) shares {
	if sel == "" {
		return l
	}
	var out shares
	for _, s := range l {
		if rest, ok := strings.CutPrefix(s.sel, sel); ok {
			s.sel = rest
			out = append(out, s)
		}
	}
	return out
}

// newHere reports whether a path leads to memory made by this activation: an object, a
// part of it, or of what a field of it refers to that was made here, too.
func (w *walk) newHere(p effect.Path) bool {
	if !w.fresh(p.Root) {
		return false
	}
	field, _, refers := strings.Cut(p.Sel, ";"+effect.Deref)
	if !refers {
		return true
	}
	known := false
	for _, s := range w.shared[p.Root] {
		if strings.TrimSuffix(s.sel, ";"+effect.Deref) != field {
			continue
		}
		if known = s.to.Sel == "" && w.fresh(s.to.Root); !known {
			return false
		}
	}
	return known
}

// isDefault reports whether an object gets what a package variable refers to: it
// looks like its own, and is everybody's.
func (w *walk) isDefault(p effect.Path) bool {
	return p.Root.Kind == effect.Global && p.Sel == ";"+effect.Deref && !w.m.replaced[p.Root.Key]
}

// sameField reports whether two selectors end in what the same field refers to.
func sameField(a, b string) bool {
	last := func(s string) string {
		return s[max(0, strings.LastIndexByte(strings.TrimSuffix(s, ";"+effect.Deref), ';')):]
	}
	return last(a) == last(b)
}

// shares says what a result has in common with others in the caller's terms.
func (b binding) shares(l shares) shares {
	var out shares
	for _, s := range l {
		q, ok := b.path(s.to)
		if !ok {
			q = effect.Path{}
		}
		s.to = q
		out = append(out, s)
	}
	return out
}
