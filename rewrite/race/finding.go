package race

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// A raw access is one in the source, with what holds at it in its own
// function.
type raw struct {
	access
	must, may keys
	fresh     bool
	param     int // the parameter its path starts at, or -1
}

func (w *walk) addRaw(a *access, fresh bool) {
	place := w.m.field(a.path)
	if place == "" && a.path.Root.Kind == effect.Global {
		place = a.path.Root.Key
	}
	if place != "" && a.op != rewrite.Close && a.op != rewrite.Send {
		r := newRaw(w.f, a, fresh)
		r.fn = w.f
		w.out.raw = append(w.out.raw, placed{place, r})
	}
}

// newRaw is an access with what holds at it in the terms of function f.
func newRaw(f *function, a *access, fresh bool) *raw {
	r := &raw{access: *a, must: a.must.keys(f), may: a.may.keys(f), fresh: fresh, param: -1}
	if a.path.Root.Kind == effect.Param {
		r.param = a.path.Root.N
	}
	return r
}

// locks returns what is held whenever the access runs.
func (r *raw) locks() keys { return merge(r.fn.entry.must, r.must) }

// isFresh reports whether only the maker of the object can see it.
func (r *raw) isFresh() bool {
	e := r.fn.entry
	return r.fresh || r.param >= 0 && e.reached && r.param < len(e.fresh) && e.fresh[r.param]
}

// collect judges what frames could not.
func (m *Module) collect() {
	m.pairs.judge()
	for _, field := range slices.Sorted(maps.Keys(m.raw)) {
		slices.SortStableFunc(m.raw[field], func(a, b *raw) int { return comparePos(a.at, b.at) })
		if len(m.pairs.found[field]) == 0 {
			m.vote(field)
		}
	}
}

// Findings lists the places that race, by position. Sides, accesses and votes
// are in place; what needs syntax (types, ends of spans) is the caller's.
func (m *Module) Findings() []*rewrite.Finding {
	var out []*rewrite.Finding
	for _, field := range slices.Sorted(maps.Keys(m.pairs.found)) {
		if f := m.finding(field, m.pairs.found[field]); f != nil {
			out = append(out, f)
		}
	}
	return out
}

// Races reports whether there is a finding on the field with this key.
func (m *Module) Races(field string) bool { return len(m.pairs.found[field]) > 0 }

func (m *Module) finding(field string, list []pair) *rewrite.Finding {
	slices.SortStableFunc(list, func(p, q pair) int {
		return cmp.Or(cmp.Compare(rank(p), rank(q)), comparePos(p.a.at, q.a.at), comparePos(p.b.at, q.b.at))
	})
	best := list[0]
	f := &rewrite.Finding{Confidence: rewrite.Likely}
	f.Kind, f.Place = m.what(field)
	if best.certain {
		f.Confidence = rewrite.Certain
	}
	f.Sides = [2]rewrite.Side{m.report(best.a), m.report(best.b)}
	f.Why = why(best)
	f.Accesses = m.accesses(field)
	for i, a := range f.Accesses {
		if a.At == f.Sides[0].Access.At || a.At == f.Sides[1].Access.At {
			f.Accesses[i].Fresh = false // in this context it isn't
		}
	}
	f.Votes = m.votes(f.Accesses)
	return f
}

// what describes the place with a key, as far as it is known without syntax.
func (m *Module) what(key string) (rewrite.Kind, rewrite.Place) {
	p := rewrite.Place{Key: key, Name: rewrite.ShortKey(key), Owner: key}
	if v, ok := m.variables[key]; ok {
		p.Name, p.Decl = v.Name, v.At.Span()
		return rewrite.Variable, p
	}
	if _, declared := m.lock[key]; declared {
		p.Owner = key[:strings.LastIndexByte(key, '.')]
		return rewrite.Field, p
	}
	return rewrite.Global, p
}

// rank prefers pairs that show a race best: seen whole, outside tests,
// without any lock, two different goroutines.
func rank(p pair) int {
	n := 0
	if p.a.frame.Test || p.b.frame.Test {
		n += 16
	}
	if !p.certain {
		n += 8
	}
	if p.a.ctx.Entry || p.b.ctx.Entry || p.a.ctx.Starter || p.b.ctx.Starter {
		n += 2
	}
	if len(p.a.must)+len(p.b.must) > 0 {
		n++
	}
	return n
}

