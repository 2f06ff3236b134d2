package rules

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// A locking puts the accesses to some places under one lock of their struct.
//
// Files by what they do: hold.go plans, function by function; step.go finds
// the accesses that must stay one step; section.go makes critical sections of
// statements, joining those that are there; read.go and lift.go read into a
// variable instead, where the rest of a statement is slow; clear.go computes
// what is slow first; readback.go and rejoin.go join sections with nothing slow
// between; place.go knows where a lock can stand, object.go by which name it is
// taken, outer.go which object around the places' own has it; quiet.go says what
// must not run under it; serial.go lets one function at a time do what is slow;
// ownwork.go knows what it is there to be held over; printed.go knows methods that
// run under the lock though nobody calls them;
// copy.go finds copies of the whole struct, exclude.go takes a read lock for
// writing where that is written under.
type locking struct {
	site   *rewrite.Site
	key    string // of the lock
	pkg    string // path of the package that declares the struct
	method string // what follows the object in the lock's expression: ".mu", "" if embedded
	// name is that of a lock that is a variable, which mutex is if it is there
	// already; "" if the lock is a field.
	name     string
	mutex    types.Object
	rw       bool     // has RLock
	places   []string // keys
	edits    []rewrite.Edit
	spots    map[ast.Node][]spot             // by function, in order
	held     map[ast.Node][]spot             // those that have the lock already
	needy    map[types.Object]bool           // functions that will take the lock, callers included
	asserted map[*ast.FuncDecl]*rewrite.File // that say their callers hold the lock, and some don't
	shared   map[*ast.FuncDecl]*rewrite.File // that some callers call with the lock held, some without
	inner    []spot                          // in methods of structs that the lock's holds by value
	getters  []getter
	names    map[ast.Node][]string      // variables made so far, by the list they are in
	lifted   map[ast.Node][]*ast.IfStmt // that had them in their heads
	mistaken []spot                     // that write under the read lock
	foreign  []ast.Node                 // what needs another lock: the two need not wait for each other
	refresh  *refresh                   // the one function that writes, if that is why it has a lock of its own
	serial   bool                       // it is held over slow calls of what it guards, as elsewhere
}

// A stretch is a run of statements in one list.
type stretch struct {
	up          ast.Node // that holds the list
	first, last int
}

// plan makes the edits, or says why not.
func (l *locking) plan() string {
	l.edits, l.serial, l.inner, l.mistaken, l.lifted, l.names = nil, false, nil, nil, make(map[ast.Node][]*ast.IfStmt), make(map[ast.Node][]string)
	l.spots, l.held = make(map[ast.Node][]spot), make(map[ast.Node][]spot)
	l.shared, l.asserted = make(map[*ast.FuncDecl]*rewrite.File), make(map[*ast.FuncDecl]*rewrite.File)
	order, reason := l.gather()
	if reason != "" {
		return reason
	}
	l.findGetters()
	var reasons []string // of each function that is in the way
	var split []*ast.FuncDecl
	for _, fn := range order {
		if fd, ok := fn.(*ast.FuncDecl); ok && l.shared[fd] != nil {
			split = append(split, fd)
			continue
		}
		for _, list := range [][]spot{l.spots[fn], l.held[fn]} {
			slices.SortFunc(list, func(a, b spot) int { return int(a.sel.Pos() - b.sel.Pos()) })
		}
		if l.recursion(fn) {
			continue
		}
		n := len(l.edits)
		switch reason := l.function(fn, l.spots[fn]); {
		case reason == "":
		case l.unseen(l.spots[fn]):
			l.edits = l.edits[:n]
		default:
			reasons = append(reasons, reason)
		}
	}
	if reason := l.splitAll(split, l.shared); reason != "" {
		reasons = append(reasons, reason)
	}
	l.readBack()
	l.rejoin()
	l.goOn()
	for _, reason := range []string{l.exclude(), l.recovers()} {
		if reason != "" {
			reasons = append(reasons, reason)
		}
	}
	return strings.Join(reasons[:min(len(reasons), 3)], "; also, ")
}

