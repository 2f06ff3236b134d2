package driver

import (
	"fmt"
	"go/ast"
	"go/types"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
	"github.com/go-fixer/fixer/rewrite/load"
)

// Mentions finds a function by its full name: a package and its variant with
// tests have different objects for it.
func (s *sites) Mentions(fn *types.Func) []*rewrite.Use {
	s.index()
	name := fn.Origin().FullName()
	in := s.mentioned()[name]
	seen := make(map[effect.Pos]bool)
	var out []*rewrite.Use
	for _, p := range s.build.prog.Packages {
		for _, syntax := range p.Files {
			if !in[syntax] {
				continue // nearly all, and to walk them takes time
			}
			f := s.files[syntax]
			ast.PreorderStack(syntax, nil, func(n ast.Node, up []ast.Node) bool {
				id, ok := n.(*ast.Ident)
				if !ok || id.Name != fn.Name() {
					return true
				}
				if g, ok := p.Info.ObjectOf(id).(*types.Func); !ok || g.Origin().FullName() != name || seen[s.pos(f, id.Pos())] {
					return true
				}
				seen[s.pos(f, id.Pos())] = true
				u := &rewrite.Use{File: f, Path: append(slices.Clone(up), id)}
				slices.Reverse(u.Path)
				out = append(out, u)
				return true
			})
		}
	}
	return out
}

// mentioned lists, by full name, the files that mention functions.
func (b *build) mentioned() map[string]map[*ast.File]bool {
	out := make(map[string]map[*ast.File]bool)
	files := make(map[*types.Func]map[*ast.File]bool) // names take their time to spell
	for _, p := range b.prog.Packages {
		note := func(id *ast.Ident, obj types.Object) {
			fn, ok := obj.(*types.Func)
			if !ok {
				return
			}
			fn = fn.Origin()
			if files[fn] == nil {
				name := fn.FullName()
				if out[name] == nil {
					out[name] = make(map[*ast.File]bool)
				}
				files[fn] = out[name]
			}
			if i := slices.IndexFunc(p.Files, func(f *ast.File) bool { return f.FileStart <= id.Pos() && id.Pos() < f.FileEnd }); i >= 0 {
				files[fn][p.Files[i]] = true
			}
		}
		for id, obj := range p.Info.Uses {
			note(id, obj)
		}
		for id, obj := range p.Info.Defs {
			note(id, obj)
		}
	}
	return out
}

// Elsewhere looks into the builds that have files with the name of the place:
// what they mean is told by types. A file that can't be had there may mean the
// place.
func (s *sites) Elsewhere(place string) string {
	s.index()
	files := []string{s.home(place)}
	for _, u := range s.uses[place] {
		if !slices.Contains(files, u.File.Name) {
			files = append(files, u.File.Name)
		}
	}
	name := place[strings.LastIndexByte(place, '.')+1:]
	list, err := s.build.prog.Variants(s.build.placesIn([]string{place}, files), files)
	if err != nil {
		return err.Error()
	}
	for _, v := range list {
		other, err := s.build.variants.load(s.build, v)
		for _, f := range v.Files {
			if err != nil || other.uses(f, place) {
				return fmt.Sprintf("%s, mentions %s", v.Why(f), name)
			}
		}
	}
	return ""
}

// namesIn are names that are used in the directories of some files.
func namesIn(names, files []string) []load.Name {
	var out []load.Name
	for _, f := range files {
		for _, n := range names {
			if m := (load.Name{Text: n, Dir: filepath.Dir(f)}); f != "" && !slices.Contains(out, m) {
				out = append(out, m)
			}
		}
	}
	return out
}

// placesIn are the names of fields and package variables that are used in the
// directories of some files: of places, or as expressions name them.
func (b *build) placesIn(places, files []string) []load.Name {
	var out []load.Name
	for _, place := range places {
		i := strings.LastIndexByte(place, '.')
		variable := i < 0 || slices.ContainsFunc(b.prog.Packages, func(p *load.Package) bool { return p.Types.Path() == place[:i] || p.Types.Name() == place[:i] })
		for _, n := range namesIn([]string{place[i+1:]}, files) {
			if n.Member = !variable; !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	return out
}

// home is the file that declares a field or a package variable; "" if there is
// none.
func (s *sites) home(place string) string {
	i := strings.LastIndexByte(place, '.')
	if st := s.types[place[:i]]; st != nil {
		return st.File.Name
	}
	for _, p := range s.build.prog.Packages {
		if o := p.Types.Scope().Lookup(place[i+1:]); o != nil && p.Types.Path() == place[:i] {
			return s.build.prog.Fset.Position(o.Pos()).Filename
		}
	}
	return ""
}
