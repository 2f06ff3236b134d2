package rules

import (
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// fixCalls makes the plain accesses to a field call the functions of
// sync/atomic that all others call: the field keeps its type, so that it may be
// exported, and the module older than typed atomics.
func fixCalls(s *rewrite.Site) (*rewrite.Fix, string) {
	f := s.Finding
	st := s.Module.Struct(f.Place.Owner)
	field, _ := fieldOf(st, f.Place)
	if field == nil {
		return nil, "the field is embedded"
	}
	a, reason := atomicType(st.File.Info.TypeOf(field.Type), field, st)
	if reason == "" {
		reason = a.calls(s)
	}
	if reason == "" {
		reason = a.copies(st)
	}
	if reason != "" {
		return nil, reason
	}
	return a.callsEverywhere()
}

// calls makes the plain accesses call functions of sync/atomic, as the others do, or
// says why they can't.
func (a *atomicEdit) calls(s *rewrite.Site) string {
	uses := s.Module.Uses(s.Finding.Place.Key)
	switch {
	case a.narrow != "" || a.pointer || a.value == "bool":
		return "sync/atomic has no function for its type"
	case !slices.ContainsFunc(uses, func(u *rewrite.Use) bool { return atomicCall(u) != nil }):
		return "nothing accesses it by a function of sync/atomic"
	}
	a.site, a.functions = s, upperFirst(a.value)
	plain, reason := plainUses(s.Finding, uses)
	if reason != "" {
		return reason
	}
	return a.all(plain)
}

// changedUnderLock reports whether all who change a place hold one lock.
func changedUnderLock(uses []*rewrite.Use) bool {
	changes := slices.DeleteFunc(slices.Clone(uses), func(u *rewrite.Use) bool {
		return u.File.Test || u.Access == nil || u.Access.Fresh || !u.Access.Op.Writes() && !changesByCall(u)
	})
	return len(changes) > 0 && slices.ContainsFunc(changes[0].Access.Locks, func(l rewrite.Lock) bool {
		return l.Mode == rewrite.Exclusive && !slices.ContainsFunc(changes, func(u *rewrite.Use) bool { return !slices.Contains(u.Access.Locks, l) })
	})
}

// callsEverywhere is the fix of calls.
func (a *atomicEdit) callsEverywhere() (*rewrite.Fix, string) {
	if len(a.edits) == 0 {
		return nil, "no access could be placed in the source"
	}
	p := a.site.Finding.Place
	return &rewrite.Fix{
		Title:  fmt.Sprintf("Access %s by functions of sync/atomic everywhere", p.Name),
		Places: []string{p.Key}, Safety: rewrite.Safe, Edits: a.edits,
	}, ""
}

// plainUses returns the accesses that others may see and that call no function
// of sync/atomic. Tests are left alone unless they race themselves.
func plainUses(f *rewrite.Finding, uses []*rewrite.Use) ([]*rewrite.Use, string) {
	tests := f.Sides[0].Access.Test || f.Sides[1].Access.Test
	var plain []*rewrite.Use
	for _, u := range uses {
		if u.Element || atomicCall(u) != nil || u.Access != nil && u.Access.Fresh || u.File.Test && !tests {
			continue
		}
		sel, ok := u.Path[0].(ast.Expr)
		if !ok || !u.File.Info.Types[sel].Addressable() {
			return nil, fmt.Sprintf("%s:%d reads it from a copy", base(u.File.Name), u.File.Span(u.Path[0]).Line)
		}
		if amp, ok := u.Path[1].(*ast.UnaryExpr); ok && amp.Op == token.AND {
			return nil, addressTaken(u)
		}
		plain = append(plain, u)
	}
	return plain, ""
}

// changesByCall reports whether a use is handed to a function of sync/atomic that
// changes it.
func changesByCall(u *rewrite.Use) bool {
	return atomicCall(u) != nil && !strings.HasPrefix(called(u), "Load")
}

// called is the name of the function of sync/atomic that a use is handed to.
func called(u *rewrite.Use) string { return atomicCall(u).Fun.(*ast.SelectorExpr).Sel.Name }

var atomicMethod = regexp.MustCompile(`\$0\.(Load|Store|Swap|CompareAndSwap|Add|And|Or)\((\)?)`)

// spell returns code that calls methods of a typed atomic $0 as it is put into
// the source.
func (a *atomicEdit) spell(code string, imports []string) rewrite.Code {
	if a.functions == "" || !atomicMethod.MatchString(code) {
		return rewrite.Code{Text: code, Imports: imports}
	}
	code = atomicMethod.ReplaceAllStringFunc(code, func(m string) string {
		op := strings.TrimRight(strings.TrimPrefix(m, "$0."), "()")
		if strings.HasSuffix(m, ")") {
			return "atomic." + op + a.functions + "(&$0)"
		}
		return "atomic." + op + a.functions + "(&$0, "
	})
	return rewrite.Code{Text: code, Imports: append(slices.Clone(imports), "sync/atomic")}
}
