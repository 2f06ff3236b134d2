package driver

import (
	"fmt"
	"go/types"
	"maps"
	"slices"
	"strings"

	"golang.org/x/exp/apidiff"

	"github.com/go-fixer/fixer/rewrite/load"
)

// A renewal is a package before and after a change.
type renewal struct{ old, new *load.Package }

// renewed lists the packages that a program has anew.
func (x *stage) renewed(next *load.Program) (list []renewal) {
	old := make(map[string]*load.Package)
	for _, p := range x.base.prog.Packages {
		old[p.ID] = p
	}
	for _, p := range next.Packages {
		if q := old[p.ID]; q != nil && q != p {
			list = append(list, renewal{q, p})
		}
	}
	return list
}

// compatible reports the first change that code of other modules may not
// compile with any more.
func (x *stage) compatible(next *load.Program) string {
	for _, r := range x.renewed(next) {
		if r.new.Types.Name() == "main" || strings.Contains("/"+r.new.Path+"/", "/internal/") || strings.HasSuffix(r.new.Path, "_test") {
			continue
		}
		broken, ok := x.broken[r.new]
		if !ok {
			broken = breaks(r)
			x.broken[r.new] = broken
		}
		if broken != "" {
			return "the API would change: " + broken
		}
	}
	return ""
}

// breaks tells of the first change to a package that is not compatible.
func breaks(r renewal) string {
	for _, c := range apidiff.Changes(r.old.Types, r.new.Types).Changes {
		if !c.Compatible {
			return c.Message
		}
	}
	return ""
}

// redeclared names what is declared otherwise, or newly, in the packages that a
// program has anew, fields and methods with their types, where some files are.
func (x *stage) redeclared(next *load.Program, files []string) (names []load.Name) {
	for _, r := range x.renewed(next) {
		old, now := declarations(r.old.Types), declarations(r.new.Types)
		all := maps.Clone(old)
		maps.Copy(all, now)
		for _, key := range slices.Sorted(maps.Keys(all)) {
			if old[key] == now[key] {
				continue
			}
			name, member, _ := strings.Cut(key, ".")
			if member != "" {
				names = append(names, namesIn([]string{member}, files)...)
			}
			for _, n := range namesIn([]string{name}, files) {
				if !x.renamed(r.new.Types.Scope().Lookup(name)) {
					n.From = r.new.Path
				}
				names = append(names, n)
			}
		}
	}
	return names
}

// renamed reports whether a package gives what another one declares a name of its
// own: who imports the one may mean the other.
func (x *stage) renamed(o types.Object) bool {
	return o == nil || slices.ContainsFunc(x.base.prog.Packages, func(p *load.Package) bool {
		a, ok := p.Types.Scope().Lookup(o.Name()).(*types.TypeName)
		return ok && a.IsAlias() && p.Types.Path() != o.Pkg().Path()
	})
}

// declarations spells what a package declares, by name.
func declarations(p *types.Package) map[string]string {
	all := make(map[string]string)
	for _, name := range p.Scope().Names() {
		o := p.Scope().Lookup(name)
		tn, ok := o.(*types.TypeName)
		if !ok || tn.IsAlias() {
			all[name] = types.ObjectString(o, nil)
			continue
		}
		st, ok := tn.Type().Underlying().(*types.Struct)
		if !ok {
			all[name] = types.TypeString(tn.Type().Underlying(), nil)
		} else {
			for i := range st.NumFields() {
				f := st.Field(i)
				all[name+"."+f.Name()] = fmt.Sprintf("%s %v %q", types.TypeString(f.Type(), nil), f.Embedded(), st.Tag(i))
			}
		}
		if n, ok := tn.Type().(*types.Named); ok {
			for m := range n.Methods() {
				all[name+"."+m.Name()] = types.ObjectString(m, nil)
			}
		}
	}
	return all
}