func (m *Module) report(s side) rewrite.Side {
	acc := rewrite.Access{Op: s.op, At: s.at.Span(), Func: s.fn.Name, Locks: s.must.keys(s.frame).list(),
		Whole: s.whole, Test: s.fn.Test}
	out := rewrite.Side{Access: acc, Context: s.ctx}
	for t := s.trail; t != nil && len(out.Path) < 12; t = t.next {
		if t.fn != nil && t.at.Span() != s.ctx.Start { // the go statement is told already
			out.Path = append(out.Path, rewrite.Step{At: t.at.Span(), Func: t.fn.Name})
		}
	}
	return out
}

// why says, for a pair, what would have ordered it and is not there.
func why(p pair) []string {
	var out []string
	a, b := p.a.ctx, p.b.ctx
	switch {
	case a.Start == b.Start && a.Many:
		out = append(out, "several goroutines of this start may run at once")
	case !a.Entry && !b.Entry && !a.Starter && !b.Starter:
		out = append(out, "nothing waits for one goroutine before the other is started")
	case p.certain:
		out = append(out, fmt.Sprintf("%s goes on after it has started the goroutine, and does not wait for it before its access", enterer(a, b).Func))
	case a.Entry && b.Entry:
		out = append(out, "the lock that guards the other accesses says that callers run at once")
	default:
		out = append(out, fmt.Sprintf("%s can be called while the goroutine runs", enterer(a, b).Func))
	}
	ka, kb := p.a.must.keys(p.a.frame), p.b.must.keys(p.b.frame)
	switch {
	case len(ka)+len(kb) == 0:
		out = append(out, "neither holds a lock")
	default:
		shared := false
		for k := range ka {
			if _, ok := kb[k]; ok {
				out = append(out, "both hold "+rewrite.ShortKey(k)+", but only for reading")
				shared = true
			}
		}
		if !shared {
			out = append(out, "they hold no lock in common")
		}
	}
	return out
}

func enterer(a, b rewrite.Context) rewrite.Context {
	if a.Entry || a.Starter {
		return a
	}
	return b
}

// accesses lists all accesses to a field in the source, by position; those of
// one expression are one.
func (m *Module) accesses(field string) []rewrite.Access {
	var out []rewrite.Access
	for _, r := range m.raw[field] {
		a := rewrite.Access{Op: r.op, At: r.at.Span(), Func: r.fn.Name, Locks: r.locks().list(),
			Fresh: r.isFresh(), Whole: r.whole, Test: r.fn.Test}
		if n := len(out) - 1; n >= 0 && out[n].At == a.At && out[n].Func == a.Func {
			out[n] = mergeAccess(out[n], a)
			continue
		}
		out = append(out, a)
	}
	return out
}

// strength orders operations: what an expression does most.
var strength = map[rewrite.Op]int{rewrite.Read: 1, rewrite.ReadElem: 2, rewrite.Atomic: 3, rewrite.Address: 4, rewrite.Send: 5, rewrite.Close: 6, rewrite.WriteElem: 7, rewrite.Write: 8}

func mergeAccess(a, b rewrite.Access) rewrite.Access {
	if strength[b.Op] > strength[a.Op] {
		a.Op = b.Op
	}
	a.Fresh = a.Fresh && b.Fresh
	a.Whole = a.Whole || b.Whole
	a.Locks = slices.DeleteFunc(slices.Clone(a.Locks), func(l rewrite.Lock) bool { return !slices.Contains(b.Locks, l) })
	return a
}

// votes counts the locks held at the accesses of a place, most first.
func (m *Module) votes(accesses []rewrite.Access) []rewrite.Vote {
	count := make(map[string]*rewrite.Vote)
	total := 0
	for _, a := range accesses {
		if a.Fresh || a.Test {
			continue
		}
		total++
		for _, l := range a.Locks {
			if isLock, field := m.lock[l.Key]; field && !isLock {
				continue // a sync.Once keeps its own callers apart, nobody else
			}
			v := count[l.Key]
			if v == nil {
				v = &rewrite.Vote{Lock: l.Key}
				count[l.Key] = v
			}
			v.Held++
			if a.Op.Writes() {
				v.Writes++
			}
		}
	}
	var out []rewrite.Vote
	for _, v := range count {
		v.Of = total
		out = append(out, *v)
	}
	slices.SortFunc(out, func(a, b rewrite.Vote) int {
		return cmp.Or(cmp.Compare(b.Held, a.Held), cmp.Compare(b.Writes, a.Writes), strings.Compare(a.Lock, b.Lock))
	})
	return out
}