// gather finds the spots, and returns the functions that hold some in order.
func (l *locking) gather() (order []ast.Node, reason string) {
	add := func(s spot) {
		fn := function(s.Use)
		if l.spots[fn] == nil {
			order = append(order, fn)
		}
		l.spots[fn] = append(l.spots[fn], s)
	}
	files := make(map[*rewrite.File]bool)
	for _, place := range l.places {
		if reason := forgets(l.site.Module.Uses(place)); reason != "" {
			return nil, reason
		}
		stays := noUse
		if reason := splitByCall(l.site, place, l.key, l.calledWhole); reason != "" {
			stays = l.besides(place)
			if len(l.site.Seen) == 0 || splitByCall(l.site, place, l.key, stays) != "" {
				return nil, reason
			}
		}
		for _, u := range l.site.Module.Uses(place) {
			if stays(u) {
				continue
			}
			s, need, reason := l.need(u)
			if reason != "" && l.unseen([]spot{{Use: u}}) {
				continue
			}
			if reason != "" {
				return nil, reason
			}
			files[u.File] = true
			if need {
				add(s)
			} else if s.Use != nil {
				fn := function(s.Use)
				l.held[fn] = append(l.held[fn], s)
			}
		}
	}
	if l.outer() {
		more, reason := l.around()
		if reason != "" {
			return nil, reason
		}
		for _, s := range more {
			add(s)
		}
	}
	for _, s := range l.copies() {
		add(s)
	}
	for _, fd := range slices.SortedFunc(maps.Keys(l.asserted), func(a, b *ast.FuncDecl) int { return int(a.Pos() - b.Pos()) }) {
		calls, reason := l.careless(fd, l.asserted[fd])
		if reason != "" {
			return nil, reason
		}
		for _, s := range calls {
			add(s)
		}
	}
	l.needy = l.takers(files)
	return order, ""
}

func noUse(*rewrite.Use) bool { return false }

// besides tells the mentions of a place in functions where it was not seen to
// race.
func (l *locking) besides(place string) func(*rewrite.Use) bool {
	racing := make(map[ast.Node]bool)
	for _, u := range l.site.Module.Uses(place) {
		racing[function(u)] = racing[function(u)] || !l.unseen([]spot{{Use: u}})
	}
	return func(u *rewrite.Use) bool { return !racing[function(u)] }
}

// unseen reports whether nobody asks for more than what was seen to race, and
// that none of some spots was.
func (l *locking) unseen(spots []spot) bool {
	return len(l.site.Seen) > 0 && !slices.ContainsFunc(spots, func(s spot) bool {
		return s.Access != nil && slices.ContainsFunc(l.site.Seen, func(a rewrite.Access) bool { return a.At == s.Access.At })
	})
}

// hidden reports whether only the package that declares the lock can take it.
func (l *locking) hidden() bool {
	name := strings.TrimPrefix(l.method, ".")
	return l.name != "" || name != "" && !ast.IsExported(name)
}

// forgets says that a channel is forgotten right after it was closed for those who
// receive from it: who comes to do so only then would wait for ever, lock or not.
//
//	close(s.done)
//	s.done = nil
func forgets(uses []*rewrite.Use) string {
	for _, w := range uses {
		as, ok := w.Path[1].(*ast.AssignStmt)
		if !ok || w.File.Test || len(as.Lhs) != 1 || len(as.Rhs) != 1 || as.Lhs[0] != w.Path[0] || !w.File.Info.Types[as.Rhs[0]].IsNil() {
			continue
		}
		closes := slices.ContainsFunc(uses, func(u *rewrite.Use) bool {
			call, ok := u.Path[1].(*ast.CallExpr)
			return ok && function(u) == function(w) && u.Path[0].Pos() < as.Pos() && u.File.Info.Types[call.Fun].IsBuiltin()
		})
		for _, r := range uses {
			if arrow, ok := r.Path[1].(*ast.UnaryExpr); ok && arrow.Op == token.ARROW && closes && !r.File.Test && function(r) != function(w) {
				return fmt.Sprintf("%s forgets the channel that %s is to find closed: a lock would hide that", spot{Use: w, sel: as.Lhs[0]}.at(), spot{Use: r, sel: arrow.X}.at())
			}
		}
	}
	return ""
}

