package edit

import (
	"slices"
	"strings"

	"github.com/dave/dst"
	"github.com/dave/dst/dstutil"
)

// splitFree cuts the decorations above a statement or field into the comments
// that stand free, blank line included, and those attached to it.
func splitFree(start []string) (free, attached []string) {
	for i := len(start) - 1; i >= 0; i-- {
		if start[i] == "\n" {
			return slices.Clone(start[:i+1]), slices.Clone(start[i+1:])
		}
	}
	return nil, slices.Clone(start)
}

// splitEnd cuts the decorations behind a node into those on its line and those
// below.
func splitEnd(end []string) (trailing, hanging []string) {
	for i, d := range end {
		if d == "\n" {
			return slices.Clone(end[:i]), slices.Clone(end[i:])
		}
		if strings.HasPrefix(d, "//") {
			if i+1 == len(end) {
				return slices.Clone(end), nil
			}
			// The comment ended the line; behind another node a newline must.
			return slices.Clone(end[:i+1]), append([]string{"\n"}, end[i+1:]...)
		}
	}
	return slices.Clone(end), nil
}

// onlyComments drops the newlines of decorations.
func onlyComments(decs []string) []string {
	return slices.DeleteFunc(slices.Clone(decs), func(d string) bool { return d == "\n" })
}

// commentsOf returns all comments of a tree in order.
func commentsOf(n dst.Node) []string {
	var list []string
	dst.Inspect(n, func(n dst.Node) bool {
		if n != nil {
			_, _, points := dstutil.Decorations(n)
			for _, p := range points {
				list = append(list, onlyComments(p.Decs)...)
			}
		}
		return true
	})
	return list
}

// inherit gives the new nodes the spacing and comments around the old one,
// which loses them.
func inherit(old dst.Node, news ...dst.Node) {
	o := old.Decorations()
	first, last := news[0].Decorations(), news[len(news)-1].Decorations()
	before, after, start, end := o.Before, o.After, o.Start, o.End
	o.Before, o.After, o.Start, o.End = dst.None, dst.None, nil, nil
	first.Before, last.After = before, after
	first.Start = append(slices.Clone(start), first.Start...)
	last.End = append(slices.Clone(last.End), end...)
}

// ownLine makes sure that statements or fields stand on lines of their own.
func ownLine[T dst.Node](list []T) {
	for _, n := range list {
		d := n.Decorations()
		d.Before, d.After = max(d.Before, dst.NewLine), max(d.After, dst.NewLine)
	}
}

// stripAll drops all comments and newlines of a tree.
func stripAll(n dst.Node) {
	dst.Inspect(n, func(n dst.Node) bool {
		if n != nil {
			d := n.Decorations()
			d.Start, d.End = nil, nil
		}
		return true
	})
}
