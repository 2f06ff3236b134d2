package rules

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// quiet returns what must not run under the lock in some statements: slow
// work, or something that takes the lock itself.
func (l *locking) quiet(f *rewrite.File, fn ast.Node, stmts []ast.Stmt) string {
	if reason := l.needs(f, fn, stmts); reason != "" {
		return reason
	}
	if s, ok := l.afterNilTest(fn, stmts); ok {
		return fmt.Sprintf("a comparison of %s with nil", s.objectText())
	}
	if name := l.replaced(fn, stmts); name != "" {
		return "an assignment of " + name
	}
	return l.quietBetween(f, stmts[0].Pos(), stmts[len(stmts)-1].End())
}

func (l *locking) quietBetween(f *rewrite.File, from, to token.Pos) string {
	e := l.site.Module.Calls(f, from, to)
	if slices.Contains(e.Locks, l.key) {
		return "a call that takes the lock itself"
	}
	if len(e.Slow) > 0 {
		return e.Slow[0]
	}
	return ""
}

// harmless reports whether a call can't change the place at a spot: it is of a
// function of another module that doesn't get the object, or of a quick one that
// changes none of the places.
func (l *locking) harmless(s spot, call *ast.CallExpr) bool {
	fn := callee(s.File.Info, call)
	if fn == nil || fn.Pkg() == nil || types.IsInterface(receiverOf(fn)) {
		return false
	}
	root := rootIdent(s.sel)
	for _, a := range call.Args {
		if amp, ok := a.(*ast.UnaryExpr); ok {
			a = amp.X
		}
		if id, ok := a.(*ast.Ident); ok && root != nil && id.Name == root.Name {
			return false
		}
		if _, runs := s.File.Info.TypeOf(a).Underlying().(*types.Signature); runs {
			return false
		}
	}
	if len(l.site.Module.Files(fn.Pkg())) == 0 {
		return true
	}
	return len(l.site.Module.Calls(s.File, call.Pos(), call.End()).Slow) == 0 && !l.changing()[fn]
}

// changing are the functions that change one of the places, themselves or by a call
// they make, in the files that use the places.
func (l *locking) changing() map[types.Object]bool {
	out, files := make(map[types.Object]bool), make(map[*rewrite.File]bool)
	for _, place := range l.places {
		for _, u := range l.site.Module.Uses(place) {
			files[u.File] = true
			for _, n := range u.Path {
				if fd, ok := n.(*ast.FuncDecl); ok && u.Access != nil && (writes(u) || inPlace(u) || u.Access.Op.Writes() || u.Access.Op == rewrite.Address) {
					out[u.File.Info.Defs[fd.Name]] = true
				}
			}
		}
	}
	return withCallers(files, out)
}

// never says of all calls that they are not harmless.
func never(*ast.CallExpr) bool { return false }

// receiverOf is the type that a method belongs to; that of a function is an
// empty struct.
func receiverOf(fn *types.Func) types.Type {
	if recv := fn.Signature().Recv(); recv != nil {
		return recv.Type()
	}
	return types.NewStruct(nil, nil)
}

// needs returns the name of what will take the lock itself in some
// statements of a function: a call, or a function literal in them.
func (l *locking) needs(f *rewrite.File, fn ast.Node, stmts []ast.Stmt) string {
	for _, s := range stmts {
		if id := takes(f, s, l.needy); id != nil {
			return fmt.Sprintf("a call of %s, which takes the lock itself", id.Name)
		}
		reason := ""
		ast.Inspect(s, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				return false
			case *ast.FuncLit:
				if n != fn && len(l.spots[n])+len(l.held[n]) > 0 {
					reason = "a function literal that takes the lock itself"
				}
			}
			return true
		})
		if reason != "" {
			return reason
		}
	}
	return ""
}

// takers finds the functions that will take the lock, themselves or by a call
// they make, in the files that use the places.
func (l *locking) takers(files map[*rewrite.File]bool) map[types.Object]bool {
	needy := make(map[types.Object]bool)
	for _, list := range l.spots {
		for _, n := range list[0].Path {
			if fd, ok := n.(*ast.FuncDecl); ok {
				needy[list[0].File.Info.Defs[fd.Name]] = true
			}
		}
	}
	return withCallers(files, needy)
}

// withCallers adds to some functions those of the files that call one of them, go
// statements left out.
func withCallers(files map[*rewrite.File]bool, needy map[types.Object]bool) map[types.Object]bool {
	for more := true; more; {
		more = false
		for f := range files {
			for _, d := range f.Syntax.Decls {
				fd, ok := d.(*ast.FuncDecl)
				if !ok || needy[f.Info.Defs[fd.Name]] || fd.Body == nil {
					continue
				}
				if takes(f, fd.Body, needy) != nil {
					needy[f.Info.Defs[fd.Name]] = true
					more = true
				}
			}
		}
	}
	return needy
}
