package rules

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// release puts the release on each of the ways that lack it.
func (h *holding) release(leaks []rewrite.Leak) ([]rewrite.Edit, string) {
	var edits []rewrite.Edit
	for _, l := range leaks {
		at := fmt.Sprintf("%s:%d", base(l.At.File), l.At.Line)
		if l.Before.IsZero() {
			return nil, fmt.Sprintf("ways with and without the lock meet before the %s at %s", strings.Replace(l.By, "end", "closing brace", 1), at)
		}
		_, path := h.site.Module.Around(l.Before)
		if len(path) < 2 || !h.visible(path[0]) {
			return nil, at + " can't name the lock"
		}
		e := rewrite.Insert{Stmt: h.file.Span(path[0]), Code: rewrite.Code{Text: h.unlock}}
		switch n := path[0].(type) {
		case *ast.ReturnStmt:
			more, ok := h.computed(n, path)
			if !ok {
				return nil, fmt.Sprintf("%s computes what it returns under the lock", at)
			}
			if len(more) > 0 {
				edits = append(edits, more...)
				continue
			}
		case *ast.CallExpr: // of panic
			if len(n.Args) != 1 || !h.plain(n.Args[0]) {
				return nil, fmt.Sprintf("%s computes what it panics with under the lock", at)
			}
		case *ast.BlockStmt:
			if len(n.List) == 0 {
				return nil, at + " ends an empty block"
			}
			e.Stmt, e.After = h.file.Span(n.List[len(n.List)-1]), true
		}
		edits = append(edits, e)
	}
	return edits, ""
}

// computed returns the edits that compute what a statement returns before the
// lock is released, and none if that is the same without the lock; ok is false
// if it takes long, or can't be kept in variables.
func (h *holding) computed(ret *ast.ReturnStmt, path []ast.Node) (edits []rewrite.Edit, ok bool) {
	var names, holes []string
	var spans []rewrite.Span
	use := &rewrite.Use{File: h.file, Path: path}
	for _, r := range ret.Results {
		if h.plain(r) {
			continue
		}
		if !typed(h.file.Info, r) {
			return nil, false
		}
		if results, several := h.file.Info.TypeOf(r).(*types.Tuple); several {
			for v := range results.Variables() {
				names = append(names, fresh(use, resultName(nil, v.Type()), names...))
			}
			list := strings.Join(names, ", ")
			return []rewrite.Edit{rewrite.Replace{Node: h.file.Span(ret), Holes: []rewrite.Span{h.file.Span(r)},
				Code: rewrite.Code{Text: list + " := $0\n" + h.unlock + "\nreturn " + list}}}, h.quiet(ret) == ""
		}
		name := fresh(use, resultName(r, h.file.Info.TypeOf(r)), names...)
		holes = append(holes, fmt.Sprintf("$%d", len(spans)))
		names, spans = append(names, name), append(spans, h.file.Span(r))
		edits = append(edits, rewrite.Replace{Node: h.file.Span(r), Code: rewrite.Code{Text: name}})
	}
	if len(edits) == 0 {
		return nil, true
	}
	return append(edits, rewrite.Insert{Stmt: h.file.Span(ret), Holes: spans,
		Code: rewrite.Code{Text: strings.Join(names, ", ") + " := " + strings.Join(holes, ", ") + "\n" + h.unlock}}), h.quiet(ret) == ""
}

// resultName is what a variable for a result is called, which an expression, or
// a call with several results, computes.
func resultName(e ast.Expr, t types.Type) string {
	if isError(t) {
		return "err"
	}
	if sel, ok := e.(*ast.SelectorExpr); ok {
		return lowerFirst(sel.Sel.Name)
	}
	return "v"
}

func isError(t types.Type) bool { return types.Identical(t, types.Universe.Lookup("error").Type()) }

