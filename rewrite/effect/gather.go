package effect

import (
	"go/token"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// member names what an element refers to that is read from a container: what
// another one's elements refer to, if the container was filled with these.
func (x *extractor) member(v, container ssa.Value) Path {
	if refers(v.Type()) {
		if p := x.gathered(container); p.Root.Kind != NoRoot {
			return p
		}
		if x.popped(v, container) {
			return x.local(v, "what was taken out", true)
		}
	}
	return x.referred(v, with(x.path(container), Elem))
}

// gathered names what all elements of a map or slice refer to that is made here
// and filled with those of another one; the zero Path if they come from
// elsewhere, too.
//
//	for _, c := range p.conns {
//		list = append(list, c)
//	}
func (x *extractor) gathered(container ssa.Value) Path {
	if p := x.path(container); p.Root.Kind != Local || p.Sel != "" && p.Sel != ";"+Deref {
		return Path{}
	}
	p, ok := x.elements[container]
	if !ok {
		g := gathering{x: x, seen: make(map[ssa.Value]bool)}
		g.from(container)
		if !g.mixed {
			p = g.to
		}
		x.elements[container] = p
	}
	return p
}

// A gathering looks for all that is put into a container.
type gathering struct {
	x     *extractor
	seen  map[ssa.Value]bool
	to    Path
	mixed bool // not all from one container, or not known
}

// from adds what a map or slice is filled with.
func (g *gathering) from(v ssa.Value) {
	if g.mixed || g.seen[v] {
		return
	}
	g.seen[v] = true
	if g.x.drained(v) {
		g.mixed = true // they are nobody else's any more
		return
	}
	switch w := v.(type) {
	case *ssa.Const:
		return
	case *ssa.Phi:
		for _, e := range w.Edges {
			g.from(e)
		}
		return
	case *ssa.MakeSlice:
		g.stored(w)
		return
	case *ssa.MakeMap:
		for _, r := range *w.Referrers() {
			if put, ok := r.(*ssa.MapUpdate); ok && put.Map == w {
				g.put(put.Value)
			}
		}
		return
	case *ssa.Slice:
		if a, ok := w.X.(*ssa.Alloc); ok { // of a literal, of make, or variadic
			g.stored(a)
			g.stored(w)
			return
		}
		g.from(w.X)
		return
	case *ssa.UnOp:
		if a, ok := w.X.(*ssa.Alloc); ok && w.Op == token.MUL && g.kept(a) {
			return
		}
	case *ssa.Call:
		if b, ok := w.Call.Value.(*ssa.Builtin); ok && b.Name() == "append" {
			g.from(w.Call.Args[0])
			g.from(w.Call.Args[1])
			return
		}
		if copies(&w.Call) {
			g.from(w.Call.Args[0])
			return
		}
	}
	g.add(with(with(g.x.path(v), Elem), Deref))
}

// kept adds what a variable is set to that only this function sets.
func (g *gathering) kept(a *ssa.Alloc) bool {
	if !readBeside(a) {
		return false
	}
	for _, r := range *a.Referrers() {
		if s, ok := r.(*ssa.Store); ok {
			g.from(s.Val)
		}
	}
	return true
}

// onlyLoads reports whether a literal only reads a variable that it captures.
func onlyLoads(c *ssa.MakeClosure, a *ssa.Alloc) bool {
	fn := c.Fn.(*ssa.Function)
	for i, v := range c.Bindings {
		if v != a {
			continue
		}
		for _, r := range *fn.FreeVars[i].Referrers() {
			switch r.(type) {
			case *ssa.DebugRef, *ssa.UnOp:
			default:
				return false
			}
		}
	}
	return true
}

// stored adds what is assigned to the elements of a slice or array.
func (g *gathering) stored(v ssa.Value) {
	for _, r := range *v.Referrers() {
		ia, ok := r.(*ssa.IndexAddr)
		if !ok {
			continue
		}
		for _, r := range *ia.Referrers() {
			if s, ok := r.(*ssa.Store); ok && s.Addr == ia {
				g.put(s.Val)
			}
		}
	}
}

// put adds one element.
func (g *gathering) put(v ssa.Value) {
	if c, ok := v.(*ssa.Const); ok && c.Value == nil {
		return
	}
	g.add(g.x.path(v))
}

func (g *gathering) add(p Path) {
	switch {
	case p.Root.Kind == NoRoot, p.Root.Kind == Local, !strings.HasSuffix(p.Sel, ";"+Elem+";"+Deref):
		g.mixed = true // each its own object, or one of a kind
	case g.to.Root.Kind == NoRoot:
		g.to = p
	case g.to != p:
		g.mixed = true
	}
}

// copies reports whether a function of the standard library, or of what came
// before it, returns the elements of its first argument in a container of
// their own: https://pkg.go.dev/maps, https://pkg.go.dev/slices
func copies(c *ssa.CallCommon) bool {
	callee := c.StaticCallee()
	if callee == nil || len(c.Args) == 0 {
		return false
	}
	if o := callee.Origin(); o != nil {
		callee = o
	}
	obj := callee.Object()
	if obj == nil || obj.Pkg() == nil {
		return false
	}
	switch strings.TrimPrefix(obj.Pkg().Path(), "golang.org/x/exp/") + "." + obj.Name() {
	case "maps.Clone", "maps.Values", "slices.Clone", "slices.Collect", "slices.Values", "slices.Clip":
		return true
	}
	return false
}
