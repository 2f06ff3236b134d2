package race

import "github.com/go-fixer/fixer/rewrite/effect"

// A shown is a parameter of a function, by its number.
type shown struct {
	fn    string
	param int
}

// findShown finds the parameters that functions of the module give to an encoder,
// themselves or by others that do.
//
//	func writeJSON(w http.ResponseWriter, v any) { json.NewEncoder(w).Encode(v) }
func (m *Module) findShown() {
	m.shown = make(map[shown]bool)
	by := make(map[shown][]shown) // whose parameters become this one
	var work []shown
	for _, f := range m.order {
		f.each(func(e *effect.Event) {
			if e.Path.Root.Kind != effect.Param || e.Path.Sel != "" {
				return
			}
			p := shown{f.Key, e.Path.Root.N}
			if e.Fn.Func == "" {
				work = append(work, p)
				return
			}
			to := shown{e.Fn.Func, e.ID}
			by[to] = append(by[to], p)
		}, effect.Show)
	}
	for ; len(work) > 0; work = work[1:] {
		if p := work[0]; !m.shown[p] {
			m.shown[p] = true
			work = append(work, by[p]...)
		}
	}
}
