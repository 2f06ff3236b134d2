package edit

import (
	"cmp"
	"fmt"
	"go/ast"
	"slices"

	"github.com/dave/dst"

	"github.com/go-fixer/fixer/rewrite"
)

// besides puts new statements beside old ones. Above a statement stand, from
// the top: what is clear of the locks, locks, hoisted variables, inserted code;
// below it inserted code and unlocks.
func (p *player) besides() error {
	for _, r := range p.regions {
		p.extend(r)
	}
	if err := p.insertAll(true); err != nil {
		return err
	}
	for _, r := range p.outerFirst() {
		if err := p.lockLines(r); err != nil {
			return err
		}
	}
	for i := 0; i < len(p.hoists); i++ {
		// Those at one statement under one lock share a critical section.
		group := []*hoist{p.hoists[i]}
		for j := i + 1; j < len(p.hoists); j++ {
			if h := p.hoists[j]; h.spot.stmt == group[0].spot.stmt && h.Lock == group[0].Lock {
				group = append(group, h)
				p.hoists = slices.Delete(p.hoists, j, j+1)
				j--
			}
		}
		if err := p.readLines(group); err != nil {
			return err
		}
	}
	if err := p.insertAll(false); err != nil {
		return err
	}
	for _, r := range slices.Backward(p.outerFirst()) {
		if !r.toEnd && !r.read {
			stmts, err := stmtsOf(r.lock + unlock(r.mode))
			if err != nil {
				return fmt.Errorf("%s: lock %q: %w", p.name, r.lock, err)
			}
			p.put(true, r.list, r.stmts()[r.last], stmts)
		}
	}
	for _, list := range p.lists {
		p.settle(list)
	}
	return nil
}

// outerFirst orders regions so that of two that start together the longer one
// is locked first.
func (p *player) outerFirst() []*region {
	list := slices.Clone(p.regions)
	slices.SortStableFunc(list, func(a, b *region) int {
		return cmp.Or(a.ext.from-b.ext.from, b.ext.to-a.ext.to, cmp.Compare(a.lock, b.lock))
	})
	return list
}

func lock(m rewrite.Mode) string {
	if m == rewrite.Shared {
		return ".RLock()"
	}
	return ".Lock()"
}

func unlock(m rewrite.Mode) string {
	if m == rewrite.Shared {
		return ".RUnlock()"
	}
	return ".Unlock()"
}

// put notes statements to be put above or below another.
func (p *player) put(after bool, list ast.Node, beside ast.Stmt, news []dst.Stmt) {
	stmt := p.node(beside).(dst.Stmt)
	for p.now[stmt] != nil {
		now := p.now[stmt]
		if after {
			stmt = now[len(now)-1].(dst.Stmt)
		} else {
			stmt = now[0].(dst.Stmt)
		}
	}
	if after {
		p.below[stmt] = append(p.below[stmt], news...)
	} else {
		p.above[stmt] = append(p.above[stmt], news...)
	}
	if in := p.node(list); !slices.Contains(p.lists, in) {
		p.lists = append(p.lists, in)
	}
}

// extend lets variables that are read right below a region under the same lock
// be read in it. Nothing else may stand between.
func (p *player) extend(r *region) {
	if r.toEnd || r.last+1 >= len(r.stmts()) {
		return
	}
	below := r.stmts()[r.last+1]
	if slices.ContainsFunc(p.regions, func(o *region) bool {
		return o != r && o.list == r.list && (o.first == r.last+1 || o.last == r.last)
	}) {
		return
	}
	for _, h := range p.hoists {
		if h.spot.stmt == below && h.Lock == r.lock {
			r.mode, r.read, h.in = max(r.mode, h.Mode), true, r
		}
	}
}

func (p *player) lockLines(r *region) error {
	text := r.lock + lock(r.mode)
	if r.toEnd {
		text += "\ndefer " + r.lock + unlock(r.mode)
	}
	stmts, err := stmtsOf(text)
	if err != nil {
		return fmt.Errorf("%s: lock %q: %w", p.name, r.lock, err)
	}
	p.put(false, r.list, r.stmts()[r.first], stmts)
	return nil
}

func (p *player) readLines(group []*hoist) error {
	first := group[0]
	mode := first.Mode
	text := ""
	c := &piece{}
	for i, h := range group {
		mode = max(mode, h.Mode)
		text += fmt.Sprintf("\n%s := $%d", h.Name, i)
		c.holes = append(c.holes, h.exprs[0].held.X)
	}
	c.code.Text = text
	enter := first.Lock + lock(mode)
	if first.in != nil {
		mode, enter = first.in.mode, ""
	}
	list, err := stmtsOf(enter + text + "\n" + first.Lock + unlock(mode))
	if err != nil {
		return fmt.Errorf("%s: reading %s under %q: %w", p.name, first.Name, first.Lock, err)
	}
	block := &dst.BlockStmt{List: list}
	if _, err := p.fill(c, block); err != nil {
		return err
	}
	p.put(false, first.spot.list, first.spot.stmt, block.List)
	return nil
}

