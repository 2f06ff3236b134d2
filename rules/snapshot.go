package rules

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// snapshot: hand out a copy of a guarded map or slice
//
// All accesses to the field, or package variable, hold its mutex, and still what
// it holds is read without: a function takes the lock, returns the map or slice itself and releases
// the lock, or keeps it in a variable for later. Meanwhile others change it in
// place, and a map that is changed while it is ranged over ends the program. The
// fix copies it where it is handed out, while the lock is still held, with
// maps.Clone or slices.Clone; nil stays nil. Before Go 1.21 append copies
// slices, and a loop copies maps.
//
// Of a map of maps or slices it is one of those that is copied, where it is looked up to
// be handed out.
//
// What follows on the copy runs without the lock, as before, however long it
// takes.
//
// It is refused where a copy could change what the program does:
//
//   - callers write into what they get, or put it into a field: they mean the
//     one that is shared;
//   - a map of maps or slices is itself handed out, or the elements are pointers to
//     something other than a struct: the copy would share them;
//   - some access to the field itself lacks the lock, which is for guard to mend;
//   - a file for another platform or build tag mentions the field.
var snapshot = &rewrite.Rule{
	Name:  "snapshot",
	Title: "hand out a copy of a guarded map or slice",
	Mends: []rewrite.Kind{rewrite.Field, rewrite.Global},
	Fix:   fixSnapshot,
}

func fixSnapshot(s *rewrite.Site) (*rewrite.Fix, string) {
	f := s.Finding
	lock, reason := heldFor(s)
	if reason != "" {
		return nil, reason
	}
	if reason := s.Module.Elsewhere(f.Place.Key); reason != "" {
		return nil, reason
	}
	uses := s.Module.Uses(f.Place.Key)
	var edits []rewrite.Edit
	var copying []rewrite.Span // functions
	for _, u := range uses {
		sel, ok := mention(u)
		if !ok || u.File.Test || u.Access == nil || u.Access.Fresh {
			continue
		}
		t := u.File.Info.TypeOf(sel)
		if x, ok := u.Path[1].(*ast.IndexExpr); ok && x.X == sel && elementOf(elementOf(t)) != nil {
			u, sel, t = &rewrite.Use{File: u.File, Path: u.Path[1:], Access: u.Access}, x, elementOf(t)
		}
		if !handedOut(f, u) {
			continue
		}
		if reason := copyable(t); reason != "" {
			return nil, reason
		}
		if !takesLock(s, u, lock) {
			continue // who calls it holds the lock, and may change it
		}
		if reason := meantShared(s, u); reason != "" {
			return nil, reason
		}
		more, reason := ownCopy(s, u, sel)
		if reason != "" {
			return nil, reason
		}
		edits, copying = append(edits, more...), append(copying, u.File.Span(function(u)))
	}
	if reason := onlyLeaked(f, uses, lock, copying); reason != "" {
		return nil, reason
	}
	if len(edits) == 0 {
		return nil, "nothing is seen to hand out what the field holds"
	}
	return &rewrite.Fix{
		Title:  "Hand out a copy of " + f.Place.Name,
		Places: []string{f.Place.Key}, Safety: rewrite.Safe, Edits: edits,
	}, ""
}

// heldFor returns the key of the mutex that guards the place elsewhere.
func heldFor(s *rewrite.Site) (lock, reason string) {
	if s.Finding.Kind == rewrite.Global {
		g, reason := globalOf(s)
		if reason != "" {
			return "", reason
		}
		if _, lock = g.mutex(); lock == "" {
			return "", "no mutex of the package guards the variable elsewhere"
		}
		return lock, ""
	}
	vote, ok := guardOf(s, s.Finding)
	if !ok {
		return "", "no mutex of the struct guards the field elsewhere"
	}
	return vote.Lock, ""
}

