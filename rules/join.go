package rules

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// afterEnd reports whether a wait for the goroutine, where it is told to end,
// would come before the accesses that race with its own, as far as the functions
// tell in which they stand.
func afterEnd(s *rewrite.Site, info *rewrite.GoroutineInfo, other rewrite.Access) bool {
	late := func(a rewrite.Access) bool {
		d := declaration(s.Module.At(a.At))
		return d != nil && slices.ContainsFunc(info.Ends, func(e rewrite.End) bool {
			return d == declaration(s.Module.At(e.At)) && e.At.Compare(a.At) < 0
		})
	}
	if !late(other) {
		return false
	}
	starter := declaration(s.Module.At(info.Start))
	for _, a := range s.Finding.Accesses {
		d := declaration(s.Module.At(a.At))
		if !a.Fresh && !a.Test && !late(a) && d != nil && d.Name.IsExported() && d != starter {
			return false // callers may come at any time
		}
	}
	return true
}

// declaration is the declared function around a place.
func declaration(u *rewrite.Use) *ast.FuncDecl {
	if u == nil {
		return nil
	}
	for _, n := range u.Path {
		if d, ok := n.(*ast.FuncDecl); ok {
			return d
		}
	}
	return nil
}

// join waits for the goroutine where it is told to end.
func (w *waiting) join() (*rewrite.Fix, string) {
	if len(w.info.Hangs) > 0 {
		return nil, "the goroutine may wait for ever once it was told to end: " + w.info.Hangs[0]
	}
	dot := strings.LastIndexByte(w.info.Field, '.')
	st := w.site.Module.Struct(w.info.Field[:dot])
	if st == nil {
		return nil, "the struct is not declared in the module"
	}
	object, reason := w.object(st)
	if reason != "" {
		return nil, reason
	}
	group, old := w.group(st)
	counted := w.counted(st)
	if !old && counted != "" {
		group = counted
	}
	for _, end := range w.info.Ends {
		if reason := w.wait(end, st, group, old); reason != "" {
			return nil, reason
		}
	}
	if !old && counted == "" {
		field := w.info.Field[dot+1:]
		w.edits = append(w.edits, rewrite.AddField{Struct: st.File.Span(st.Type), Before: field, Name: group,
			Type: rewrite.Code{Text: "sync.WaitGroup", Imports: []string{"sync"}}, Doc: group + " counts the goroutines that " + field + " ends."})
	}
	if old || counted == "" {
		if reason := w.count(object, group); reason != "" {
			return nil, reason
		}
	}
	fix := w.fix("Wait for the goroutine where it is told to end")
	fix.Waits = true
	if len(w.info.Slow) > 0 {
		w.caution = "that then waits for " + w.info.Slow[0]
	}
	if w.caution != "" {
		fix.Safety, fix.Caution = rewrite.Unsafe, w.caution
	}
	return fix, ""
}

// object is the expression for the object at the go statement.
func (w *waiting) object(st *rewrite.Struct) (string, string) {
	f, call := w.start.File, w.stmt.Call
	var list []ast.Expr
	if sel, ok := call.Fun.(*ast.SelectorExpr); ok {
		list = append(list, sel.X)
	}
	list = append(list, call.Args...)
	if d := declaration(w.start); d != nil && d.Recv != nil && len(d.Recv.List[0].Names) > 0 {
		list = append(list, d.Recv.List[0].Names[0])
	}
	if lit := w.literal(); lit != nil {
		ast.Inspect(lit.Body, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				if v, ok := f.Info.Uses[id].(*types.Var); ok && !v.IsField() && v.Pos() < lit.Pos() {
					list = append(list, id)
				}
			}
			return true
		})
	}
	for _, e := range list {
		id := rootIdent(e)
		if id == nil || id.Name == "_" || !isOf(f.Info.TypeOf(e), st) {
			continue
		}
		v, ok := f.Info.ObjectOf(id).(*types.Var)
		if !ok || reassigned(f.Info, function(w.start), v) {
			return "", id.Name + " is reassigned, so the object may be another one in the goroutine"
		}
		return text(f, e), ""
	}
	return "", "the object has no name at the go statement"
}

