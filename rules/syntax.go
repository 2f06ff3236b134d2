package rules

import (
	"bytes"
	"go/ast"
	"go/printer"
	"go/token"
	"go/types"
	"iter"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-fixer/fixer/rewrite"
)

func base(name string) string { return filepath.Base(name) }

func shortName(p rewrite.Place) string { return p.Key[strings.LastIndexByte(p.Key, '.')+1:] }

// text prints an expression as Go source.
func text(f *rewrite.File, e ast.Expr) string {
	var b bytes.Buffer
	printer.Fprint(&b, f.Fset, e)
	return b.String()
}

// stmtText prints a statement as Go source.
func stmtText(f *rewrite.File, s ast.Stmt) string {
	var b bytes.Buffer
	printer.Fprint(&b, f.Fset, s)
	return b.String()
}

// goAtLeast reports whether a language version is go1.minor or later.
func goAtLeast(version string, minor int) bool {
	parts := strings.Split(strings.TrimPrefix(version, "go"), ".")
	if len(parts) < 2 {
		return false
	}
	major, _ := strconv.Atoi(parts[0])
	have, _ := strconv.Atoi(parts[1])
	return major > 1 || major == 1 && have >= minor
}

// inList reports whether a node holds a list of statements.
func inList(n ast.Node) bool {
	switch n.(type) {
	case *ast.BlockStmt, *ast.CaseClause, *ast.CommClause:
		return true
	}
	return false
}

// list returns the statements of a node that holds some.
func list(n ast.Node) []ast.Stmt {
	switch n := n.(type) {
	case *ast.BlockStmt:
		return n.List
	case *ast.CaseClause:
		return n.Body
	case *ast.CommClause:
		return n.Body
	}
	return nil
}

// selected returns the x.f of an expression that is a call of it; nil for others.
func selected(e ast.Expr) *ast.SelectorExpr {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return nil
	}
	sel, _ := call.Fun.(*ast.SelectorExpr)
	return sel
}

// function returns the innermost function around a use, nil outside of any.
func function(u *rewrite.Use) ast.Node {
	for _, n := range u.Path {
		switch n.(type) {
		case *ast.FuncDecl, *ast.FuncLit:
			return n
		}
	}
	return nil
}

func body(fn ast.Node) *ast.BlockStmt {
	switch fn := fn.(type) {
	case *ast.FuncDecl:
		return fn.Body
	case *ast.FuncLit:
		return fn.Body
	}
	return nil
}

func funcType(fn ast.Node) *ast.FuncType {
	if d, ok := fn.(*ast.FuncDecl); ok {
		return d.Type
	}
	return fn.(*ast.FuncLit).Type
}

// writes reports whether the syntax around a use changes the place or what it
// holds.
func writes(u *rewrite.Use) bool {
	if u.Access != nil && u.Access.Op.Writes() {
		return true
	}
	if len(u.Path) < 2 {
		return false
	}
	sel, ok := mention(u)
	if !ok {
		return false
	}
	switch p := u.Path[1].(type) {
	case *ast.AssignStmt:
		for _, l := range p.Lhs {
			if l == sel {
				return true
			}
		}
	case *ast.IncDecStmt:
		return true
	case *ast.RangeStmt:
		return p.Key == sel || p.Value == sel
	}
	return false
}

// condition returns the statement that decides by the place which way to go,
// nil if the use is not in the condition of one.
func condition(u *rewrite.Use) ast.Stmt {
	for i := 1; i < len(u.Path); i++ {
		inner := u.Path[i-1]
		switch n := u.Path[i].(type) {
		case *ast.IfStmt:
			if n.Cond == inner || n.Init == inner {
				return n
			}
			return nil
		case *ast.ForStmt:
			if n.Cond == inner {
				return n
			}
			return nil
		case *ast.SwitchStmt:
			if n.Tag == inner || n.Init == inner {
				return n
			}
			return nil
		case *ast.CaseClause:
			// switch { case x.f: ... } decides as an if does.
			if e, ok := inner.(ast.Expr); ok && slices.Contains(n.List, e) && i+2 < len(u.Path) {
				s, _ := u.Path[i+2].(*ast.SwitchStmt)
				if s != nil {
					return s
				}
			}
			return nil
		case *ast.FuncLit, *ast.FuncDecl, *ast.BlockStmt:
			return nil
		}
	}
	return nil
}

