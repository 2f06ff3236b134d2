package rules

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/types"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// logged: print an object under its lock
//
// A pointer to a struct is handed to a function of package fmt or log, which
// reads every field to print it, without the lock that guards them. The fix
// prints it into a variable while it holds the lock, and hands on the text. What
// that is written to, and how long it takes, is no concern of the lock. A lock
// that is part of the struct is left out of the text: whoever waits for it
// changes it, so that even its holder must not print it.
//
// It is refused where that could change or stop anything:
//
//   - the fields are also read or written without the lock elsewhere, which is
//     for guard to mend;
//   - the object has no name, or a caller may hold the lock already;
//   - the format gives it a width, or prints it as Go syntax; Print puts spaces
//     between operands that are not strings;
//   - the struct holds a lock, and fields of other types than strings, numbers and
//     lists of these, which look different when they are printed one by one;
//   - a field's type has a String, Error or Format method, which would run under
//     the lock;
//   - other calls in the same statement come before it is printed.
var logged = &rewrite.Rule{
	Name:  "logged",
	Title: "print an object under its lock",
	Mends: []rewrite.Kind{rewrite.Field},
	Fix:   fixLogged,
}

func fixLogged(s *rewrite.Site) (*rewrite.Fix, string) {
	st := s.Module.Struct(s.Finding.Place.Owner)
	vote, ok := guardOf(s, s.Finding)
	if !ok {
		return nil, "no mutex of the struct guards the field elsewhere"
	}
	l, reason := lockOf(s, st, vote.Lock)
	if reason != "" {
		return nil, reason
	}
	calls, reason := printers(s, s.Finding, vote.Lock)
	if reason != "" {
		return nil, reason
	}
	if reason := methodsIn(st); reason != "" {
		return nil, reason
	}
	places := []string{s.Finding.Place.Key}
	for _, g := range s.Group {
		if v, ok := guardOf(s, g); !ok || v.Lock != vote.Lock || g == s.Finding {
			continue
		}
		if more, reason := printers(s, g, vote.Lock); reason == "" {
			places, calls = append(places, g.Place.Key), append(calls, more...)
		}
	}
	l.places = places
	done := make(map[rewrite.Span]bool)
	for _, u := range calls {
		if span := u.File.Span(u.Path[0]); !done[span] {
			done[span] = true
			if reason := l.print(u, st); reason != "" {
				return nil, reason
			}
		}
	}
	return &rewrite.Fix{
		Title:  "Print a " + st.Name.Name() + " under " + rewrite.ShortKey(vote.Lock),
		Places: places, Safety: rewrite.Safe, Edits: l.edits,
	}, ""
}

// printers lists the calls that print the struct around a place without a
// lock; the reason is what else reaches the place without it.
func printers(s *rewrite.Site, f *rewrite.Finding, lock string) (calls []*rewrite.Use, reason string) {
	for _, a := range f.Accesses {
		if a.Fresh || rewrite.Holds(a.Locks, lock) {
			continue
		}
		at := fmt.Sprintf("%s:%d", base(a.At.File), a.At.Line)
		u := s.Module.At(a.At)
		switch {
		case !a.Whole || u == nil || !calledAt(u, a.At) || a.Op != rewrite.Read:
			return nil, at + " is no call that prints the object"
		case rewrite.Holds(s.Module.Entry(u.File, u.Path[0].Pos()), lock):
			return nil, fmt.Sprintf("some callers of %s hold the lock and some do not", a.Func)
		}
		calls = append(calls, u)
	}
	if len(calls) == 0 {
		return nil, "nothing prints the object without the lock"
	}
	return calls, ""
}

// calledAt reports whether a call's parentheses open at a place.
func calledAt(u *rewrite.Use, at rewrite.Span) bool {
	call, ok := u.Path[0].(*ast.CallExpr)
	if !ok {
		return false
	}
	p := u.File.Fset.Position(call.Lparen)
	return p.Line == at.Line && p.Column == at.Col
}

// methodsIn says which field of a struct prints itself by a method of the
// module or of other libraries.
func methodsIn(st *rewrite.Struct) string {
	for _, fl := range st.Type.Fields.List {
		t := st.File.Info.TypeOf(fl.Type)
		if n, ok := types.Unalias(deref(t)).(*types.Named); ok && n.Obj().Pkg() != nil && !strings.Contains(n.Obj().Pkg().Path(), ".") {
			continue // of the standard library
		}
		for _, m := range []string{"String", "Error", "Format"} {
			if hasMethod(t, m) {
				return fmt.Sprintf("the %s method of %s would run under the lock", m, namesOf(fl)[0])
			}
		}
	}
	return ""
}

