package rules

import (
	"fmt"
	"go/ast"

	"github.com/go-fixer/fixer/rewrite"
)

// exclude takes the read lock for writing where it is written under, beside what
// the lock is held for anew: neither alone would end the race. Where nothing else
// lacks the lock, that is for rlock to mend.
func (l *locking) exclude() string {
	done := make(map[*ast.CallExpr]bool)
	alone := len(l.edits) == 0
	for _, s := range l.mistaken {
		reason := fmt.Sprintf("%s writes under a read lock", s.at())
		if alone {
			return reason
		}
		sec, why := sectionAround(l.site, *s.Access, l.key)
		if why != "" {
			return reason + ", and " + why
		}
		_, path := l.site.Module.Around(sec.file.Span(sec.take))
		if len(l.spots[function(&rewrite.Use{File: sec.file, Path: path})]) > 0 {
			return reason + ", in a function that uses it without the lock as well"
		}
		if !done[sec.take] {
			done[sec.take] = true
			l.edits = append(l.edits, sec.turn("Lock", "Unlock")...)
		}
	}
	return ""
}
