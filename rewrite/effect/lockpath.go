package effect

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/model"
)

// A lockRef is a lock as an expression names it: a variable and the fields
// behind it.
type lockRef struct {
	path  string
	key   string // of the field or variable that holds the lock; "" if neither does
	last  *types.Var
	owner string // name of the type that declares last
	root  *types.Var
	far   bool         // behind a pointer, or in a map or slice
	vars  []*types.Var // root, fields, and what indexes: the lock is another one once they are assigned
}

// lockMethod tells what calls of a method do to locks.
func (w *lockWalk) lockMethod(sel *ast.SelectorExpr) model.Kind {
	fn, ok := w.pkg.Info.Uses[sel.Sel].(*types.Func)
	if !ok || fn.Signature().Recv() == nil || fn.Signature().Params().Len() > 0 {
		return model.Unknown
	}
	fn = fn.Origin()
	row, added := w.model.Added(fn)
	if !added {
		if fn.Pkg() == nil || w.own(fn.Pkg().Path()) && fn.Pkg().Path() != "sync" {
			return model.Unknown // of the module itself: not to be followed here
		}
		row = w.model.Of(fn)
	}
	switch row.Kind {
	case model.Lock, model.RLock, model.Unlock, model.RUnlock, model.TryLock, model.TryRLock:
		return row.Kind
	}
	return model.Unknown
}

// lockCall returns the lock that a call is about and what it does to it.
func (w *lockWalk) lockCall(call *ast.CallExpr) (*lockRef, model.Kind) {
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		return nil, model.Unknown
	}
	kind := w.lockMethod(sel)
	if kind == model.Unknown {
		return nil, kind
	}
	ref := w.ref(sel.X)
	if se := w.pkg.Info.Selections[sel]; ref != nil && se != nil {
		if _, pointer := w.pkg.Info.TypeOf(sel.X).Underlying().(*types.Pointer); pointer {
			ref.far = true
		}
		ref = w.through(ref, se.Recv(), se.Index()[:len(se.Index())-1])
	}
	if ref == nil || ref.key == "" {
		return nil, kind
	}
	return ref, kind
}

// ref resolves an expression that names memory, nil if it isn't one that names
// the same memory each time.
func (w *lockWalk) ref(e ast.Expr) *lockRef {
	info := w.pkg.Info
	switch e := e.(type) {
	case *ast.ParenExpr:
		return w.ref(e.X)
	case *ast.StarExpr:
		ref := w.ref(e.X)
		if ref != nil {
			ref.far = true
		}
		return ref
	case *ast.UnaryExpr:
		if e.Op == token.AND {
			return w.ref(e.X)
		}
	case *ast.Ident:
		if v, ok := info.ObjectOf(e).(*types.Var); ok && !v.IsField() {
			return w.variable(v)
		}
	case *ast.SelectorExpr:
		se := info.Selections[e]
		if se == nil { // of a package
			if v, ok := info.Uses[e.Sel].(*types.Var); ok {
				return w.variable(v)
			}
			return nil
		}
		if ref := w.ref(e.X); ref != nil && se.Kind() == types.FieldVal {
			return w.through(ref, se.Recv(), se.Index())
		}
	case *ast.IndexExpr:
		ref := w.ref(e.X)
		if ref == nil {
			return nil
		}
		next := *ref
		if _, ok := info.TypeOf(e.X).Underlying().(*types.Array); !ok {
			next.far = true
		}
		switch i := ast.Unparen(e.Index).(type) {
		case *ast.BasicLit:
			next.path += "[" + i.Value + "]"
		case *ast.Ident:
			v, ok := info.ObjectOf(i).(*types.Var)
			if !ok {
				return nil
			}
			next.path += "[" + objectKey(v) + "]"
			next.vars = append(next.vars[:len(next.vars):len(next.vars)], v)
		default:
			return nil
		}
		next.key = ""
		return &next
	}
	return nil
}

