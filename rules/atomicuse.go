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

// use rewrites one mention of the field.
func (a *atomicEdit) use(u *rewrite.Use) string {
	if kv, ok := u.Path[0].(*ast.KeyValueExpr); ok {
		return a.literal(u, kv)
	}
	at := fmt.Sprintf("%s:%d", base(u.File.Name), u.File.Span(u.Path[0]).Line)
	sel, ok := mention(u)
	thing := spot{Use: u, sel: sel}.thing()
	if !ok {
		return "a composite literal without field names sets it at " + at
	}
	switch p := u.Path[1].(type) {
	case *ast.AssignStmt:
		if slices.Contains(p.Lhs, sel) {
			return a.assign(u, p, sel)
		}
	case *ast.IncDecStmt:
		add, holes := a.change(u)
		a.replace(u, p, add, holes...)
		return ""
	case *ast.UnaryExpr:
		if call := atomicCall(u); call != nil {
			return a.call(u, call)
		}
	case *ast.RangeStmt:
		if p.Key == sel || p.Value == sel {
			return "a range statement assigns " + thing + " at " + at
		}
	}
	a.replace(u, sel, a.load(u, "$0.Load()"), u.File.Span(sel))
	return ""
}

// load converts what an atomic returns to what the field was, unless the
// place it goes to takes the one as well as the other.
func (a *atomicEdit) load(u *rewrite.Use, code string) string {
	if a.narrow == "" {
		return code
	}
	switch p := u.Path[1].(type) {
	case *ast.BinaryExpr:
		other := p.X
		if other == u.Path[0] {
			other = p.Y
		}
		switch p.Op {
		case token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ:
			if untyped(u.File.Info, other) {
				return code
			}
		}
	case *ast.SwitchStmt:
		if !slices.ContainsFunc(p.Body.List, func(c ast.Stmt) bool {
			return slices.ContainsFunc(c.(*ast.CaseClause).List, func(e ast.Expr) bool { return !untyped(u.File.Info, e) })
		}) {
			return code
		}
	case *ast.CallExpr: // a conversion of its own
		if b, ok := u.File.Info.TypeOf(p.Fun).(*types.Basic); ok && u.File.Info.Types[p.Fun].IsType() && b.Info()&types.IsNumeric != 0 {
			return code
		}
	}
	return a.narrow + "(" + code + ")"
}

// untyped reports whether an expression is a constant without a type of its
// own.
func untyped(info *types.Info, e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return true
	case *ast.ParenExpr:
		return untyped(info, e.X)
	case *ast.UnaryExpr:
		return e.Op != token.AND && e.Op != token.ARROW && untyped(info, e.X)
	case *ast.BinaryExpr:
		return untyped(info, e.X) && untyped(info, e.Y)
	case *ast.Ident:
		return untypedConst(info.Uses[e])
	case *ast.SelectorExpr:
		return untypedConst(info.Uses[e.Sel])
	}
	return false
}

func untypedConst(o types.Object) bool {
	c, ok := o.(*types.Const)
	if !ok {
		return false
	}
	b, ok := c.Type().(*types.Basic)
	return ok && b.Info()&types.IsUntyped != 0
}

// atomicCall returns the call of a function of sync/atomic that gets the
// field's address, nil for other uses.
func atomicCall(u *rewrite.Use) *ast.CallExpr {
	if len(u.Path) < 3 {
		return nil
	}
	addr, ok := u.Path[1].(*ast.UnaryExpr)
	if !ok || addr.Op != token.AND {
		return nil
	}
	call, ok := u.Path[2].(*ast.CallExpr)
	if !ok || len(call.Args) == 0 || call.Args[0] != ast.Expr(addr) {
		return nil
	}
	if _, ok := call.Fun.(*ast.SelectorExpr); !ok || !isAtomic(u.File.Info, call) {
		return nil
	}
	return call
}

// isAtomic reports whether a call is of a function of sync/atomic.
func isAtomic(info *types.Info, call *ast.CallExpr) bool {
	fn := callee(info, call)
	return fn != nil && fn.Pkg() != nil && fn.Pkg().Path() == "sync/atomic"
}

// call turns atomic.AddInt64(&x.f, v) into x.f.Add(v).
func (a *atomicEdit) call(u *rewrite.Use, call *ast.CallExpr) string {
	name := call.Fun.(*ast.SelectorExpr).Sel.Name
	for _, op := range []string{"Load", "Store", "Swap", "CompareAndSwap", "Add", "And", "Or"} {
		if !strings.HasPrefix(name, op) {
			continue
		}
		code, holes := "$0."+op+"(", []rewrite.Span{u.File.Span(u.Path[0])}
		for i, arg := range call.Args[1:] {
			if i > 0 {
				code += ", "
			}
			code += fmt.Sprintf("$%d", i+1)
			holes = append(holes, u.File.Span(arg))
		}
		a.replace(u, call, code+")", holes...)
		return ""
	}
	return fmt.Sprintf("%s:%d calls atomic.%s, which typed atomics do not have", base(u.File.Name), u.File.Span(call).Line, name)
}

func (a *atomicEdit) unsigned(u *rewrite.Use, e ast.Expr) bool {
	b, ok := u.File.Info.TypeOf(e).Underlying().(*types.Basic)
	return ok && b.Info()&types.IsUnsigned != 0
}

