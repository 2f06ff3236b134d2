package edit

import (
	"go/ast"
	"slices"

	"github.com/dave/dst"

	"github.com/go-fixer/fixer/rewrite"
)

// A player plays edits onto a tree. All nodes are found before the first
// change; after it they are known by identity, wherever they moved.
type player struct {
	*tree
	tidy     bool // the file is formatted, and stays so
	names    *names
	comments []string // brought by the edits

	inserts  []*insert
	replaces []*replace
	drops    []*drop
	regions  []*region
	hoists   []*hoist
	splits   []*split

	// detached holds the nodes that left the file for code to be inserted.
	detached []*dst.ParenExpr
	vacant   []dst.Node              // what stands in their places
	now      map[dst.Node][]dst.Node // what a replaced node became
	above    map[dst.Stmt][]dst.Stmt // to be put above a statement
	below    map[dst.Stmt][]dst.Stmt
	lists    []dst.Node // blocks and clauses that get statements
}

// An insert is an Insert whose nodes are found.
type insert struct {
	rewrite.Insert
	spot  spot
	holes []*hole
	donor dst.Node // the node whose comments move, or nil
}

// A hole is a node that moves.
type hole struct {
	ext  extent
	node dst.Node
	held *dst.ParenExpr // keeps the node while it is in no tree; nil for a statement
}

// A replace is a Replace whose nodes are found.
type replace struct {
	rewrite.Replace
	ext   extent
	ast   ast.Node
	node  dst.Node
	holes []*hole
}

// self reports whether a replaced node moves into what replaces it.
func (r *replace) self() bool {
	return slices.ContainsFunc(r.holes, func(h *hole) bool { return h.node == r.node })
}

// A drop is a Drop whose node is found.
type drop struct {
	ext  extent
	node dst.Node
}

// A hoist is a Hoist whose nodes are found.
type hoist struct {
	rewrite.Hoist
	spot  spot
	exprs []*hole
	in    *region // that ends above the statement and is extended; or nil
}

func newPlayer(t *tree) *player {
	return &player{
		tree:  t,
		now:   map[dst.Node][]dst.Node{},
		above: map[dst.Stmt][]dst.Stmt{}, below: map[dst.Stmt][]dst.Stmt{},
	}
}

// play plays sorted edits.
func (p *player) play(edits []rewrite.Edit) error {
	var err error
	if p.names, err = newNames(p.tree, edits); err != nil {
		return err
	}
	var fields []rewrite.AddField
	var types []rewrite.Retype
	var vars []rewrite.Edit
	var holds []rewrite.Hold
	for _, e := range edits {
		switch e := e.(type) {
		case rewrite.AddField:
			fields = append(fields, e)
		case rewrite.Retype:
			types = append(types, e)
		case rewrite.AddVar, rewrite.Redeclare:
			vars = append(vars, e)
		case rewrite.Hold:
			holds = append(holds, e)
		case rewrite.Insert:
			err = p.findInsert(e)
		case rewrite.Replace:
			err = p.findReplace(e)
		case rewrite.Drop:
			err = p.findDrop(e)
		case rewrite.Hoist:
			err = p.findHoist(e)
		case rewrite.Else:
			err = p.findElse(e)
		case rewrite.Split:
			err = p.findSplit(e)
		}
		if err != nil {
			return err
		}
	}
	steps := []func() error{
		func() error { return p.findRegions(holds) },
		p.mergeHoists,
		p.contradictions,
		p.detach,
		p.replaceAll,
		func() error { return p.addFields(fields) },
		func() error { return p.retype(types) },
		func() error { return p.declare(vars) },
		p.besides,
		p.dropAll,
		p.filled,
		p.splitAll,
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	for _, path := range p.names.missing() {
		if err := p.addImport(path); err != nil {
			return err
		}
	}
	return nil
}

func (p *player) findHoles(spans []rewrite.Span) ([]*hole, error) {
	var holes []*hole
	for _, s := range spans {
		n, err := p.expr(s)
		if err != nil {
			return nil, err
		}
		holes = append(holes, &hole{ext: p.extent(n), node: p.node(n)})
	}
	return holes, nil
}

func (p *player) findInsert(e rewrite.Insert) error {
	in := &insert{Insert: e}
	var err error
	if in.spot, err = p.spot(e.Stmt); err != nil {
		return err
	}
	if in.holes, err = p.findHoles(e.Holes); err != nil {
		return err
	}
	if !e.Comments.IsZero() {
		n, err := p.element(e.Comments)
		if err != nil {
			return err
		}
		in.donor = p.node(n)
	}
	p.inserts = append(p.inserts, in)
	return nil
}

func (p *player) findReplace(e rewrite.Replace) error {
	n, err := p.expr(e.Node)
	if err != nil {
		return err
	}
	if _, ok := n.(ast.Expr); ok && !p.fits(n, e.Code.Text) {
		// The same span may be a statement's, and the code one.
		if stmt, err := find[ast.Stmt](p.tree, e.Node, "statement", nil); err == nil {
			n = stmt
		}
	}
	r := &replace{Replace: e, ext: p.extent(n), ast: n, node: p.node(n)}
	if r.holes, err = p.findHoles(e.Holes); err != nil {
		return err
	}
	for _, h := range r.holes {
		if !r.ext.contains(h.ext) {
			return p.refuse(h.ext.from, "a node can't move into code for another place")
		}
	}
	p.replaces = append(p.replaces, r)
	return nil
}

// fits reports whether the code can stand where the expression n does.
func (p *player) fits(n ast.Node, text string) bool {
	_, err := exprOf(text)
	if _, ok := n.(*ast.KeyValueExpr); ok {
		_, err = elementOf(text)
	}
	return err == nil
}

func (p *player) findDrop(e rewrite.Drop) error {
	n, err := p.element(e.Node)
	if err != nil {
		return err
	}
	p.drops = append(p.drops, &drop{p.extent(n), p.node(n)})
	return nil
}

func (p *player) findHoist(e rewrite.Hoist) error {
	h := &hoist{Hoist: e}
	var err error
	if h.spot, err = p.spot(e.Stmt); err != nil {
		return err
	}
	for _, s := range e.Exprs {
		x, err := find[ast.Expr](p.tree, s, "expression", nil)
		if err != nil {
			return err
		}
		h.exprs = append(h.exprs, &hole{ext: p.extent(x), node: p.node(x)})
	}
	if len(h.exprs) == 0 {
		return p.refuse(p.extent(h.spot.stmt).from, "there is no expression to read into "+e.Name)
	}
	slices.SortStableFunc(h.exprs, func(a, b *hole) int { return a.ext.from - b.ext.from })
	p.hoists = append(p.hoists, h)
	return nil
}
