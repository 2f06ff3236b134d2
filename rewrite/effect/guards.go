package effect

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite/load"
)

// A member is a struct field, or a package variable, as comments speak of it.
type member struct {
	name     string
	lock     bool     // comments may name it as the guard of others
	free     bool     // needs no guard, unless a comment names it
	texts    []string // its comments
	block    int      // of declarations without a blank line between them
	from, to int      // its lines, comments included
}

// partly reports whether the comments of a lock say that some need not take it.
func (m *member) partly() bool { return slices.ContainsFunc(m.texts, partly.MatchString) }

// annotate fills in, from comments, which locks guard the fields of structs.
func annotate(fset *token.FileSet, p *load.Package, structs []*Struct) {
	byKey := make(map[string]*Struct)
	for _, s := range structs {
		byKey[s.Key] = s
	}
	eachSpec(p, token.TYPE, func(_ *ast.GenDecl, spec ast.Spec) {
		ts := spec.(*ast.TypeSpec)
		st, ok := ts.Type.(*ast.StructType)
		obj := p.Info.Defs[ts.Name]
		if !ok || obj == nil || byKey[TypeKey(obj.Type())] == nil {
			return
		}
		s := byKey[TypeKey(obj.Type())]
		members := fieldMembers(fset, p.Info, st)
		guards := guardsOf(members, func(name string) string { return siblingLock(obj, name) })
		for i := range s.Fields {
			f := &s.Fields[i]
			name := f.Key[len(s.Key)+1:]
			f.Guard = guards[name]
			f.Partly = f.Lock && slices.ContainsFunc(members, func(m member) bool { return m.name == name && m.partly() })
		}
	})
}

// siblingLock returns the key of the lock that a comment inside a struct
// names: "mu", "T.mu" with the struct's own name, or "x.mu" with a field x.
func siblingLock(owner types.Object, name string) string {
	if first, rest, ok := strings.Cut(name, "."); ok && first == owner.Name() {
		name = rest
	}
	return lockKey(owner.Type(), name)
}

// lockKey returns the key of the lock that a chain of field names leads to.
func lockKey(t types.Type, name string) string {
	first, rest, deeper := strings.Cut(name, ".")
	f := fieldOf(t, first)
	switch {
	case f == nil:
		return ""
	case deeper:
		return lockKey(f.Type(), rest)
	case !isLock(f.Type()) || TypeKey(t) == "":
		return ""
	}
	return TypeKey(t) + "." + first
}

// fieldMembers lists the fields of a struct type.
func fieldMembers(fset *token.FileSet, info *types.Info, st *ast.StructType) []member {
	var list []member
	for _, f := range st.Fields.List {
		m := newMember(fset, f, f.Doc, f.Comment)
		if t := info.TypeOf(f.Type); t != nil {
			m.lock = isLock(t)
			m.free = m.lock || inSync(t)
		}
		if n := named(info.TypeOf(f.Type)); len(f.Names) == 0 && n != nil {
			m.name = n.Obj().Name()
			list = append(list, m)
		}
		list = addMembers(list, m, f.Names)
	}
	return list
}

// addMembers adds a declaration, once for each name it declares.
func addMembers(list []member, m member, names []*ast.Ident) []member {
	for _, id := range names {
		m.name = id.Name
		list = append(list, m)
	}
	return list
}

func newMember(fset *token.FileSet, n ast.Node, comments ...*ast.CommentGroup) member {
	m := member{from: fset.Position(n.Pos()).Line, to: fset.Position(n.End()).Line}
	for _, c := range comments {
		if c != nil {
			m.texts = append(m.texts, c.Text())
			m.from, m.to = min(m.from, fset.Position(c.Pos()).Line), max(m.to, fset.Position(c.End()).Line)
		}
	}
	return m
}

// variableGuards tells which locks guard package variables, and the fields of
// those whose struct type has no name, by key.
func variableGuards(fset *token.FileSet, p *load.Package) map[string]string {
	guards := make(map[string]string)
	prefix := p.Types.Path() + "."
	var members []member
	var last *ast.GenDecl
	block := 0
	eachSpec(p, token.VAR, func(d *ast.GenDecl, spec ast.Spec) {
		vs := spec.(*ast.ValueSpec)
		doc := vs.Doc
		if !d.Lparen.IsValid() {
			doc = d.Doc
		}
		obj := p.Info.Defs[vs.Names[0]]
		if obj == nil {
			return // the blank name
		}
		m := newMember(fset, vs, doc, vs.Comment)
		m.lock = isLock(obj.Type())
		m.free = m.lock || inSync(obj.Type())
		if d != last {
			block++
		}
		last, m.block = d, block
		members = addMembers(members, m, vs.Names)
		if st, ok := vs.Type.(*ast.StructType); ok && len(vs.Names) == 1 {
			inner := prefix + obj.Name() + "."
			for name, lock := range guardsOf(fieldMembers(fset, p.Info, st), func(name string) string {
				if f := fieldOf(obj.Type(), name); f != nil && isLock(f.Type()) {
					return inner + name
				}
				return ""
			}) {
				guards[inner+name] = lock
			}
		}
	})
	for name, lock := range guardsOf(members, func(name string) string { return variableLock(p.Types, name) }) {
		guards[prefix+name] = lock
	}
	return guards
}

// variableLock returns the key of the lock that a comment at package level
// names: a variable "mu", or "x.mu" with a variable x.
func variableLock(pkg *types.Package, name string) string {
	first, rest, _ := strings.Cut(name, ".")
	obj, ok := pkg.Scope().Lookup(first).(*types.Var)
	switch {
	case !ok:
		return ""
	case rest == "" && isLock(obj.Type()):
		return pkg.Path() + "." + first
	case rest != "" && TypeKey(obj.Type()) != "":
		return lockKey(obj.Type(), rest)
	case rest != "":
		if f := fieldOf(obj.Type(), rest); f != nil && isLock(f.Type()) {
			return pkg.Path() + "." + name
		}
	}
	return ""
}

// fieldOf returns the field of this name of the struct that t is or points to.
func fieldOf(t types.Type, name string) *types.Var {
	if st := structOf(t); st != nil {
		for f := range st.Fields() {
			if f.Name() == name {
				return f
			}
		}
	}
	return nil
}

// eachSpec calls f for the declarations of a kind at package level.
func eachSpec(p *load.Package, kind token.Token, f func(*ast.GenDecl, ast.Spec)) {
	for _, file := range p.Files {
		for _, d := range file.Decls {
			if d, ok := d.(*ast.GenDecl); ok && d.Tok == kind {
				for _, spec := range d.Specs {
					f(d, spec)
				}
			}
		}
	}
}
