package rules

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"unicode"

	"github.com/go-fixer/fixer/rewrite"
)

// guard: hold the lock that already guards the field
//
// Most accesses to the field hold a mutex of the same struct, or of one that
// holds that by value, or a comment or the layout of the struct says that it
// guards the field, and some accesses were forgotten; or it is the only one of
// the struct and guards other fields, and no atomic can hold this one. Half of
// all races that people fix are of this kind. The fix holds the mutex at the places that lack
// it, over the smallest piece of code that is one step:
//
//   - a critical section that ends right above, or begins right below, takes
//     the access in, and so does one with only quick code between for a read;
//   - a test and the write that depends on it stay together, and so do several
//     writes with nothing slow between them; a section that held the lock for
//     one half of such a step grows to take in the other;
//   - a getter, or a short function that returns early, gets Lock and defer
//     Unlock;
//   - where slow work follows, each way out releases the lock, and so does the
//     branch that goes on to it, or that leaves with it;
//   - a statement that goes on to do slow work gets the field read into a
//     variable above it, and a value, key or argument that takes long is computed
//     above the lock;
//   - a loop whose condition needs the field reads it at the top of its body, and
//     a range with a slow body goes over a copy, as does what prints or encodes a
//     map or slice that others change in place; where the map or slice is emptied
//     right below, the range goes over what was taken out of its place;
//   - a slow loop that counts through a slice reads the slice once, above itself;
//   - what is called, closed or stopped slowly if it is there, and set to nil right
//     after, is taken out of its place under the lock, and called without;
//   - a call that takes long is made under a lock that is held over calls of the same
//     object elsewhere;
//   - where a method takes the lock to return the field, a single read calls it;
//     other packages, which can't take the lock, do too;
//   - a method that some callers call with the lock held, and some without,
//     becomes two: foo takes the lock and calls fooLocked, and so do those who
//     hold it. Who calls a fooLocked without the lock gets it.
//
// Reads take the read lock of an RWMutex. A method of a struct that is held by
// value, or by one pointer, can't take the lock around that: its callers do. So do those
// who hand the object to sort or container/heap, for the methods that these call. The
// lock of a struct also guards objects that were looked up in a map, slice or field of
// it, if other accesses to them hold it.
//
// It is refused where holding the lock could do harm:
//
//   - between a test of the field and the write that depends on it, something
//     slow runs: a channel operation, I/O, a sleep, a call that can't be
//     followed;
//   - one half of a step holds the lock already, in a section of its own, and
//     something slow keeps the two from becoming one;
//   - a goroutine would take the lock before it gives the signal that somebody waits
//     for who holds the lock;
//   - a call under the lock may panic, and the deferred function that recovers
//     takes the lock too;
//   - some callers of the function hold the lock already and others do not, and
//     it does something slow;
//   - a range goes over maps or slices in a map or slice, or changes what it goes
//     over, and its body is slow;
//   - a call inside the section takes the lock itself;
//   - the write stands under a read lock whose section can't be one for writing;
//   - the lock guards what the field holds as well, and using that takes long;
//   - the object has no stable name to take its lock by.
var guard = &rewrite.Rule{
	Name:  "guard",
	Title: "hold the mutex that guards the field elsewhere",
	Mends: []rewrite.Kind{rewrite.Field},
	Parts: true,
	Fix:   fixGuard,
}

func fixGuard(s *rewrite.Site) (*rewrite.Fix, string) {
	f := s.Finding
	vote, ok := guardOf(s, f)
	if !ok && !atomicable(s, f) {
		vote, ok = soleGuard(s, f)
	}
	if !ok {
		return nil, "no mutex of the struct guards the field elsewhere"
	}
	l, reason := lockOf(s, s.Module.Struct(ownerOf(vote.Lock)), vote.Lock)
	if reason != "" {
		return nil, reason
	}
	l.places = []string{f.Place.Key}
	for _, g := range s.Group { // others that the same lock guards, in one patch
		if g == f {
			continue
		}
		v, ok := guardOf(s, g)
		switch {
		case ok && v.Lock == vote.Lock && s.Alone:
		case ok && v.Lock == vote.Lock:
			l.places = append(l.places, g.Place.Key)
		case ok:
			l.foreign = append(l.foreign, without(s, g, v.Lock)...)
		}
	}
	if reason := l.plan(); reason != "" {
		if len(l.places) == 1 {
			return nil, reason
		}
		l.places = l.places[:1] // the others may be what can't be done
		if reason := l.plan(); reason != "" {
			return nil, reason
		}
	}
	if len(l.edits) == 0 {
		return nil, "every access that can be placed holds the lock already"
	}
	for _, g := range s.Group {
		if !slices.Contains(l.places, g.Place.Key) {
			continue
		}
		if reason := l.copyOut(g, vote.Lock); reason != "" {
			return nil, reason
		}
	}
	fix := &rewrite.Fix{Title: fmt.Sprintf("Hold %s", rewrite.ShortKey(vote.Lock)), Places: l.places, Safety: rewrite.Safe, Edits: l.edits}
	if l.serial {
		fix.Serial = vote.Lock
	}
	return fix, ""
}

