package effect

import (
	"go/ast"
	"go/token"
	"go/types"
	"hash/maphash"
	"maps"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rewrite/model"
)

// A lockWalk follows the locks of one function along all ways through it. What
// conditions say is remembered, so that a lock taken under one and released
// under the same is released.
//
// It works on syntax, not on SSA, because what is missing is told, and mended,
// at statements: a continue is none in SSA.
type lockWalk struct {
	fset  *token.FileSet
	pkg   *load.Package
	own   func(string) bool
	model *model.Table
	decl  *ast.FuncDecl
	alone map[*ast.FuncLit]bool // literals that run on their own
	locks map[types.Type]bool   // which types are locks, as far as asked
	fn    ast.Node              // the function followed: decl, or a literal in it

	variables map[string]bool // names of package variables that are locks
	file      *ast.File

	uses    map[string]*lockFacts // by path
	tests   map[string]bool       // conditions worth remembering
	marks   map[mark]*arrivals
	targets []*target
	returns *states           // where return statements go
	labels  map[string]states // what gotos bring
	jumps   int               // how many of these there are
	from    ast.Node          // the statement that leaves, while deferred calls run
	lost    bool              // too many ways to follow
}

// lockFacts is what is known of one lock of the function.
type lockFacts struct {
	ref      *lockRef
	use      *LockUse
	opaque   bool // not to be followed
	released bool // somewhere, after it was taken
}

// A mark is a statement or call seen with regard to one lock.
type mark struct {
	at   ast.Node
	path string
	call bool     // of the lock's methods, else a statement that is passed or leaves
	from ast.Node // for a deferred call, the statement that leaves
}

// arrivals are how control comes to a mark.
type arrivals struct {
	right  bool // also without the lock, or as it should be
	wrongs []wrong
}

// A wrong is a misuse, where the lock was taken, and the last jump since.
type wrong struct {
	misuse     *Misuse
	taken, via ast.Node
}

// A lockState is what holds on some ways to a point.
type lockState struct {
	held   map[string]holding
	facts  map[string]bool
	defers []*ast.CallExpr // nil where an inlined function begins
	after  string          // Misuse.After
}

// A holding is how one lock is held: counts below zero are releases of what
// was not taken here.
type holding struct {
	shared, excl int
	taken        *ast.CallExpr
	freed        *ast.CallExpr // it was held, and was released there
	via          ast.Node      // the last jump since it was taken
}

func (h holding) on() bool { return h.shared > 0 || h.excl > 0 }

// states is a set of them, without equal ones.
type states []*lockState

const maxStates = 200

var seed = maphash.MakeSeed()

// hash tells states apart.
func (s *lockState) hash() uint64 {
	sum := maphash.Comparable(seed, s.after)
	for path, h := range s.held {
		sum += maphash.Comparable(seed, struct {
			path string
			holding
		}{path, h})
	}
	for test, yes := range s.facts {
		sum += maphash.Comparable(seed, struct {
			test string
			yes  bool
		}{test, yes})
	}
	for i, d := range s.defers {
		sum += maphash.Comparable(seed, struct {
			i int
			d *ast.CallExpr
		}{i, d})
	}
	return sum
}

// join unites sets.
func (w *lockWalk) join(sets ...states) states {
	all := slices.Concat(sets...)
	if len(all) < 2 {
		return all
	}
	out := all[:0]
	seen := make([]uint64, 0, len(all))
	for _, s := range all {
		if h := s.hash(); !slices.Contains(seen, h) {
			seen, out = append(seen, h), append(out, s)
		}
	}
	if len(out) > maxStates {
		w.lost = true
		return nil
	}
	return out
}

// with returns a copy in which a lock is held otherwise.
func (s *lockState) with(path string, h holding) *lockState {
	next := *s
	next.held = maps.Clone(s.held)
	if next.held == nil {
		next.held = make(map[string]holding)
	}
	next.held[path] = h
	return &next
}

// knowing returns a copy with a fact more.
func (s *lockState) knowing(test string, yes bool) *lockState {
	next := *s
	next.facts = maps.Clone(s.facts)
	if next.facts == nil {
		next.facts = make(map[string]bool)
	}
	next.facts[test] = yes
	return &next
}

// forgetting returns s without the facts that mention something.
func (s *lockState) forgetting(mention string) *lockState {
	about := func(test string, _ bool) bool { return strings.Contains(test, mention) }
	found := false
	for test := range s.facts {
		found = found || about(test, true)
	}
	if !found {
		return s
	}
	next := *s
	next.facts = maps.Clone(s.facts)
	maps.DeleteFunc(next.facts, about)
	return &next
}

// each maps every state to others.
func (w *lockWalk) each(in states, fn func(*lockState) states) states {
	sets := make([]states, len(in))
	for i, s := range in {
		sets[i] = fn(s)
	}
	return w.join(sets...)
}

// arrive notes how a state comes to a mark. misuse says what is wrong there,
// nil for nothing.
func (w *lockWalk) arrive(k mark, misuse *Misuse, h holding) {
	a := w.marks[k]
	if a == nil {
		a = &arrivals{}
		w.marks[k] = a
	}
	if misuse == nil {
		a.right = true
		return
	}
	next := wrong{misuse: misuse, via: h.via}
	if h.taken != nil {
		next.taken = h.taken
	}
	if !slices.ContainsFunc(a.wrongs, func(o wrong) bool { return o.taken == next.taken && o.via == next.via }) {
		a.wrongs = append(a.wrongs, next)
	}
}

