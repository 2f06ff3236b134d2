package edit

import "strings"

// reach is how many tokens away a line may stand to lend its indentation while
// one of another depth is nearer.
const reach = 400

// learn collects how the lines of the file are indented.
func (g *graft) learn() {
	g.unit = "\t"
	found := false
	for _, k := range g.keep {
		gap := g.after.gap(k.after)
		if newlines(gap) == 0 && k.after > 0 {
			continue
		}
		start := strings.LastIndexByte(g.old.text[:g.old.list[k.old].from], '\n') + 1
		indent := g.old.text[start:g.old.list[k.old].from]
		if strings.Trim(indent, " \t") != "" {
			continue // not the first of its line in the file
		}
		was, is := depth(g.before.gap(k.before)), depth(gap)
		g.margins = append(g.margins, margin{k.after, was, indent})
		if n := len(indent); !found && is > 0 && is == was && n > 0 && n%is == 0 && strings.Repeat(indent[:n/is], is) == indent {
			g.unit, found = indent[:n/is], true
		}
	}
}

// indent returns the indentation of a line that starts with token i: that of
// the next old line if it is as deep, else of the nearest of its depth, else of
// the nearest, brought to its depth.
func (g *graft) indent(i int) string {
	want := depth(g.after.gap(i))
	if want == 0 {
		return ""
	}
	var near, twin *margin
	for k := range g.margins {
		m := &g.margins[k]
		if m.after > i && (k == 0 || g.margins[k-1].after < i) && m.depth == want {
			return m.indent
		}
		if near == nil || distance(m.after, i) < distance(near.after, i) {
			near = m
		}
		if m.depth == want && (twin == nil || distance(m.after, i) < distance(twin.after, i)) {
			twin = m
		}
	}
	switch {
	case twin != nil && distance(twin.after, i) < reach:
		return twin.indent
	case near != nil:
		return g.deepen(near.indent, want-near.depth)
	}
	return strings.Repeat(g.unit, want)
}

func distance(a, b int) int { return max(a-b, b-a) }

// deepen indents by levels more, or if negative less.
func (g *graft) deepen(indent string, levels int) string {
	for ; levels > 0; levels-- {
		indent += g.unit
	}
	for ; levels < 0; levels++ {
		indent = strings.TrimSuffix(indent, g.unit)
	}
	return indent
}

// shift returns an old gap, the printer's form of which was as given, as it is
// before token i now: a line that went deeper is indented more.
func (g *graft) shift(gap, was string, i int) string {
	at := strings.LastIndexByte(gap, '\n')
	levels := depth(g.after.gap(i)) - depth(was)
	if newlines(was) == 0 || at < 0 || levels == 0 || i == len(g.after.list) {
		return gap
	}
	return gap[:at+1] + g.deepen(gap[at+1:], levels)
}
