package rules

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// asked are the methods that packages such as fmt and encoding/json call on
// what they are given as an interface.
var asked = []string{"String", "GoString", "Error", "Format", "LogValue", "MarshalJSON", "MarshalText", "MarshalYAML"}

// printed refuses to take the lock in a method by which an object is printed
// where another method, which may hold the lock, prints its own object: that
// call is nowhere in the source.
func (l *locking) printed(fn ast.Node) string {
	fd, ok := fn.(*ast.FuncDecl)
	if !ok || fd.Recv == nil || !slices.Contains(asked, fd.Name.Name) {
		return ""
	}
	seen := make(map[*rewrite.File]bool)
	for _, place := range l.places {
		for _, u := range l.site.Module.Uses(place) {
			if seen[u.File] {
				continue
			}
			seen[u.File] = true
			for _, d := range u.File.Syntax.Decls {
				other, ok := d.(*ast.FuncDecl)
				if !ok || other == fd || other.Body == nil || receiverType(other) != receiverType(fd) {
					continue
				}
				if call := printsItself(u.File, other); call != nil {
					return fmt.Sprintf("%s may be called where %s:%d prints the object, perhaps under the lock", fd.Name.Name, base(u.File.Name), u.File.Span(call).Line)
				}
			}
		}
	}
	return ""
}

// receiverType is the name of a method's type, "" for functions.
func receiverType(fd *ast.FuncDecl) string {
	if fd.Recv == nil || len(fd.Recv.List) == 0 {
		return ""
	}
	t := fd.Recv.List[0].Type
	if p, ok := t.(*ast.StarExpr); ok {
		t = p.X
	}
	switch x := t.(type) {
	case *ast.IndexExpr:
		t = x.X
	case *ast.IndexListExpr:
		t = x.X
	}
	id, ok := t.(*ast.Ident)
	if !ok {
		return ""
	}
	return id.Name
}

// printsItself returns the first call in a method that is given the receiver
// as an interface.
func printsItself(f *rewrite.File, fd *ast.FuncDecl) *ast.CallExpr {
	if len(fd.Recv.List[0].Names) == 0 {
		return nil
	}
	recv := f.Info.Defs[fd.Recv.List[0].Names[0]]
	var found *ast.CallExpr
	ast.Inspect(fd.Body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || found != nil {
			return found == nil
		}
		sig, ok := f.Info.TypeOf(call.Fun).Underlying().(*types.Signature)
		if !ok {
			return true
		}
		for i, arg := range call.Args {
			if id, ok := arg.(*ast.Ident); ok && recv != nil && f.Info.Uses[id] == recv && types.IsInterface(handedAs(sig, i)) {
				found = call
			}
		}
		return true
	})
	return found
}

// handedAs is the type of what a call's i-th argument is handed over as.
func handedAs(sig *types.Signature, i int) types.Type {
	last := sig.Params().Len() - 1
	if i < last || !sig.Variadic() {
		return sig.Params().At(i).Type()
	}
	if s, ok := sig.Params().At(last).Type().(*types.Slice); ok {
		return s.Elem()
	}
	return types.Typ[types.Byte] // append([]byte, string...)
}
