package rules

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// mutexfield: add a mutex for the fields that race
//
// The struct has no lock for these fields. It gets one, unless it has a mutex that
// nothing takes, which was meant for them, above the first of
// them, with a comment that says what it guards, and every access takes it:
// one mutex for all racy fields of the struct that no atomic can hold, because
// fields that change together must be seen together. It is an RWMutex where
// functions that only read outnumber those that write. Objects that nobody
// else can see yet, in constructors, need no lock and get none.
//
// The accesses get the lock as rule guard gives it to them.
//
// Where one function alone writes the fields, and does something slow between a
// read and the write that depends on it, readers can't wait for all that. Such a
// refresh gets a second mutex, for as long as it runs: what only it changes, it
// reads as before, and takes the readers' lock where it writes.
//
// It is refused where a lock could do harm:
//
//   - between a read of the fields and the write that depends on it, something
//     slow runs, which every reader would have to wait for, and several functions
//     write, or the one is run for requests or is given more than the object;
//   - a range goes over maps or slices in a map or slice, or changes what it goes
//     over, and its body is slow;
//   - a mutex that guards another racy field is held at some of the accesses;
//   - a map or slice is handed out while others change what it holds;
//   - the struct is copied as a whole, or a field's address is taken;
//   - the field is exported, or another package uses it and there is no getter:
//     code there could not take the lock;
//   - a composite literal of several lines, or without its type, sets the fields
//     without their names; others name them from then on;
//   - a file for another platform or build tag mentions the field.
var mutexfield = &rewrite.Rule{
	Name:  "mutexfield",
	Title: "add one mutex for the racy fields of a struct",
	Mends: []rewrite.Kind{rewrite.Field},
	Fix:   fixMutex,
}

func fixMutex(s *rewrite.Site) (*rewrite.Fix, string) {
	st := s.Module.Struct(s.Finding.Place.Owner)
	if v, ok := meantFor(s, s.Finding); ok {
		return nil, rewrite.ShortKey(v.Lock) + " guards it already"
	}
	if f := s.Finding; f.Outside != "" {
		return nil, "only tests get there without " + rewrite.ShortKey(f.Outside)
	}
	group, reason := mutexGroup(s)
	if reason != "" {
		return nil, reason
	}
	if st.Type.Fields.NumFields() == 0 {
		return nil, "the struct has no fields"
	}
	l, reason := oneMutex(s, st, group)
	if reason != "" && len(group) > 1 {
		if part, more := most(s, st, group); 2*len(part) >= len(group) {
			group, l, reason = part, more, ""
		}
	}
	if reason != "" {
		return nil, reason
	}
	names := namesIn(group)
	lock, typ := strings.TrimPrefix(l.method, "."), "sync.Mutex"
	if l.rw {
		typ = "sync.RWMutex"
	}
	fix := &rewrite.Fix{
		Title:  fmt.Sprintf("Guard %s with a %s", rewrite.Enumerate(names), typ),
		Places: l.places, Safety: rewrite.Safe,
	}
	fix.Edits = l.edits
	add := rewrite.AddField{Struct: st.File.Span(st.Type), Before: names[0], Name: lock,
		Type: rewrite.Code{Text: typ, Imports: []string{"sync"}}, Guards: names}
	if !hasField(st, lock) {
		fix.Edits = append(fix.Edits, add)
	}
	if r := l.refresh; r != nil {
		fix.Serial = s.Finding.Place.Owner + "." + r.lock
		add.Name, add.Type.Text = r.lock, "sync.Mutex"
		add.Guards, add.Doc = nil, fmt.Sprintf("%s lets one %s run at a time; nothing else writes what %s guards.", r.lock, r.decl.Name.Name, lock)
		fix.Edits = append(fix.Edits, add)
		if r.caution != "" {
			fix.Safety, fix.Caution = rewrite.Unsafe, r.caution
		}
	}
	return fix, ""
}

