package rules

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// guard: hold the lock that already guards the field
//
// Most accesses to the field hold a mutex of the same struct and some were
// forgotten. Half of all races that people fix are of this kind, and the fix
// is to hold the mutex at the places that lack it: around the statement, over
// the statements that belong together, over the whole of a short function
// with defer, or only around a read into a local variable when the statement
// goes on to do slow work. Reads take the read lock of an RWMutex.
//
// It is refused where holding the lock could do harm:
//
//   - between a test of the field and the write that depends on it, something
//     slow runs: a channel operation, I/O, a sleep, a call that can't be
//     followed;
//   - some callers of the function hold the lock already and others do not;
//   - a call inside the section takes the lock itself;
//   - the object has no stable name to take its lock by.
var guard = &rewrite.Rule{
	Name:  "guard",
	Title: "hold the mutex that guards the field elsewhere",
	Mends: []rewrite.Kind{rewrite.Field},
	Fix:   fixGuard,
}

func fixGuard(s *rewrite.Site) (*rewrite.Fix, string) {
	f := s.Finding
	st := s.Module.Struct(f.Place.Owner)
	vote, ok := guardOf(f)
	if !ok {
		return nil, "no mutex of the struct is held at any write or at most accesses"
	}
	l, reason := lockOf(s, st, vote.Lock)
	if reason != "" {
		return nil, reason
	}
	l.places = []string{f.Place.Key}
	for _, g := range s.Group { // others that the same lock guards, in one patch
		if g == f {
			continue
		}
		if v, ok := guardOf(g); ok && v.Lock == vote.Lock {
			l.places = append(l.places, g.Place.Key)
		}
	}
	if reason := l.plan(); reason != "" {
		if len(l.places) == 1 {
			return nil, reason
		}
		l.places, l.edits = l.places[:1], nil // the others may be what can't be done
		if reason := l.plan(); reason != "" {
			return nil, reason
		}
	}
	if len(l.edits) == 0 {
		return nil, "every access that can be placed holds the lock already"
	}
	return &rewrite.Fix{
		Title:  fmt.Sprintf("Hold %s", rewrite.ShortKey(vote.Lock)),
		Places: l.places, Safety: rewrite.Safe, Edits: l.edits,
	}, ""
}

// guardOf picks the lock of the place's own struct that guards it: one that is
// held at a write, or at most accesses.
func guardOf(f *rewrite.Finding) (rewrite.Vote, bool) {
	for _, v := range f.Votes {
		field, ok := strings.CutPrefix(v.Lock, f.Place.Owner+".")
		if ok && !strings.Contains(field, ".") && (v.Writes > 0 || 2*v.Held > v.Of) {
			return v, true
		}
	}
	return rewrite.Vote{}, false
}

// lockOf describes a mutex field of a struct.
func lockOf(s *rewrite.Site, st *rewrite.Struct, key string) (*locking, string) {
	name := key[strings.LastIndexByte(key, '.')+1:]
	for _, fl := range st.Type.Fields.List {
		t := st.File.Info.TypeOf(fl.Type)
		rw := hasMethod(t, "RLock")
		if len(fl.Names) == 0 {
			if id := embedded(fl.Type); id == name {
				return &locking{site: s, key: key, rw: rw}, ""
			}
			continue
		}
		if slices.ContainsFunc(fl.Names, func(id *ast.Ident) bool { return id.Name == name }) {
			return &locking{site: s, key: key, method: "." + name, rw: rw}, ""
		}
	}
	return nil, "the lock is not a field of the struct"
}

func embedded(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return embedded(e.X)
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.Ident:
		return e.Name
	}
	return ""
}

func hasMethod(t types.Type, name string) bool {
	if t == nil {
		return false
	}
	if _, ok := t.Underlying().(*types.Pointer); !ok {
		t = types.NewPointer(t)
	}
	obj, _, _ := types.LookupFieldOrMethod(t, true, nil, name)
	_, ok := obj.(*types.Func)
	return ok
}
