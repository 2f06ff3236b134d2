package race

import (
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
	"github.com/go-fixer/fixer/rewrite/model"
)

// A proxy of net/http/httputil passes hints on to its client in a hook, which may
// run as long as the proxy's RoundTrip has not returned: in a goroutine of the
// transport that RoundTrip has asked, and which may have failed. RoundTrip itself
// must then leave the client's ResponseWriter alone, or keep the hook out.

// roundTrip is the method of http.RoundTripper.
const roundTrip = "RoundTrip(*net/http.Request) (*net/http.Response, error)"

// findProxied looks for RoundTrip methods of proxies that answer the client after
// they have asked.
func (m *Module) findProxied() {
	for _, f := range m.order {
		f.each(func(e *effect.Event) {
			if f.Test {
				return
			}
			for _, g := range m.tripping(e) {
				m.proxied(g, f, e)
			}
		}, effect.Proxies)
	}
}

// tripping lists the RoundTrip methods that a proxy may call.
func (m *Module) tripping(e *effect.Event) []*function {
	var out []*function
	for _, t := range m.types {
		g := m.funcs[t.Methods[roundTrip]]
		if g == nil || g.Test || e.Iface == "" && t.Key != e.Note {
			continue
		}
		if !slices.ContainsFunc(strings.FieldsFunc(e.Iface, func(r rune) bool { return r == ';' }), func(sig string) bool { return t.Methods[sig] == "" }) {
			out = append(out, g)
		}
	}
	return out
}

// proxied looks for an answer that comes after a request in a RoundTrip method,
// and notes it.
func (m *Module) proxied(g, by *function, proxy *effect.Event) {
	key := g.Key + " answers"
	if m.goroutines[key] != nil || m.shields(g, 0) {
		return
	}
	asked, answered := m.askedThenAnswered(g)
	if asked == nil {
		return
	}
	name := "the client's ResponseWriter"
	hook := rewrite.Context{Start: proxy.At.Span(), Func: by.Name, Runs: "the hook for 1xx responses", Through: rewrite.Proxy}
	m.goroutines[key] = &rewrite.Finding{
		Kind: rewrite.Variable, Confidence: rewrite.Likely,
		Place: rewrite.Place{Key: key, Owner: key, Name: name, Type: "http.ResponseWriter", Decl: effect.Pos{File: g.At.File, Line: g.At.Line, Col: 1}.Span()},
		Sides: [2]rewrite.Side{
			{Access: rewrite.Access{Op: rewrite.WriteElem, At: answered.At.Span(), Func: g.Name},
				Context: rewrite.Context{Start: g.At.Span(), Func: g.Name, Runs: g.Name, Entry: true}},
			{Access: rewrite.Access{Op: rewrite.WriteElem, At: asked.At.Span(), Func: g.Name}, Context: hook},
		},
		Why:   []string{"a request that has failed may still be on its way, and its hooks run in a goroutine of the transport", "the proxy keeps its hook out only when " + g.Name + " has returned"},
		Would: "a mutex and a flag that keep the hook out once " + g.Name + " has asked",
	}
}

// shields reports whether a RoundTrip method, or what it calls, sets the hook
// anew.
func (m *Module) shields(g *function, depth int) bool {
	found := false
	g.each(func(e *effect.Event) {
		found = found || e.Kind == effect.Keep && e.Path.Field() == model.Got1xx
		if e.Kind == effect.Call && !found && depth < maxDepth {
			found = slices.ContainsFunc(m.running(e), func(h *function) bool { return m.shields(h, depth+1) })
		}
	})
	return found
}

// askedThenAnswered finds an event by which a function sends a request, and the
// first in the source by which it may answer one after that; nil if there are none.
func (m *Module) askedThenAnswered(f *function) (asked, answered *effect.Event) {
	for i := range f.Blocks {
		for j := range f.Blocks[i].Events {
			ask := &f.Blocks[i].Events[j]
			if !m.asks(ask, 0) {
				continue
			}
			for k, from := range f.onwards(i, j+1) {
				for l := from; l < len(f.Blocks[k].Events); l++ {
					if e := &f.Blocks[k].Events[l]; m.answersIn(f, e, 0) && (answered == nil || comparePos(e.At, answered.At) < 0) {
						asked, answered = ask, e
					}
				}
			}
		}
	}
	return asked, answered
}

// onwards lists the blocks that may run after an event, each with the first event
// that does.
func (f *function) onwards(block, event int) map[int]int {
	out := map[int]int{block: event}
	work := []int{block}
	for len(work) > 0 {
		b := work[0]
		work = work[1:]
		for _, succ := range f.Blocks[b].Succs {
			if _, seen := out[succ]; succ >= 0 && !seen {
				out[succ] = 0
				work = append(work, succ)
			}
		}
	}
	return out
}

// asks reports whether an event sends a request.
func (m *Module) asks(e *effect.Event, depth int) bool {
	if e.Kind == effect.Asks {
		return true
	}
	if e.Kind != effect.Call || depth > maxDepth {
		return false
	}
	return slices.ContainsFunc(m.running(e), func(g *function) bool {
		found := false
		g.each(func(e *effect.Event) { found = found || m.asks(e, depth+1) })
		return found
	})
}

// answersIn reports whether an event of a function answers a request, with a
// writer that the function has not made itself.
func (m *Module) answersIn(f *function, e *effect.Event, depth int) bool {
	foreign := func(p effect.Path) bool {
		r := p.Root
		return r.Kind != effect.NoRoot && (r.Kind != effect.Local || !f.Locals[r.N].Fresh)
	}
	switch {
	case e.Kind == effect.Answers:
		return foreign(e.Path)
	case e.Kind != effect.Call || depth > maxDepth:
		return false
	}
	return slices.ContainsFunc(m.running(e), func(g *function) bool {
		for n, a := range e.Args {
			if !a.Made && foreign(a.Path) && m.answersBy(g, n, depth+1) {
				return true
			}
		}
		return false
	})
}

// answersBy reports whether a function answers a request with a writer that is, or
// is reached from, a parameter.
func (m *Module) answersBy(f *function, param, depth int) bool {
	found := false
	f.each(func(e *effect.Event) {
		if found || depth > maxDepth {
			return
		}
		from := func(p effect.Path) bool { return p.Root.Kind == effect.Param && p.Root.N == param }
		if e.Kind == effect.Answers {
			found = from(e.Path)
			return
		}
		if e.Kind != effect.Call {
			return
		}
		for _, g := range m.running(e) {
			for n, a := range e.Args {
				found = found || !a.Made && from(a.Path) && m.answersBy(g, n, depth+1)
			}
		}
	})
	return found
}

// running lists the functions that a call runs.
func (m *Module) running(e *effect.Event) []*function {
	if g := m.funcs[e.Fn.Func]; g != nil {
		return []*function{g}
	}
	return m.behind(e)
}
