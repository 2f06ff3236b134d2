package rules

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// callback: keep a hook from what its caller has gone on with
//
// A function literal that a call is given to run, such as a hook of
// net/http/httptrace or the function of a timer, may run when that call is over:
// in a goroutine of the library, which nobody can wait for. What it changes then
// is in use, or was handed out, by the function that made the call. Hooks get a
// mutex and a flag, which the function sets as soon as the call is over: a hook
// that comes later does nothing, and the function waits at most for the end of
// one that is running.
//
// The hook may also be that of a proxy of net/http/httputil, which writes hints to
// the client, and the function the RoundTrip method of the proxy's transport, which
// writes errors: then that method wraps the hook.
//
// It is for variables whose map, slice or pointee the function hands out, or was
// given itself; where it only reads a value, rule local is enough.
//
// It is refused where the lock could do harm or the hook can't be left out:
//
//   - the hook may take long, but for what it does with the variable;
//   - the hook does something else as well, or returns something other than errors
//     and pointers;
//   - the function uses the variable before it has set all hooks, or has made
//     the call; or a goroutine of its own makes it.
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
	if s.Finding.Sides[1].Context.Through == rewrite.Proxy {
		return proxied(s)
	}
	c := gather(s)
	if c == nil || !c.outlives() || !c.handsOut() {
		return nil, ""
	}
	if c.early != nil {
		return nil, fmt.Sprintf("%s:%d uses %s before all hooks are set", base(c.file.Name), c.file.Span(c.early.Path[0]).Line, s.Finding.Place.Name)
	}
	for _, h := range c.hooks {
		if slow := c.slow(h); slow != "" {
			return nil, "the hook runs " + slow
		}
		if n := c.besides(h); n != nil {
			return nil, fmt.Sprintf("the hook does more, at %s:%d, which must not be left out", base(c.file.Name), c.file.Span(n).Line)
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

// outlives reports whether a hook may still run when the function goes on, or has
// returned: else they only meet each other.
func (c *calling) outlives() bool {
	return !over(c.site.Finding) || slices.ContainsFunc(c.later, func(u *rewrite.Use) bool { return u.Access != nil && u.Access.Races })
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

// handsOut reports whether others have what the variable refers to after the
// call: it came from them, is returned, or an argument.
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
		case *types.Map, *types.Slice, *types.Pointer, *types.Interface:
		default:
			return false
		}
		if c.given(e) {
			return true
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

// given reports whether a variable is a parameter of the function.
func (c *calling) given(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && parameter(c.file.Info, funcType(c.owner).Params, c.file.Info.Uses[id]) >= 0
}

func (c *calling) fix() (*rewrite.Fix, string) {
	stmts := body(c.owner).List
	set, last := c.around(c.hooks[0]), c.around(c.hooks[len(c.hooks)-1])
	first := c.around(c.later[0].Path[0])
	call, beside := c.call(last)
	name := c.site.Finding.Place.Name
	switch {
	case set < 0 || first <= last || first == call:
		return nil, "the hook and what follows the call are in one statement"
	case beside:
		return nil, fmt.Sprintf("the call that runs the hooks may not be over at %s:%d", base(c.file.Name), c.file.Span(stmts[first]).Line)
	case first < call:
		return nil, fmt.Sprintf("%s:%d uses %s before the call that runs the hooks", base(c.file.Name), c.file.Span(stmts[first]).Line, name)
	}
	mu := fresh(c.later[0], "mu")
	done := fresh(c.later[0], "done", mu)
	over := rewrite.Insert{Stmt: c.file.Span(stmts[first]), Code: rewrite.Code{Text: fmt.Sprintf("%s.Lock()\n%s = true\n%s.Unlock()", mu, done, mu)}}
	if call >= 0 {
		over.Stmt, over.After = c.file.Span(stmts[call]), true
	}
	edits := []rewrite.Edit{
		rewrite.Insert{Stmt: c.file.Span(stmts[set]), Code: rewrite.Code{Imports: []string{"sync"},
			Text: fmt.Sprintf("var (\n%s sync.Mutex // guards %s, and %s until it is set\n%s bool // hooks do nothing any more\n)", mu, done, name, done)}},
		over,
	}
	for _, h := range c.hooks {
		edits = append(edits, rewrite.Insert{Stmt: c.file.Span(h.Body.List[0]),
			Code: rewrite.Code{Text: fmt.Sprintf("%s.Lock()\ndefer %s.Unlock()\nif %s {\n%s\n}", mu, mu, done, zeros(c.file.Info, h))}})
	}
	key := c.site.Finding.Place.Key
	fix := &rewrite.Fix{Title: "Leave out hooks that come too late for " + name, Places: []string{key}, Safety: rewrite.Safe, Edits: edits}
	if v, ok := c.file.Info.Uses[c.later[0].Path[0].(*ast.Ident)]; ok && types.IsInterface(v.Type()) {
		fix.Serial = key[:strings.LastIndexByte(key, '.')+1] + mu // what it keeps apart is what the variable is there for
	}
	return fix, ""
}

// around is the index of the statement of the function that holds a node.
func (c *calling) around(n ast.Node) int {
	return slices.IndexFunc(body(c.owner).List, func(s ast.Stmt) bool { return contains(s, n) })
}
