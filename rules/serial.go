package rules

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"
	"strings"
	"unicode"

	"github.com/go-fixer/fixer/rewrite"
)

// A refresh is the only function that writes what a lock guards. What it
// writes depends on what it reads, and in between it does what takes long: it
// keeps a table up to date with a database, or reloads a file. The lock that
// readers take can't be held over that. A second one, which only this function
// takes, lets its calls come one after the other: nothing changes between its
// reads and writes, and it holds the readers' lock just where it writes.
type refresh struct {
	decl   *ast.FuncDecl
	file   *rewrite.File
	object *types.Var // its receiver or parameter
	lock   string     // the name of the second lock
	// caution names a call that is no goroutine's of its own and may have to
	// wait; "" if there is none.
	caution string
}

// serially plans anew with a second lock for the one function that writes; it
// reports whether that does it.
func (l *locking) serially(st *rewrite.Struct) bool {
	r := l.soleWriter()
	if r == nil || !r.refreshes(l) {
		return false
	}
	name := lowerFirst(r.decl.Name.Name)
	verb := name
	if i := strings.IndexFunc(name, unicode.IsUpper); i > 1 {
		verb = name[:i]
	}
	r.lock = unusedName(st, strings.TrimPrefix(l.method, "."), verb+"Mu", name+"Mu")
	l.refresh = r
	if l.plan() != "" {
		return false
	}
	lock := r.object.Name() + "." + r.lock
	l.edits = append(l.edits, rewrite.Insert{Stmt: r.file.Span(r.decl.Body.List[0]),
		Code: rewrite.Code{Text: lock + ".Lock()\ndefer " + lock + ".Unlock()"}})
	return true
}

// soleWriter finds the function that holds all writes, by way of one receiver
// or parameter; nil if there is none.
func (l *locking) soleWriter() *refresh {
	if len(l.shared)+len(l.asserted) > 0 || l.name != "" {
		return nil
	}
	var r *refresh
	for fn, spots := range l.spots {
		if !slices.ContainsFunc(spots, func(s spot) bool { return s.write }) {
			continue
		}
		fd, ok := fn.(*ast.FuncDecl)
		if !ok || r != nil {
			return nil
		}
		r = &refresh{decl: fd, file: spots[0].File}
		for _, s := range spots {
			id, ok := s.object().(*ast.Ident)
			if !ok || l.stable(fd, s) != "" {
				return nil
			}
			v, ok := s.File.Info.Uses[id].(*types.Var)
			if !ok || r.object != nil && v != r.object {
				return nil
			}
			r.object = v
		}
	}
	if r == nil || len(l.held[r.decl]) > 0 || claims(l.spots[r.decl]) {
		return nil
	}
	return r
}

// claims reports whether a function may tell its other calls that it is at work,
// by a flag or a set: these must go away then, not wait.
func claims(spots []spot) bool {
	for _, s := range spots {
		if m, ok := s.File.Info.TypeOf(s.sel).Underlying().(*types.Map); ok && s.elem {
			switch t := m.Elem().Underlying().(type) {
			case *types.Basic:
				if t.Info()&types.IsBoolean != 0 {
					return true
				}
			case *types.Struct:
				if t.NumFields() == 0 {
					return true
				}
			}
			continue
		}
		if !s.write && slices.ContainsFunc(spots, func(w spot) bool { return w.write && !w.elem && sameField(w, s) }) {
			return true
		}
	}
	return false
}

// refreshes reports whether the function does the same for whoever calls it,
// so that calls may wait for each other: it is given the object and returns no
// more than an error, is only ever called, with no lock held, and not by itself
// or for requests.
func (r *refresh) refreshes(l *locking) bool {
	fn, ok := r.file.Info.Defs[r.decl.Name].(*types.Func)
	if !ok || !r.takesObject(fn.Signature()) || len(l.site.Module.Entry(r.file, r.decl.Body.Lbrace)) > 0 {
		return false
	}
	if r.caution == "" && fn.Exported() && importable(fn.Pkg()) {
		r.caution = fmt.Sprintf("calls of %s from other modules may have to wait for each other", fn.Name())
	}
	span := r.file.Span(r.decl)
	for _, f := range l.site.Group {
		for _, side := range f.Sides {
			if span.Contains(side.Access.At) && (side.Context.Request || side.Context.Many) {
				return false
			}
		}
	}
	return !r.mayBeNil() && r.called(l, fn)
}

