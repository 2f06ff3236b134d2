package edit

import (
	"cmp"
	"fmt"
	"go/ast"
	"slices"
	"strings"

	"github.com/dave/dst"
	"github.com/dave/dst/dstutil"
)

// contradictions refuses edits that would undo each other.
func (p *player) contradictions() error {
	changed := map[dst.Node]string{}
	claim := func(n dst.Node, at int, what string) error {
		if old, ok := changed[n]; ok {
			return p.refuse(at, fmt.Sprintf("two edits contradict each other here: one %s, one %s", old, what))
		}
		changed[n] = what
		return nil
	}
	for _, r := range p.replaces {
		if err := claim(r.node, r.ext.from, fmt.Sprintf("puts %q", r.Code.Text)); err != nil {
			return err
		}
	}
	for _, h := range p.hoists {
		for _, x := range h.exprs {
			if err := claim(x.node, x.ext.from, "reads it into "+h.Name); err != nil {
				return err
			}
		}
	}
	for _, d := range p.drops {
		if err := claim(d.node, d.ext.from, "drops it"); err != nil {
			return err
		}
	}
	// What a Replace leaves out takes no other edit along.
	for _, r := range p.replaces {
		for _, e := range p.places() {
			inside := r.ext.contains(e) && r.ext != e
			kept := slices.ContainsFunc(r.holes, func(h *hole) bool { return h.ext.contains(e) })
			moved := slices.ContainsFunc(p.inserts, func(in *insert) bool {
				return slices.ContainsFunc(in.holes, func(h *hole) bool { return h.ext.contains(e) })
			})
			if inside && !kept && !moved {
				return p.refuse(e.from, fmt.Sprintf("an edit here would be lost: %q takes the place of what is around it", r.Code.Text))
			}
		}
	}
	return nil
}

// places lists where the edits change statements and expressions.
func (p *player) places() []extent {
	var list []extent
	for _, r := range p.replaces {
		list = append(list, r.ext)
	}
	for _, d := range p.drops {
		list = append(list, d.ext)
	}
	for _, h := range p.hoists {
		list = append(list, p.extent(h.spot.stmt))
		for _, x := range h.exprs {
			list = append(list, x.ext)
		}
	}
	for _, in := range p.inserts {
		list = append(list, p.extent(in.spot.stmt))
	}
	for _, r := range p.regions {
		list = append(list, p.extent(r.stmts()[r.first]))
	}
	return list
}

// detach takes the holes of Inserts out of the tree. An edit of exactly such a
// node then means its old place - unless it wraps the node.
func (p *player) detach() error {
	out := map[dst.Node]bool{}
	for _, in := range p.inserts {
		for _, h := range in.holes {
			if out[h.node] {
				return p.refuse(h.ext.from, "one node can't move to two places")
			}
			out[h.node] = true
			vacant := p.vacate(h)
			p.vacant = append(p.vacant, vacant)
			if err := p.swap(h.ext.from, h.node, vacant); err != nil {
				return err
			}
			for _, r := range p.replaces {
				if r.node == h.node && !r.self() {
					r.node = vacant
				}
			}
			for _, d := range p.drops {
				if d.node == h.node {
					d.node = vacant
				}
			}
		}
	}
	return nil
}

// vacate returns a stand-in for a node that moves.
func (p *player) vacate(h *hole) dst.Node {
	name := dst.NewIdent(fmt.Sprintf("vacant__%d", len(p.vacant)))
	if s, ok := h.node.(dst.Stmt); ok {
		stmt := &dst.ExprStmt{X: name}
		d, o := stmt.Decorations(), s.Decorations()
		d.Before, d.After = o.Before, o.After
		return stmt
	}
	d, o := name.Decorations(), h.node.Decorations()
	d.Before, d.After = o.Before, o.After
	o.Before, o.After = dst.None, dst.None
	h.held = &dst.ParenExpr{X: h.node.(dst.Expr)}
	p.detached = append(p.detached, h.held)
	return name
}