// receiverName is how the methods of the place's struct call their receiver.
func receiverName(u *rewrite.Use, s *rewrite.Site) string {
	owner := s.Module.Struct(s.Finding.Place.Owner)
	for _, d := range u.File.Syntax.Decls {
		fd, ok := d.(*ast.FuncDecl)
		if !ok || fd.Recv == nil || len(fd.Recv.List) == 0 || len(fd.Recv.List[0].Names) == 0 {
			continue
		}
		t := u.File.Info.TypeOf(fd.Recv.List[0].Type)
		if p, ok := t.(*types.Pointer); ok {
			t = p.Elem()
		}
		if n, ok := t.(*types.Named); ok && n.Origin().Obj().Name() == owner.Name.Name() {
			if name := fd.Recv.List[0].Names[0].Name; name != "_" {
				return name
			}
		}
	}
	r, _ := utf8.DecodeRuneInString(owner.Name.Name())
	return string(unicode.ToLower(r))
}

// fresh returns the name, or one made from it, that nothing in the function
// around a use has, and no type, function or variable of the package.
func fresh(u *rewrite.Use, name string, taken ...string) string {
	names := make(map[string]bool)
	for _, t := range taken {
		names[t] = true
	}
	for _, spec := range u.File.Syntax.Imports {
		if p := u.File.Info.PkgNameOf(spec); p != nil {
			names[p.Name()] = true
		}
	}
	if fn := function(u); fn != nil {
		own := make(map[*ast.FuncType]bool)
		fields := make(map[*ast.Ident]bool) // names after a dot, and keys, take nothing away
		ast.Inspect(fn, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				fields[n.Sel] = true
			case *ast.FuncDecl:
				own[n.Type] = true
			case *ast.FuncLit:
				own[n.Type] = true
			case *ast.FuncType: // the parameters of a mere type are nobody's variables
				for _, fl := range n.Params.List {
					for _, id := range fl.Names {
						fields[id] = !own[n]
					}
				}
			case *ast.KeyValueExpr:
				if id, ok := n.Key.(*ast.Ident); ok {
					if v, ok := u.File.Info.Uses[id].(*types.Var); ok && v.IsField() {
						fields[id] = true
					}
				}
			case *ast.Ident:
				names[n.Name] = names[n.Name] || !fields[n]
			}
			return true
		})
	}
	ok := func(try string) bool {
		return !names[try] && !token.IsKeyword(try) && types.Universe.Lookup(try) == nil && u.File.Pkg.Scope().Lookup(try) == nil
	}
	what := name
	for _, p := range []string{"current", "cur"} {
		if rest := strings.TrimPrefix(name, p); rest != name && rest != "" && ast.IsExported(rest) {
			what = lowerFirst(rest) // currentToken is one already
		}
	}
	for _, try := range []string{name, what, "cur" + upperFirst(what), name + "Now"} {
		if ok(try) {
			return try
		}
	}
	for i := 2; ; i++ {
		if try := name + strconv.Itoa(i); ok(try) {
			return try
		}
	}
}

func upperFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// takes returns the first mention of a function that takes the lock, go
// statements left out.
func takes(f *rewrite.File, n ast.Node, needy map[types.Object]bool) *ast.Ident {
	var found *ast.Ident
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			return false
		case *ast.Ident:
			if o := f.Info.Uses[n]; found == nil && o != nil && needy[origin(o)] {
				found = n
			}
		}
		return found == nil
	})
	return found
}

// origin is the generic function of an instance.
func origin(o types.Object) types.Object {
	if fn, ok := o.(*types.Func); ok {
		return fn.Origin()
	}
	return o
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

// functions lists the functions with a body that a package declares, each with its file.
func functions(m rewrite.Module, pkg *types.Package) iter.Seq2[*rewrite.File, *ast.FuncDecl] {
	return func(yield func(*rewrite.File, *ast.FuncDecl) bool) {
		for _, f := range m.Files(pkg) {
			for _, d := range f.Syntax.Decls {
				if fd, ok := d.(*ast.FuncDecl); ok && fd.Body != nil && !yield(f, fd) {
					return
				}
			}
		}
	}
}

// isField reports whether a selector names a field of a value.
func isField(info *types.Info, sel *ast.SelectorExpr) bool {
	se := info.Selections[sel]
	return se != nil && se.Kind() == types.FieldVal
}
