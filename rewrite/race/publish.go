package race

import (
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// publish records what this frame's goroutines do to objects that others have
// too, and what callers of an exported function do.
func (ps *pairs) publish(w *walk) {
	f := w.f
	for _, a := range w.sum.accesses {
		if !f.concerned(a) {
			continue
		}
		field := w.m.field(a.path)
		if field == "" && a.path.Root.Kind == effect.Global {
			field = a.path.Root.Key
		}
		if field == "" || a.whole && !a.deref && a.path.Root.Kind != effect.Global || a.op == rewrite.Close || a.op == rewrite.Send {
			continue // a whole struct is a copy more often than it is the shared one
		}
		if a.path.Root.Kind == effect.NoRoot {
			continue
		}
		if f.isTest() && a.path.Root.Kind == effect.Global && a.parallel {
			ps.tests[field] = append(ps.tests[field], w.published(w.inTest(a)))
		}
		if a.thread == 0 {
			if f.Exported && !f.Test && (a.path.Root.Kind == effect.Global || f.Recv != "" && a.path.Root == (effect.Root{Kind: effect.Param})) {
				s := w.side(a)
				s.ctx.Starter, s.ctx.Entry = false, true
				ps.entries[field] = append(ps.entries[field], w.published(s))
			}
			continue
		}
		t := w.sum.threads[a.thread-1]
		if t.home != f && !a.bound || f.Test || t.typed && a.path.Root.Kind != effect.Global || !w.left.has(a.thread) {
			continue // joined before f returns: callers meet it no more than f itself
		}
		p := w.published(w.side(a))
		p.runs = t.body
		if a.path.Root.Kind == effect.Local {
			v := f.Locals[a.path.Root.N]
			p.fresh = v.Fresh
			if v.Fresh && !w.leaves(a.path.Root) {
				continue // nobody but this frame has it
			}
		}
		ps.threads[field] = append(ps.threads[field], p)
	}
}

func (w *walk) published(s side) published {
	return published{side: s, typed: w.typed(s.path), held: s.may.keys(w.f)}
}

// concerned reports whether an access in a frame may meet others elsewhere: it
// is in a goroutine, or part of what callers of the function do.
func (f *function) concerned(a *access) bool {
	global := a.path.Root.Kind == effect.Global
	return a.thread > 0 || global && a.parallel ||
		f.Exported && !f.Test && (global || f.Recv != "" && a.path.Root == effect.Root{Kind: effect.Param})
}

// isTest reports whether a function is one that "go test" runs.
func (f *function) isTest() bool {
	return f.Test && f.Parent == "" && f.Recv == "" && strings.HasPrefix(f.Name, "Test")
}

// inTest is an access in a test that runs beside others.
func (w *walk) inTest(a *access) side {
	ctx := rewrite.Context{Start: w.f.At.Span(), Func: "go test", Runs: w.f.Name, Through: parallelTest}
	return side{access: a, frame: w.f, ctx: ctx}
}

// typed spells a path from the type of its root: what two frames can compare.
func (w *walk) typed(p effect.Path) string {
	switch p.Root.Kind {
	case effect.Global:
		return p.Root.Key + p.Sel
	case effect.Param:
		return w.f.Types[p.Root.N] + p.Sel
	}
	return p.Sel
}

// leaves reports whether a variable's object is returned, stored or handed to
// a function that keeps it: other than to goroutines started here.
func (w *walk) leaves(r effect.Root) bool {
	out := false
	w.f.each(func(e *effect.Event) {
		switch e.Kind {
		case effect.Escape:
			out = out || isObject(w.resolve(e.Path), r)
		case effect.Return:
			for _, v := range e.Results {
				out = out || isObject(w.resolve(v.Path), r)
			}
		case effect.Call:
			g := w.m.funcs[e.Fn.Func]
			for i, v := range e.Args {
				if isObject(w.resolve(v.Path), r) && g != nil && w.keepsArgument(g, i) {
					out = true
				}
			}
		}
	}, effect.Escape, effect.Return, effect.Call)
	return out
}

// isObject reports whether a path is that of an object, or of a part of it: who
// has what a field of it refers to has not the object.
func isObject(p effect.Path, r effect.Root) bool {
	return p.Root == r && !strings.Contains(strings.TrimPrefix(p.Sel, ";"+effect.Deref), ";"+effect.Deref)
}
