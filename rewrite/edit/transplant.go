package edit

import (
	"slices"
	"strings"
)

// transplant makes the changes between two prints of a file, before and after,
// in the file's own text, which differs from the print before in spacing only.
// Tokens and gaps that the prints share come from the text.
func transplant(text, before, after string) string {
	g := &graft{old: scan(text), before: scan(before), after: scan(after)}
	g.align()
	g.learn()
	var out strings.Builder
	prev := g.end(-1)
	for i := range g.keep {
		next := g.end(i)
		out.WriteString(g.between(prev, next))
		out.WriteString(g.old.str(next.old))
		prev = next
	}
	out.WriteString(g.between(prev, g.end(len(g.keep))))
	return strings.ReplaceAll(out.String(), "\x00", "")
}

// A graft is the state of one transplant.
type graft struct {
	old, before, after *tokens
	ofBefore           []int    // for each token of before, its token in old or -1
	keep               []anchor // what all three have, in order
	unit               string   // one level of indentation
	margins            []margin
}

// An anchor is one token in all three texts. At the ends the indexes are -1 or
// the number of tokens.
type anchor struct{ old, before, after int }

// A margin is how an old line is indented.
type margin struct {
	after  int // the line's first token, in after
	depth  int // tabs that the printer gives it
	indent string
}

// align pairs the tokens of the three texts.
func (g *graft) align() {
	g.ofBefore = match(g.before.keys(0, len(g.before.list)), g.old.keys(0, len(g.old.list)))
	g.pairComments()
	g.pairParens()
	var drop []int
	for i, b := range matchPrints(g.after, g.before) {
		if b < 0 {
			continue
		}
		if g.ofBefore[b] < 0 {
			drop = append(drop, i) // an idea of the printer's: in both prints, not in the file
			continue
		}
		g.keep = append(g.keep, anchor{g.ofBefore[b], b, i - len(drop)})
	}
	g.after = g.after.without(drop)
	// Likewise in before.
	var gone []int
	index := make([]int, len(g.before.list))
	for b, o := range g.ofBefore {
		index[b] = b - len(gone)
		if o < 0 {
			gone = append(gone, b)
		}
	}
	for i := range g.keep {
		g.keep[i].before = index[g.keep[i].before]
	}
	var left []int
	for _, o := range g.ofBefore {
		if o >= 0 {
			left = append(left, o)
		}
	}
	g.before, g.ofBefore = g.before.without(gone), left
	g.unwrap()
}

// unwrap replaces by NULs, to be dropped at last, the parentheses that the printer leaves out as redundant,
// where a pair would not come through whole.
func (g *graft) unwrap() {
	ends := g.old.closing()
	matched := map[int]bool{}
	for _, o := range g.ofBefore {
		matched[o] = true
	}
	changed := map[int]bool{} // tokens in gaps that change
	for i := range len(g.keep) + 1 {
		a, c := g.end(i-1), g.end(i)
		if c.before == a.before+1 && c.after == a.after+1 && alike(g.before.gap(c.before), g.after.gap(c.after)) {
			continue
		}
		for o := a.old + 1; o < c.old; o++ {
			changed[o] = true
		}
	}
	text := []byte(g.old.text)
	for from, to := range ends {
		if !matched[from] && !matched[to] && (changed[from] || changed[to]) {
			text[g.old.list[from].from], text[g.old.list[to].from] = 0, 0
		}
	}
	g.old = &tokens{string(text), g.old.list}
}

// pairComments pairs comments that the printer rewrote: those left over
// between the same neighbours.
func (g *graft) pairComments() {
	last := -1
	for b, o := range g.ofBefore {
		if o >= 0 {
			last = o
			continue
		}
		next := len(g.old.list)
		for _, o := range g.ofBefore[b+1:] {
			if o >= 0 {
				next = o
				break
			}
		}
		if g.before.list[b].comment && last+1 < next && g.old.list[last+1].comment {
			last++
			g.ofBefore[b] = last
		}
	}
}

// pairParens makes parentheses that are paired close where they do: of doubled
// ones, the printer keeps but one pair.
func (g *graft) pairParens() {
	ends, old := g.before.closing(), g.old.closing()
	for b, o := range g.ofBefore {
		if end, ok := ends[b]; ok && o >= 0 {
			if to, ok := old[o]; ok && g.inOrder(end, to) {
				g.ofBefore[end] = to
			}
		}
	}
}

// inOrder reports whether a token of before may be one of the file without
// others changing places with it: of ((x)).f the printer leaves parentheses out,
// and those left may be either pair.
func (g *graft) inOrder(b, o int) bool {
	paired := func(o int) bool { return o >= 0 }
	if i := slices.IndexFunc(g.ofBefore[b+1:], paired); i >= 0 && o >= g.ofBefore[b+1+i] {
		return false
	}
	for _, left := range slices.Backward(g.ofBefore[:b]) {
		if paired(left) {
			return left < o
		}
	}
	return true
}

// closing maps opening parentheses to those that close them.
func (t *tokens) closing() map[int]int {
	ends := map[int]int{}
	var open []int
	for i, k := range t.list {
		switch {
		case k.key == "(":
			open = append(open, i)
		case k.key == ")" && len(open) > 0:
			ends[open[len(open)-1]] = i
			open = open[:len(open)-1]
		}
	}
	return ends
}

// without returns the tokens but for some, which become part of the gaps.
func (t *tokens) without(drop []int) *tokens {
	if len(drop) == 0 {
		return t
	}
	out := &tokens{text: t.text}
	for i, k := range t.list {
		if len(drop) > 0 && drop[0] == i {
			drop = drop[1:]
			continue
		}
		out.list = append(out.list, k)
	}
	return out
}

