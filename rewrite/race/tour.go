package race

import (
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// A tour is a look at all that a goroutine may run, for what it does about the
// signal to end.
type tour struct {
	m       *Module
	signal  []string // keys of the fields that hold the channel or the context, or what cancels it
	seen    map[*function]map[effect.Root]bool
	behind  int  // calls through interfaces on the way: what runs there is one of several
	awaits  bool // it waits for the signal
	reads   bool // it reads such a field by itself
	acts    bool // it does anything but wait
	hangs   []string
	slow    []string
	signals map[string]bool // keys of what it closes, or counts down; "" for one without a field
	sends   map[string]bool // keys of the channels it sends on
	locks   map[string]bool
}

func (m *Module) tour(signal ...string) *tour {
	return &tour{m: m, signal: signal, seen: make(map[*function]map[effect.Root]bool),
		signals: make(map[string]bool), sends: make(map[string]bool), locks: make(map[string]bool)}
}

// maxTour bounds the functions of a tour. What is larger is too much to be sure
// of anything.
const maxTour = 300

// visit looks at a function; given are those of its parameters, captured
// variables and values that are the signal.
func (t *tour) visit(f *function, given map[effect.Root]bool) {
	if len(t.seen) > maxTour {
		t.slow = note(t.slow, f, f.At, "a large program")
		return
	}
	t.aliases(f, given)
	t.seen[f] = given
	f.each(func(e *effect.Event) { t.event(f, e, given) })
	for i := range f.Blocks {
		for _, c := range f.Blocks[i].Conds {
			t.awaits = t.awaits || c.Case && !c.Send && t.is(c.Path, given)
		}
	}
	for key := range f.sum.takes.keys(f) {
		t.locks[key] = true
	}
}

// aliases adds the values of a function that are put where the signal is kept.
func (t *tour) aliases(f *function, given map[effect.Root]bool) {
	f.each(func(e *effect.Event) {
		if !slices.Contains(t.signal, e.Path.Field()) {
			return
		}
		for _, v := range e.Args {
			if v.Path.Sel == "" && v.Path.Root.Kind != effect.NoRoot {
				given[v.Path.Root] = true
			}
		}
	}, effect.Keep, effect.Cancel)
	for i, v := range f.Locals {
		if h := v.Holds.Path; h.Sel == "" && given[h.Root] || h.Field() != "" && slices.Contains(t.signal, h.Field()) {
			given[effect.Root{Kind: effect.Local, N: i}] = true
		}
	}
}

// is reports whether a path is the signal.
func (t *tour) is(p effect.Path, given map[effect.Root]bool) bool {
	if _, back := p.IsBack(); back {
		return false // room for a send
	}
	if k := p.Field(); k != "" {
		return slices.Contains(t.signal, k)
	}
	return p.Root.Kind != effect.NoRoot && given[p.Root]
}

func (t *tour) event(f *function, e *effect.Event, given map[effect.Root]bool) {
	switch e.Kind {
	case effect.Wait:
		t.awaits = t.awaits || e.Op != rewrite.Atomic && len(e.Either) == 0 && t.is(e.Path, given)
	case effect.Slow:
		t.blocks(f, e, given)
	case effect.Signal:
		switch key := e.Path.Field(); {
		case t.behind > 0:
		case e.Group || e.Op == rewrite.Close:
			t.signals[key] = true
		case e.Send:
			t.acts = true
			t.sends[key] = true
		}
	case effect.Access:
		t.reads = t.reads || e.Op == rewrite.Read && slices.Contains(t.signal, e.Path.Field())
		t.acts = t.acts || e.Op.Writes() && e.Path.Root.Kind != effect.Local
		if e.Op == rewrite.Send {
			t.acts = true
			base, _ := e.Path.Base()
			t.sends[base.Field()] = true
		}
	case effect.Call, effect.Once:
		t.call(f, e, given)
	}
}

// call goes on into what an event runs.
func (t *tour) call(f *function, e *effect.Event, given map[effect.Root]bool) {
	if g := t.m.funcs[e.Fn.Func]; g != nil {
		t.enter(g, e.Args, e.Fn.Bind, given)
	} else if e.Method == "" {
		t.acts = true
		if e.Quick {
			return
		}
		t.slow = note(t.slow, f, e.At, "a call of a function value")
	}
	for _, v := range e.Args { // functions that it is given to run
		if g := t.m.funcs[v.Func]; g != nil {
			t.enter(g, nil, v.Bind, given)
		}
	}
	t.behind++
	for _, g := range t.m.behind(e) {
		t.enter(g, e.Args, nil, given)
	}
	t.behind--
}

// enter visits a callee, once.
func (t *tour) enter(g *function, args []effect.Value, bind []effect.Path, given map[effect.Root]bool) {
	if t.seen[g] != nil || g.sum == nil {
		return
	}
	in := make(map[effect.Root]bool)
	for i, a := range args {
		in[effect.Root{Kind: effect.Param, N: i}] = t.is(a.Path, given)
	}
	for i, b := range bind {
		in[effect.Root{Kind: effect.Free, N: i}] = t.is(b, given)
	}
	t.visit(g, in)
}

// blocks notes what an event may wait for, unless the signal ends the wait.
func (t *tour) blocks(f *function, slow *effect.Event, given map[effect.Root]bool) {
	timed := false
	found := false
	f.each(func(e *effect.Event) {
		if e.Kind != effect.Wait || e.At != slow.At {
			return
		}
		for _, p := range append([]effect.Path{e.Path}, e.Either...) {
			found = found || t.is(p, given)
			timed = timed || strings.HasPrefix(p.Field(), "time.")
		}
	})
	switch {
	case found:
	case timed:
		t.slow = note(t.slow, f, slow.At, "a wait for a timer")
	case t.behind > 0:
		t.acts = true
		t.slow = note(t.slow, f, slow.At, slow.Note)
	case slow.Note == "a select" || slow.Note == "a channel send" || slow.Note == "a channel receive" || slow.Note == groupWait:
		t.hangs = note(t.hangs, f, slow.At, slow.Note)
	default:
		t.acts = true
		t.slow = note(t.slow, f, slow.At, slow.Note)
	}
}

// note adds a clause with its position to a short list.
func note(list []string, f *function, at effect.Pos, text string) []string {
	s := text + " at " + short(at)
	if len(list) >= 4 || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}
