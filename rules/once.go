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

// once: make lazy initialisation happen once
//
// A function sets a field or variable when it is asked for the first time, and
// several goroutines may be the first.
//
// Where it looks before it takes the lock, and once more under it (double-checked
// locking), the first look goes: it is the one that races. Where there is no
// lock, a sync.Once runs what sets the value, provided that nothing else sets
// it and that it can't come out nil: else a later call would have tried again,
// and a Once does not. What is exported, or set by who makes the object, is left as
// it is if it is there, and methods that ask first may use it. Where a later call
// tries again, because of an error for one, a mutex lets one call at a time do the
// whole of it.
//
// It is refused where that would change what the program does:
//
//   - something else sets or uses the value, without asking this function;
//   - what sets the value leaves the function, or asks for the value itself;
//   - after the lock would be taken, the function goes on to do slow work.
var once = &rewrite.Rule{
	Name:  "once",
	Title: "make lazy initialisation happen once",
	Mends: []rewrite.Kind{rewrite.Field, rewrite.Variable, rewrite.Global},
	Fix:   fixOnce,
}

// A lazy is a test whether a place is set, with what sets it.
type lazy struct {
	spot
	site *rewrite.Site
	fn   ast.Node
	test *ast.IfStmt
	rest []ast.Stmt // of the function, below the test
	kept bool       // others may set the place before anybody asks for it
}

func fixOnce(s *rewrite.Site) (*rewrite.Fix, string) {
	for _, u := range s.Module.Uses(s.Finding.Place.Key) {
		z, ok := lazyAt(s, u)
		if !ok {
			continue
		}
		if lock := z.locked(); lock != "" {
			return z.checkOnce(lock)
		}
		if len(s.Finding.Votes) == 0 { // else there is a lock, which is to be held
			fix, reason := z.runOnce()
			if fix != nil || s.Finding.Kind == rewrite.Variable {
				return fix, reason
			}
			return z.inTurn()
		}
	}
	return fixRetried(s)
}

// lazyAt tells whether a use is the test of a lazy initialisation: the
// condition of a statement of the function that goes on to set the place.
func lazyAt(s *rewrite.Site, u *rewrite.Use) (*lazy, bool) {
	sel, ok := mention(u)
	test, _ := condition(u).(*ast.IfStmt)
	fn := function(u)
	if !ok || fn == nil || test == nil || test.Init != nil || test.Else != nil || u.File.Test {
		return nil, false
	}
	i := slices.Index(body(fn).List, ast.Stmt(test))
	if i < 0 {
		return nil, false
	}
	z := &lazy{spot: spot{Use: u, sel: sel}, site: s, fn: fn, test: test, rest: body(fn).List[i+1:]}
	for _, w := range s.Module.Uses(s.Finding.Place.Key) {
		if function(w) == fn && writes(w) && contains(test.Body, w.Path[0]) {
			return z, true
		}
	}
	return nil, false
}

// locked returns the lock that is taken below the test to test again, "" if
// there is none.
func (z *lazy) locked() string {
	again := slices.ContainsFunc(z.test.Body.List, func(s ast.Stmt) bool {
		inner, ok := s.(*ast.IfStmt)
		return ok && inner.Init == nil && text(z.File, inner.Cond) == text(z.File, z.test.Cond)
	})
	if !again {
		return ""
	}
	lock, method := methodCall(z.File, z.test.Body.List[0])
	if method != "Lock" {
		return ""
	}
	return lock
}