// visible reports whether the names by which the lock is taken mean the same
// at another node.
func (h *holding) visible(n ast.Node) bool {
	scope := h.file.Pkg.Scope().Innermost(n.Pos())
	ok := scope != nil
	ast.Inspect(h.call.Fun, func(m ast.Node) bool {
		id, is := m.(*ast.Ident)
		if !is || !ok {
			return ok
		}
		v, is := h.file.Info.Uses[id].(*types.Var)
		if is && !v.IsField() {
			_, o := scope.LookupParent(id.Name, n.Pos())
			ok = o == types.Object(v)
		}
		return ok
	})
	return ok
}

// plain reports whether an expression has the same value without the lock:
// variables of the function and constants, and what libraries make of them.
func (h *holding) plain(e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.BasicLit:
		return true
	case *ast.Ident:
		switch o := h.file.Info.Uses[e].(type) {
		case *types.Var:
			return o.Parent() != h.file.Pkg.Scope() || isError(o.Type())
		case *types.Const, *types.Nil:
			return true
		}
	case *ast.SelectorExpr:
		return h.file.Info.Selections[e] == nil && h.file.Info.Types[e].Value != nil || h.library(e) || h.own(e)
	case *ast.UnaryExpr:
		return e.Op != token.ARROW && h.plain(e.X)
	case *ast.BinaryExpr:
		return h.plain(e.X) && h.plain(e.Y)
	case *ast.CompositeLit:
		return !slices.ContainsFunc(e.Elts, func(x ast.Expr) bool {
			if kv, ok := x.(*ast.KeyValueExpr); ok {
				x = kv.Value
			}
			return !h.plain(x)
		})
	case *ast.CallExpr:
		sel, ok := ast.Unparen(e.Fun).(*ast.SelectorExpr)
		known := h.file.Info.Types[e.Fun].IsType() || ok && h.file.Info.Selections[sel] == nil && h.library(sel)
		return known && !slices.ContainsFunc(e.Args, func(a ast.Expr) bool { return !h.plain(a) })
	}
	return false
}

// own reports whether a selector names a field of a struct that a variable holds.
func (h *holding) own(e *ast.SelectorExpr) bool {
	se := h.file.Info.Selections[e]
	return se != nil && se.Kind() == types.FieldVal && !se.Indirect() && h.plain(e.X)
}

// library reports whether a selector names something of package errors or fmt,
// or an error of another package.
func (h *holding) library(e *ast.SelectorExpr) bool {
	o := h.file.Info.Uses[e.Sel]
	if o == nil || o.Pkg() == nil || h.file.Info.Selections[e] != nil {
		return false
	}
	if _, ok := o.(*types.Func); ok {
		return o.Pkg().Path() == "errors" || o.Pkg().Path() == "fmt" && strings.HasPrefix(o.Name(), "Errorf") || o.Pkg().Path() == "fmt" && strings.HasPrefix(o.Name(), "Sprint")
	}
	return isError(o.Type())
}

// reverse makes a deferred call that takes the lock which was taken before
// release that: Lock was written for Unlock.
func (h *holding) reverse() ([]rewrite.Edit, string) {
	fun := h.call.Fun.(*ast.SelectorExpr)
	lock, method := text(h.file, fun.X), ""
	for _, st := range list(h.up) {
		if st.Pos() >= h.late.Pos() {
			break
		}
		if m := strings.TrimPrefix(stmtText(h.file, st), lock); m == ".Lock()" || m == ".RLock()" {
			method = strings.Trim(m, ".()")
		}
	}
	b := body(h.fn)
	if method == "" || mentionsText(h.file, b, lock+".Unlock()") || mentionsText(h.file, b, lock+".RUnlock()") {
		return nil, fmt.Sprintf("%s:%d takes the lock by defer", base(h.file.Name), h.line(h.call))
	}
	return []rewrite.Edit{rewrite.Replace{Node: h.file.Span(h.call.Fun), Holes: []rewrite.Span{h.file.Span(fun.X)},
		Code: rewrite.Code{Text: "$0." + releaser(method)}}}, ""
}
