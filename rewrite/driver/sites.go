package driver

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"sync"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
	"github.com/go-fixer/fixer/rewrite/load"
)

// sites joins what the analysis knows by position with the syntax that rules
// work on. It is the rewrite.Module of a build.
type sites struct {
	build  *build
	once   sync.Once
	uses   map[string][]*rewrite.Use // by place; Access is filled by complete
	at     map[effect.Pos]*rewrite.Use
	types  map[string]*rewrite.Struct
	own    map[string][]*rewrite.File // by import path
	files  map[*ast.File]*rewrite.File
	byName map[string]*rewrite.File // by file name
	led    map[string]string        // see directed
	racing map[string]bool          // the names of places that race: most of what a file mentions has none of them

	decls map[string]*declared // filled on first use

	mentioned func() map[string]map[*ast.File]bool // by the full name of a function, the files that mention it
}

// index walks the syntax of all packages once, on the first finding.
func (s *sites) index() {
	s.once.Do(func() {
		s.uses = make(map[string][]*rewrite.Use)
		s.at = make(map[effect.Pos]*rewrite.Use)
		s.types = make(map[string]*rewrite.Struct)
		s.own = make(map[string][]*rewrite.File)
		s.files = make(map[*ast.File]*rewrite.File)
		s.byName = make(map[string]*rewrite.File)
		s.led, s.racing = s.build.directed(), s.build.module.RacingNames()
		for _, p := range s.build.prog.Packages {
			for _, f := range p.Files {
				s.file(p, f)
			}
		}
	})
}

func (s *sites) file(p *load.Package, syntax *ast.File) {
	fset := s.build.prog.Fset
	name := fset.Position(syntax.FileStart).Filename
	f := &rewrite.File{Name: name, Syntax: syntax, Fset: fset, Info: p.Info, Pkg: p.Types,
		Test: strings.HasSuffix(name, "_test.go")}
	s.files[syntax] = f
	s.own[p.Path] = append(s.own[p.Path], f)
	if s.byName[name] == nil {
		s.byName[name] = f
	}
	ast.PreorderStack(syntax, nil, func(n ast.Node, up []ast.Node) bool {
		switch n := n.(type) {
		case *ast.TypeSpec:
			if st, ok := n.Type.(*ast.StructType); ok {
				if tn, ok := p.Info.Defs[n.Name].(*types.TypeName); ok {
					s.declare(effect.TypeKey(tn.Type()), &rewrite.Struct{File: f, Name: tn, Type: st})
				}
			}
		case *ast.ValueSpec:
			if _, local := up[len(up)-2].(*ast.File); local && len(n.Names) == 1 {
				s.nameless(globalKey(p.Info.Defs[n.Names[0]]), n.Names[0], typeOf(n), f)
			}
		case *ast.SelectorExpr:
			if s.racing[n.Sel.Name] {
				s.add(f, selectionKey(p.Info, n), n.Sel.Pos(), up, n)
			}
		case *ast.Ident:
			if s.racing[n.Name] {
				s.global(f, globalKey(p.Info.Uses[n]), n, up)
			}
		case *ast.CompositeLit:
			s.literal(f, n, up)
		}
		return true
	})
}

// declare notes a struct type, and those without a name that its fields have.
func (s *sites) declare(key string, st *rewrite.Struct) {
	s.types[key] = st
	for _, fl := range st.Type.Fields.List {
		for _, id := range fl.Names {
			s.nameless(key+"."+id.Name, id, fl.Type, st.File)
		}
	}
}

// nameless notes the struct type without a name that a field or package
// variable holds, refers to, or has elements of, under the name of that.
func (s *sites) nameless(key string, id *ast.Ident, t ast.Expr, f *rewrite.File) {
	switch t := t.(type) {
	case *ast.StarExpr:
		s.nameless(key, id, t.X, f)
	case *ast.ArrayType:
		s.nameless(key, id, t.Elt, f)
	case *ast.MapType:
		s.nameless(key, id, t.Value, f)
	case *ast.StructType:
		name := types.NewTypeName(id.Pos(), f.Pkg, id.Name, f.Info.TypeOf(t))
		s.declare(key, &rewrite.Struct{File: f, Name: name, Type: t})
	}
}