// methodCall takes a statement x.m(), deferred or not, apart.
func methodCall(f *rewrite.File, s ast.Stmt) (object, method string) {
	call := stmtCall(s)
	if call == nil || len(call.Args) > 0 {
		return "", ""
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	return text(f, sel.X), sel.Sel.Name
}

// checkOnce drops the test without the lock from double-checked locking.
func (z *lazy) checkOnce(lock string) (*rewrite.Fix, string) {
	stmts := z.test.Body.List
	last := stmts[len(stmts)-1]
	object, method := methodCall(z.File, last)
	unlocks := object == lock && method == "Unlock" && isExpr(last)
	if !movable(z.File.Info, z.test.Cond) {
		return nil, fmt.Sprintf("%s tests more than whether it is set", z.at())
	}
	n := 0
	for _, s := range stmts {
		n += strings.Count(stmtText(z.File, s), lock+".Unlock()")
	}
	if _, deferred := stmts[1].(*ast.DeferStmt); n != 1 || deferred == unlocks {
		return nil, fmt.Sprintf("the lock taken below %s is released in more than one way", z.at())
	}
	if len(stmts) != 3 {
		return nil, fmt.Sprintf("below %s is more than the lock and a second test: it would run every time", z.at())
	}
	e := z.site.Module.Calls(z.File, z.test.End(), body(z.fn).Rbrace)
	if len(z.rest) > 0 && len(e.Slow) > 0 {
		return nil, fmt.Sprintf("below the test at %s the function goes on to run %s", z.at(), e.Slow[0])
	}
	keep, code := stmts, []string{"$0"}
	if unlocks && len(z.rest) > 0 {
		if _, ok := z.rest[0].(*ast.ReturnStmt); !ok {
			return nil, fmt.Sprintf("below the test at %s the function goes on without the lock", z.at())
		}
		keep, code = stmts[:len(stmts)-1], append(code, "defer "+lock+".Unlock()")
	}
	holes := []rewrite.Span{z.File.Span(keep[0])}
	for i, s := range keep[1:] {
		code = append(code, fmt.Sprintf("$%d", i+1))
		holes = append(holes, z.File.Span(s))
	}
	return &rewrite.Fix{
		Title:  "Look at " + z.name() + " under the lock only",
		Places: []string{z.site.Finding.Place.Key}, Safety: rewrite.Safe,
		Edits: []rewrite.Edit{rewrite.Replace{Node: z.File.Span(z.test), Code: rewrite.Code{Text: strings.Join(code, "\n")}, Holes: holes}},
	}, ""
}

// runOnce lets a sync.Once run what sets the place.
func (z *lazy) runOnce() (*rewrite.Fix, string) {
	if reason := z.sole(); reason != "" {
		return nil, reason
	}
	if reason := z.site.Module.Elsewhere(z.site.Finding.Place.Key); reason != "" && z.site.Finding.Kind != rewrite.Variable {
		return nil, reason
	}
	l := &locking{site: z.site, spots: map[ast.Node][]spot{z.fn: {z.spot}}}
	l.needy = l.takers(map[*rewrite.File]bool{z.File: true})
	if reason := l.needs(z.File, z.fn, z.test.Body.List); reason != "" {
		return nil, "what sets it runs " + reason
	}
	expr, edit, reason := z.declare("once", "sync.Once", "sets")
	if reason != "" {
		return nil, reason
	}
	var code []string
	var holes []rewrite.Span
	what := z.test.Body.List
	if z.kept {
		what = []ast.Stmt{z.test}
	}
	for i, s := range what {
		code = append(code, fmt.Sprintf("$%d", i))
		holes = append(holes, z.File.Span(s))
	}
	return &rewrite.Fix{
		Title:  "Set " + z.name() + " by a sync.Once",
		Places: []string{z.site.Finding.Place.Key}, Safety: rewrite.Safe,
		Edits: []rewrite.Edit{edit, rewrite.Replace{Node: z.File.Span(z.test), Holes: holes,
			Code: rewrite.Code{Text: expr + ".Do(func() {\n" + strings.Join(code, "\n") + "\n})"}}},
	}, ""
}

// sole says why a Once would not do what the test does: run until the value
// is there, and only then.
func (z *lazy) sole() string {
	cond, ok := z.test.Cond.(*ast.BinaryExpr)
	if !ok || cond.Op != token.EQL || cond.X != z.sel || !z.File.Info.Types[cond.Y].IsNil() {
		return fmt.Sprintf("%s tests something else than whether it is nil", z.at())
	}
	if leaves(z.test.Body.List) {
		return fmt.Sprintf("what sets it below %s leaves the function: a later call tries again", z.at())
	}
	set := false
	z.kept = z.site.Finding.Kind == rewrite.Field && ast.IsExported(shortName(z.site.Finding.Place))
	for _, u := range z.site.Module.Uses(z.site.Finding.Place.Key) {
		s := spot{Use: u}
		if s.sel, ok = mention(u); !ok || u.Access != nil && u.Access.Fresh && writes(u) {
			z.kept = true
			continue
		}
		if function(u) != z.fn && !writes(u) && z.asked(u) {
			continue
		}
		if function(u) != z.fn || s.objectText() != z.objectText() {
			return fmt.Sprintf("%s uses it without asking for it", s.at())
		}
		if !writes(u) {
			continue
		}
		as, ok := u.Path[1].(*ast.AssignStmt)
		if !ok || len(as.Lhs) != 1 || !contains(z.test.Body, as) || !set && u.Path[2] != ast.Node(z.test.Body) {
			return fmt.Sprintf("%s sets it in another way", s.at())
		}
		grown := set && z.grows(as.Rhs[0])
		set = true
		if !grown && !z.certain(as.Rhs[0], 0) {
			return fmt.Sprintf("%s may set it to nil, and a later call tries again", s.at())
		}
	}
	return ""
}

// certain reports whether an expression is never nil.
func (z *lazy) certain(e ast.Expr, depth int) bool {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return z.certain(e.X, depth)
	case *ast.UnaryExpr:
		return e.Op == token.AND
	case *ast.CompositeLit, *ast.FuncLit:
		return true
	case *ast.CallExpr:
		id, ok := e.Fun.(*ast.Ident)
		if !ok {
			return false
		}
		if z.File.Info.Types[e.Fun].IsBuiltin() {
			return id.Name == "make" || id.Name == "new"
		}
		fn, _ := z.File.Info.Uses[id].(*types.Func)
		return fn != nil && depth < 3 && z.returns(fn, depth+1)
	}
	return false
}

