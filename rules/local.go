package rules

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// local: give a captured variable a lock, or each goroutine its own
//
// Goroutines, handlers or parallel tests share a variable of the function that
// starts them. What it is for decides what becomes of it:
//
//   - a variable that each of them sets before reading it, such as err, becomes
//     a variable of each; one that is set under a condition, too, if that is the
//     same for all;
//   - a context that goroutines wrap is copied into a variable of each;
//   - the variable of a loop is copied at the head of the body, where the
//     language version (before go 1.22) has one for all turns;
//   - a value that a goroutine reads once, and its starter goes on to change, is
//     copied above the go statement; so is one that a loop sets anew before it starts
//     goroutines, which don't ask for it to change;
//   - a result with a name, which a return sets while a goroutine is at it,
//     becomes a variable of the body, and the results lose their names; where a
//     deferred function is told what is returned, the result gets another name;
//   - a mutex that is held at some of the accesses is held at all;
//   - a flag or a counter that starts as zero becomes a typed atomic (go 1.19 or
//     later);
//   - anything else gets a mutex, declared right above it, that is held where
//     others may be at it, but not where everybody else is waited for. One mutex
//     serves all variables that the same functions use. What takes long is
//     computed before the lock is taken.
//
// It is refused where a lock could do harm, or would guard or hide something
// else:
//
//   - the function waits, but not for all that sets what it reads then, or it
//     reads first and waits later, or reads as soon as it has started those: it
//     lacks an order, not a lock;
//   - each call sets it and reads that again later: it lacks one of its own;
//   - between a read and the write that depends on it, something slow runs;
//   - the variable's address is taken;
//   - what races is behind the variable, and comes from elsewhere;
//   - a map or slice is handed out while others change it.
var local = &rewrite.Rule{
	Name:  "local",
	Title: "guard a captured variable, or give each goroutine its own",
	Mends: []rewrite.Kind{rewrite.Variable},
	Fix:   fixLocal,
}

func fixLocal(s *rewrite.Site) (*rewrite.Fix, string) {
	v, reason := variableOf(s)
	if reason != "" {
		return nil, reason
	}
	if fix := v.unguarded(); fix != nil {
		return fix, ""
	}
	if set, ok := v.returnThatSets(); ok {
		return v.unnamed(set)
	}
	if reason := v.misordered(); reason != "" {
		return nil, reason
	}
	if mutex, key := v.mutex(); mutex != nil {
		return v.guarded(nil, mutex, key)
	}
	if mates := v.mates(); len(mates) > 0 {
		if fix, _ := v.guarded(mates, nil, ""); fix != nil {
			return fix, ""
		}
	}
	return v.guarded(nil, nil, "")
}

// unguarded returns the fix that needs no lock, nil if there is none.
func (v *variable) unguarded() *rewrite.Fix {
	for _, try := range []func() (*rewrite.Fix, bool){v.perTurn, v.own, v.wrapped, v.before, v.thisTurn} {
		if fix, ok := try(); ok {
			return fix
		}
	}
	_, returned := v.returnThatSets()
	if m, _ := v.mutex(); m != nil || returned || v.misordered() != "" {
		return nil
	}
	fix, _ := v.atomic()
	return fix
}

// mates lists other variables that race in the same functions and need a lock
// as well: one serves them all.
func (v *variable) mates() []*variable {
	var out []*variable
	for _, f := range v.site.Group {
		if f == v.site.Finding {
			continue
		}
		s := *v.site
		s.Finding = f
		w, reason := variableOf(&s)
		if reason != "" || w.owner() != v.owner() || w.block() != v.block() || w.unguarded() != nil || w.misordered() != "" {
			continue
		}
		if m, _ := w.mutex(); m == nil && slices.ContainsFunc(w.uses, func(u *rewrite.Use) bool {
			return w.races(u) && slices.ContainsFunc(v.uses, func(o *rewrite.Use) bool { return v.races(o) && function(o) == function(u) })
		}) {
			out = append(out, w)
		}
	}
	return out
}

// guarded puts the accesses that have others beside them under a mutex of the
// function: one that some of them hold, or a new one, which serves other
// variables too.
func (v *variable) guarded(mates []*variable, mutex types.Object, key string) (*rewrite.Fix, string) {
	all := append([]*variable{v}, mates...)
	slices.SortFunc(all, func(a, b *variable) int { return int(a.obj.Pos() - b.obj.Pos()) })
	site := racing(v.site, all)
	f := site.Finding
	l := &locking{site: site, pkg: v.file.Pkg.Path()}
	var names []string
	var accesses []rewrite.Access
	for _, w := range all {
		k := w.site.Finding.Place.Key
		l.places, names, accesses = append(l.places, k), append(names, w.obj.Name()), append(accesses, w.site.Finding.Accesses...)
		if u, ok := handsOut(site.Module.Uses(k), w.obj.Type(), w.alone); ok {
			return nil, fmt.Sprintf("%s hands out what %s holds, which others change", spot{Use: u, sel: u.Path[0].(ast.Expr)}.at(), w.obj.Name())
		}
	}
	title := ""
	if mutex != nil {
		l.name, l.mutex, l.key, l.rw = mutex.Name(), mutex, key, hasMethod(mutex.Type(), "RLock")
		title = "Hold " + l.name
	} else {
		if v.statement() == nil {
			return nil, fmt.Sprintf("there is no place for a lock above the declaration at %s:%d", base(v.file.Name), v.file.Span(v.path[0]).Line)
		}
		l.name = all[0].beside("mu", "Mu")
		l.key = f.Place.Key[:strings.LastIndexByte(f.Place.Key, '.')+1] + l.name
		l.rw = readersDominate(accesses)
	}
	if reason := l.plan(); reason != "" {
		return nil, reason
	}
	if len(l.edits) == 0 {
		return nil, "no access could be placed in the source"
	}
	if mutex == nil {
		typ := rewrite.Code{Text: "sync.Mutex", Imports: []string{"sync"}}
		if l.rw {
			typ.Text = "sync.RWMutex"
		}
		l.edits = append(l.edits, all[0].declare(l.name, typ, "guards "+rewrite.Enumerate(names)))
		title = fmt.Sprintf("Guard %s with a %s", rewrite.Enumerate(names), typ.Text)
	}
	return &rewrite.Fix{Title: title, Places: l.places, Safety: rewrite.Safe, Edits: l.edits}, ""
}

// mutex returns the mutex variable that guards the variable elsewhere, with
// its key: one that is held at a write, or at half of the accesses.
func (v *variable) mutex() (types.Object, string) {
	for _, vote := range v.site.Finding.Votes {
		if vote.Writes == 0 && 2*vote.Held < vote.Of {
			continue
		}
		_, o := v.file.Pkg.Scope().Innermost(v.obj.Pos()).LookupParent(keyName(vote.Lock), v.obj.Pos())
		for _, u := range v.uses {
			if o == nil {
				_, o = v.file.Pkg.Scope().Innermost(u.Path[0].Pos()).LookupParent(keyName(vote.Lock), u.Path[0].Pos())
			}
		}
		if m, ok := o.(*types.Var); ok && !m.IsField() && hasMethod(m.Type(), "Lock") {
			return m, vote.Lock
		}
	}
	return nil, ""
}
