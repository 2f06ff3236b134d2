package race

import (
	"fmt"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// counts looks for calls of Add that a goroutine makes for itself: it is
// counted once it runs, and Wait may be over by then.
func (m *Module) counts(l *lifetime) {
	g := l.runs
	if len(g.Blocks) == 0 {
		return
	}
	for i := range g.Blocks[0].Events {
		e := &g.Blocks[0].Events[i]
		switch e.Kind {
		case effect.Go:
			return // what comes next may be for that one
		case effect.Add:
			if slices.Contains(m.done(g), e.Path) {
				m.lateAdd(l, e)
			}
		}
	}
}

// done lists the groups that a function counts down, itself or by what it
// calls.
func (m *Module) done(f *function) []effect.Path {
	return m.along(f, 0, func(e *effect.Event) []effect.Path {
		if e.Kind == effect.Signal && e.Group {
			return []effect.Path{e.Path}
		}
		return nil
	})
}

// maxAlong bounds the calls that along follows.
const maxAlong = 3

// along lists the objects of a function's events, and of those that it calls in
// its own terms: not of the groups that a callee counts for itself.
func (m *Module) along(f *function, depth int, of func(*effect.Event) []effect.Path) []effect.Path {
	var out []effect.Path
	f.each(func(e *effect.Event) {
		out = append(out, of(e)...)
		g := m.funcs[e.Fn.Func]
		if e.Kind != effect.Call || g == nil || depth == maxAlong {
			return
		}
		for _, p := range m.along(g, depth+1, of) {
			if q, ok := handedPath(e, p); ok && !g.adds(p) {
				out = append(out, q)
			}
		}
	})
	return out
}

func (m *Module) lateAdd(l *lifetime, add *effect.Event) {
	p, ok := handedPath(l.start, add.Path)
	if !ok || l.in.adds(p) || l.greets() {
		return
	}
	l.late = m.miscounted(l, p, l.late, rewrite.Side{Context: l.context(),
		Access: rewrite.Access{Op: rewrite.Add, At: add.At.Span(), Func: l.runs.Name, Test: l.runs.Test}},
		"late", "the goroutine may not have run yet when %s.Wait is called, which then doesn't wait for it")
}

// miscounted notes the finding that a goroutine is counted too late, and where
// that is done, if anybody waits for the group.
func (m *Module) miscounted(l *lifetime, p effect.Path, list []effect.Pos, add rewrite.Side, how, why string) []effect.Pos {
	key := held{path: p}.key(l.in)
	wait := m.waitOf(key, l.in)
	if key == "" || wait == nil {
		return list
	}
	name := rewrite.ShortKey(key)
	if p.Field() == "" {
		if v := l.in.variable(p.Root); v.Name != "" {
			name = v.Name
		}
	}
	key += " counted " + how + " in " + l.runs.Key
	m.goroutines[key] = &rewrite.Finding{
		Kind: rewrite.Goroutine, Confidence: rewrite.Certain,
		Place: rewrite.Place{Key: key, Owner: key, Name: name, Type: "sync.WaitGroup", Decl: l.start.At.Span()},
		Sides: [2]rewrite.Side{add,
			{Access: rewrite.Access{Op: rewrite.Wait, At: wait.at.Span(), Func: wait.in.Name, Test: wait.in.Test},
				Context: rewrite.Context{Start: wait.in.At.Span(), Func: wait.in.Name, Runs: wait.in.Name, Starter: wait.in == l.in, Entry: wait.in != l.in}},
		},
		Why:   []string{fmt.Sprintf(why, name)},
		Would: name + ".Add before the go statement at " + short(l.start.At),
	}
	return append(list, effect.PosOf(add.Access.At))
}

// context is the goroutine of a lifetime.
func (l *lifetime) context() rewrite.Context {
	return rewrite.Context{Start: l.start.At.Span(), Func: l.in.Name, Runs: l.runs.Name, Many: l.start.Loop != 0}
}

// handedPath says a path of what a goroutine runs in the terms of the function
// that starts it.
func handedPath(start *effect.Event, p effect.Path) (effect.Path, bool) {
	var to effect.Path
	switch r := p.Root; {
	case r.Kind == effect.Global:
		return p, true
	case r.Kind == effect.Param && r.N < len(start.Args):
		to = start.Args[r.N].Path
	case r.Kind == effect.Free && r.N < len(start.Fn.Bind):
		to = start.Fn.Bind[r.N]
	}
	if to.Root.Kind == effect.NoRoot {
		return p, false
	}
	return p.On(to)
}

// adds reports whether a function counts something itself at a path.
func (f *function) adds(p effect.Path) bool {
	found := false
	f.each(func(e *effect.Event) { found = found || e.Path == p }, effect.Add)
	return found
}

// object is the key of what a path names: of what a variable refers to, where
// that is set once.
func (f *function) object(p effect.Path) string {
	if p.Root.Kind == effect.Local {
		if h := f.Locals[p.Root.N].Holds.Path; h.Root.Kind != effect.NoRoot {
			p = h
		}
	}
	return held{path: p}.key(f)
}

// greets reports whether who starts the goroutine waits for a sign of life.
func (l *lifetime) greets() bool {
	signs := make(map[string]bool)
	l.runs.each(func(e *effect.Event) {
		if e.Kind == effect.Signal && !e.Group {
			if p, ok := handedPath(l.start, e.Path); ok {
				signs[l.in.object(p)] = true
			}
		}
	})
	found := false
	l.in.each(func(e *effect.Event) {
		if e.Kind == effect.Wait && !e.Group {
			found = found || slices.ContainsFunc(append(e.Either, e.Path), func(p effect.Path) bool { return signs[l.in.object(p)] })
		}
	})
	return found
}

// waitOf finds a wait for a group, in a function if there is one there.
func (m *Module) waitOf(key string, in *function) *ending {
	var out *ending
	for _, f := range append([]*function{in}, m.order...) {
		f.each(func(e *effect.Event) {
			if out == nil && e.Kind == effect.Wait && e.Group && (held{path: e.Path}).key(f) == key {
				out = &ending{f, e.At}
			}
		})
		if out != nil {
			return out
		}
	}
	return nil
}