// print prints the objects that a call is given above its statement.
func (l *locking) print(u *rewrite.Use, st *rewrite.Struct) string {
	call := u.Path[0].(*ast.CallExpr)
	f := u.File
	at := fmt.Sprintf("%s:%d", base(f.Name), f.Span(call).Line)
	up, i := place(spot{Use: u, sel: call})
	if up == nil {
		return at + " has no place for a lock before it"
	}
	stmt := list(up)[i]
	switch stmt.(type) {
	case *ast.ExprStmt, *ast.AssignStmt, *ast.ReturnStmt:
	default:
		return at + " prints in the head of a statement, or later"
	}
	if function(u) != functionAround(u, stmt) {
		return at + " prints when the function it is in is called"
	}
	if other := callBeside(f, stmt, call); other != "" {
		return fmt.Sprintf("%s calls %s in the same statement", at, other)
	}
	found := false
	for k, arg := range call.Args {
		if t, ok := f.Info.TypeOf(arg).(*types.Pointer); !ok || !sameNamed(t.Elem(), st.Name) {
			continue
		}
		found = true
		s := spot{Use: &rewrite.Use{File: f, Path: append([]ast.Node{arg}, u.Path...)}, sel: arg}
		if reason := l.text(s, st, call, k, stmt); reason != "" {
			return at + " " + reason
		}
	}
	if !found {
		return at + " prints what holds the object"
	}
	return ""
}

// text prints the k-th argument of a call into a variable above a statement,
// and hands that on.
func (l *locking) text(s spot, st *rewrite.Struct, call *ast.CallExpr, k int, stmt ast.Stmt) string {
	f, object := s.File, text(s.File, s.sel)
	verb, reason := operand(f, call, k)
	if reason == "" {
		reason = printable(s)
	}
	if reason != "" {
		return reason
	}
	printed, reason := layout(f, st, object, verb)
	if reason != "" {
		return reason
	}
	up, _ := place(s)
	if l.names == nil {
		l.names = make(map[ast.Node][]string)
	}
	name := fresh(s.Use, "text", l.names[up]...)
	l.names[up] = append(l.names[up], name)
	lock, unlock := ".Lock()", ".Unlock()"
	if l.rw {
		lock, unlock = ".RLock()", ".RUnlock()"
	}
	assign, code := " := ", ""
	if !notNil(s, stmt) {
		assign, code = " = ", name+" := \"<nil>\"\nif "+object+" != nil {\n"
		unlock += "\n}"
	}
	mu := object + l.method
	code += mu + lock + "\n" + name + assign + printed + "\n" + mu + unlock
	l.edits = append(l.edits, rewrite.Insert{Stmt: f.Span(stmt), Code: rewrite.Code{Text: code, Imports: []string{"fmt"}}},
		rewrite.Replace{Node: f.Span(s.sel), Code: rewrite.Code{Text: name}})
	return ""
}

// layout prints an object as fmt would, less the locks that are in it: who
// waits for one changes it, whoever holds it, and to print it is a race.
func layout(f *rewrite.File, st *rewrite.Struct, object, verb string) (code, reason string) {
	if f.Pkg.Path() != st.File.Pkg.Path() {
		return "", "prints an object of another package, whose fields it can't name"
	}
	var format, fields []string
	within := false
	for _, fl := range st.Type.Fields.List {
		t := st.File.Info.TypeOf(fl.Type)
		_, pointer := t.Underlying().(*types.Pointer)
		lock := hasMethod(t, "Lock")
		within = within || lock && !pointer
		for _, name := range namesOf(fl) {
			switch {
			case lock:
				continue
			case !plain(t):
				reason = fmt.Sprintf("prints %s, which would look different by itself", name)
			}
			if verb == "+v" {
				format = append(format, name+":%+v")
			} else {
				format = append(format, "%v")
			}
			fields = append(fields, object+"."+name)
		}
	}
	if !within {
		return fmt.Sprintf("fmt.Sprintf(\"%%%s\", %s)", verb, object), ""
	}
	return fmt.Sprintf("fmt.Sprintf(\"&{%s}\", %s)", strings.Join(format, " "), strings.Join(fields, ", ")), reason
}