// filled makes sure that all places from which nodes moved were filled, or
// dropped.
func (p *player) filled() error {
	left := ""
	dst.Inspect(p.root, func(n dst.Node) bool {
		if id, ok := n.(*dst.Ident); ok && strings.HasPrefix(id.Name, "vacant__") && slices.ContainsFunc(p.vacant, func(v dst.Node) bool {
			stmt, _ := v.(*dst.ExprStmt)
			return v == dst.Node(id) || stmt != nil && stmt.X == dst.Expr(id)
		}) {
			left = id.Name
		}
		return true
	})
	if left == "" {
		return nil
	}
	i := number(strings.TrimPrefix(left, "vacant__"))
	for _, in := range p.inserts {
		for _, h := range in.holes {
			if i == 0 {
				return p.refuse(h.ext.from, "the node here moves away and nothing takes its place")
			}
			i--
		}
	}
	return nil
}

// swap puts one node in the place of another, in the file or in what has been
// detached from it.
// It is an error if the new one doesn't fit, or the old one, which was at the
// given offset, is gone.
func (p *player) swap(at int, old, new dst.Node) (err error) {
	defer func() {
		if recover() != nil { // from package reflect
			err = p.refuse(at, fmt.Sprintf("a %s can't take the place of this %s", kind(new), kind(old)))
		}
	}()
	found := false
	put := func(c *dstutil.Cursor) bool {
		if c.Node() == old {
			c.Replace(new)
			found = true
		}
		return !found
	}
	dstutil.Apply(p.root, put, nil)
	for _, d := range p.detached {
		if !found {
			dstutil.Apply(d, put, nil)
		}
	}
	if !found {
		return p.refuse(at, "an edit here contradicts another, which takes the node away")
	}
	return nil
}

// kind names the kind of a node for messages.
func kind(n dst.Node) string { return strings.TrimPrefix(fmt.Sprintf("%T", n), "*dst.") }

// replaceAll plays Replaces and the uses of hoisted variables, inner ones
// first, so that what moves outward carries its own edits along.
func (p *player) replaceAll() error {
	type event struct {
		ext  extent
		play func() error
	}
	var events []event
	for _, r := range p.replaces {
		events = append(events, event{r.ext, func() error { return p.replace(r) }})
	}
	for _, h := range p.hoists {
		for i, x := range h.exprs {
			events = append(events, event{x.ext, func() error {
				id := dst.NewIdent(h.Name)
				inherit(x.node, id)
				if i > 0 {
					// The others go, but for their comments.
					id.Decs.End = append(commentsOf(x.node), id.Decs.End...)
				}
				if err := p.swap(x.ext.from, x.node, id); err != nil {
					return err
				}
				if i == 0 {
					x.held = &dst.ParenExpr{X: x.node.(dst.Expr)}
					p.detached = append(p.detached, x.held)
				}
				p.now[x.node] = []dst.Node{id}
				return nil
			}})
		}
	}
	slices.SortStableFunc(events, func(a, b event) int {
		return cmp.Or((a.ext.to-a.ext.from)-(b.ext.to-b.ext.from), a.ext.from-b.ext.from)
	})
	for _, e := range events {
		if err := e.play(); err != nil {
			return err
		}
	}
	return nil
}

// current returns what a node is after the edits so far.
func (p *player) current(n dst.Node) dst.Node {
	for p.now[n] != nil {
		n = p.now[n][0]
	}
	return n
}

func (p *player) replace(r *replace) error {
	c := &piece{code: r.Code, at: r.ext.from}
	for _, h := range r.holes {
		n := h.node
		if n != r.node {
			n = p.current(n)
		}
		c.holes = append(c.holes, n)
	}
	news, err := p.build(r, c)
	if err != nil {
		return err
	}
	p.names.commit()
	p.comments = append(p.comments, comments(r.Code.Text)...)
	p.now[r.node] = news
	return nil
}