// operate does to the states what a call of a lock's method does.
func (w *lockWalk) operate(ref *lockRef, kind model.Kind, call *ast.CallExpr, in states) states {
	return w.each(in, func(s *lockState) states {
		h := s.held[ref.path]
		switch kind {
		case model.Lock, model.TryLock, model.RLock, model.TryRLock:
			h = w.take(ref, kind, call, s)
		case model.Unlock, model.RUnlock:
			h = w.give(ref, kind, call, h)
		}
		return states{s.with(ref.path, h)}
	})
}

func (w *lockWalk) take(ref *lockRef, kind model.Kind, call *ast.CallExpr, s *lockState) holding {
	h := s.held[ref.path]
	mode := modeOf(kind)
	k := mark{call, ref.path, true, nil}
	if h.on() && h.via != nil && (mode == rewrite.Exclusive || h.excl > 0 || h.taken == call) {
		w.arrive(k, &Misuse{Op: rewrite.Leave, Leave: "end", At: w.span(call), Taken: w.span(h.taken), Mode: h.mode(), Again: true, After: s.after}, h)
	} else {
		w.arrive(k, nil, h)
	}
	if h.on() && w.from != nil { // by defer: it was to be released
		w.uses[ref.path].released = true
	}
	next := holding{shared: h.shared, excl: h.excl, taken: call, freed: nil}
	if mode == rewrite.Shared {
		next.shared = min(h.shared+1, 2) // one goroutine may have it twice
	} else {
		next.excl = min(h.excl+1, 1)
	}
	if !next.on() {
		next.taken = nil
	}
	return next
}

func (h holding) mode() rewrite.Mode {
	if h.excl > 0 {
		return rewrite.Exclusive
	}
	return rewrite.Shared
}

func (w *lockWalk) give(ref *lockRef, kind model.Kind, call *ast.CallExpr, h holding) holding {
	mode := modeOf(kind)
	k := mark{call, ref.path, true, w.from}
	own, other := &h.excl, &h.shared
	if mode == rewrite.Shared {
		own, other = other, own
	}
	switch {
	case *own > 0:
		w.arrive(k, nil, h)
		*own--
	case *other > 0:
		w.arrive(k, &Misuse{Op: rewrite.Release, At: w.span(call), Taken: w.span(h.taken), Mode: h.mode()}, h)
		*other--
	case h.freed != nil && h.freed != call:
		at, freed := call, h.freed
		if w.from != nil { // the deferred call is for all ways
			at, freed = freed, at
		}
		w.arrive(k, &Misuse{Op: rewrite.Release, At: w.span(at), Freed: w.span(freed), Mode: mode}, h)
		return h
	default:
		w.arrive(k, nil, h)
		*own--
		return h
	}
	w.uses[ref.path].released = true
	next := holding{shared: h.shared, excl: h.excl, freed: call}
	if next.on() { // it was taken twice
		next.taken, next.via = h.taken, h.via
	}
	return next
}

// pass notes what is held where a statement jumps.
func (w *lockWalk) pass(n ast.Node, in states) states {
	return w.each(in, func(s *lockState) states {
		for path := range w.uses {
			k := mark{n, path, false, nil}
			if h := s.held[path]; h.on() {
				if w.marks[k] == nil {
					w.marks[k] = &arrivals{}
				}
				h.via = n
				s = s.with(path, h)
			} else {
				w.arrive(k, nil, h)
			}
		}
		return states{s}
	})
}

// exit runs what was deferred and notes what is held where the function is
// left.
func (w *lockWalk) exit(in states, n ast.Node) {
	w.from = n
	in = w.unwind(in)
	w.from = nil
	for _, s := range in {
		for path, f := range w.uses {
			h := s.held[path]
			if h.shared < 0 || h.excl < 0 {
				f.use.GivesAway = true
			}
			if h.on() {
				w.arrive(mark{n, path, false, nil}, w.leaving(n, h, s), h)
			} else {
				w.arrive(mark{n, path, false, nil}, nil, h)
			}
		}
	}
}

func (w *lockWalk) leaving(n ast.Node, h holding, s *lockState) *Misuse {
	return &Misuse{Op: rewrite.Leave, Leave: leaves(n), At: w.span(n), Taken: w.span(h.taken), Mode: h.mode(), After: s.after}
}

// ends drops what a turn of a loop leaves held of objects that only the turn
// knows.
func (w *lockWalk) ends(loop, n ast.Node, in states) states {
	return w.each(in, func(s *lockState) states {
		for path, f := range w.uses {
			h := s.held[path]
			if root := f.ref.root.Pos(); !h.on() || root < loop.Pos() || loop.End() <= root {
				continue
			}
			if !w.releasesLater(s, path) {
				w.arrive(mark{n, path, false, nil}, w.leaving(n, h, s), holding{taken: h.taken})
			}
			next := *s
			next.held = maps.Clone(s.held)
			delete(next.held, path)
			next.defers = slices.DeleteFunc(slices.Clone(s.defers), func(c *ast.CallExpr) bool { return w.releases(c, path) })
			s = &next
		}
		return states{s}
	})
}

func (w *lockWalk) releasesLater(s *lockState, path string) bool {
	return slices.ContainsFunc(s.defers, func(c *ast.CallExpr) bool { return w.releases(c, path) })
}

// releases reports whether a deferred call releases a lock.
func (w *lockWalk) releases(c *ast.CallExpr, path string) bool {
	found := false
	if c != nil {
		ast.Inspect(c, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				ref, _ := w.lockCall(call)
				found = found || ref != nil && ref.path == path
			}
			return !found
		})
	}
	return found
}