// end returns the anchor i, or the start or end of the texts.
func (g *graft) end(i int) anchor {
	switch i {
	case -1:
		return anchor{-1, -1, -1}
	case len(g.keep):
		return anchor{len(g.old.list), len(g.before.list), len(g.after.list)}
	}
	return g.keep[i]
}

// space returns the old text between two tokens, either of which may be an end.
func (g *graft) space(from, to int) string {
	start, end := 0, len(g.old.text)
	if from >= 0 {
		start = g.old.list[from].to
	}
	if to < len(g.old.list) {
		end = g.old.list[to].from
	}
	return g.old.text[start:end]
}

// between returns what stands between two anchors in the result.
func (g *graft) between(a, c anchor) string {
	deleted := c.before - a.before - 1
	inserted := c.after - a.after - 1
	switch {
	case inserted == 0 && deleted == 0:
		return g.same(a, c)
	case deleted == 0:
		return g.insertion(a, c)
	case inserted == 0:
		return g.deletion(a, c)
	}
	// One run takes the place of another.
	first, last := g.ofBefore[a.before+1], g.ofBefore[c.before-1]
	left, right := g.shaped(a.after+1), g.shaped(c.after)
	if r := g.before.gap(a.before + 1); alike(r, g.after.gap(a.after+1)) {
		left = g.shift(g.space(a.old, first), r, a.after+1)
	}
	if r := g.before.gap(c.before); alike(r, g.after.gap(c.after)) {
		right = g.shift(g.space(last, c.old), r, c.after)
	}
	return left + g.run(a, c) + right
}

// same keeps the space between neighbours, unless the printer changed it.
func (g *graft) same(a, c anchor) string {
	was, is := g.before.gap(c.before), g.after.gap(c.after)
	if alike(was, is) {
		return g.shift(g.space(a.old, c.old), was, c.after)
	}
	return g.shaped(c.after)
}

// insertion places new tokens into an old gap.
func (g *graft) insertion(a, c anchor) string {
	gap, was := g.space(a.old, c.old), g.before.gap(c.before)
	above, below := g.after.gap(a.after+1), g.after.gap(c.after)
	left, right := g.shaped(a.after+1), g.shaped(c.after)
	n1, n2, n := newlines(above), newlines(below), newlines(was)
	switch {
	case n1 > 0 && n2 > 0 && n > 1 && max(n1, n2) == 1 && strings.Contains(g.run(a, c), "\n\n"):
		// The blank line is within what is new now.
	case n1 > 0 && n2 > 0 && strings.Contains(gap, "\n") && marks(above) == marks(was) && marks(below) == "":
		return g.insertLines(a, c, gap, n1, n2, n)
	case n1 > 0 && n2 > 0:
		// A line is broken: the printer's spacing on both sides.
		if c.after == len(g.after.list) && !strings.HasSuffix(g.old.text, "\n") {
			right = ""
		}
	case (n1 > 0 || n2 > 0) && !strings.Contains(gap, "\n") && strings.Contains(g.run(a, c), "\n"):
		// Likewise: joined lines come apart.
	case n1 > 0:
		if alike(was, above) {
			left = g.shift(gap, was, a.after+1)
		} else if alike(was, below) {
			right = gap
		}
	case n2 > 0:
		if alike(was, below) {
			right = g.shift(gap, was, c.after)
		}
	case alike(was, below):
		right = gap
	case alike(was, above):
		left = gap
	}
	return left + g.run(a, c) + right
}

// insertLines puts whole lines between two old ones. The line above keeps what
// trails it, the line below its indentation.
func (g *graft) insertLines(a, c anchor, gap string, above, below, was int) string {
	cut := strings.LastIndexByte(gap, '\n') + 1
	before, after := max(0, above-was), below-1
	if above == 1 && below > 1 {
		cut = strings.IndexByte(gap, '\n') + 1
		before, after = 0, max(0, below-was)
	}
	return gap[:cut] + strings.Repeat("\n", before) + g.indent(a.after+1) + g.run(a, c) +
		"\n" + strings.Repeat("\n", after) + g.shift(gap[cut:], g.before.gap(c.before), c.after)
}

// deletion joins the gaps on both sides of deleted tokens.
func (g *graft) deletion(a, c anchor) string {
	above := g.space(a.old, g.ofBefore[a.before+1])
	below := g.space(g.ofBefore[c.before-1], c.old)
	want := newlines(g.after.gap(c.after))
	i, j := strings.LastIndexByte(above, '\n'), strings.IndexByte(below, '\n')
	if want == 0 || i < 0 || j < 0 {
		return g.shaped(c.after)
	}
	// Whole lines go.
	tail := below[strings.LastIndexByte(below, '\n')+1:]
	if want == 1 && newlines(above)+newlines(below) > 2 {
		return above[:strings.IndexByte(above, '\n')+1] + tail
	}
	return above[:i+1] + below[j+1:]
}

// run returns the new tokens between two anchors.
func (g *graft) run(a, c anchor) string {
	var out strings.Builder
	for i := a.after + 1; i < c.after; i++ {
		if i > a.after+1 {
			out.WriteString(g.shaped(i))
		}
		out.WriteString(g.after.str(i))
	}
	return out.String()
}

// shaped returns the printer's gap before a token, indented as the file is.
func (g *graft) shaped(i int) string {
	gap := g.after.gap(i)
	at := strings.LastIndexByte(gap, '\n')
	if at < 0 || i == len(g.after.list) {
		return gap
	}
	return gap[:at+1] + g.indent(i)
}