// plain reports whether fmt prints values of a type the same by themselves as
// in a struct: numbers, strings and lists of such, without methods.
func plain(t types.Type) bool {
	if n, ok := types.Unalias(t).(*types.Named); ok && n.NumMethods() > 0 {
		return false
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return u.Info()&(types.IsNumeric|types.IsString|types.IsBoolean) != 0
	case *types.Slice:
		return plain(u.Elem())
	case *types.Array:
		return plain(u.Elem())
	case *types.Map:
		return plain(u.Key()) && plain(u.Elem())
	}
	return false
}

// functionAround is the function around a statement on the path of a use.
func functionAround(u *rewrite.Use, stmt ast.Stmt) ast.Node {
	below := true
	for _, n := range u.Path {
		switch n.(type) {
		case *ast.FuncDecl, *ast.FuncLit:
			if !below {
				return n
			}
		}
		if n == ast.Node(stmt) {
			below = false
		}
	}
	return nil
}

func sameNamed(t types.Type, tn *types.TypeName) bool {
	n, ok := types.Unalias(t).(*types.Named)
	return ok && n.Obj().Name() == tn.Name() && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == tn.Pkg().Path()
}

// callBeside names a call in a statement that is neither the given one nor
// around it.
func callBeside(f *rewrite.File, stmt ast.Stmt, call *ast.CallExpr) string {
	other := ""
	ast.Inspect(stmt, func(n ast.Node) bool {
		c, ok := n.(*ast.CallExpr)
		if ok && other == "" && !contains(c, call) {
			if tv := f.Info.Types[c.Fun]; !tv.IsType() && !tv.IsBuiltin() {
				other = text(f, c.Fun)
			}
		}
		return other == ""
	})
	return other
}

// printable says why an object can't be printed under its own lock above the
// statement it is printed in.
func printable(s spot) string {
	id := rootIdent(s.sel)
	if id == nil {
		return "prints an object that has no name to take its lock by"
	}
	if v, ok := s.File.Info.Uses[id].(*types.Var); !ok || reassigned(s.File.Info, function(s.Use), v) {
		return fmt.Sprintf("prints %s, which is reassigned in the function", id.Name)
	}
	return ""
}

// notNil reports whether an object can't be nil at a statement, because it is
// the receiver, or has been used above.
func notNil(s spot, stmt ast.Stmt) bool {
	if id, ok := s.sel.(*ast.Ident); ok && isReceiver(s, id) {
		return true
	}
	known := false
	for _, t := range body(function(s.Use)).List {
		if is, ok := t.(*ast.ExprStmt); ok && t.End() < stmt.Pos() {
			ast.Inspect(is, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				known = known || ok && text(s.File, sel.X) == text(s.File, s.sel)
				_, lit := n.(*ast.FuncLit)
				return !known && !lit
			})
		}
	}
	return known
}

// operand returns the verb that prints an argument of a call.
func operand(f *rewrite.File, call *ast.CallExpr, k int) (verb, reason string) {
	fn := callee(f.Info, call)
	if fn == nil {
		return "", "is a call of a function value"
	}
	first := fn.Signature().Params().Len() - 1 // of the operands
	switch {
	case k < first || call.Ellipsis.IsValid():
		return "", "does not print the object itself"
	case strings.HasSuffix(fn.Name(), "ln"):
		return "v", ""
	case !strings.HasSuffix(fn.Name(), "f"):
		for i, arg := range call.Args[first:] {
			b, ok := f.Info.TypeOf(arg).Underlying().(*types.Basic)
			if first+i != k && (!ok || b.Info()&types.IsString == 0) {
				return "", "puts spaces between operands that are not strings"
			}
		}
		return "v", ""
	}
	format := f.Info.Types[call.Args[first-1]].Value
	if format == nil || format.Kind() != constant.String {
		return "", "has a format that is not constant"
	}
	verbs, ok := rewrite.FormatVerbs(constant.StringVal(format))
	if !ok || k-first >= len(verbs) {
		return "", "has a format that numbers its operands"
	}
	if verb = verbs[k-first]; verb != "v" && verb != "+v" {
		return "", fmt.Sprintf("prints it by %%%s, which says the text in another way", verb)
	}
	return verb, ""
}
