package race

import (
	"cmp"
	"context"
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
	if k := a.path.Root.Kind; (k == effect.Free || k == effect.Local) && place == "" && a.fn == w.f {
		if v := w.f.variable(a.path.Root); w.m.watches(w.f, v.Key) {
			place = v.Key
		}
	}
	if place != "" && a.op != rewrite.Close && a.op != rewrite.Send {
		r := newRaw(w.f, a, fresh)
		r.deed = r.deed.in(w.f)
		w.out.raw = append(w.out.raw, placed{place, r})
	}
}

// newRaw is an access with what holds at it in the terms of function f.
func newRaw(f *function, a *access, fresh bool) *raw {
	r := &raw{access: *a, must: withoutRoom(a.must, f).keys(f), may: a.may.keys(f), fresh: fresh, param: -1}
	if a.path.Root.Kind == effect.Param {
		r.param = a.path.Root.N
	}
	return r
}

// withoutRoom leaves out the channels that have room for several: who has
// put something in is not alone.
func withoutRoom(l locks, f *function) locks {
	roomy := func(h held) bool {
		return h.path.Root.Kind == effect.Local && h.path.Sel == "" && f.Locals[h.path.Root.N].Cap > 2
	}
	if !slices.ContainsFunc(l, roomy) {
		return l
	}
	return slices.DeleteFunc(slices.Clone(l), roomy)
}

// locked is an access with only those locks that keep others out.
func (w *walk) locked(a *access) *access {
	n := *a
	n.scene = a.scene.holding(withoutRoom(a.must, w.f), a.may)
	return &n
}

// locks returns what is held whenever the access runs. What callers of the
// function hold, its goroutines don't.
func (r *raw) locks() keys {
	if r.thread != 0 {
		return r.must
	}
	return merge(r.fn.entry.must, r.must)
}

// isFresh reports whether only the maker of the object can see it.
func (r *raw) isFresh() bool {
	e := r.fn.entry
	return r.fresh || r.path.Root.Kind == effect.Global && r.fn.onlyInit(0) ||
		r.param >= 0 && (r.fn.retires(r.param) || e.reached && r.param < len(e.fresh) && e.fresh[r.param])
}

// onlyInit reports whether a function runs in the initialisation of packages
// only.
func (f *function) onlyInit(depth int) bool {
	if f.initial() {
		return true
	}
	called := false
	for _, g := range f.callers {
		if g.Test && !f.Test {
			continue
		}
		if called = true; depth > 5 || !g.onlyInit(depth+1) {
			return false
		}
	}
	return called
}

// collect judges what frames could not.
func (m *Module) collect(ctx context.Context) {
	m.pairs.dropHeld()
	m.pairs.judge(ctx)
	m.pairs.judgeReaders()
	m.pairs.judgeConns()
	m.pairs.judgeEvents()
	m.pairs.judgeServed()
	m.pairs.judgeMakers()
	m.unite()
	for _, field := range slices.Sorted(maps.Keys(m.raw)) {
		if ctx.Err() != nil {
			return
		}
		slices.SortStableFunc(m.raw[field], func(a, b *raw) int { return comparePos(a.at, b.at) })
		if _, variable := m.variables[field]; !variable && len(m.pairs.found[field]) == 0 {
			m.vote(field)
			if len(m.pairs.found[field]) == 0 {
				m.voteHeld(field)
			}
			if len(m.pairs.found[field]) == 0 {
				m.voteLodged(field)
			}
			if len(m.pairs.found[field]) == 0 {
				m.voteEarly(field)
			}
			if len(m.pairs.found[field]) == 0 {
				m.mixed(field)
			}
			if len(m.pairs.found[field]) == 0 {
				m.serving(field)
			}
		}
	}
	m.judgeLeaks(m.leaked)
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
	for _, key := range slices.Sorted(maps.Keys(m.goroutines)) {
		f := *m.goroutines[key]
		out = append(out, &f)
	}
	return append(out, m.misuses()...)
}

// Races reports whether there is a finding on the place with this key, or it
// was seen to race.
func (m *Module) Races(key string) bool {
	return len(m.pairs.found[key])+len(m.seen[key]) > 0 || m.goroutines[key] != nil
}

// RacingNames lists the last words of the keys of places for which Races holds.
func (m *Module) RacingNames() map[string]bool {
	names := make(map[string]bool)
	add := func(key string) { names[key[strings.LastIndexByte(key, '.')+1:]] = true }
	for key := range m.pairs.found {
		add(key)
	}
	for key := range m.seen {
		add(key)
	}
	for key := range m.goroutines {
		add(key)
	}
	return names
}

func (m *Module) finding(field string, list []pair) *rewrite.Finding {
	slices.SortStableFunc(list, comparePairs)
	best := list[0]
	f := &rewrite.Finding{Confidence: rewrite.Likely}
	f.Kind, f.Place = m.what(field)
	if best.certain {
		f.Confidence = rewrite.Certain
	}
	f.Sides = [2]rewrite.Side{m.report(best.a), m.report(best.b)}
	f.Why, f.Would = m.why(best), m.would(best)
	f.Accesses = m.accesses(field)
	if r := (&raw{access: *best.a.access}); m.beyond(field, r) {
		f.Accesses = accessesOf(m.raw[field])
	}
	f.Accesses = append(f.Accesses, accessesOf(m.partsOf(field))...)
	slices.SortStableFunc(f.Accesses, func(a, b rewrite.Access) int { return a.At.Compare(b.At) })
	if best.a.frame.Test || best.b.frame.Test {
		f.Outside = m.heldOutside(f.Accesses)
	}
	for i := range f.Accesses {
		a := &f.Accesses[i]
		for _, s := range f.Sides {
			if a.At == s.Access.At && a.Func == s.Access.Func {
				a.Fresh = false // in this context it isn't
				a.Locks = heldByBoth(a.Locks, s.Access.Locks)
			}
		}
	}
	if f.Kind == rewrite.Variable {
		markRacing(f.Accesses, list)
	}
	f.Votes = m.votes(f.Accesses)
	return f
}

