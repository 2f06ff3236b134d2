package rules

import "github.com/go-fixer/fixer/rewrite"

// A view is a module in which only those mentions of some variables count that
// have something beside them.
type view struct {
	rewrite.Module
	uses map[string][]*rewrite.Use
}

// racing returns a site as rules for locks see it: accesses that all others
// are ordered with are the business of their own goroutine.
func racing(site *rewrite.Site, variables []*variable) *rewrite.Site {
	w := &view{Module: site.Module, uses: make(map[string][]*rewrite.Use)}
	for _, v := range variables {
		key := v.site.Finding.Place.Key
		for _, u := range v.uses {
			w.uses[key] = append(w.uses[key], v.seen(u))
		}
	}
	s := *site
	s.Module = w
	return &s
}

// seen returns a mention with what the analysis and the syntax know of it.
func (v *variable) seen(u *rewrite.Use) *rewrite.Use {
	a := rewrite.Access{Op: rewrite.Read, At: u.File.Span(u.Path[0])}
	if u.Access != nil {
		a = *u.Access
	}
	a.Fresh = !v.races(u)
	if op := v.changes(u); op != "" && !a.Op.Writes() {
		a.Op = op
	}
	n := *u
	n.Access = &a
	return &n
}

// Uses returns the mentions of a variable of the view as the view sees them.
func (w *view) Uses(place string) []*rewrite.Use {
	if uses, ok := w.uses[place]; ok {
		return uses
	}
	return w.Module.Uses(place)
}

// Elsewhere names no file for a variable of the view: none but its own can
// mention it.
func (w *view) Elsewhere(place string) string {
	if _, ok := w.uses[place]; ok {
		return ""
	}
	return w.Module.Elsewhere(place)
}
