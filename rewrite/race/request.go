package race

import (
	"slices"

	"github.com/go-fixer/fixer/rewrite/model"
)

// findForRequest finds the functions that are given a request, and what these call: what
// they make may be for that request alone.
func (m *Module) findForRequest() {
	var from []*function
	literals := make(map[string][]*function) // by the function around them
	for _, f := range m.order {
		if f.Served != "" || slices.ContainsFunc(f.Types, model.IsRequest) {
			from = append(from, f)
		}
		if f.Parent != "" {
			literals[f.Parent] = append(literals[f.Parent], f)
		}
	}
	m.forRequest = reachable(from, func(f *function) []*function {
		return slices.Concat(literals[f.Key], f.runs)
	})
}