// typeOf is the type of a variable as its declaration spells it.
func typeOf(v *ast.ValueSpec) ast.Expr {
	if v.Type != nil || len(v.Values) != 1 {
		return v.Type
	}
	value := v.Values[0]
	if u, ok := value.(*ast.UnaryExpr); ok {
		value = u.X
	}
	if lit, ok := value.(*ast.CompositeLit); ok {
		return lit.Type
	}
	return nil
}

// literal indexes the keyed fields of a composite literal, by the position
// that stores carry in SSA: the colon.
func (s *sites) literal(f *rewrite.File, lit *ast.CompositeLit, up []ast.Node) {
	t := f.Info.TypeOf(lit)
	if t == nil {
		return
	}
	t = deref(t)
	st, ok := t.Underlying().(*types.Struct)
	if !ok {
		return
	}
	for i, el := range lit.Elts {
		kv, keyed := el.(*ast.KeyValueExpr)
		field, pos := i, el.Pos()
		if keyed {
			id, ok := kv.Key.(*ast.Ident)
			if !ok {
				continue
			}
			field = slices.IndexFunc(slices.Collect(st.Fields()), func(v *types.Var) bool { return v.Name() == id.Name })
			pos = kv.Colon
		}
		if field < 0 || field >= st.NumFields() || !s.racing[st.Field(field).Name()] {
			continue
		}
		if key, ok := effect.FieldKey(t, field); ok {
			if u := s.add(f, key, pos, up, lit, el); u != nil {
				u.Element = true
			}
		}
	}
}

// add records a use, unless it is of no interest; its path runs through up and
// then the nodes given.
func (s *sites) add(f *rewrite.File, key string, pos token.Pos, up []ast.Node, nodes ...ast.Node) *rewrite.Use {
	if key == "" || !s.build.module.Races(key) {
		return nil
	}
	u := &rewrite.Use{File: f, Path: slices.Concat(up, nodes)}
	slices.Reverse(u.Path)
	at := s.pos(f, pos)
	if s.at[at] != nil {
		return nil // the file is in two variants of its package
	}
	s.at[at] = u
	s.uses[key] = append(s.uses[key], u)
	return u
}

func deref(t types.Type) types.Type {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		return p.Elem()
	}
	return t
}

// complete fills in what needs syntax: the declaration and type of the place,
// and the ends of the spans. It reports false for places that are not the
// named packages' business.
func (s *sites) complete(f *rewrite.Finding) bool {
	s.index()
	switch f.Kind {
	case rewrite.Goroutine:
		return s.goroutine(f)
	case rewrite.Locking:
		return s.inRoot(f)
	case rewrite.Variable, rewrite.Global:
		return s.variable(f)
	}
	st := s.types[f.Place.Owner]
	if st == nil || ast.IsGenerated(st.File.Syntax) || !s.asked(st.File.Name) && !s.inRoot(f) {
		return false
	}
	name := f.Place.Key[strings.LastIndexByte(f.Place.Key, '.')+1:]
	for _, fl := range st.Type.Fields.List {
		idents := fl.Names
		if len(idents) == 0 { // embedded
			if id := embeddedName(fl.Type); id != nil {
				idents = []*ast.Ident{id}
			}
		}
		for _, id := range idents {
			if id.Name != name {
				continue
			}
			f.Place.Decl = st.File.Span(id)
			f.Place.Type = types.TypeString(st.File.Info.TypeOf(fl.Type), types.RelativeTo(st.File.Pkg))
		}
	}
	for i := range f.Accesses {
		a := &f.Accesses[i]
		if u := s.at[effect.PosOf(a.At)]; u != nil {
			a.At = u.File.Span(u.Path[0])
			if a.Whole && !slices.Contains(s.uses[f.Place.Key], u) {
				continue // names what holds the place
			}
			if _, ok := u.Path[0].(*ast.SelectorExpr); ok || u.Access == nil {
				u.Access = a
			}
		} else if u := s.leading(f.Place.Key, a.At); u != nil && u.Access == nil {
			a.At = u.File.Span(u.Path[0])
			u.Access = a
		}
	}
	for i := range f.Sides {
		a := &f.Sides[i].Access
		if u := s.at[effect.PosOf(a.At)]; u != nil {
			a.At = u.File.Span(u.Path[0])
		}
	}
	return true
}

