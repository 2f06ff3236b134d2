package rules

import (
	"fmt"
	"go/ast"
	"go/types"

	"github.com/go-fixer/fixer/rewrite"
)

// clip: let append make an array of its own
//
// append writes into the array that its first argument is a part of, as long as
// there is room: over the elements behind the part, as in
// append(list[:i], list[i+1:]...) or in a filter that starts with list[:0]; or
// into the room behind the end of a slice, which all have who append to it.
// Others look at the same elements meanwhile, through a slice that they got
// before. The fix takes the room away: list[:i:i], or slices.Clip(list), which is
// list[:len(list):len(list)] before Go 1.21. append then copies what it would have
// written over; nil stays nil.
//
// It is refused where something else changes the elements in place, or where an
// index has side effects.
var clip = &rewrite.Rule{
	Name:  "clip",
	Title: "let append make an array of its own",
	Mends: []rewrite.Kind{rewrite.Field, rewrite.Variable, rewrite.Global},
	Fix:   fixClip,
}

func fixClip(s *rewrite.Site) (*rewrite.Fix, string) {
	f := s.Finding
	if f.Sides[0].Access.Op != rewrite.WriteElem || writesItself(s, f.Sides[1].Access) {
		return nil, ""
	}
	if e, _ := partAppended(s, f.Sides[0].Access); e == nil {
		return nil, "" // another rule's business
	}
	var edits []rewrite.Edit
	seen := make(map[rewrite.Span]bool)
	for _, a := range f.Accesses {
		if a.Op != rewrite.WriteElem || a.Fresh {
			continue
		}
		e, file := partAppended(s, a)
		if e == nil || seen[file.Span(e)] {
			continue
		}
		seen[file.Span(e)] = true
		edit, reason := clipped(s, file, e)
		if reason != "" {
			return nil, reason
		}
		edits = append(edits, edit)
	}
	return &rewrite.Fix{
		Title:  fmt.Sprintf("Let append make an array of its own for %s", f.Place.Name),
		Places: []string{f.Place.Key}, Safety: rewrite.Safe, Edits: edits,
	}, ""
}

// writesItself reports whether an access is to the place, not to what it holds:
// then the elements are not all that races.
func writesItself(s *rewrite.Site, a rewrite.Access) bool {
	return a.Op == rewrite.Write || a.Op == rewrite.Read
}

// partAppended returns the first argument of the append that makes an access,
// or the slice expression by which a variable got what is that argument; nil if
// something else makes it.
func partAppended(s *rewrite.Site, a rewrite.Access) (ast.Expr, *rewrite.File) {
	f, path := s.Module.Around(a.At)
	var first ast.Expr
	for _, n := range path {
		if e, ok := n.(*ast.SliceExpr); ok && e.High != nil && !e.Slice3 && f.Span(e.X).Contains(a.At) {
			first = e
			break
		}
		call, ok := n.(*ast.CallExpr)
		if !ok {
			continue
		}
		id, ok := call.Fun.(*ast.Ident)
		if ok && id.Name == "append" && f.Info.Types[id].IsBuiltin() && (contains(id, path[0]) || contains(call.Args[0], path[0])) {
			first = call.Args[0]
		}
		break
	}
	if first == nil {
		return nil, f
	}
	id, ok := ast.Unparen(first).(*ast.Ident)
	if !ok {
		return first, f
	}
	if part := partOf(f, path, f.Info.Uses[id]); part != nil {
		return part, f
	}
	return first, f
}

// partOf returns the part of a slice that a variable is given in the function
// around a path, nil if it is given none.
func partOf(f *rewrite.File, path []ast.Node, v types.Object) ast.Expr {
	var part ast.Expr
	ast.Inspect(function(&rewrite.Use{File: f, Path: path}), func(n ast.Node) bool {
		as, ok := n.(*ast.AssignStmt)
		if !ok || len(as.Lhs) != len(as.Rhs) {
			return true
		}
		for i, lhs := range as.Lhs {
			id, ok := lhs.(*ast.Ident)
			e, slice := as.Rhs[i].(*ast.SliceExpr)
			if ok && slice && v != nil && f.Info.ObjectOf(id) == v && e.High != nil && !e.Slice3 {
				part = e
			}
		}
		return true
	})
	return part
}

// clipped takes the room behind the end away from a slice that is appended to.
func clipped(s *rewrite.Site, f *rewrite.File, e ast.Expr) (rewrite.Edit, string) {
	at := fmt.Sprintf("%s:%d", base(f.Name), f.Span(e).Line)
	replace := func(text string, of ast.Expr, imports ...string) rewrite.Edit {
		return rewrite.Replace{Node: f.Span(e), Code: rewrite.Code{Text: text, Imports: imports}, Holes: []rewrite.Span{f.Span(of)}}
	}
	if part, ok := e.(*ast.SliceExpr); ok {
		if callsOut(f, part.High) || part.Low != nil && callsOut(f, part.Low) {
			return nil, at + " computes how much of the slice is kept"
		}
		low, high := "", text(f, part.High)
		if part.Low != nil {
			low = text(f, part.Low)
		}
		return replace(fmt.Sprintf("$0[%[1]s:%[2]s:%[2]s]", low, high), part.X), ""
	}
	if goAtLeast(s.Module.GoVersion(f), 21) {
		return replace("slices.Clip($0)", e, "slices"), ""
	}
	if callsOut(f, e) {
		return nil, at + " appends to what a call returns"
	}
	t := text(f, e)
	return rewrite.Replace{Node: f.Span(e), Code: rewrite.Code{Text: fmt.Sprintf("%[1]s[:len(%[1]s):len(%[1]s)]", t)}}, ""
}