// ofPart reports whether a use of a place that is a struct only leads to a field of
// that: x.stats of x.stats.hits.
func ofPart(u *rewrite.Use, sel ast.Expr) bool {
	p, ok := u.Path[1].(*ast.SelectorExpr)
	if !ok || p.X != sel || isPointer(u.File.Info.TypeOf(sel)) {
		return false
	}
	return isField(u.File.Info, p)
}

// need tells whether a use must get the lock.
func (l *locking) need(u *rewrite.Use) (s spot, need bool, reason string) {
	sel, ok := mention(u)
	if !ok {
		return s, false, "" // a composite literal: nobody else has the object
	}
	a := u.Access
	if u.File.Test && l.site.Finding.Kind != rewrite.Variable {
		return s, false, ""
	}
	lent := lent(u)
	if amp, ok := u.Path[1].(*ast.UnaryExpr); ok && amp.Op == token.AND && (a == nil || !a.Fresh || a.Op == rewrite.Address) && (lent == nil || a == nil) {
		return s, false, addressTaken(u)
	}
	if a == nil || a.Fresh {
		return s, false, ""
	}
	s = spot{Use: outsideCalled(u), sel: sel, write: writes(u) || inPlace(u) || ofPart(u, sel) && a.Op.Writes(), elem: a.Op == rewrite.ReadElem || a.Op == rewrite.WriteElem || inPlace(u)}
	s.elem = s.elem || s.Use != u && inside(u)
	switch {
	case lent != nil:
		s.write, s.elem = !readsOnly.MatchString(lent.Name()), true
	case a.Op == rewrite.Address:
		return s, false, addressTaken(u)
	}
	if a.Whole && s.object() != nil && !l.outer() {
		return s, false, fmt.Sprintf("the struct is copied or assigned as a whole at %s", s.at())
	}
	for _, h := range a.Locks {
		if h.Key == l.key {
			if s.write && h.Mode == rewrite.Shared {
				l.mistaken = append(l.mistaken, s)
			}
			return s, false, ""
		}
	}
	if fd := lockedByName(u); fd != nil && !l.heldAsSaid(u, sel) {
		l.asserted[fd] = u.File
		return s, false, ""
	}
	if l.innerMethod(s) != nil {
		l.inner = append(l.inner, s)
		return s, false, ""
	}
	for _, h := range l.site.Module.Entry(u.File, sel.Pos()) {
		if h.Key == l.key {
			fd, ok := function(s.Use).(*ast.FuncDecl)
			if ok && ordersItself(u.File, fd) {
				return s, false, "" // sort and container/heap call it for those who hold the lock
			}
			if ok && l.ofReceiver(s) {
				l.shared[fd] = u.File
				return s, true, ""
			}
			return s, false, fmt.Sprintf("some callers of %s hold the lock and some do not", a.Func)
		}
	}
	return s, true, ""
}

// ordersItself reports whether a method is one of those by which sort or container/heap
// order what its receiver holds.
func ordersItself(f *rewrite.File, fd *ast.FuncDecl) bool {
	names := []string{"Len", "Less", "Swap"}
	switch fd.Name.Name {
	case "Push", "Pop":
		names = append(names, "Push", "Pop")
	case "Len", "Less", "Swap":
	default:
		return false
	}
	fn, ok := f.Info.Defs[fd.Name].(*types.Func)
	if !ok || fd.Recv == nil {
		return false
	}
	set := types.NewMethodSet(fn.Signature().Recv().Type())
	return !slices.ContainsFunc(names, func(name string) bool { return set.Lookup(nil, name) == nil })
}

