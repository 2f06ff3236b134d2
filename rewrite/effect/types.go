package effect

import (
	"go/types"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rewrite/model"
)

// signature spells a method so that one of an interface and one of a type that
// implements it are spelled alike.
func signature(m *types.Func) string {
	key := model.MethodKey(m)
	if !m.Exported() && m.Pkg() != nil {
		key = m.Pkg().Path() + "." + key
	}
	return key
}

// signatures spells all methods of an interface, sorted.
func signatures(t *types.Interface, signature func(*types.Func) string) string {
	var list []string
	for m := range t.Methods() {
		list = append(list, signature(m)+";")
	}
	slices.Sort(list)
	return strings.Join(list, "")
}

// methods lists the types declared in a package with the methods declared on
// them. Promoted methods are left out: they run on another object.
func methods(p *load.Package, spell *speller) []*Type {
	var out []*Type
	scope := p.Types.Scope()
	for _, name := range scope.Names() {
		tn, ok := scope.Lookup(name).(*types.TypeName)
		if !ok || tn.IsAlias() {
			continue
		}
		n, ok := tn.Type().(*types.Named)
		if !ok || n.NumMethods() == 0 || types.IsInterface(n) {
			continue
		}
		t := &Type{Key: TypeKey(n), Methods: make(map[string]string)}
		for m := range n.Methods() {
			t.Methods[spell.signature(m)] = spell.fullName(m)
		}
		out = append(out, t)
	}
	return out
}