// insertAll puts the inserted code beside its statements that is to be clear of
// locks, or the rest.
func (p *player) insertAll(clear bool) error {
	for _, in := range p.inserts {
		if in.Clear != clear {
			continue
		}
		if err := p.insertLines(in); err != nil {
			return err
		}
	}
	return nil
}

func (p *player) insertLines(in *insert) error {
	at := p.extent(in.spot.stmt).from
	list, err := stmtsOf(in.Code.Text)
	if err != nil {
		return p.refuse(at, fmt.Sprintf("code %q: %v", in.Code.Text, err))
	}
	c := &piece{code: in.Code, at: at}
	var loose []string // comments that end a line: they can't move into the middle of one
	for _, h := range in.holes {
		n := h.node
		if h.held != nil {
			n = h.held.X
		} else {
			n = p.current(n)
		}
		loose = append(loose, lineComments(n)...)
		c.holes = append(c.holes, n)
	}
	block := &dst.BlockStmt{List: list}
	if _, err := p.fill(c, block); err != nil {
		return err
	}
	if err := c.unused(); err != nil {
		return p.refuse(at, err.Error())
	}
	p.names.commit()
	p.comments = append(p.comments, comments(in.Code.Text)...)
	ownLine(block.List)
	first, last := block.List[0].Decorations(), block.List[len(block.List)-1].Decorations()
	first.Start = append(loose, first.Start...)
	if in.donor != nil {
		d := p.current(in.donor).Decorations()
		trailing, hanging := splitEnd(d.End)
		first.Start = append(onlyComments(d.Start), first.Start...)
		last.End = append(last.End, onlyComments(trailing)...)
		d.Start, d.End = nil, hanging
	}
	p.put(in.After, in.spot.list, in.spot.stmt, block.List)
	return nil
}

// lineComments takes the // comments before and behind a node off it.
func lineComments(n dst.Node) []string {
	var list []string
	d := n.Decorations()
	for _, decs := range []*dst.Decorations{&d.Start, &d.End} {
		var keep []string
		for _, dec := range *decs {
			if len(dec) > 1 && dec[:2] == "//" {
				list = append(list, dec)
			} else if dec != "\n" {
				keep = append(keep, dec)
			}
		}
		*decs = keep
	}
	return list
}

// settle builds the list of a block or clause with what goes above and below
// its statements.
func (p *player) settle(in dst.Node) {
	list := stmtList(in)
	lineUp(in)
	var out []dst.Stmt
	for i, s := range *list {
		d := s.Decorations()
		if above := p.above[s]; len(above) > 0 {
			ownLine(above)
			first := above[0].Decorations()
			free, attached := splitFree(d.Start)
			first.Before, first.Start = d.Before, append(free, first.Start...)
			d.Before, d.Start = dst.NewLine, attached
			above[len(above)-1].Decorations().After = dst.NewLine
			out = append(out, above...)
		}
		out = append(out, s)
		if below := p.below[s]; len(below) > 0 {
			ownLine(below)
			last := below[len(below)-1].Decorations()
			trailing, hanging := splitEnd(d.End)
			d.End = trailing
			last.After, d.After = d.After, dst.NewLine
			last.End = append(last.End, hanging...)
			below[0].Decorations().Before = dst.NewLine
			if i == len(*list)-1 {
				takeBack(in, d, last)
			}
			out = append(out, below...)
		}
	}
	*list = out
}

// lineUp puts each statement of a block or clause on a line of its own.
func lineUp(in dst.Node) {
	list := *stmtList(in)
	ownLine(list)
	if _, block := in.(*dst.BlockStmt); !block && len(list) > 0 {
		// The clause's comments come next, maybe on the same line.
		list[len(list)-1].Decorations().After = dst.None
	}
}

// takeBack moves the comment on a clause's last line from the clause to its
// last statement, before others are put below that.
func takeBack(in dst.Node, d, last *dst.NodeDecs) {
	switch in.(type) {
	case *dst.CaseClause, *dst.CommClause:
		c := in.Decorations()
		trailing, hanging := splitEnd(c.End)
		d.End = append(d.End, trailing...)
		c.End = hanging
	}
}