func (w *lockWalk) variable(v *types.Var) *lockRef {
	ref := &lockRef{path: objectKey(v), last: v, root: v, vars: []*types.Var{v}}
	if _, pointer := v.Type().Underlying().(*types.Pointer); pointer || v.Pkg() == nil || !w.own(v.Pkg().Path()) {
		return ref // which lock it points to is not known
	}
	switch {
	case v.Parent() == v.Pkg().Scope():
		ref.key = v.Pkg().Path() + "." + v.Name()
	case v.Kind() == types.LocalVar, v.Kind() == types.ParamVar && structOf(v.Type()) != nil:
		ref.key = fmt.Sprintf("%s.%s@%d", v.Pkg().Path(), v.Name(), w.fset.Position(v.Pos()).Offset)
	}
	return ref
}

// through follows fields, by their indices, from a value of type t.
func (w *lockWalk) through(ref *lockRef, t types.Type, index []int) *lockRef {
	next := *ref
	next.vars = next.vars[:len(next.vars):len(next.vars)]
	for _, i := range index {
		if _, pointer := t.Underlying().(*types.Pointer); pointer {
			next.far = true
		}
		st := structOf(t)
		if st == nil {
			return nil
		}
		f := st.Field(i).Origin()
		next.path += "." + f.Name()
		holder := next.key
		next.last, next.owner, next.key = f, "", ""
		next.vars = append(next.vars, f)
		if key, ok := FieldKey(t, i); ok && f.Pkg() != nil && w.own(f.Pkg().Path()) {
			next.key, next.owner = key, named(t).Obj().Name()
		} else if !ok && holder != "" && !strings.Contains(holder, "@") { // a struct type without a name
			next.key, next.owner = holder+"."+f.Name(), rewrite.ShortKey(holder)
		}
		t = st.Field(i).Type()
	}
	return &next
}

// objectKey tells a variable from others of its name.
func objectKey(v types.Object) string { return fmt.Sprintf("%s·%d·", v.Name(), v.Pos()) }

// newUse describes a lock that the function uses.
func (w *lockWalk) newUse(ref *lockRef, at token.Pos) *LockUse {
	v := ref.last
	u := &LockUse{Key: ref.key, Name: v.Name(),
		Type: types.TypeString(v.Type(), types.RelativeTo(v.Pkg())),
		Decl: rewrite.SpanOf(w.fset, v.Pos(), v.Pos()+token.Pos(len(v.Name())))}
	if ref.owner != "" {
		u.Name = ref.owner + "." + v.Name()
		u.Public = v.Exported() && !slices.ContainsFunc(strings.Split(ref.owner, "."), func(s string) bool { return !token.IsExported(s) })
	} else if strings.Contains(ref.key, "@") {
		if u.Local = w.inside(v); !u.Local && w.fn != nil {
			u.Runs = w.runs(v)
		}
	} else {
		u.Public = v.Exported()
	}
	p := w.fset.Position(at)
	u.At, u.Test = Pos{p.Filename, p.Line, p.Column}, strings.HasSuffix(p.Filename, "_test.go")
	return u
}

// survey finds the locks of the function, and gives up those that may be
// another one by the time they are released, or that others are given.
func (w *lockWalk) survey(body *ast.BlockStmt) {
	called := make(map[ast.Expr]bool)
	w.inspect(body, func(n ast.Node) {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return
		}
		ref, kind := w.lockCall(call)
		if kind == model.Unknown {
			return
		}
		called[ast.Unparen(call.Fun)] = true
		if ref != nil {
			markNamed(called, ast.Unparen(call.Fun).(*ast.SelectorExpr).X)
			w.surveyCall(ref, kind, call)
		}
	})
	assigned := w.assigned()
	for _, f := range w.uses {
		for _, v := range f.ref.vars {
			f.opaque = f.opaque || assigned[v]
		}
	}
	w.surveyOthers(body, called)
	w.conditions(body)
}