// heldAsSaid reports whether the callers of a function hold a lock when they get to a
// use, and none ours: if it says of itself that they do, that is the one it means.
func (l *locking) heldAsSaid(u *rewrite.Use, sel ast.Expr) bool {
	entry := l.site.Module.Entry(u.File, sel.Pos())
	return !rewrite.Holds(entry, l.key) && slices.ContainsFunc(entry, func(h rewrite.Lock) bool { return rewrite.Holds(u.Access.Locks, h.Key) })
}

// function puts the spots of one function under the lock.
func (l *locking) function(fn ast.Node, spots []spot) string {
	if fn == nil {
		return fmt.Sprintf("%s is not in a function", spots[0].at())
	}
	spots, reason := l.reachable(fn, spots)
	if reason != "" || len(spots) == 0 {
		return reason
	}
	if reason := l.printed(fn); reason != "" {
		return reason
	}
	groups := l.groups(fn, spots)
	for len(groups) > 0 {
		rest := slices.Concat(groups...)
		if l.tail(fn, rest) {
			return ""
		}
		if n := l.join(fn, groups); n > 0 {
			groups = groups[n:]
			continue
		}
		if n := l.drain(fn, groups); n > 0 {
			groups = groups[n:]
			continue
		}
		if reason := l.split(fn, rest); reason != "" {
			if n := l.widen(fn, groups); n > 0 {
				groups = groups[n:]
				continue
			}
			return reason
		}
		if len(groups[0]) > 1 {
			n, reason := l.together(fn, groups[0], groups[1:])
			if reason == "" {
				groups = groups[1+n:]
			} else if parts := steps(groups[0], hard); len(parts) > 1 {
				groups = append(parts, groups[1:]...)
			} else {
				return reason
			}
			continue
		}
		n, reason := l.next(fn, singles(groups), groups)
		if reason != "" {
			return reason
		}
		groups = groups[n:]
	}
	return ""
}

// reachable returns the spots whose lock can be taken. Others are read by a
// getter, unless a step of several accesses needs them.
func (l *locking) reachable(fn ast.Node, spots []spot) ([]spot, string) {
	var rest []spot
	for _, s := range spots {
		reason := l.stable(fn, s)
		if l.hidden() && s.File.Pkg.Path() != l.pkg {
			reason = fmt.Sprintf("%s is in another package, which can't take the lock", s.at())
		}
		alone := !slices.ContainsFunc(spots, func(t spot) bool { return depends(s, t) > none || depends(t, s) > none })
		switch {
		case reason == "":
			rest = append(rest, s)
		case !alone || !l.get(s):
			return nil, reason
		}
	}
	return rest, ""
}

// singles returns the spots before the first step of several.
func singles(groups [][]spot) []spot {
	if i := slices.IndexFunc(groups, func(g []spot) bool { return len(g) > 1 }); i >= 0 {
		groups = groups[:i]
	}
	return slices.Concat(groups...)
}

// atOnce reports whether a function does nothing slow between its accesses and
// is best covered as one: it writes several times, and what it changes should
// be seen together, or it reads several things close together.
func (l *locking) atOnce(fn ast.Node, spots []spot) bool {
	if len(spots) < 2 {
		return false
	}
	if _, other := l.otherObject(spots); other {
		return false
	}
	r, ok := l.whole(fn, spots)
	if !ok {
		return false
	}
	region := r.stmts()
	writes, besides := 0, len(region)
	for _, t := range region {
		if slices.ContainsFunc(spots, func(s spot) bool { return contains(t, s.sel) }) {
			besides--
		}
	}
	alike := true
	for _, s := range spots {
		if s.write {
			writes++
		}
		alike = alike && sameField(s, spots[0])
	}
	return writes > 1 || !alike && besides <= 2
}

// whole returns the shortest run of statements around spots that the lock can
// be held over.
func (l *locking) whole(fn ast.Node, spots []spot) (stretch, bool) {
	for _, r := range covers(fn, spots) {
		region := r.stmts()
		if !leaves(region) && l.quiet(spots[0].File, fn, region) == "" && !spins(region, spots) {
			return r, true
		}
	}
	return stretch{}, false
}
