package edit

import (
	"go/ast"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// names decides by which names the edited file knows packages.
type names struct {
	t       *tree
	chosen  map[string]string // by import path
	fresh   map[string]bool   // paths that have to be imported under their chosen name
	pending []string          // paths used by code that isn't in the file yet
	needed  []string          // paths used by code that is
}

// newNames chooses one name for each package that the edits use, good at all
// of their places.
func newNames(t *tree, edits []rewrite.Edit) (*names, error) {
	n := &names{t: t, chosen: map[string]string{}, fresh: map[string]bool{}}
	uses := map[string][]int{} // offsets, by path
	for _, e := range edits {
		code := codeOf(e)
		for _, path := range code.Imports {
			at, err := t.at(e.Anchor())
			if err != nil {
				return nil, err
			}
			uses[path] = append(uses[path], at.from)
		}
	}
	paths := make([]string, 0, len(uses))
	for path := range uses {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		n.choose(path, uses[path])
	}
	return n, nil
}

func codeOf(e rewrite.Edit) rewrite.Code {
	switch e := e.(type) {
	case rewrite.AddField:
		return e.Type
	case rewrite.Retype:
		return e.Type
	case rewrite.AddVar:
		return e.Type
	case rewrite.Redeclare:
		return e.Type
	case rewrite.Insert:
		return e.Code
	case rewrite.Replace:
		return e.Code
	}
	return rewrite.Code{}
}

func (n *names) choose(path string, uses []int) {
	for _, spec := range n.t.file.Imports {
		if p, _ := strconv.Unquote(spec.Path.Value); p != path {
			continue
		}
		name := baseName(path)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		if name == "_" {
			continue
		}
		// A dot import makes bare names, which nothing here tells from others.
		if name == "." || !n.shadowed(name, uses) {
			n.chosen[path] = name
			return
		}
	}
	base := baseName(path)
	for i := 0; ; i++ {
		name := base
		if i > 0 {
			name = "go" + base
		}
		if i > 1 {
			name += strconv.Itoa(i)
		}
		if !n.declared(name) && !n.shadowed(name, uses) {
			n.chosen[path], n.fresh[path] = name, true
			return
		}
	}
}

// use returns the name for the package that the code calls base.
func (n *names) use(c *piece, base string) (string, bool) {
	for _, path := range c.code.Imports {
		if baseName(path) == base {
			n.pending = append(n.pending, path)
			return n.chosen[path], true
		}
	}
	return "", false
}

// commit says that the code filled since the last call is in the file; forget,
// that it is not.
func (n *names) commit() { n.needed, n.pending = append(n.needed, n.pending...), nil }
func (n *names) forget() { n.pending = nil }

// missing lists the paths to be imported, sorted.
func (n *names) missing() []string {
	var list []string
	for _, path := range n.needed {
		if n.fresh[path] {
			list = append(list, path)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// baseName is the usual name of a package, judged by its import path.
func baseName(p string) string {
	base := path.Base(p)
	if isVersion(base) && path.Dir(p) != "." {
		base = path.Base(path.Dir(p))
	}
	if i := strings.Index(base, ".v"); i > 0 && isVersion(base[i+1:]) {
		base = base[:i]
	}
	return base
}

func isVersion(s string) bool {
	return len(s) > 1 && s[0] == 'v' && strings.Trim(s[1:], "0123456789") == ""
}

// declared reports whether a package-level name can't be given to an import:
// an import or an object of the package has it, in this file or another.
func (n *names) declared(name string) bool {
	for _, other := range n.chosen {
		if other == name {
			return true
		}
	}
	for _, spec := range n.t.file.Imports {
		p, _ := strconv.Unquote(spec.Path.Value)
		base := baseName(p)
		if spec.Name != nil {
			if spec.Name.Name == name {
				return true
			}
			continue
		}
		// The true name of a path like go-sync isn't known here.
		if base == name || strings.TrimPrefix(base, "go-") == name || strings.TrimSuffix(base, "-go") == name ||
			strings.TrimSuffix(base, ".go") == name {
			return true
		}
	}
	if n.t.file.Scope != nil && n.t.file.Scope.Lookup(name) != nil {
		return true
	}
	return slices.ContainsFunc(n.t.file.Unresolved, func(id *ast.Ident) bool { return id.Name == name })
}

// shadowed reports whether a local object of the name is in scope at any of
// the offsets.
func (n *names) shadowed(name string, uses []int) bool {
	found := false
	var stack []ast.Node
	ast.Inspect(n.t.file, func(node ast.Node) bool {
		if node == nil {
			stack = stack[:len(stack)-1]
			return true
		}
		stack = append(stack, node)
		id, ok := node.(*ast.Ident)
		if !ok || id.Name != name || id.Obj == nil || id.Obj.Pos() != id.Pos() || id.Obj.Kind == ast.Lbl {
			return true
		}
		if s := scope(stack); s != nil {
			e := n.t.extent(s)
			found = found || slices.ContainsFunc(uses, func(at int) bool { return e.from <= at && at < e.to })
		}
		return true
	})
	return found
}

// scope returns the node that the declaration at the end of the stack is known
// in; nil for fields, methods and what is known everywhere.
func scope(stack []ast.Node) ast.Node {
	for i := len(stack) - 2; i >= 0; i-- {
		switch n := stack[i].(type) {
		case *ast.StructType, *ast.InterfaceType:
			return nil
		case *ast.FuncType:
			if i > 0 {
				switch outer := stack[i-1].(type) {
				case *ast.FuncDecl, *ast.FuncLit:
					return outer
				}
			}
			return n
		case *ast.FuncDecl:
			if stack[i+1] == ast.Node(n.Name) {
				return nil
			}
			return n
		case *ast.TypeSpec:
			if stack[i+1] != ast.Node(n.Name) {
				return n // a type parameter
			}
		case *ast.BlockStmt, *ast.CaseClause, *ast.CommClause, *ast.IfStmt, *ast.ForStmt, *ast.RangeStmt,
			*ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.FuncLit:
			return n
		}
	}
	return nil
}
