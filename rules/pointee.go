package rules

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/types"
	"strings"
)

// outlives says why a read into a variable won't do: what is used then is guarded
// as well. "" if it isn't.
func (l *locking) outlives(s spot, fn ast.Node, stmt ast.Stmt) string {
	held := l.usedUnder(s)
	if held == "" {
		return ""
	}
	return fmt.Sprintf("%s calls a method of what %s holds, which %s does under the lock, and it runs %s", s.at(), s.thing(), held, or(l.quiet(s.File, fn, []ast.Stmt{stmt}), "code that leaves"))
}

// usedUnder tells where a method is first called, under the lock, on what a field
// holds, if one is called at the spot: then the lock guards that too. Behind an
// interface it says so only of that method, and of none of a logger.
func (l *locking) usedUnder(s spot) string {
	of, t := methodOn(s.Use), s.File.Info.TypeOf(s.sel)
	if of == "" || strings.HasSuffix(typeKey(t), "Logger") || leadsNowhere(t) {
		return ""
	}
	anyOf := !types.IsInterface(t)
	var first *spot
	for _, list := range l.held {
		for _, h := range list {
			if m := methodOn(h.Use); m != "" && h.name() == s.name() && (anyOf || m == of) && (first == nil || h.precedes(*first)) {
				first = &h
			}
		}
	}
	if first == nil {
		return ""
	}
	return first.at()
}

// precedes orders spots by file and place: files are parsed in any order.
func (s spot) precedes(o spot) bool {
	return cmp.Or(strings.Compare(s.File.Name, o.File.Name), cmp.Compare(s.sel.Pos(), o.sel.Pos())) < 0
}

// leadsNowhere reports whether a copy of a value shares nothing with it that could
// change: numbers, strings, times, and structs and arrays of such.
func leadsNowhere(t types.Type) bool {
	switch key := typeKey(t); key {
	case "time.Time", "net/netip.Addr", "net/netip.AddrPort", "net/netip.Prefix":
		return !isPointer(t)
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return u.Kind() != types.UnsafePointer
	case *types.Array:
		return leadsNowhere(u.Elem())
	case *types.Struct:
		for f := range u.Fields() {
			if !leadsNowhere(f.Type()) {
				return false
			}
		}
		return true
	}
	return false
}
