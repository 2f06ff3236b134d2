package rules

import (
	"go/ast"
	"go/types"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// copies returns the spots at which the struct of the places is copied as a whole
// without the lock, by *x. A struct that holds its mutex by value is left alone:
// the copy's would be locked, and nobody would release it.
func (l *locking) copies() []spot {
	var out []spot
	if l.name != "" || l.outer() || !l.led() {
		return nil
	}
	for _, f := range l.site.Group {
		if !slices.Contains(l.places, f.Place.Key) {
			continue
		}
		for i := range f.Accesses {
			s, ok := l.copied(&f.Accesses[i])
			if ok && !slices.ContainsFunc(out, func(t spot) bool { return t.sel == s.sel }) {
				out = append(out, s)
			}
		}
	}
	return out
}

func (l *locking) copied(a *rewrite.Access) (s spot, ok bool) {
	if !a.Whole || a.Fresh || a.Test || a.Op.Writes() || l.holds(a.Locks, false) {
		return s, false
	}
	file, path := l.site.Module.Around(a.At)
	if len(path) < 2 {
		return s, false
	}
	star, ok := path[0].(*ast.StarExpr)
	if !ok || typeKey(file.Info.TypeOf(star.X)) != ownerOf(l.key) || l.holds(l.site.Module.Entry(file, star.Pos()), false) {
		return s, false
	}
	return spot{Use: &rewrite.Use{File: file, Path: path, Access: a}, sel: star}, true
}

// led reports whether the struct has its mutex elsewhere, by a pointer or an
// interface.
func (l *locking) led() bool {
	st := l.site.Module.Struct(ownerOf(l.key))
	if st == nil {
		return false
	}
	name := l.key[len(ownerOf(l.key))+1:]
	for _, fl := range st.Type.Fields.List {
		if slices.Contains(namesOf(fl), name) {
			t := st.File.Info.TypeOf(fl.Type)
			return isPointer(t) || types.IsInterface(t)
		}
	}
	return false
}