// isOf reports whether a type is the struct's, or a pointer to it.
func isOf(t types.Type, st *rewrite.Struct) bool {
	if t == nil {
		return false
	}
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	n, ok := types.Unalias(t).(*types.Named)
	return ok && n.Origin().Obj() == st.Name
}

// group names the WaitGroup: the one that all ends wait for already, or a new
// one.
func (w *waiting) group(st *rewrite.Struct) (name string, old bool) {
	taken := make(map[string]bool)
	for _, fl := range st.Type.Fields.List {
		for _, id := range fl.Names {
			taken[id.Name] = true
			if t := st.File.Info.TypeOf(fl.Type); t.String() == "sync.WaitGroup" && w.awaited(id.Name) {
				return id.Name, true
			}
		}
		if len(fl.Names) == 0 {
			taken[embedded(fl.Type)] = true
		}
	}
	for i, try := range []string{"wg", "group", "running", "goroutines"} {
		if i == 3 || !taken[try] && !hasMethod(st.Name.Type(), try) {
			return try, false
		}
	}
	return "", false
}

// awaited reports whether all ends wait for a group after the signal.
func (w *waiting) awaited(group string) bool {
	for _, end := range w.info.Ends {
		u := w.site.Module.At(end.At)
		d := declaration(u)
		if d == nil {
			return false
		}
		found := false
		ast.Inspect(d.Body, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && call.Pos() > u.Path[0].Pos() {
				if sel, ok := call.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Wait" {
					of, ok := sel.X.(*ast.SelectorExpr)
					found = found || ok && of.Sel.Name == group
				}
			}
			return true
		})
		if !found {
			return false
		}
	}
	return true
}

// count adds the goroutine to the group and takes it off at its end.
func (w *waiting) count(object, group string) string {
	f, call := w.start.File, w.stmt.Call
	wg := object + "." + group
	if w.modern && w.plain() {
		w.edits = append(w.edits, rewrite.Replace{Node: f.Span(w.stmt), Code: rewrite.Code{Text: wg + ".Go($0)"}, Holes: []rewrite.Span{f.Span(call.Fun)}})
		return ""
	}
	w.edits = append(w.edits, rewrite.Insert{Stmt: f.Span(w.stmt), Code: rewrite.Code{Text: wg + ".Add(1)"}})
	inside := object
	if w.literal() == nil {
		if reason := w.outside(); reason != "" {
			if len(call.Args) > 0 {
				return reason
			}
			w.edits = append(w.edits, rewrite.Replace{Node: f.Span(w.stmt), Code: rewrite.Code{Text: "go func() {\ndefer " + wg + ".Done()\n$0\n}()"}, Holes: []rewrite.Span{f.Span(call)}})
			return ""
		}
		d, ok := w.runs.Path[0].(*ast.FuncDecl)
		if !ok {
			return "the goroutine runs a function value"
		}
		if inside = w.known(d, object); inside == "" {
			return d.Name.Name + " has no name for the object"
		}
	}
	first := body(w.runs.Path[0]).List
	if len(first) == 0 {
		return "the function of the goroutine is empty"
	}
	w.edits = append(w.edits, rewrite.Insert{Stmt: w.runs.File.Span(first[0]), Code: rewrite.Code{Text: "defer " + inside + "." + group + ".Done()"}})
	return ""
}

// known is what a declared function calls the object that the go statement
// hands it.
func (w *waiting) known(d *ast.FuncDecl, object string) string {
	named := func(list *ast.FieldList, i int) string {
		n := 0
		for _, fl := range list.List {
			for _, id := range fl.Names {
				if n == i && id.Name != "_" {
					if v, ok := w.runs.File.Info.Defs[id].(*types.Var); ok && !reassigned(w.runs.File.Info, d, v) {
						return id.Name
					}
				}
				n++
			}
		}
		return ""
	}
	if sel, ok := w.stmt.Call.Fun.(*ast.SelectorExpr); ok && d.Recv != nil && text(w.start.File, sel.X) == object {
		return named(d.Recv, 0)
	}
	for i, a := range w.stmt.Call.Args {
		if text(w.start.File, a) == object {
			return named(d.Type.Params, i)
		}
	}
	return ""
}