// heldOutside is the lock that all accesses hold if no test is run; "" if there is
// none.
func (m *Module) heldOutside(accesses []rewrite.Access) string {
	for _, v := range m.votes(accesses) {
		if v.Held == v.Of && v.Writes > 0 {
			return v.Lock
		}
	}
	return ""
}

// markRacing marks the accesses that some pair shows.
func markRacing(accesses []rewrite.Access, list []pair) {
	racing := make(map[effect.Pos]bool)
	for _, p := range list {
		racing[p.a.at], racing[p.b.at] = true, true
	}
	for i := range accesses {
		accesses[i].Races = racing[effect.PosOf(accesses[i].At)]
	}
}

// what describes the place with a key, as far as it is known without syntax.
func (m *Module) what(key string) (rewrite.Kind, rewrite.Place) {
	p := rewrite.Place{Key: key, Name: rewrite.ShortKey(key), Owner: key}
	if v, ok := m.variables[key]; ok {
		p.Name, p.Decl = v.Name, v.At.Span()
		return rewrite.Variable, p
	}
	if _, declared := m.lock[key]; declared {
		p.Owner = ownerOf(key)
		return rewrite.Field, p
	}
	return rewrite.Global, p
}

func (m *Module) report(s side) rewrite.Side {
	acc := rewrite.Access{Op: s.op, At: s.at.Span(), Func: s.fn.Name, Locks: s.locked().list(),
		Whole: s.whole, Test: s.fn.Test}
	out := rewrite.Side{Access: acc, Context: s.ctx}
	out.Path = path(s, &out.Context)
	return out
}

// locked is the locks that are held on one side.
func (s side) locked() keys { return merge(s.above, s.must.keys(s.frame)) }

// accesses lists all accesses to a field in the source, by position; those of
// one expression are one.
func (m *Module) accesses(field string) []rewrite.Access { return accessesOf(m.proper(field)) }

// partsOf lists the accesses to the fields of the struct that a field holds by
// value, reached through that: who changes one changes the struct.
func (m *Module) partsOf(field string) []*raw {
	key := m.holdsStruct(field)
	if key == "" || m.structs[key] == nil {
		return nil
	}
	var out []*raw
	for _, part := range m.structs[key].Fields {
		for _, r := range m.raw[part.Key] {
			if !r.whole && r.op != rewrite.Address && strings.Contains(r.path.Sel, ";"+field+";"+part.Key) {
				out = append(out, r)
			}
		}
	}
	return out
}

// holdsStruct is the key of the struct type that a field holds by value.
func (m *Module) holdsStruct(field string) string {
	s := m.structs[ownerOf(field)]
	if s == nil {
		return ""
	}
	if i := slices.IndexFunc(s.Fields, func(f effect.FieldInfo) bool { return f.Key == field }); i >= 0 {
		return s.Fields[i].Struct
	}
	return ""
}

func accessesOf(list []*raw) []rewrite.Access {
	var out []rewrite.Access
	for _, r := range list {
		a := rewrite.Access{Op: r.op, At: r.at.Span(), Func: r.fn.Name, Locks: r.locks().list(),
			Fresh: r.isFresh() || r.fn.Alone && r.param >= 0, Whole: r.whole, Test: r.fn.Test}
		if n := len(out) - 1; n >= 0 && out[n].At == a.At && out[n].Func == a.Func {
			out[n] = Merge(out[n], a)
			continue
		}
		out = append(out, a)
	}
	return out
}

// strength orders operations: what an expression does most.
var strength = map[rewrite.Op]int{rewrite.Read: 1, rewrite.ReadElem: 2, rewrite.Atomic: 3, rewrite.Address: 4, rewrite.Send: 5, rewrite.Close: 6, rewrite.WriteElem: 7, rewrite.Write: 8}

// Merge is what two accesses of one expression are together.
func Merge(a, b rewrite.Access) rewrite.Access {
	if strength[b.Op] > strength[a.Op] {
		a.Op = b.Op
	}
	a.Fresh = a.Fresh && b.Fresh
	a.Whole = a.Whole || b.Whole
	a.Races = a.Races || b.Races
	a.Locks = heldByBoth(a.Locks, b.Locks)
	return a
}

// heldByBoth is the locks that are in both lists, in the weaker mode.
func heldByBoth(a, b []rewrite.Lock) []rewrite.Lock {
	var out []rewrite.Lock
	for _, l := range a {
		if i := slices.IndexFunc(b, func(o rewrite.Lock) bool { return o.Key == l.Key }); i >= 0 {
			out = append(out, rewrite.Lock{Key: l.Key, Mode: min(l.Mode, b[i].Mode)})
		}
	}
	return out
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
			if !isMutex(l.Key) {
				continue
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