// change is the code for ++, --, += and -= at a use, "" if there is none.
func (a *atomicEdit) change(u *rewrite.Use) (string, []rewrite.Span) {
	sel, _ := mention(u)
	holes := []rewrite.Span{u.File.Span(sel)}
	switch p := u.Path[1].(type) {
	case *ast.IncDecStmt:
		switch {
		case p.Tok == token.INC:
			return "$0.Add(1)", holes
		case a.unsigned(u, sel):
			return "$0.Add(^" + a.value + "(0))", holes // as sync/atomic says
		}
		return "$0.Add(-1)", holes
	case *ast.AssignStmt:
		if len(p.Lhs) != 1 || len(p.Rhs) != 1 {
			break
		}
		minus := p.Tok == token.SUB_ASSIGN
		rhs := p.Rhs[0]
		switch p.Tok {
		case token.ADD_ASSIGN, token.SUB_ASSIGN:
			if mentions(u, rhs) && !a.apart {
				return "", nil
			}
		case token.ASSIGN:
			b, ok := rhs.(*ast.BinaryExpr)
			if !ok || b.Op != token.ADD && b.Op != token.SUB || text(u.File, b.X) != text(u.File, sel) || mentions(u, b.Y) {
				return "", nil
			}
			minus, rhs = b.Op == token.SUB, b.Y
		default:
			return "", nil
		}
		v, arg := a.arg(u, rhs)
		if minus {
			if a.unsigned(u, sel) && u.File.Info.Types[v].Value != nil {
				return "", nil // its negative does not fit
			}
			if _, compound := v.(*ast.BinaryExpr); compound && arg == "$0" {
				arg = "($0)"
			}
			arg = "-" + arg
		}
		return "$0.Add(" + strings.ReplaceAll(arg, "$0", "$1") + ")", append(holes, u.File.Span(v))
	}
	return "", nil
}

// assign turns x.f = v into x.f.Store(v), and x.f += v into x.f.Add(v).
func (a *atomicEdit) assign(u *rewrite.Use, p *ast.AssignStmt, sel ast.Expr) string {
	at, thing := fmt.Sprintf("%s:%d", base(u.File.Name), u.File.Span(p).Line), spot{Use: u, sel: sel}.thing()
	if len(p.Lhs) != 1 || len(p.Rhs) != 1 {
		return at + " assigns several values at once"
	}
	if !slices.Contains(list(u.Path[2]), ast.Stmt(p)) {
		return at + " assigns " + thing + " in the head of a statement"
	}
	if add, holes := a.change(u); add != "" {
		a.replace(u, p, add, holes...)
		a.within(p, sel)
		return ""
	}
	v, arg := a.arg(u, p.Rhs[0])
	arg = strings.ReplaceAll(arg, "$0", "$1")
	holes := []rewrite.Span{u.File.Span(sel), u.File.Span(v)}
	bits := a.narrow == "" && goAtLeast(a.site.Module.GoVersion(u.File), 23)
	switch {
	case mentions(u, p.Rhs[0]) && !a.apart:
		return at + " computes " + thing + " from itself: the two steps must be one"
	case p.Tok == token.ASSIGN:
		a.replace(u, p, "$0.Store("+arg+")", holes...)
	case p.Tok == token.OR_ASSIGN && bits:
		a.replace(u, p, "$0.Or("+arg+")", holes...)
	case p.Tok == token.AND_ASSIGN && bits:
		a.replace(u, p, "$0.And("+arg+")", holes...)
	default:
		return at + " uses " + p.Tok.String() + ", which its atomic type does not have"
	}
	return ""
}

// within marks the read in x.f = x.f + v, which Add includes.
func (a *atomicEdit) within(p *ast.AssignStmt, sel ast.Expr) {
	for _, u := range a.site.Module.Uses(a.site.Finding.Place.Key) {
		if u.Path[0] != ast.Node(sel) && contains(p, u.Path[0]) && p.Tok == token.ASSIGN {
			a.done[u] = true
		}
	}
}

// arg is the code for an argument, $0 being the expression returned,
// converted where the atomic holds another type than the field had. Untyped
// constants convert themselves.
func (a *atomicEdit) arg(u *rewrite.Use, e ast.Expr) (ast.Expr, string) {
	info := u.File.Info
	if a.wide == "" || untyped(info, e) {
		return e, "$0"
	}
	if call, ok := e.(*ast.CallExpr); ok && info.Types[call.Fun].IsType() && len(call.Args) == 1 {
		if b, ok := info.TypeOf(call.Args[0]).(*types.Basic); ok && b.Name() == a.wide && info.Types[call].Value == nil {
			return call.Args[0], "$0" // there and back again
		}
	}
	return e, a.wide + "($0)"
}

// mentions reports whether an expression names the field of the use.
func mentions(u *rewrite.Use, e ast.Expr) bool {
	var place types.Object
	switch n := u.Path[0].(type) {
	case *ast.SelectorExpr:
		place = u.File.Info.Uses[n.Sel]
	case *ast.Ident:
		place = u.File.Info.Uses[n]
	}
	return mentionsObject(u.File.Info, e, place)
}

func (a *atomicEdit) replace(u *rewrite.Use, n ast.Node, code string, holes ...rewrite.Span) {
	c := a.spell(code, nil)
	if a.narrow != "" && strings.Contains(code, a.narrow+"(") {
		c.Imports = a.imports
	}
	a.edits = append(a.edits, rewrite.Replace{Node: u.File.Span(n), Code: c, Holes: holes})
}
