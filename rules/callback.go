package rules

import (
	"fmt"
	"go/ast"
	"go/types"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// callback: keep a hook from what its caller has gone on with
//
// A function literal that a call is given to run, such as a hook of
// net/http/httptrace or the function of a timer, may run when that call is over:
// in a goroutine of the library, which nobody can wait for. What it changes then
// is in use, or was handed out, by the function that made the call. Both get a
// mutex in common, and a flag that says that the function has gone on: a hook
// that comes later does nothing.
//
// It is for variables whose map, slice or pointee the function hands out; where
// it only reads a value, rule local is enough.
//
// It is refused where the lock could do harm or the hook can't be left out:
//
//   - the hook, or what the function does with the variable, may take long;
//   - the hook returns something other than errors and pointers;
//   - the function uses the variable before it has set all hooks.
var callback = &rewrite.Rule{
	Name:  "callback",
	Title: "keep a hook from what its caller has gone on with",
	Mends: []rewrite.Kind{rewrite.Variable},
	Fix:   fixCallback,
}

// A calling is a function with hooks, and what it does after the call.
type calling struct {
	site  *rewrite.Site
	file  *rewrite.File
	owner ast.Node // the function that declares the variable
	hooks []*ast.FuncLit
	later []*rewrite.Use // in the function itself, below the hooks
	early *rewrite.Use   // the same, above the last of the hooks and below the first
}

func fixCallback(s *rewrite.Site) (*rewrite.Fix, string) {
	c := gather(s)
	if c == nil || !c.handsOut() {
		return nil, ""
	}
	if c.early != nil {
		return nil, fmt.Sprintf("%s:%d uses %s before all hooks are set", base(c.file.Name), c.file.Span(c.early.Path[0]).Line, s.Finding.Place.Name)
	}
	for _, h := range c.hooks {
		if slow := s.Module.Calls(c.file, h.Body.Lbrace, h.Body.Rbrace).Slow; len(slow) > 0 {
			return nil, "the hook runs " + slow[0]
		}
		if zeros(c.file.Info, h) == "" {
			return nil, fmt.Sprintf("the hook at %s:%d returns what nobody can make up", base(c.file.Name), c.file.Span(h).Line)
		}
	}
	return c.fix()
}

// hooked reports whether a literal is a hook: a function that is put into a
// field, or given to a call that starts it later.
func hooked(s *rewrite.Site, path []ast.Node) bool {
	switch up := path[1].(type) {
	case *ast.KeyValueExpr, *ast.AssignStmt:
		return true
	case *ast.CallExpr:
		if up.Fun == path[0] {
			return false
		}
		for _, side := range s.Finding.Sides {
			c := side.Context
			if through := c.Through; c.Handed != nil || through != "" && !strings.HasSuffix(through, "Group.Go") && !strings.HasPrefix(through, "testing.") {
				return true
			}
		}
	}
	return false
}

// gather sorts the uses of the variable; nil if they are not those of a
// function and its own hooks.
func gather(s *rewrite.Site) *calling {
	decl := s.Module.At(s.Finding.Place.Decl)
	if decl == nil {
		return nil
	}
	c := &calling{site: s, file: decl.File, owner: function(decl)}
	if c.owner == nil {
		return nil
	}
	uses := s.Module.Uses(s.Finding.Place.Key)
	for _, u := range uses {
		path := literalAround(u, c.owner)
		if path == nil {
			continue
		}
		if !hooked(s, path) {
			return nil
		}
		if lit := path[0].(*ast.FuncLit); len(c.hooks) == 0 || c.hooks[len(c.hooks)-1].Pos() != lit.Pos() {
			c.hooks = append(c.hooks, lit)
		}
	}
	if len(c.hooks) == 0 {
		return nil
	}
	for _, u := range uses {
		switch at := u.Path[0].Pos(); {
		case literalAround(u, c.owner) != nil || at < c.hooks[0].Pos():
		case at < c.hooks[len(c.hooks)-1].End():
			c.early = u
		default:
			c.later = append(c.later, u)
		}
	}
	return c
}

// literalAround is the path from the outermost literal of a function that holds
// a use; nil if the function itself does.
func literalAround(u *rewrite.Use, owner ast.Node) []ast.Node {
	var out []ast.Node
	for i, n := range u.Path {
		if n.Pos() == owner.Pos() && n.End() == owner.End() {
			break
		}
		if _, ok := n.(*ast.FuncLit); ok {
			out = u.Path[i:]
		}
	}
	return out
}

// handsOut reports whether others get what the variable refers to after the
// call: it is returned, or an argument.
func (c *calling) handsOut() bool {
	for _, u := range c.later {
		e, ok := u.Path[0].(ast.Expr)
		if !ok || len(u.Path) < 2 {
			return false
		}
		t := c.file.Info.TypeOf(e)
		if t == nil {
			return false
		}
		switch t.Underlying().(type) {
		case *types.Map, *types.Slice, *types.Pointer:
		default:
			return false
		}
		switch up := u.Path[1].(type) {
		case *ast.ReturnStmt, *ast.KeyValueExpr, *ast.CompositeLit:
			return true
		case *ast.CallExpr:
			if tv := c.file.Info.Types[up.Fun]; !tv.IsBuiltin() && up.Fun != e {
				return true
			}
		}
	}
	return false
}

// zeros is what a hook that does nothing returns: a statement, "" if that can't
// be told.
func zeros(info *types.Info, lit *ast.FuncLit) string {
	var list []string
	sig, ok := info.TypeOf(lit).(*types.Signature)
	if !ok {
		return ""
	}
	for v := range sig.Results().Variables() {
		switch v.Type().Underlying().(type) {
		case *types.Interface, *types.Pointer:
			list = append(list, "nil")
		default:
			return ""
		}
	}
	return strings.TrimSpace("return " + strings.Join(list, ", "))
}

func (c *calling) fix() (*rewrite.Fix, string) {
	stmts := body(c.owner).List
	around := func(n ast.Node) int {
		for i, s := range stmts {
			if contains(s, n) {
				return i
			}
		}
		return -1
	}
	set, first := around(c.hooks[0]), around(c.later[0].Path[0])
	if set < 0 || first <= around(c.hooks[len(c.hooks)-1]) {
		return nil, "the hook and what follows the call are in one statement"
	}
	if slow := c.site.Module.Calls(c.file, stmts[first].Pos(), body(c.owner).Rbrace).Slow; len(slow) > 0 {
		return nil, fmt.Sprintf("after the call the function runs %s", slow[0])
	}
	name := c.site.Finding.Place.Name
	mu := fresh(c.later[0], "mu")
	done := fresh(c.later[0], "done", mu)
	edits := []rewrite.Edit{
		rewrite.Insert{Stmt: c.file.Span(stmts[set]), Code: rewrite.Code{Imports: []string{"sync"},
			Text: fmt.Sprintf("var (\n%s sync.Mutex // guards %s and %s\n%s bool // hooks do nothing any more\n)", mu, name, done, done)}},
		rewrite.Insert{Stmt: c.file.Span(stmts[first]), Code: rewrite.Code{Text: fmt.Sprintf("%s.Lock()\ndefer %s.Unlock()\n%s = true", mu, mu, done)}},
	}
	for _, h := range c.hooks {
		edits = append(edits, rewrite.Insert{Stmt: c.file.Span(h.Body.List[0]),
			Code: rewrite.Code{Text: fmt.Sprintf("%s.Lock()\ndefer %s.Unlock()\nif %s {\n%s\n}", mu, mu, done, zeros(c.file.Info, h))}})
	}
	return &rewrite.Fix{Title: "Leave out hooks that come too late for " + name, Places: []string{c.site.Finding.Place.Key}, Safety: rewrite.Safe, Edits: edits}, ""
}
