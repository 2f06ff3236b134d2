package race

import (
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// meetsThread reports whether accesses of goroutines started in different
// functions, which kinds doesn't keep apart, race.
func (ps *pairs) meetsThread(t, u published) bool {
	switch {
	case t.ctx.Start == u.ctx.Start, t.frame == u.frame:
		return false // judged in their frame
	case t.elem() != u.elem(), !sameObject(t.typed, u.typed):
		return false
	}
	found := (t.foundBy(u) || u.foundBy(t)) && (t.locksOwner() || u.locksOwner())
	switch {
	case !found && t.fresh && u.fresh:
		return false // each made its own
	case !found && !t.sharedWith(u):
		return false // no telling whose it is
	case t.otherObject(u):
		return false
	case ps.m.solely(t, u):
		return false
	case ps.m.eitherStarts(t, u):
		return false
	case ps.m.unstable(t.path) && ps.m.unstable(u.path) && max(t.path.Hops(), u.path.Hops()) > 2:
		return false // each may have got another object on the long way there
	}
	i, j := ps.m.starts[effect.PosOf(t.ctx.Start)], ps.m.starts[effect.PosOf(u.ctx.Start)]
	return (found || !ps.sites.has(i, j)) && !byGate(t.access, u.access) && !gated(t.access, u.access) && !gated(u.access, t.access) && !waitsByField(t.access, u.access) && !waitsByField(u.access, t.access)
}

// foundBy reports whether a goroutine works on an object that its starter made and put
// into a container, in which another goroutine looks it up.
func (t published) foundBy(u published) bool {
	outer, ok := strings.CutSuffix(u.path.Sel, t.path.Sel)
	if !ok || !t.fresh || t.path.Sel == "" || !strings.HasSuffix(strings.TrimSuffix(outer, ";"+effect.Deref), ";"+effect.Elem) {
		return false
	}
	container := effect.Path{Sel: outer}.Field()
	if container == "" {
		return false
	}
	found := false
	t.frame.each(func(e *effect.Event) {
		found = found || e.Path == effect.Path{Root: t.path.Root} && len(e.Args) > 0 && e.Args[0].Path.Field() == container
	}, effect.Escape)
	return found
}

// locksOwner reports whether an access holds a lock of the object it is to.
func (t published) locksOwner() bool {
	return slices.ContainsFunc(t.must, func(h held) bool {
		return ownerOf(h.path.Field()) == ownerOf(t.path.Field()) && keptWith(h.path, t.path)
	})
}

// sharedWith reports whether two goroutines started apart from each other belong
// to one object, or use one package variable. That both happen to get an
// object of the same type is not enough.
func (t published) sharedWith(u published) bool {
	if t.path.Root.Kind == effect.Global || u.path.Root.Kind == effect.Global {
		return t.path == u.path
	}
	own := func(p published) bool {
		return p.fresh || p.frame.Recv != "" && p.path.Root == effect.Root{Kind: effect.Param}
	}
	return own(t) && own(u) && (t.fresh || u.fresh || t.frame.Recv == u.frame.Recv)
}
