package edit

import (
	"cmp"
	"go/ast"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// A region is statements of one list that a lock is held over.
type region struct {
	lock        string
	mode        rewrite.Mode
	list        ast.Node
	first, last int  // indexes in the list
	toEnd       bool // released by defer
	ext         extent
	// read means that variables read right below are read before the lock is
	// released.
	read bool
}

func (r *region) stmts() []ast.Stmt { return stmts(r.list) }

// findRegions turns Holds into the regions that remain once those under one
// lock that overlap, touch or enclose each other are joined.
func (p *player) findRegions(holds []rewrite.Hold) error {
	var list []*region
	for _, h := range holds {
		first, err := p.spot(h.First)
		if err != nil {
			return err
		}
		last := first
		if !h.Defer || !h.Last.IsZero() {
			if last, err = p.spot(h.Last); err != nil {
				return err
			}
		}
		at := p.extent(first.stmt).from
		if first.list != last.list {
			return p.refuse(at, "the first and the last statement under "+h.Lock+" are not in one block")
		}
		if first.index > last.index {
			return p.refuse(at, "the first statement under "+h.Lock+" stands below the last")
		}
		r := &region{h.Lock, h.Mode, first.list, first.index, last.index, h.Defer, extent{}, false}
		if h.Defer {
			r.last = len(r.stmts()) - 1
		}
		list = append(list, r)
	}
	p.regions = p.nested(p.joined(list))
	for _, r := range p.regions {
		if err := p.releasable(r); err != nil {
			return err
		}
		for _, in := range p.inserts {
			e := p.extent(in.spot.stmt)
			if in.Clear && r.ext.contains(e) && r.ext.from != e.from {
				return p.refuse(e.from, "what must be clear of "+r.lock+" would run under it")
			}
		}
	}
	return nil
}

// joined joins regions of one list that overlap or touch.
func (p *player) joined(list []*region) []*region {
	slices.SortStableFunc(list, func(a, b *region) int {
		return cmp.Or(cmp.Compare(a.list.Pos(), b.list.Pos()), cmp.Compare(a.list.End(), b.list.End()),
			cmp.Compare(a.lock, b.lock), a.first-b.first, a.last-b.last)
	})
	var out []*region
	for _, r := range list {
		if n := len(out); n > 0 {
			if o := out[n-1]; o.list == r.list && o.lock == r.lock && r.first <= o.last+1 && !p.cleared(r) {
				o.last, o.mode, o.toEnd = max(o.last, r.last), max(o.mode, r.mode), o.toEnd || r.toEnd
				continue
			}
		}
		out = append(out, r)
	}
	for _, r := range out {
		all := r.stmts()
		r.ext = extent{p.extent(all[r.first]).from, p.extent(all[r.last]).to}
	}
	return out
}

// cleared reports whether there is code that must run right above a region.
func (p *player) cleared(r *region) bool {
	first := r.stmts()[r.first]
	return slices.ContainsFunc(p.inserts, func(in *insert) bool { return in.Clear && in.spot.stmt == first })
}

// nested drops regions within others under the same lock.
func (p *player) nested(list []*region) []*region {
	slices.SortStableFunc(list, func(a, b *region) int {
		return cmp.Or(a.ext.from-b.ext.from, b.ext.to-a.ext.to)
	})
	var out []*region
	for _, r := range list {
		if outer := covering(p.tree, out, r.lock, r.list, r.ext); outer != nil {
			outer.mode = max(outer.mode, r.mode)
			continue
		}
		out = append(out, r)
	}
	return out
}

// covering returns the region that holds the lock already while code in the
// given list runs, or nil.
func covering(t *tree, list []*region, lock string, in ast.Node, e extent) *region {
	for _, r := range list {
		if r.lock == lock && r.ext.contains(e) && !t.later(in, r) {
			return r
		}
	}
	return nil
}

// later reports whether code in the list runs when the region around it may
// have been left: in a goroutine, or deferred.
func (t *tree) later(in ast.Node, r *region) bool {
	for n := in; n != nil && n != r.list; n = t.parent[n] {
		if _, ok := n.(*ast.FuncLit); !ok {
			continue
		}
		call, ok := t.parent[n].(*ast.CallExpr)
		if !ok || call.Fun != n {
			continue
		}
		switch t.parent[call].(type) {
		case *ast.GoStmt:
			return true
		case *ast.DeferStmt:
			if !r.toEnd {
				return true
			}
		}
	}
	return false
}

// releasable refuses regions whose lock would not be released where it must.
func (p *player) releasable(r *region) error {
	last := r.stmts()[r.last]
	for {
		label, ok := last.(*ast.LabeledStmt)
		if !ok {
			break
		}
		last = label.Stmt
	}
	if !r.toEnd {
		switch last.(type) {
		case *ast.ReturnStmt, *ast.BranchStmt:
			return p.refuse(p.extent(last).from, r.lock+" can't be released below a statement that leaves the block")
		}
		return nil
	}
	// The lock stays held below the block, to the end of the function.
	fn := p.function(r.list)
	if p.parent[r.list] == fn {
		return nil
	}
	end := p.extent(r.list).to
	conflict := func(lock string, in ast.Node, from int) error {
		if lock == r.lock && p.function(in) == fn && from >= end {
			return p.refuse(from, lock+" is held already, until the function ends, by a region in a block above")
		}
		return nil
	}
	for _, o := range p.regions {
		if err := conflict(o.lock, o.list, o.ext.from); err != nil {
			return err
		}
	}
	for _, h := range p.hoists {
		if err := conflict(h.Lock, h.spot.list, p.extent(h.spot.stmt).from); err != nil {
			return err
		}
	}
	return nil
}

// function returns the function around a node.
func (t *tree) function(n ast.Node) ast.Node {
	for ; n != nil; n = t.parent[n] {
		switch n.(type) {
		case *ast.FuncLit, *ast.FuncDecl:
			return n
		}
	}
	return nil
}

// mergeHoists drops hoists that a region covers, and joins those of one
// variable.
func (p *player) mergeHoists() error {
	var out []*hoist
	for _, h := range p.hoists {
		if r := covering(p.tree, p.regions, h.Lock, h.spot.list, p.extent(h.spot.stmt)); r != nil {
			r.mode = max(r.mode, h.Mode)
			continue
		}
		i := slices.IndexFunc(out, func(o *hoist) bool {
			return o.spot.stmt == h.spot.stmt && o.Lock == h.Lock && o.Name == h.Name
		})
		if i < 0 {
			out = append(out, h)
			continue
		}
		o := out[i]
		if p.code(o.exprs[0].ext) != p.code(h.exprs[0].ext) {
			return p.refuse(h.exprs[0].ext.from, "two edits read different expressions into one variable "+h.Name)
		}
		o.Mode = max(o.Mode, h.Mode)
		for _, x := range h.exprs {
			if !slices.ContainsFunc(o.exprs, func(y *hole) bool { return y.node == x.node }) {
				o.exprs = append(o.exprs, x)
			}
		}
		slices.SortStableFunc(o.exprs, func(a, b *hole) int { return a.ext.from - b.ext.from })
	}
	// A variable is read before those whose expressions use it.
	slices.SortStableFunc(out, func(a, b *hoist) int {
		x, y := a.exprs[0].ext, b.exprs[0].ext
		switch {
		case x != y && y.contains(x):
			return -1
		case x != y && x.contains(y):
			return 1
		}
		return cmp.Or(x.from-y.from, cmp.Compare(a.Name, b.Name))
	})
	p.hoists = out
	return nil
}

// code returns source text without spacing.
func (t *tree) code(e extent) string {
	s := scan(t.text[e.from:e.to])
	out := ""
	for _, k := range s.list {
		out += k.key + " "
	}
	return out
}