// inspect visits the nodes that run with the function: literals that run on
// their own are left out.
func (w *lockWalk) inspect(body ast.Node, visit func(ast.Node)) {
	ast.Inspect(body, func(n ast.Node) bool {
		if lit, ok := n.(*ast.FuncLit); ok && w.alone[lit] {
			return false
		}
		if n != nil {
			visit(n)
		}
		return true
	})
}

// assigned tells which variables and fields the declaration assigns other than
// where it declares them.
func (w *lockWalk) assigned() map[types.Object]bool {
	out := make(map[types.Object]bool)
	ast.Inspect(w.decl.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, l := range n.Lhs {
				if n.Tok != token.DEFINE || w.pkg.Info.Defs[idOf(l)] == nil {
					out[w.object(l)] = true
				}
			}
		case *ast.IncDecStmt:
			out[w.object(n.X)] = true
		case *ast.RangeStmt:
			if n.Tok == token.ASSIGN {
				out[w.object(n.Key)], out[w.object(n.Value)] = true, true
			}
		}
		return true
	})
	delete(out, nil)
	return out
}

// surveyCall records one call of a lock's method.
func (w *lockWalk) surveyCall(ref *lockRef, kind model.Kind, n *ast.CallExpr) {
	f := w.uses[ref.path]
	if f == nil {
		f = &lockFacts{ref: ref, use: w.newUse(ref, n.Pos())}
		w.uses[ref.path] = f
	}
	c := LockCall{At: w.span(n), Mode: modeOf(kind), Try: kind == model.TryLock || kind == model.TryRLock}
	switch kind {
	case model.Unlock, model.RUnlock:
		f.use.Gives = append(f.use.Gives, c)
	default:
		f.use.Takes = append(f.use.Takes, c)
	}
}

// surveyOthers gives up the locks that are mentioned other than to call their
// methods, or whose methods are handed on.
func (w *lockWalk) surveyOthers(body *ast.BlockStmt, called map[ast.Expr]bool) {
	w.inspect(body, func(n ast.Node) {
		e, ok := n.(ast.Expr)
		if id, is := e.(*ast.Ident); !ok || called[e] || is && w.pkg.Info.Defs[id] != nil {
			return
		}
		if sel, ok := e.(*ast.SelectorExpr); ok && w.lockMethod(sel) != model.Unknown {
			e = sel.X // a method value
			for path, f := range w.uses {
				if ref := w.ref(e); ref == nil || path == ref.path || strings.HasPrefix(path, ref.path+".") {
					f.opaque = true
				}
			}
			return
		}
		if call, ok := e.(*ast.CallExpr); ok {
			for _, a := range w.lockers(call) {
				if ref := w.embeddedLock(a); ref != nil && w.uses[ref.path] != nil {
					w.uses[ref.path].opaque = true
				}
			}
		}
		if ref := w.ref(e); ref != nil && w.uses[ref.path] != nil && ref.key != "" {
			w.uses[ref.path].opaque = true
		}
	})
}

// markNamed marks an expression and what it consists of as mentions that call
// a lock's method.
func markNamed(called map[ast.Expr]bool, e ast.Expr) {
	called[e] = true
	switch e := e.(type) {
	case *ast.ParenExpr:
		markNamed(called, e.X)
	case *ast.UnaryExpr:
		markNamed(called, e.X)
	case *ast.SelectorExpr:
		called[e.Sel] = true
	}
}

// object is the variable or field that an expression names.
func (w *lockWalk) object(e ast.Expr) types.Object {
	if e == nil {
		return nil
	}
	if id := idOf(e); id != nil {
		if v, ok := w.pkg.Info.ObjectOf(id).(*types.Var); ok {
			return v.Origin()
		}
	}
	return nil
}

// idOf is the name that an expression ends in.
func idOf(e ast.Expr) *ast.Ident {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		return e
	case *ast.SelectorExpr:
		return e.Sel
	}
	return nil
}

func modeOf(kind model.Kind) rewrite.Mode {
	switch kind {
	case model.RLock, model.RUnlock, model.TryRLock:
		return rewrite.Shared
	}
	return rewrite.Exclusive
}