// mutexGroup lists the findings of a group that one mutex could serve.
func mutexGroup(s *rewrite.Site) ([]*rewrite.Finding, string) {
	var group []*rewrite.Finding
	for _, f := range s.Group {
		v, ok := guardOf(s, f)
		if f == s.Finding {
			v, ok = meantFor(s, f)
		}
		if ok {
			if slices.ContainsFunc(s.Finding.Votes, func(o rewrite.Vote) bool { return o.Lock == v.Lock && o.Held > 0 }) {
				return nil, fmt.Sprintf("%s guards %s, and some accesses to this field hold it too", rewrite.ShortKey(v.Lock), f.Place.Name)
			}
			continue
		}
		switch {
		case f.Outside != "", f != s.Finding && fixableAtomic(s, f):
		case public(s, f) && (f == s.Finding || changeAtOnce(s, s.Finding, f)):
			return nil, fmt.Sprintf("%s is exported: code outside this module could not take the lock", f.Place.Name)
		case !public(s, f):
			group = append(group, f)
		}
	}
	return group, ""
}

// meantFor is the lock that guards a place, less one that is meant for something
// else: some reads hold it, no write does, and neither a comment nor the layout names
// it.
func meantFor(s *rewrite.Site, f *rewrite.Finding) (rewrite.Vote, bool) {
	v, ok := guardOf(s, f)
	if ok && v.Held > 0 && v.Writes == 0 && f.Place.Owner+"."+headOf(s, s.Module.Struct(f.Place.Owner), shortName(f.Place)) != v.Lock {
		return v, false
	}
	return v, ok
}

// oneMutex puts the accesses to the fields of a group under a new mutex.
func oneMutex(s *rewrite.Site, st *rewrite.Struct, group []*rewrite.Finding) (*locking, string) {
	var accesses []rewrite.Access
	var places []string
	for _, f := range group {
		accesses, places = append(accesses, f.Accesses...), append(places, f.Place.Key)
	}
	if reason := copied(accesses); reason != "" {
		return nil, reason
	}
	lock, rw := lockName(st, namesIn(group)), readersDominate(accesses)
	idle := idleMutex(s, st)
	if idle != nil {
		lock, rw = idle.Name(), hasMethod(idle.Type(), "RLock")
	}
	l := &locking{site: s, key: s.Finding.Place.Owner + "." + lock, pkg: st.File.Pkg.Path(), method: "." + lock,
		rw: rw, places: places}
	if reason := l.plan(); reason != "" && !l.serially(st) {
		return nil, reason
	}
	if len(l.edits) == 0 {
		return nil, "no access could be placed in the source"
	}
	if idle == nil {
		edits, reason := spelled(s, st)
		if reason != "" {
			return nil, reason
		}
		l.edits = append(l.edits, edits...)
	}
	return l, ""
}

// most finds as many fields of a group as one mutex can serve, with the finding
// among them: some of the others may be what can't be done. Those that change at
// once stay together.
func most(s *rewrite.Site, st *rewrite.Struct, group []*rewrite.Finding) ([]*rewrite.Finding, *locking) {
	with := func(part []*rewrite.Finding, f *rewrite.Finding) []*rewrite.Finding {
		return slices.DeleteFunc(slices.Clone(group), func(g *rewrite.Finding) bool {
			return g != f && !slices.Contains(part, g) && !changeAtOnce(s, f, g)
		})
	}
	part := with(nil, s.Finding)
	l, reason := oneMutex(s, st, part)
	if reason != "" {
		return nil, nil
	}
	for _, f := range group {
		if slices.Contains(part, f) {
			continue
		}
		if more, reason := oneMutex(s, st, with(part, f)); reason == "" {
			part, l = with(part, f), more
		}
	}
	return part, l
}

// changeAtOnce reports whether two fields are written side by side: they tell of
// one thing.
func changeAtOnce(s *rewrite.Site, f, g *rewrite.Finding) bool {
	written, _, _, _ := sideBySide(s, f, g)
	return written
}

