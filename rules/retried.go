package rules

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// What is set on first use may not come out: there was an error, or nothing was
// found, and the next call tries again. A mutex that is held from the test to the
// end keeps that as it is, and makes those who come meanwhile wait, as a Once does.

// prompt are packages whose functions may take a while, but don't wait for others:
// those who want the value would have waited for it as long on their own.
var prompt = []string{"os", "io/fs", "path/filepath", "runtime", "runtime/debug"}

// fixRetried looks for a function that returns what is set, and else goes on to
// set it.
func fixRetried(s *rewrite.Site) (*rewrite.Fix, string) {
	if len(s.Finding.Votes) > 0 || s.Finding.Kind == rewrite.Variable {
		return nil, ""
	}
	for _, u := range s.Module.Uses(s.Finding.Place.Key) {
		sel, ok := mention(u)
		test, _ := condition(u).(*ast.IfStmt)
		fn := function(u)
		if !ok || fn == nil || test == nil || test.Init != nil || test.Else != nil || u.File.Test || len(test.Body.List) == 0 {
			continue
		}
		_, returns := test.Body.List[len(test.Body.List)-1].(*ast.ReturnStmt)
		if i := slices.Index(body(fn).List, ast.Stmt(test)); i >= 0 && returns {
			z := &lazy{spot: spot{Use: u, sel: sel}, site: s, fn: fn, test: test, rest: body(fn).List[i+1:]}
			if fix, _ := z.inTurn(); fix != nil {
				return fix, ""
			}
		}
	}
	return nil, "" // most tests that return are of something else
}

// inTurn lets one call at a time test the place, and set it.
func (z *lazy) inTurn() (*rewrite.Fix, string) {
	f := z.site.Finding
	if reason := z.site.Module.Elsewhere(f.Place.Key); reason != "" {
		return nil, reason
	}
	if reason := z.alone(); reason != "" {
		return nil, reason
	}
	caution, reason := z.waiting()
	if reason != "" {
		return nil, reason
	}
	expr, edit, reason := z.declare("mu", "sync.Mutex", "guards")
	if reason != "" {
		return nil, reason
	}
	fix := &rewrite.Fix{
		Title:  "Set " + z.name() + " by one call at a time",
		Places: []string{f.Place.Key}, Safety: rewrite.Safe,
		Edits: []rewrite.Edit{edit, rewrite.Insert{Stmt: z.File.Span(z.test), Code: rewrite.Code{Text: expr + ".Lock()\ndefer " + expr + ".Unlock()"}}},
	}
	switch e := edit.(type) {
	case rewrite.AddVar:
		fix.Serial = ownerOf(f.Place.Key) + "." + e.Name
	case rewrite.AddField:
		fix.Serial = f.Place.Owner + "." + e.Name
	}
	if caution != "" {
		fix.Safety, fix.Caution = rewrite.Unsafe, caution
	}
	return fix, ""
}

// alone says what else than the function, from the test on, uses the place, or
// keeps it from being a value that is set once it is worked out.
func (z *lazy) alone() string {
	if b, ok := z.File.Info.TypeOf(z.sel).Underlying().(*types.Basic); ok && b.Info()&types.IsBoolean != 0 {
		return fmt.Sprintf("%s may tell others to go away, and they would wait", z.at())
	}
	set := z.test.End()
	first := true
	for _, u := range z.site.Module.Uses(z.site.Finding.Place.Key) {
		s := spot{Use: u}
		var ok bool
		if s.sel, ok = mention(u); !ok {
			return fmt.Sprintf("%s:%d sets it as well", base(u.File.Name), u.File.Span(u.Path[0]).Line)
		}
		if function(u) != z.fn || s.objectText() != z.objectText() || u.Path[0].Pos() < z.test.Pos() {
			return fmt.Sprintf("%s uses it without asking for it", s.at())
		}
		if amp, ok := u.Path[1].(*ast.UnaryExpr); ok && amp.X == s.sel {
			return addressTaken(u)
		}
		if as, ok := u.Path[1].(*ast.AssignStmt); ok && writes(u) && (first || as.End() < set) {
			set, first = as.End(), false
		}
	}
	if first {
		return "nothing below the test sets it"
	}
	if e := z.site.Module.Calls(z.File, set, body(z.fn).Rbrace); len(e.Slow) > 0 {
		return fmt.Sprintf("when %s is set the function goes on to run %s", z.name(), e.Slow[0])
	}
	if e := z.site.Module.Calls(z.File, z.test.Pos(), z.test.End()); set > z.test.End() && len(e.Slow) > 0 {
		return fmt.Sprintf("where %s is set the function goes on to run %s", z.name(), e.Slow[0])
	}
	return ""
}

// waiting says why calls can't wait for each other, or warns that they may have
// to for long.
func (z *lazy) waiting() (caution, reason string) {
	if len(z.site.Module.Entry(z.File, z.test.Pos())) > 0 {
		return "", "some callers hold another lock"
	}
	if e := z.site.Module.Calls(z.File, z.test.Pos(), body(z.fn).Rbrace); len(e.Slow) == 0 {
		return "", "nothing takes long: a lock of its own will do"
	}
	stmts := append([]ast.Stmt{z.test}, z.rest...)
	l := &locking{site: z.site, spots: map[ast.Node][]spot{z.fn: {z.spot}}}
	l.needy = l.takers(map[*rewrite.File]bool{z.File: true})
	if reason := l.needs(z.File, z.fn, stmts); reason != "" {
		return "", "what sets it runs " + reason
	}
	for _, stmt := range stmts {
		ast.Inspect(stmt, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			fn := callee(z.File.Info, call)
			e := z.site.Module.Calls(z.File, call.Pos(), call.End())
			switch {
			case len(e.Slow) == 0:
			case fn == nil || fn.Pkg() == nil || isInterface(fn):
				reason = fmt.Sprintf("what sets it runs %s, which may ask for it", e.Slow[0])
			case !slices.Contains(prompt, fn.Pkg().Path()):
				caution = fmt.Sprintf("calls may have to wait for each other while one runs %s", e.Slow[0])
			}
			return true
		})
	}
	return caution, reason
}

// isInterface reports whether a method is one of an interface.
func isInterface(fn *types.Func) bool {
	recv := fn.Signature().Recv()
	return recv != nil && types.IsInterface(recv.Type())
}
