package load

import "go/types"

// Imports returns the packages of the module and those they import, by import
// path.
func (prog *Program) Imports() map[string]*types.Package {
	all := make(map[string]*types.Package)
	for _, p := range prog.Packages {
		for _, q := range append(p.Types.Imports(), p.Types) {
			if q.Complete() {
				all[q.Path()] = q
			}
		}
	}
	return all
}
