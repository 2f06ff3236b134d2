package race

import (
	"fmt"
	"go/token"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// An obstacle is why something that goroutines signal and wait for does not
// order two accesses.
type obstacle struct {
	text   string
	object string // waiting for it before the later access would order the two; "" if that isn't sure
}

// obstacle looks for what was meant to order two accesses of one frame; the
// zero obstacle if nothing is sure to be said.
func (w *walk) obstacle(a, b *access) obstacle {
	if a.thread == 0 {
		a, b = b, a
	}
	if a.thread == b.thread {
		return obstacle{}
	}
	for _, s := range [][2]*access{{a, b}, {b, a}} {
		if o := w.signalled(s[0], s[1]); o.text != "" {
			return o
		}
		if o := w.tooEarly(s[0], s[1]); o.text != "" {
			return o
		}
	}
	return obstacle{}
}

// signalled looks for a signal after access a that b doesn't wait for, or not
// for sure.
func (w *walk) signalled(a, b *access) obstacle {
	for _, c := range a.before {
		name := w.name(c.path)
		if name == "" {
			continue
		}
		if n := b.waited.of(c.path); n > 0 {
			if text := w.ambiguous(a, c, n, name); text != "" {
				return obstacle{text: text}
			}
			continue
		}
		text := w.unawaited(a, b, c.path, name)
		if text == "" {
			continue
		}
		o := obstacle{text: text}
		n := uint8(1)
		if w.groups.has(c.path) {
			n = many
		}
		if b.thread == 0 && !b.loop && w.enough(relay{path: c.path, need: c.n, thread: a.thread}, n, 0) {
			o.object = name
		}
		return o
	}
	return obstacle{}
}

// ambiguous says whose signal a wait may take for that of a's goroutine.
func (w *walk) ambiguous(a *access, c count, n uint8, name string) string {
	if a.thread == 0 {
		return ""
	}
	if n == many {
		return ""
	}
	if n == 1 && w.shares(w.sum.threads[a.thread-1], c.path) {
		return fmt.Sprintf("one wait for %s is over with the first signal, and several goroutines of this start give one", name)
	}
	for _, r := range w.sum.relays {
		if r.path == c.path && r.thread > 0 && r.thread != a.thread && w.beside(r.thread, a.thread) {
			return fmt.Sprintf("the wait for %s may be over by another goroutine's signal, at %s", name, short(r.at))
		}
	}
	return ""
}

// unawaited says that b does not wait for what is signalled after a.
func (w *walk) unawaited(a, b *access, p effect.Path, name string) string {
	waits := w.waitsFor(p)
	here := b.thread == 0 && b.trail == nil && b.fn == w.f
	late := func(at effect.Pos) bool { return at.Line > b.at.Line }
	switch {
	case here && b.turn == 0 && len(waits) > 0 && !slices.ContainsFunc(waits, func(at effect.Pos) bool { return !late(at) }):
		return fmt.Sprintf("%s is waited for only at %s, after the %s", name, short(waits[0]), noun(b.op))
	case here && len(waits) > 0 && !late(waits[0]):
		return fmt.Sprintf("%s is waited for at %s, but not on every way to the %s", name, short(waits[0]), noun(b.op))
	}
	for _, r := range w.sum.relays {
		if r.path == p && r.thread == a.thread {
			if how := w.how(a, r); how != "" {
				return fmt.Sprintf("%s at %s, after the %s, but nothing waits for that before the %s", how, short(r.at), noun(a.op), noun(b.op))
			}
		}
	}
	return ""
}

// tooEarly looks for a signal that b waits for and that a's goroutine gives,
// but not after a.
func (w *walk) tooEarly(a, b *access) obstacle {
	if a.thread == 0 {
		return obstacle{}
	}
	for _, c := range b.waited {
		name := w.name(c.path)
		if name == "" || a.before.of(c.path) > 0 {
			continue
		}
		if w.sum.threads[a.thread-1].late.has(c.path) {
			return obstacle{text: fmt.Sprintf("%s.Add is called by the goroutine itself: the wait for %s before the %s may be over by then", name, name, noun(b.op))}
		}
		for _, r := range w.sum.relays {
			if r.path != c.path || r.thread != a.thread {
				continue
			}
			if how := strings.Replace(w.how(a, r), name, nameAgain(name), 1); how != "" {
				return obstacle{text: fmt.Sprintf("the %s waits for %s, but %s at %s, and not after the %s", noun(b.op), name, how, short(r.at), noun(a.op))}
			}
		}
	}
	return obstacle{}
}

// nameAgain is how a name is repeated.
func nameAgain(name string) string {
	if strings.HasPrefix(name, "the ") {
		return "it"
	}
	return name
}

// how says what a signal of an access's goroutine does; "" for those that
// nobody thinks of as one, such as atomic stores.
func (w *walk) how(a *access, r *relay) string {
	name := w.name(r.path)
	fns := []*function{w.f, a.fn}
	if a.thread > 0 && w.sum.threads[a.thread-1].body != nil {
		fns = append(fns, w.sum.threads[a.thread-1].body)
	}
	for _, f := range fns {
		how := ""
		f.each(func(e *effect.Event) {
			switch {
			case e.Kind != effect.Signal || e.At != r.at:
			case e.Send:
				how = name + " is sent on"
			case e.Op == rewrite.Close:
				how = name + " is closed"
			case e.Group:
				how = name + ".Done is called"
			}
		})
		if how != "" {
			return how
		}
	}
	return ""
}

// waitsFor lists where the frame's own source waits for an object, by position.
func (w *walk) waitsFor(p effect.Path) []effect.Pos {
	out, known := w.awaitedAt[p]
	if known {
		return out
	}
	for i := range w.f.Blocks {
		for _, e := range w.f.Blocks[i].Events {
			if e.Kind == effect.Wait && (w.resolve(e.Path) == p || slices.ContainsFunc(e.Either, func(q effect.Path) bool { return w.resolve(q) == p })) {
				out = append(out, e.At)
			}
		}
		for _, c := range w.f.Blocks[i].Conds {
			if c.Case && !c.Send && c.At.Line > 0 && w.resolve(c.Path) == p {
				out = append(out, c.At)
			}
		}
	}
	slices.SortFunc(out, comparePos)
	if w.awaitedAt == nil {
		w.awaitedAt = make(map[effect.Path][]effect.Pos)
	}
	w.awaitedAt[p] = out
	return out
}

// name is what people call an object that is signalled; "" if it has no name,
// or is one of those that only the analysis knows.
func (w *walk) name(p effect.Path) string {
	_, back := p.IsBack()
	_, flag := p.IsFlag()
	if back || flag || isOnce(p) || strings.HasSuffix(p.Sel, ";"+effect.Open) {
		return ""
	}
	if field := p.Field(); field != "" {
		return rewrite.ShortKey(field)
	}
	switch p.Root.Kind {
	case effect.Global:
		return rewrite.ShortKey(p.Root.Key)
	case effect.Local, effect.Result:
		for _, v := range w.f.Locals { // the variable it was put into
			if v.Holds.Path == p && v.At.Line > 0 && named(v.Name) {
				return v.Name
			}
		}
	}
	if v := w.f.variable(p.Root); v.Fresh && v.Cap == 0 && named(v.Name) || p.Root.Kind != effect.Local && named(v.Name) {
		return v.Name
	} else if v.Cap != 0 && v.At.Line > 0 {
		return "the channel made at " + short(v.At)
	}
	if w.groups.has(p) {
		return "the group"
	}
	return ""
}

// named tells names of variables from those that SSA gives to what has none.
func named(name string) bool {
	return token.IsIdentifier(name) && !slices.Contains([]string{"new", "complit", "makeslice", "slicelit", "varargs"}, name)
}

// noun is what an access is called in a sentence.
func noun(op rewrite.Op) string {
	switch op {
	case rewrite.Write, rewrite.WriteElem:
		return "write"
	case rewrite.Read, rewrite.ReadElem:
		return "read"
	case rewrite.Atomic:
		return "atomic operation"
	default:
		return string(op)
	}
}

// short is a position as sentences name it.
func short(at effect.Pos) string { return fmt.Sprintf("%s:%d", filepath.Base(at.File), at.Line) }