// build makes the new nodes of a replacement and puts them in place.
func (p *player) build(r *replace, c *piece) ([]dst.Node, error) {
	if stmt, ok := r.node.(dst.Stmt); ok {
		return p.buildStmts(r, stmt, c)
	}
	parse := exprOf
	if _, ok := r.ast.(*ast.KeyValueExpr); ok {
		parse = elementOf
	}
	x, err := parse(r.Code.Text)
	if err != nil {
		return nil, p.refuse(r.ext.from, fmt.Sprintf("code %q: %v", r.Code.Text, err))
	}
	// The place first: the node may be a hole, and be used again.
	var place dst.Expr = dst.NewIdent("place")
	if _, ok := r.node.(*dst.CallExpr); ok { // go and defer take nothing else
		place = &dst.CallExpr{Fun: place}
	}
	inherit(r.node, place)
	if err := p.swap(r.ext.from, r.node, place); err != nil {
		return nil, err
	}
	n, err := p.fill(c, x)
	if err != nil {
		return nil, err
	}
	if !r.self() {
		lost := commentsOf(without(r.node, c.holes))
		place.Decorations().End = append(place.Decorations().End, lost...)
	}
	n.Decorations().Before, n.Decorations().After = dst.None, dst.None
	inherit(place, n)
	return []dst.Node{n}, p.swap(r.ext.from, place, n)
}

func (p *player) buildStmts(r *replace, stmt dst.Stmt, c *piece) ([]dst.Node, error) {
	list, err := stmtsOf(r.Code.Text)
	if err != nil {
		return nil, p.refuse(r.ext.from, fmt.Sprintf("code %q: %v", r.Code.Text, err))
	}
	place := &dst.ExprStmt{X: dst.NewIdent("place")}
	inherit(stmt, place)
	if err := p.swap(r.ext.from, stmt, place); err != nil {
		return nil, err
	}
	block := &dst.BlockStmt{List: list}
	if _, err := p.fill(c, block); err != nil {
		return nil, err
	}
	list = block.List
	if !r.self() {
		place.Decs.Start = append(place.Decs.Start, commentsOf(without(stmt, c.holes))...)
	}
	first, last := list[0].Decorations(), list[len(list)-1].Decorations()
	if len(list) > 1 {
		ownLine(list)
	}
	first.Before, last.After = dst.None, dst.None
	nodes := make([]dst.Node, len(list))
	for i, s := range list {
		nodes[i] = s
	}
	inherit(place, nodes...)
	if len(list) == 1 {
		return nodes, p.swap(r.ext.from, place, list[0])
	}
	in, i := p.owner(place)
	if in == nil {
		return nil, p.refuse(r.ext.from, "several statements can't take the place of one that is in the header of another")
	}
	at := stmtList(in)
	*at = slices.Replace(*at, i, i+1, list...)
	lineUp(in)
	return nodes, nil
}

// without returns a tree whose given parts are gone, for a look at the rest.
func without(n dst.Node, parts []dst.Node) dst.Node {
	return dstutil.Apply(n, func(c *dstutil.Cursor) bool {
		if slices.Contains(parts, c.Node()) && c.Node() != n {
			if s, ok := c.Node().(dst.Stmt); ok && s != nil {
				c.Replace(&dst.EmptyStmt{})
			} else {
				c.Replace(dst.NewIdent("gone"))
			}
			return false
		}
		return true
	}, nil)
}

// owner finds the block or clause that lists a statement.
func (p *player) owner(stmt dst.Stmt) (dst.Node, int) {
	var in dst.Node
	at := -1
	look := func(n dst.Node) bool {
		if list := stmtList(n); list != nil && in == nil {
			if i := slices.Index(*list, stmt); i >= 0 {
				in, at = n, i
			}
		}
		return in == nil
	}
	dst.Inspect(p.root, look)
	for _, d := range p.detached {
		if in == nil {
			dst.Inspect(d, look)
		}
	}
	return in, at
}
