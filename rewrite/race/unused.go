package race

import (
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite/model"
)

// findUses notes of which packages others call functions, and which methods are
// called through interfaces.
func (m *Module) findUses() {
	for _, f := range m.order {
		for _, c := range f.calls {
			if c.to.Pkg != f.Pkg && !f.Test {
				m.imported[c.to.Pkg] = true
			}
		}
	}
	for _, s := range m.sums {
		for _, name := range s.Abroad {
			m.invoked[name] = true
		}
	}
	called := make(map[string]bool)
	for c := range m.impls {
		called[c.method] = true
	}
	for _, t := range m.types {
		for signature, key := range t.Methods {
			if called[signature] {
				m.invoked[key] = true
			}
		}
	}
}

// unused reports whether nobody calls an exported function of an internal package,
// tests left out, although others use the package, or tests do. What net/rpc calls
// takes two arguments: https://pkg.go.dev/net/rpc
func (m *Module) unused(f *function) bool {
	switch {
	case m.public[f.Pkg], slices.ContainsFunc(f.callers, func(g *function) bool { return !g.Test }):
		return false
	case m.ownsLock(f.Recv):
		return false // it is there for several goroutines
	case len(f.callers) > 0:
		return !m.presented[f.Recv] && !m.promotes[f.Recv]
	}
	return !f.pkg.Main && m.imported[f.Pkg] && f.Params != 3 && !m.invoked[f.Key[strings.LastIndexByte(f.Key, '.')+1:]] && !m.invoked[f.Key] && !model.Reflected(f.Key)
}
