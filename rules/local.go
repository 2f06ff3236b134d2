package rules

import (
	"fmt"
	"go/ast"
	"go/types"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// local: give a captured variable a lock, or each goroutine its own
//
// Goroutines, handlers or parallel tests share a variable of the function that
// starts them. What it is for decides what becomes of it:
//
//   - a mutex that is held at some of the accesses is held at all;
//   - otherwise a mutex is declared right above the variable, and held where
//     others may be at it, but not where everybody else is waited for. What is
//     computed for the variable is computed before the lock is taken.
//
// It is refused where a lock could do harm or would guard nothing:
//
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
	if fix, ok := v.perTurn(); ok {
		return fix, ""
	}
	if fix, ok := v.own(); ok {
		return fix, ""
	}
	if fix, ok := v.before(); ok {
		return fix, ""
	}
	if reason := v.misordered(); reason != "" {
		return nil, reason
	}
	if m, _ := v.mutex(); m == nil {
		if fix, _ := v.atomic(); fix != nil {
			return fix, ""
		}
	}
	return v.guarded()
}

// guarded puts the accesses that have others beside them under a mutex of the
// function: one that some of them hold, or a new one.
func (v *variable) guarded() (*rewrite.Fix, string) {
	site := v.racing()
	f := site.Finding
	l := &locking{site: site, pkg: v.file.Pkg.Path(), places: []string{f.Place.Key}}
	mutex, key := v.mutex()
	title := ""
	if mutex != nil {
		l.name, l.mutex, l.key, l.rw = mutex.Name(), mutex, key, hasMethod(mutex.Type(), "RLock")
		title = "Hold " + l.name
	} else {
		if v.statement() == nil {
			return nil, fmt.Sprintf("there is no place for a lock above the declaration at %s:%d", base(v.file.Name), v.file.Span(v.path[0]).Line)
		}
		l.name = v.beside("mu", "Mu")
		l.key = f.Place.Key[:strings.LastIndexByte(f.Place.Key, '.')+1] + l.name
		l.rw = readersDominate(f.Accesses)
	}
	uses := site.Module.Uses(f.Place.Key)
	if u, ok := handsOut(uses, v.obj.Type()); ok {
		return nil, fmt.Sprintf("%s hands out what %s holds, which others change", spot{Use: u, sel: u.Path[0].(ast.Expr)}.at(), v.obj.Name())
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
		l.edits = append(l.edits, v.declare(l.name, typ, "guards "+v.obj.Name()))
		title = fmt.Sprintf("Guard %s with a %s", v.obj.Name(), typ.Text)
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