// leading is the use of a place that holds a struct by which a field of that is
// named: x.stats of x.stats.hits.
func (s *sites) leading(place string, field rewrite.Span) *rewrite.Use {
	for _, u := range s.uses[place] {
		if sel, ok := u.Path[1].(*ast.SelectorExpr); ok && sel.X == u.Path[0] && s.pos(u.File, sel.Sel.Pos()) == effect.PosOf(field) {
			return u
		}
	}
	return nil
}

// inRoot reports whether an access of the finding stands in a named package.
func (s *sites) inRoot(f *rewrite.Finding) bool {
	return s.asked(f.Sides[0].Access.At.File) || s.asked(f.Sides[1].Access.At.File)
}

// asked reports whether a file is in a package that the patterns name.
func (s *sites) asked(file string) bool {
	s.index()
	f := s.byName[file]
	return f != nil && slices.ContainsFunc(s.build.prog.Packages, func(p *load.Package) bool { return p.Root && p.Types == f.Pkg })
}

func embeddedName(e ast.Expr) *ast.Ident {
	switch e := e.(type) {
	case *ast.Ident:
		return e
	case *ast.StarExpr:
		return embeddedName(e.X)
	case *ast.SelectorExpr:
		return e.Sel
	case *ast.IndexExpr:
		return embeddedName(e.X)
	}
	return nil
}

func (s *sites) Uses(place string) []*rewrite.Use {
	s.index()
	list := slices.Clone(s.uses[place])
	slices.SortFunc(list, func(a, b *rewrite.Use) int { return a.File.Span(a.Path[0]).Compare(b.File.Span(b.Path[0])) })
	return list
}

func (s *sites) Struct(owner string) *rewrite.Struct {
	s.index()
	return s.types[owner]
}

func (s *sites) Calls(f *rewrite.File, from, to token.Pos) rewrite.Effects {
	return s.build.module.Effects(s.pos(f, from), s.pos(f, to))
}

func (s *sites) Entry(f *rewrite.File, pos token.Pos) []rewrite.Lock {
	return s.build.module.Entry(s.pos(f, pos))
}

func (s *sites) Held(f *rewrite.File, call token.Pos) (must, may []rewrite.Lock, ok bool) {
	return s.build.module.Held(s.pos(f, call))
}

func (s *sites) Around(at rewrite.Span) (*rewrite.File, []ast.Node) {
	s.index()
	f := s.byName[at.File]
	if f == nil {
		return nil, nil
	}
	var path []ast.Node
	ast.Inspect(f.Syntax, func(n ast.Node) bool {
		if n == nil || !f.Span(n).Contains(at) {
			return false
		}
		if len(path) > 0 && !f.Span(path[len(path)-1]).Contains(f.Span(n)) {
			return false // a FuncType begins before the receiver
		}
		path = append(path, n)
		return true
	})
	slices.Reverse(path)
	return f, path
}

// signature reports whether a span is in the head of a declared function.
func (s *sites) signature(at rewrite.Span) bool {
	_, path := s.Around(at)
	for i, n := range path {
		if fd, ok := n.(*ast.FuncDecl); ok {
			return i > 0 && path[i-1] != ast.Node(fd.Body)
		}
	}
	return false
}

func (s *sites) Files(pkg *types.Package) []*rewrite.File {
	s.index()
	return s.own[pkg.Path()]
}

func (s *sites) pos(f *rewrite.File, p token.Pos) effect.Pos {
	q := f.Fset.Position(p)
	return effect.Pos{File: q.Filename, Line: q.Line, Col: q.Column}
}

// GoVersion returns the version a file is compiled as, by its build tags or
// its module.
func (s *sites) GoVersion(f *rewrite.File) string {
	if v := f.Info.FileVersions[f.Syntax]; v != "" {
		return v
	}
	return f.Pkg.GoVersion()
}