// grows reports whether an expression appends to the place itself.
func (z *lazy) grows(e ast.Expr) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok || !z.File.Info.Types[call.Fun].IsBuiltin() || len(call.Args) == 0 {
		return false
	}
	id, ok := call.Fun.(*ast.Ident)
	return ok && id.Name == "append" && text(z.File, call.Args[0]) == text(z.File, z.sel)
}

// returns reports whether a function of the package never returns nil.
func (z *lazy) returns(fn *types.Func, depth int) bool {
	for f, fd := range functions(z.site.Module, z.File.Pkg) {
		if f.Info.Defs[fd.Name] != types.Object(fn) {
			continue
		}
		never := true
		ast.Inspect(fd.Body, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncLit:
				return false
			case *ast.ReturnStmt:
				never = never && len(n.Results) == 1 && z.certain(n.Results[0], depth)
			}
			return true
		})
		return never
	}
	return false
}

// declare adds a variable or field of a type of package sync beside the place,
// for what the verb says, and returns what to call it by.
func (z *lazy) declare(name, typeName, verb string) (expr string, edit rewrite.Edit, reason string) {
	typ := rewrite.Code{Text: typeName, Imports: []string{"sync"}}
	switch z.site.Finding.Kind {
	case rewrite.Global:
		g, reason := globalOf(z.site)
		if reason != "" {
			return "", nil, reason
		}
		if len(g.spec.Values) > 0 {
			return "", nil, "it has a value from the start"
		}
		name := g.beside(upperFirst(name))
		return name, rewrite.AddVar{Var: g.file.Span(g.id), Name: name, Type: typ, Doc: verb + " " + g.obj.Name()}, ""
	case rewrite.Variable:
		v, reason := variableOf(z.site)
		if reason != "" {
			return "", nil, reason
		}
		if v.statement() == nil || len(v.values()) > 1 || v.parameter() {
			return "", nil, "it has a value from the start"
		}
		name := v.beside(name, upperFirst(name))
		return name, v.declare(name, typ, verb+" "+v.obj.Name()), ""
	}
	return z.declareField(name, typ, verb)
}

func (z *lazy) declareField(name string, typ rewrite.Code, verb string) (expr string, edit rewrite.Edit, reason string) {
	p := z.site.Finding.Place
	st := z.site.Module.Struct(p.Owner)
	id, ok := z.object().(*ast.Ident)
	switch {
	case !ok || !isReceiver(z.spot, id):
		return "", nil, fmt.Sprintf("%s is not in a method of the struct", z.at())
	case len(z.File.Info.Selections[z.sel.(*ast.SelectorExpr)].Index()) > 1:
		return "", nil, "the field is promoted"
	case copied(z.site.Finding.Accesses) != "":
		return "", nil, copied(z.site.Finding.Accesses)
	}
	if slices.ContainsFunc(st.Type.Fields.List, func(fl *ast.Field) bool { return slices.Contains(namesOf(fl), name) }) {
		name = shortName(p) + upperFirst(name)
	}
	add := rewrite.AddField{Struct: st.File.Span(st.Type), Before: shortName(p), Name: name, Type: typ}
	if verb == "guards" {
		add.Guards = []string{shortName(p)}
	} else {
		add.Doc = name + " " + verb + " " + shortName(p) + "."
	}
	return id.Name + "." + name, add, ""
}