// mayBeNil reports whether the function asks whether its object is there.
func (r *refresh) mayBeNil() bool {
	found := false
	ast.Inspect(r.decl.Body, func(n ast.Node) bool {
		if b, ok := n.(*ast.BinaryExpr); ok && r.file.Info.Types[b.Y].IsNil() {
			id, ok := b.X.(*ast.Ident)
			found = found || ok && r.file.Info.Uses[id] == r.object
		}
		return !found
	})
	return found
}

// takesObject checks the signature.
func (r *refresh) takesObject(sig *types.Signature) bool {
	own := sig.Recv() == r.object
	for v := range sig.Params().Variables() {
		own = own || v == r.object
		if v != r.object && types.TypeString(v.Type(), nil) != "context.Context" {
			return false
		}
	}
	switch sig.Results().Len() {
	case 0:
		return own
	case 1:
		return own && types.TypeString(sig.Results().At(0).Type(), nil) == "error"
	}
	return false
}

// called checks all mentions of the function, and finds the caution.
func (r *refresh) called(l *locking, fn *types.Func) bool {
	for _, u := range l.site.Module.Mentions(fn) {
		if u.Path[0] == ast.Node(r.decl.Name) {
			continue
		}
		i := 1
		if _, ok := u.Path[i].(*ast.SelectorExpr); ok {
			i++
		}
		call, ok := u.Path[i].(*ast.CallExpr)
		if !ok || call.Fun != u.Path[i-1] || slices.Contains(u.Path, ast.Node(r.decl)) {
			return false
		}
		if !u.File.Test && r.caution == "" && !l.background(u, i) && !r.makes(u, call) {
			r.caution = fmt.Sprintf("the call of %s at %s:%d may have to wait until another one is done", fn.Name(), base(u.File.Name), u.File.Span(call).Line)
		}
	}
	return true
}

// background reports whether a call runs in a goroutine of its own: a go
// statement makes it, or starts the function around it.
func (l *locking) background(u *rewrite.Use, call int) bool {
	for i := call; i+1 < len(u.Path); i++ {
		switch n := u.Path[i].(type) {
		case *ast.GoStmt:
			return true
		case *ast.FuncLit:
			c, ok := u.Path[i+1].(*ast.CallExpr)
			if !ok || c.Fun != ast.Expr(n) {
				return false
			}
			_, starts := u.Path[i+2].(*ast.GoStmt)
			return starts
		case *ast.FuncDecl:
			fn, ok := u.File.Info.Defs[n.Name].(*types.Func)
			return ok && !slices.ContainsFunc(l.site.Module.Mentions(fn), func(m *rewrite.Use) bool {
				_, starts := m.Path[min(3, len(m.Path)-1)].(*ast.GoStmt)
				return m.Path[0] != ast.Node(n.Name) && !starts
			})
		}
	}
	return false
}

// makes reports whether a call is for an object that the caller has just made.
func (r *refresh) makes(u *rewrite.Use, call *ast.CallExpr) bool {
	fd, ok := function(u).(*ast.FuncDecl)
	if !ok {
		return false
	}
	args := call.Args
	if sel, ok := call.Fun.(*ast.SelectorExpr); ok {
		args = append([]ast.Expr{sel.X}, args...)
	}
	return slices.ContainsFunc(args, func(e ast.Expr) bool {
		id, ok := e.(*ast.Ident)
		return ok && madeIn(u.File.Info, fd.Body, id) && types.Identical(u.File.Info.TypeOf(e), r.object.Type())
	})
}

// writes returns the writes among spots, each a step by itself.
func (r *refresh) writes(spots []spot) [][]spot {
	var out [][]spot
	for _, s := range spots {
		if s.write {
			out = append(out, []spot{s})
		}
	}
	return out
}