// onlyLeaked says what else than a leak is wrong with a place: an access to the
// field that lacks the lock, or one that changes what was handed out. With the lock, a
// function that takes no copy may do so by another name.
func onlyLeaked(f *rewrite.Finding, uses []*rewrite.Use, lock string, copying []rewrite.Span) string {
	apart := func(a rewrite.Access) bool {
		return rewrite.Holds(a.Locks, lock) && !slices.ContainsFunc(copying, func(fn rewrite.Span) bool { return fn.Contains(a.At) })
	}
	named := func(at rewrite.Span) *rewrite.Use {
		i := slices.IndexFunc(uses, func(u *rewrite.Use) bool {
			e, ok := mention(u)
			if !ok {
				return false
			}
			span := u.File.Span(e)
			// That of a variable's access may take in an index.
			return span == at || f.Kind == rewrite.Global && span.File == at.File && span.Line == at.Line && span.Col == at.Col
		})
		if i < 0 {
			return nil
		}
		return uses[i]
	}
	for _, a := range f.Accesses {
		at := fmt.Sprintf("%s:%d", base(a.At.File), a.At.Line)
		switch {
		case a.Fresh:
		case named(a.At) == nil && a.Op.Writes() && !a.Whole && !apart(a):
			return at + " changes what it was handed, and means what is shared"
		case rewrite.Holds(a.Locks, lock):
		case a.Whole:
			return "the struct is copied or assigned as a whole at " + at
		case named(a.At) == nil, a.Op == rewrite.ReadElem && keptIn(named(a.At).File, named(a.At).Path) != nil:
		case !a.Test:
			return at + " names it without the lock"
		}
	}
	return ""
}

// takesLock reports whether the function around a use takes a lock by itself, and
// no caller can change what it guards: one that holds it has it for reading, as
// the function itself, which would else wait for it for ever.
func takesLock(s *rewrite.Site, u *rewrite.Use, lock string) bool {
	fn := function(u)
	b := body(fn)
	if b == nil || !slices.Contains(s.Module.Calls(u.File, b.Pos(), b.End()).Locks, lock) {
		return false
	}
	return !slices.ContainsFunc(s.Module.Entry(u.File, b.Pos()), func(l rewrite.Lock) bool {
		return l.Key == lock && (l.Mode == rewrite.Exclusive || len(lockCalls(u.File, b, lock, "RLock")) == 0)
	})
}

// handedOut reports whether a use gives what the field holds to code that goes
// on without the lock: by a return, in a literal, or in a variable. A function
// that then gives the field something else keeps what it took to itself.
func handedOut(f *rewrite.Finding, u *rewrite.Use) bool {
	inner := u.Path[0]
	for _, n := range u.Path[1:] {
		switch n := n.(type) {
		case *ast.ParenExpr, *ast.CompositeLit:
		case *ast.UnaryExpr:
			if _, ok := inner.(*ast.CompositeLit); !ok {
				return false
			}
		case *ast.KeyValueExpr:
			if n.Value != inner {
				return false
			}
		case *ast.ReturnStmt:
			return true
		case *ast.AssignStmt:
			return slices.Contains(n.Rhs, asExpr(inner)) && goesOn(f, u) && !replacedIn(u)
		case *ast.ValueSpec:
			return goesOn(f, u) && !replacedIn(u)
		default:
			return false
		}
		inner = n
	}
	return false
}

// goesOn reports whether the function around a use works on what it has put
// into a variable when it has released the lock, or returns that.
func goesOn(f *rewrite.Finding, u *rewrite.Use) bool {
	fn := function(u)
	span := u.File.Span(fn)
	if slices.ContainsFunc(f.Accesses, func(a rewrite.Access) bool { return len(a.Locks) == 0 && span.Contains(a.At) }) {
		return true
	}
	found := false
	if v := keptIn(u.File, u.Path); v != nil {
		ast.Inspect(fn, func(n ast.Node) bool {
			if r, ok := n.(*ast.ReturnStmt); ok {
				ast.Inspect(r, func(n ast.Node) bool {
					id, ok := n.(*ast.Ident)
					found = found || ok && u.File.Info.Uses[id] == v
					return !found
				})
			}
			return !found
		})
	}
	return found
}