// copyOut copies a map or slice that others change in place where it is returned
// and the lock, new there, is released.
func (l *locking) copyOut(f *rewrite.Finding, lock string) string {
	if !slices.ContainsFunc(f.Accesses, func(a rewrite.Access) bool { return a.Op == rewrite.WriteElem && !a.Fresh && !a.Test }) {
		return ""
	}
	for _, u := range l.site.Module.Uses(f.Place.Key) {
		sel, ok := mention(u)
		if !ok || u.File.Test || u.Access == nil || u.Access.Fresh || rewrite.Holds(u.Access.Locks, lock) || rewrite.Holds(l.site.Module.Entry(u.File, sel.Pos()), lock) {
			continue
		}
		if _, returned := u.Path[1].(*ast.ReturnStmt); !returned {
			continue
		}
		reason := copyable(u.File.Info.TypeOf(sel))
		if reason == "" {
			reason = meantShared(l.site, u)
		}
		if reason != "" {
			return reason
		}
		edits, reason := ownCopy(l.site, u, sel)
		if reason != "" {
			return reason
		}
		l.edits = append(l.edits, edits...)
	}
	return ""
}

// without lists what names a place where its lock isn't held.
func without(s *rewrite.Site, f *rewrite.Finding, lock string) []ast.Node {
	var out []ast.Node
	for _, u := range s.Module.Uses(f.Place.Key) {
		if u.Access != nil && !u.Access.Fresh && !rewrite.Holds(u.Access.Locks, lock) {
			out = append(out, u.Path[0])
		}
	}
	return out
}

// guardOf picks the lock of the place's own struct that guards it: one that is
// held at a write, at half of the accesses or in half of the functions, or on one
// side of the race. Where that says nothing, a comment does, or the layout: a
// mutex guards the paragraph of fields that it heads, if it guards others there.
// Last comes a struct that holds the place's.
func guardOf(s *rewrite.Site, f *rewrite.Finding) (rewrite.Vote, bool) {
	st := s.Module.Struct(f.Place.Owner)
	heads := headOf(s, st, shortName(f.Place))
	for _, v := range f.Votes {
		field, ok := strings.CutPrefix(v.Lock, f.Place.Owner+".")
		if ok && !strings.Contains(field, ".") && v.Held > 0 && (v.Writes > 0 || 2*v.Held >= v.Of || field == heads || onOneSide(f, v.Lock) || inHalf(f, v.Lock)) {
			return v, true
		}
	}
	if heads != "" {
		return rewrite.Vote{Lock: f.Place.Owner + "." + heads}, true
	}
	return outerGuard(s, f)
}

// onOneSide reports whether one of the two accesses that show a race holds a
// lock: who wrote that meant the other to hold it too.
func onOneSide(f *rewrite.Finding, lock string) bool {
	return slices.ContainsFunc(f.Sides[:], func(s rewrite.Side) bool {
		return !s.Access.Test && rewrite.Holds(s.Access.Locks, lock)
	})
}

// inHalf reports whether half of the functions that access a place hold a lock
// at each access.
func inHalf(f *rewrite.Finding, lock string) bool {
	held := make(map[string]bool)
	for _, a := range f.Accesses {
		if a.Fresh || a.Test {
			continue
		}
		was, seen := held[a.Func]
		held[a.Func] = (was || !seen) && rewrite.Holds(a.Locks, lock)
	}
	n := 0
	for _, h := range held {
		if h {
			n++
		}
	}
	return 2*n >= len(held)
}

// headOf returns the mutex that a struct's comments or layout name as the
// guard of a field, "" if they don't.
func headOf(s *rewrite.Site, st *rewrite.Struct, field string) string {
	line := func(p token.Pos) int { return st.File.Fset.Position(p).Line }
	var paragraph []string // the other fields below head
	head, comment, end := "", "", 0
	found := false
	for _, fl := range st.Type.Fields.List {
		from := line(fl.Pos())
		if fl.Doc != nil {
			from = line(fl.Doc.Pos())
		}
		if from > end+1 {
			if found {
				break
			}
			head, paragraph = "", nil
		}
		end = line(fl.End())
		names := namesOf(fl)
		switch {
		case isMutex(st, fl):
			if !found {
				head, comment, paragraph = names[0], fl.Doc.Text()+fl.Comment.Text(), nil
			}
		case slices.Contains(names, field):
			found = true
		default:
			paragraph = append(paragraph, names...)
		}
	}
	if mu := said(st, field); mu != "" {
		return mu
	}
	if !found || head == "" || comment != "" && !mentionsGuard(comment, "") || forOthers(st, head, comment, field) {
		return "" // the comment, or the name, says that it is for something else
	}
	if locksFor(s, st, head, paragraph) {
		return head
	}
	return ""
}

