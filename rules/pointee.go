package rules

import (
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

// usedUnder tells where a method is called, under the lock, on what a field
// holds, if one is called at the spot: then the lock guards that too. Behind an
// interface it says so only of that method, and of none of a logger.
func (l *locking) usedUnder(s spot) string {
	of := methodOn(s.Use)
	if of == "" || strings.HasSuffix(typeKey(s.File.Info.TypeOf(s.sel)), "Logger") {
		return ""
	}
	anyOf := !types.IsInterface(s.File.Info.TypeOf(s.sel))
	for _, list := range l.held {
		for _, h := range list {
			if m := methodOn(h.Use); m != "" && h.name() == s.name() && (anyOf || m == of) {
				return h.at()
			}
		}
	}
	return ""
}