func namesIn(group []*rewrite.Finding) []string {
	var names []string
	for _, f := range group {
		names = append(names, shortName(f.Place))
	}
	return names
}

// public reports whether code outside the module can use a field.
func public(s *rewrite.Site, f *rewrite.Finding) bool {
	st := s.Module.Struct(f.Place.Owner)
	return ast.IsExported(shortName(f.Place)) && st.Name.Exported() && importable(st.File.Pkg)
}

// importable reports whether code outside the module can import a package.
func importable(p *types.Package) bool {
	return p.Name() != "main" && !slices.Contains(strings.Split(p.Path(), "/"), "internal")
}

// fixableAtomic reports whether atomicfield will take care of a finding of
// the group by itself.
func fixableAtomic(s *rewrite.Site, f *rewrite.Finding) bool {
	alone := &rewrite.Site{Finding: f, Group: []*rewrite.Finding{f}, Module: s.Module}
	if fix, _ := fixCalls(alone); fix != nil {
		return true
	}
	if !atomicable(s, f) {
		return false
	}
	fix, _ := fixAtomic(alone)
	return fix != nil && !slices.ContainsFunc(s.Group, func(g *rewrite.Finding) bool { return g != f && !public(s, g) && !atomicable(s, g) })
}

func copied(accesses []rewrite.Access) string {
	for _, a := range accesses {
		if a.Whole && !a.Fresh {
			return fmt.Sprintf("the struct is copied or assigned as a whole at %s:%d, and a mutex must not be", base(a.At.File), a.At.Line)
		}
	}
	return ""
}

// readersDominate reports whether functions that only read outnumber those
// that write.
func readersDominate(accesses []rewrite.Access) bool {
	writer := make(map[string]bool)
	for _, a := range accesses {
		if !a.Fresh && !a.Test {
			writer[a.Func] = writer[a.Func] || a.Op.Writes()
		}
	}
	n := 0
	for _, w := range writer {
		if w {
			n--
		} else {
			n++
		}
	}
	return n > 0
}

// idleMutex is the mutex of a struct that nothing ever takes: somebody meant to.
// nil if there is none.
func idleMutex(s *rewrite.Site, st *rewrite.Struct) *types.Var {
	for _, fl := range st.Type.Fields.List {
		for _, id := range fl.Names {
			field, ok := st.File.Info.Defs[id].(*types.Var)
			if ok && !field.Exported() && slices.Contains([]string{"sync.Mutex", "sync.RWMutex"}, field.Type().String()) && len(selections(s, field)) == 0 {
				return field
			}
		}
	}
	return nil
}

// hasField reports whether a struct declares a field with a name.
func hasField(st *rewrite.Struct, name string) bool {
	return slices.ContainsFunc(st.Type.Fields.List, func(fl *ast.Field) bool {
		return slices.ContainsFunc(fl.Names, func(id *ast.Ident) bool { return id.Name == name })
	})
}

// lockName finds a name for a mutex that guards some fields.
func lockName(st *rewrite.Struct, guarded []string) string {
	return unusedName(st, "", "mu", guarded[0]+"Mu", guarded[0]+"Mutex")
}

// unusedName returns the first of some names, or one made from that, that the
// struct, and what it embeds, does not have, and that another new field has not.
func unusedName(st *rewrite.Struct, besides string, tries ...string) string {
	taken := make(map[string]bool)
	for _, fl := range st.Type.Fields.List {
		for _, id := range fl.Names {
			taken[id.Name] = true
		}
		if len(fl.Names) == 0 {
			taken[embedded(fl.Type)] = true
		}
	}
	ok := func(try string) bool { return try != besides && !taken[try] && !hasMethod(st.Name.Type(), try) }
	if i := slices.IndexFunc(tries, ok); i >= 0 {
		return tries[i]
	}
	for i := 2; ; i++ {
		if try := fmt.Sprintf("%s%d", tries[0], i); ok(try) {
			return try
		}
	}
}