func asExpr(n ast.Node) ast.Expr {
	e, _ := n.(ast.Expr)
	return e
}

// replacedIn reports whether the function around a use assigns the field.
func replacedIn(u *rewrite.Use) bool {
	name := text(u.File, u.Path[0].(ast.Expr))
	found := false
	ast.Inspect(function(u), func(n ast.Node) bool {
		if as, ok := n.(*ast.AssignStmt); ok {
			found = found || slices.ContainsFunc(as.Lhs, func(e ast.Expr) bool { return text(u.File, e) == name })
		}
		return !found
	})
	return found
}

// elementOf is the type of the elements of a map or slice, nil for other types.
func elementOf(t types.Type) types.Type {
	if t == nil {
		return nil
	}
	switch t := t.Underlying().(type) {
	case *types.Map:
		return t.Elem()
	case *types.Slice:
		return t.Elem()
	}
	return nil
}

// copyable says why a copy of a container of a type would still share what
// others change.
func copyable(t types.Type) string {
	elem := elementOf(t)
	if elem == nil {
		return "it holds neither a map nor a slice"
	}
	switch e := elem.Underlying().(type) {
	case *types.Map, *types.Slice:
		return "its elements are maps or slices, which a copy would share"
	case *types.Pointer:
		if _, ok := e.Elem().Underlying().(*types.Struct); !ok {
			return "its elements are pointers, and a copy would share what they point to"
		}
	}
	return ""
}

// ownCopy replaces an expression by a copy of what it is.
func ownCopy(s *rewrite.Site, u *rewrite.Use, e ast.Expr) ([]rewrite.Edit, string) {
	f := u.File
	hole := []rewrite.Span{f.Span(e)}
	replace := func(text string, imports ...string) []rewrite.Edit {
		return []rewrite.Edit{rewrite.Replace{Node: f.Span(e), Code: rewrite.Code{Text: text, Imports: imports}, Holes: hole}}
	}
	if as, ok := u.Path[1].(*ast.AssignStmt); ok && len(as.Lhs) > len(as.Rhs) { // v, ok := m[k]
		v, named := as.Lhs[0].(*ast.Ident)
		if _, block := u.Path[2].(*ast.BlockStmt); !block || !named {
			return nil, fmt.Sprintf("%s has no place for the copy", spot{Use: u, sel: e}.at())
		}
		code := copyOfVariable(s, f, v.Name, f.Info.TypeOf(v))
		return []rewrite.Edit{rewrite.Insert{Stmt: f.Span(as), After: true, Code: code}}, ""
	}
	_, isMap := f.Info.TypeOf(e).Underlying().(*types.Map)
	recent := goAtLeast(s.Module.GoVersion(f), 21)
	switch {
	case isMap && recent:
		return replace("maps.Clone($0)", "maps"), ""
	case recent:
		return replace("slices.Clone($0)", "slices"), ""
	case !isMap:
		return replace("append($0[:0:0], $0...)"), ""
	}
	up, i := place(spot{Use: u, sel: e})
	typ, imports := typeText(f, f.Info.TypeOf(e))
	if up == nil {
		return nil, fmt.Sprintf("%s has no place for the loop that copies a map before Go 1.21", spot{Use: u, sel: e}.at())
	}
	name := fresh(u, lowerFirst(spot{Use: u, sel: e}.name()))
	src := text(f, e)
	code := fmt.Sprintf("var %[1]s %[2]s\nif %[3]s != nil {\n%[1]s = make(%[2]s, len(%[3]s))\nfor k, v := range %[3]s {\n%[1]s[k] = v\n}\n}", name, typ, src)
	return []rewrite.Edit{
		rewrite.Insert{Stmt: f.Span(list(up)[i]), Code: rewrite.Code{Text: code, Imports: imports}},
		rewrite.Replace{Node: f.Span(e), Code: rewrite.Code{Text: name}},
	}, ""
}
