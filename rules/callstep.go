package rules

import (
	"fmt"
	"go/ast"
	"go/types"

	"github.com/go-fixer/fixer/rewrite"
)

// splitByCall refuses places that are tested in one function and changed, in
// view of that, by another one that it calls: with a lock or an atomic operation
// around each, two goroutines may both find that something is to be done, and
// both do it. Functions that test again for themselves may be called so, and
// what is tested under the lock that is at hand is another matter, and so is
// what stays as it is.
func splitByCall(s *rewrite.Site, place, lock string, stays func(*rewrite.Use) bool) string {
	uses := s.Module.Uses(place)
	changing := changers(uses)
	if len(changing) == 0 {
		return ""
	}
	for _, u := range uses {
		if u.File.Test || u.Access == nil || u.Access.Fresh || writes(u) || rewrite.Holds(u.Access.Locks, lock) || stays(u) {
			continue
		}
		if c := condition(u); c != nil {
			if id := actsOn(u, c, changing); id != nil {
				return fmt.Sprintf("%s:%d tests it and then calls %s, which changes it: the two must be one step",
					base(u.File.Name), u.File.Span(u.Path[0]).Line, id.Name)
			}
		}
	}
	return ""
}

// changers are the declared functions that change a place without a look at it
// first, and those of the same files that call one of them.
func changers(uses []*rewrite.Use) map[types.Object]bool {
	tests, out := make(map[types.Object]bool), make(map[types.Object]bool)
	files := make(map[*rewrite.File]bool)
	for _, u := range uses {
		fd, ok := function(u).(*ast.FuncDecl)
		if !ok || u.File.Test || u.Access == nil || u.Access.Fresh {
			continue
		}
		files[u.File] = true
		obj := u.File.Info.Defs[fd.Name]
		switch {
		case writes(u):
			out[obj] = out[obj] || !tests[obj]
		case condition(u) != nil:
			tests[obj] = true
		}
	}
	for obj, changes := range out {
		if !changes {
			delete(out, obj)
		}
	}
	return withCallers(files, out)
}

// actsOn returns the call of one of some functions that a statement makes in
// view of its condition, or that is made below it where it leaves otherwise.
func actsOn(u *rewrite.Use, c ast.Stmt, changing map[types.Object]bool) *ast.Ident {
	switch c := c.(type) {
	case *ast.IfStmt:
		if id := takes(u.File, c.Body, changing); id != nil {
			return id
		}
		if c.Else != nil {
			if id := takes(u.File, c.Else, changing); id != nil {
				return id
			}
		}
	case *ast.SwitchStmt:
		return takes(u.File, c.Body, changing)
	}
	return nil
}
