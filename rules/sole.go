package rules

import (
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// plainNames are names of mutexes that say nothing of what they guard.
var plainNames = []string{"mu", "mx", "mtx", "mut", "mutex", "lock", "lk", "l", "m", "rw", "rwmu", "rwm", "rwmutex", "rwlock"}

// soleGuard picks the one mutex of a struct that has no other, where it guards
// other fields and neither its name nor a comment says that it is for those
// alone: the field that was forgotten everywhere gets no second one.
func soleGuard(s *rewrite.Site, f *rewrite.Finding) (rewrite.Vote, bool) {
	st := s.Module.Struct(f.Place.Owner)
	mutex, comment, field := "", "", shortName(f.Place)
	var others []string
	for _, fl := range st.Type.Fields.List {
		switch names := namesOf(fl); {
		case !isMutex(st, fl):
			others = append(others, names...)
		case mutex != "" || len(names) > 1:
			return rewrite.Vote{}, false
		default:
			mutex, comment = names[0], fl.Doc.Text()+fl.Comment.Text()
		}
	}
	others = slices.DeleteFunc(others, func(name string) bool { return name == field })
	if mutex == "" || comment != "" && !mentionsGuard(comment, "") || forOthers(st, mutex, comment, field) ||
		!slices.Contains(plainNames, strings.ToLower(mutex)) || !locksFor(s, st, mutex, others) {
		return rewrite.Vote{}, false
	}
	return rewrite.Vote{Lock: f.Place.Owner + "." + mutex}, true
}

// lockPath is what follows the name of an object where the methods of a mutex in
// it are called.
func lockPath(st *rewrite.Struct, mutex string) string {
	for _, fl := range st.Type.Fields.List {
		if len(fl.Names) == 0 && embedded(fl.Type) == mutex {
			return ""
		}
	}
	return "." + mutex
}
