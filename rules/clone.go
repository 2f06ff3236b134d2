package rules

import (
	"fmt"
	"go/ast"
	"go/types"
	"maps"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// clone: copy what is changed in place before it leaves the lock
//
// Objects are changed in place under the lock of the one that holds them, while
// others read them without: a method returned the pointer, or a Clone that
// copies the struct around it and shares what it points to. The fix copies the
// object where it leaves the lock: a Clone goes one step deeper, and a getter
// returns a copy. Who reads then has what was true when he asked. The type's
// own Clone, DeepCopy or Copy is used if it has one; nil stays nil.
//
// It is refused where a copy could change what the program does, or not help:
//
//   - somebody writes to an object that he got from one of these methods, with
//     the lock or without: he means the one that is shared;
//   - somebody keeps it in a field, compares it with another one, or waits for it
//     to change;
//   - no write holds the lock of another struct;
//   - the object has a lock, an atomic or a channel of its own;
//   - nothing is seen to let the object out.
var clone = &rewrite.Rule{
	Name:  "clone",
	Title: "copy what is changed in place before it leaves the lock",
	Mends: []rewrite.Kind{rewrite.Field},
	Fix:   fixClone,
}

// A cloning copies objects of one type where they leave a lock.
type cloning struct {
	site   *rewrite.Site
	named  *types.Named // the type of the objects
	lock   string       // key
	edits  []rewrite.Edit
	edited map[string]*types.Func // by full name, the functions that will copy
	kinds  []*types.Named         // what they return
	seen   map[string]bool        // functions whose callers are known to be harmless
}

func fixClone(s *rewrite.Site) (*rewrite.Fix, string) {
	st := s.Module.Struct(s.Finding.Place.Owner)
	lock, reason := writersLock(s.Finding)
	if reason != "" {
		return nil, reason
	}
	owner := s.Module.Struct(lock[:lastDot(lock)])
	if owner == nil || owner.Name == st.Name {
		return nil, "the writes are not guarded by the lock of another struct that holds the object"
	}
	if reason := ownState(st); reason != "" {
		return nil, reason
	}
	named, ok := st.Name.Type().(*types.Named)
	if !ok {
		return nil, "the struct type has no name"
	}
	c := &cloning{site: s, named: named, lock: lock, kinds: []*types.Named{named}, edited: make(map[string]*types.Func), seen: make(map[string]bool)}
	places := []string{s.Finding.Place.Key}
	for _, g := range s.Group {
		if l, reason := writersLock(g); g != s.Finding && reason == "" && l == lock {
			places = append(places, g.Place.Key)
		}
	}
	if reason := c.copies(st, owner); reason != "" {
		return nil, reason
	}
	if len(c.edits) == 0 {
		return nil, "nothing is seen to let a pointer to the object out of the lock"
	}
	for _, name := range slices.Sorted(maps.Keys(c.edited)) {
		fn := c.edited[name]
		for _, m := range s.Module.Mentions(fn) {
			if reason := sharedBy(m, fn); reason != "" {
				return nil, reason
			}
		}
	}
	for _, place := range places {
		if reason := s.Module.Elsewhere(place); reason != "" {
			return nil, reason
		}
		for _, u := range s.Module.Uses(place) {
			e, ok := mention(u)
			if !ok || u.Access == nil || u.Access.Fresh || !writes(u) {
				continue
			}
			if reason := c.contents(u); reason != "" {
				return nil, reason
			}
			if reason := c.meant(u, e.(*ast.SelectorExpr).X, 0); reason != "" {
				return nil, reason
			}
		}
	}
	return &rewrite.Fix{
		Title:  fmt.Sprintf("Copy a %s where it leaves %s", st.Name.Name(), rewrite.ShortKey(lock)),
		Places: places, Safety: rewrite.Safe, Edits: c.edits,
	}, ""
}

func lastDot(key string) int {
	for i := len(key) - 1; i >= 0; i-- {
		if key[i] == '.' {
			return i
		}
	}
	return 0
}

// writersLock returns the lock that the write of a finding holds, of several
// the one that most writes hold, and says what is wrong with a place that has
// none.
func writersLock(f *rewrite.Finding) (lock, reason string) {
	held := make(map[string]int)
	for _, a := range f.Accesses {
		switch {
		case a.Fresh || a.Test:
		case a.Op == rewrite.Address:
			return "", fmt.Sprintf("the field's address is taken at %s:%d", base(a.At.File), a.At.Line)
		case a.Op.Writes():
			for _, l := range a.Locks {
				if slices.ContainsFunc(f.Sides[0].Access.Locks, func(o rewrite.Lock) bool { return o.Key == l.Key }) {
					held[l.Key]++
				}
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(held)) {
		if held[key] > held[lock] {
			lock = key
		}
	}
	if lock == "" {
		return "", "no write to it holds a lock"
	}
	return lock, ""
}

// ownState says what in a struct makes a copy of it something else.
func ownState(st *rewrite.Struct) string {
	for _, fl := range st.Type.Fields.List {
		t := st.File.Info.TypeOf(fl.Type)
		_, channel := t.Underlying().(*types.Chan)
		n, _ := types.Unalias(deref(t)).(*types.Named)
		switch {
		case hasMethod(t, "Lock"):
			return "the object has a lock of its own"
		case channel:
			return "the object has a channel, which copies would share"
		case n != nil && n.Obj().Pkg() != nil && (n.Obj().Pkg().Path() == "sync" || n.Obj().Pkg().Path() == "sync/atomic"):
			return "the object has synchronisation of its own"
		}
	}
	return ""
}

func deref(t types.Type) types.Type {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		return p.Elem()
	}
	return t
}

// is reports whether a type is a pointer to the objects' type.
func (c *cloning) is(t types.Type) bool {
	if t == nil {
		return false
	}
	p, ok := types.Unalias(t).(*types.Pointer)
	if !ok {
		return false
	}
	n, ok := types.Unalias(p.Elem()).(*types.Named)
	return ok && n.Origin().Obj().Name() == c.named.Obj().Name() && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == c.named.Obj().Pkg().Path()
}

// contents says why a copy of an object would share what a write changes: an
// element of what its field holds, which the type's own copy does not copy.
func (c *cloning) contents(u *rewrite.Use) string {
	if u.Access.Op != rewrite.WriteElem {
		return ""
	}
	field := u.Path[0].(*ast.SelectorExpr).Sel.Name
	if name, _ := c.cloner(); name != "" {
		for m := range c.named.Methods() {
			if _, fd := c.declaration(m); m.Name() == name && fd != nil && assignsField(fd, field) {
				return ""
			}
		}
	}
	return fmt.Sprintf("%s changes what the field holds, which a copy of the object would share", spot{Use: u, sel: u.Path[0].(ast.Expr)}.at())
}

// assignsField reports whether a function assigns a field of this name.
func assignsField(fd *ast.FuncDecl, field string) bool {
	found := false
	ast.Inspect(fd, func(n ast.Node) bool {
		if as, ok := n.(*ast.AssignStmt); ok {
			found = found || slices.ContainsFunc(as.Lhs, func(e ast.Expr) bool {
				sel, ok := e.(*ast.SelectorExpr)
				return ok && sel.Sel.Name == field
			})
		}
		return !found
	})
	return found
}

// declaration returns where a function is declared, nil if not in the module.
func (c *cloning) declaration(fn *types.Func) (*rewrite.Use, *ast.FuncDecl) {
	for _, u := range c.site.Module.Mentions(fn) {
		if fd, ok := u.Path[1].(*ast.FuncDecl); ok && fd.Name == u.Path[0] && fd.Body != nil {
			return u, fd
		}
	}
	return nil, nil
}

// cloner is the method by which the type copies its objects; safe means that
// it takes nil.
func (c *cloning) cloner() (name string, safe bool) {
	for _, name := range []string{"Clone", "DeepCopy", "Copy"} {
		for i := range c.named.NumMethods() {
			m := c.named.Method(i)
			sig := m.Signature()
			if m.Name() != name || sig.Params().Len() > 0 || sig.Results().Len() != 1 || !c.is(sig.Results().At(0).Type()) {
				continue
			}
			if _, ptr := sig.Recv().Type().(*types.Pointer); !ptr {
				return name, false
			}
			_, fd := c.declaration(m)
			return name, fd != nil && nilFirst(fd)
		}
	}
	return "", false
}

// nilFirst reports whether a method begins by looking whether its receiver is
// nil.
func nilFirst(fd *ast.FuncDecl) bool {
	if len(fd.Body.List) == 0 || len(fd.Recv.List[0].Names) == 0 {
		return false
	}
	is, ok := fd.Body.List[0].(*ast.IfStmt)
	return ok && mentionsNil(is.Cond, fd.Recv.List[0].Names[0])
}