// forOthers reports whether a mutex is named after another field of the struct,
// as queueMu is, or says that it guards that one, and not this.
func forOthers(st *rewrite.Struct, mutex, comment, field string) bool {
	var others []string
	for _, fl := range st.Type.Fields.List {
		others = append(others, namesOf(fl)...)
	}
	others = slices.DeleteFunc(others, func(name string) bool { return name == field || name == mutex })
	for _, suffix := range []string{"Mu", "Mutex", "Mtx", "Lock"} {
		if name, ok := strings.CutSuffix(mutex, suffix); ok && slices.Contains(others, name) {
			return true
		}
	}
	return !mentionsGuard(comment, field) && slices.ContainsFunc(others, func(name string) bool { return mentionsGuard(comment, name) })
}

func isMutex(st *rewrite.Struct, fl *ast.Field) bool {
	return hasMethod(st.File.Info.TypeOf(fl.Type), "Lock")
}

// said returns the mutex that a comment on it, or on the field, says to guard
// the field.
func said(st *rewrite.Struct, field string) string {
	about := ""
	for _, fl := range st.Type.Fields.List {
		if slices.Contains(namesOf(fl), field) {
			about = fl.Doc.Text() + fl.Comment.Text()
		}
	}
	for _, fl := range st.Type.Fields.List {
		if mu := namesOf(fl)[0]; isMutex(st, fl) && (mentionsGuard(about, mu) || mentionsGuard(fl.Doc.Text()+fl.Comment.Text(), field)) {
			return mu
		}
	}
	return ""
}

// locksFor reports whether a function that takes a mutex of the struct's
// touches one of the given fields, in the files at hand.
func locksFor(s *rewrite.Site, st *rewrite.Struct, lock string, fields []string) bool {
	files := map[*ast.File]*rewrite.File{st.File.Syntax: st.File}
	for _, u := range s.Module.Uses(s.Finding.Place.Key) {
		files[u.File.Syntax] = u.File
	}
	for _, f := range files {
		for _, d := range f.Syntax.Decls {
			fd, ok := d.(*ast.FuncDecl)
			if !ok || fd.Body == nil {
				continue
			}
			found := false
			ast.Inspect(fd.Body, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if ok && !found && slices.Contains(fields, sel.Sel.Name) {
					se := f.Info.Selections[sel]
					found = se != nil && se.Kind() == types.FieldVal && fieldIn(st, se.Obj()) &&
						mentionsText(f, fd.Body, text(f, sel.X)+lockPath(st, lock)+".Lock")
				}
				return !found
			})
			if found {
				return true
			}
		}
	}
	return false
}

// fieldIn reports whether a struct declares a field.
func fieldIn(st *rewrite.Struct, field types.Object) bool {
	return st.Type.Pos() <= field.Pos() && field.Pos() < st.Type.End()
}

// mentionsGuard reports whether a comment says that something is guarded, by
// or with the thing of the given name.
func mentionsGuard(comment, name string) bool {
	if !strings.Contains(comment, "guard") && !strings.Contains(comment, "protect") && !strings.Contains(comment, "+checklocks") {
		return false
	}
	return name == "" || slices.Contains(strings.FieldsFunc(comment, func(r rune) bool {
		return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}), name)
}

// namesOf lists the names of a field declaration.
func namesOf(fl *ast.Field) []string {
	if len(fl.Names) == 0 {
		return []string{embedded(fl.Type)}
	}
	var names []string
	for _, id := range fl.Names {
		names = append(names, id.Name)
	}
	return names
}

// lockable reports whether a type has the Lock of a sync.Locker.
func lockable(t types.Type) bool {
	m, _, _ := types.LookupFieldOrMethod(t, true, nil, "Lock")
	fn, ok := m.(*types.Func)
	return ok && fn.Signature().Params().Len()+fn.Signature().Results().Len() == 0
}

// lockOf describes a mutex field of a struct.
func lockOf(s *rewrite.Site, st *rewrite.Struct, key string) (*locking, string) {
	name := key[strings.LastIndexByte(key, '.')+1:]
	if s.Module.Struct(ownerOf(key)) != st {
		return nil, "the lock is not a field of the struct"
	}
	for _, fl := range st.Type.Fields.List {
		t := st.File.Info.TypeOf(fl.Type)
		rw := hasMethod(t, "RLock")
		if len(fl.Names) == 0 {
			if id := embedded(fl.Type); id == name {
				return &locking{site: s, key: key, pkg: st.File.Pkg.Path(), rw: rw}, ""
			}
			continue
		}
		if slices.ContainsFunc(fl.Names, func(id *ast.Ident) bool { return id.Name == name }) {
			if !lockable(t) {
				return nil, rewrite.ShortKey(key) + " is not taken by a plain Lock"
			}
			return &locking{site: s, key: key, pkg: st.File.Pkg.Path(), method: "." + name, rw: rw}, ""
		}
	}
	return nil, "the lock is not a field of the struct"
}
