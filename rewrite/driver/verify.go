package driver

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/load"
)

// compiles reports the first problem that the original text does not have.
func (x *fixer) compiles(problems []load.Problem) string {
	for _, p := range problems {
		if !slices.Contains(x.base.prog.Problems, p) {
			return fmt.Sprintf("the result does not compile: %s:%d: %s", filepath.Base(p.At.File), p.At.Line, p.Msg)
		}
	}
	return ""
}

// better reports why the new build is no improvement: one of the places still
// races, another one does now, or a lock may wait for itself.
func (x *fixer) better(b *build, places []string) string {
	had := make(map[string]bool)
	for _, f := range x.base.module.Findings() {
		had[f.Place.Key] = true
	}
	for _, f := range b.module.Findings() {
		switch {
		case f.Kind == rewrite.Locking && slices.Contains(places, f.Place.Key):
			return lockClause(f) + " still"
		case f.Kind == rewrite.Locking && !had[f.Place.Key]:
			return "then " + lockClause(f)
		case f.Kind == rewrite.Locking:
			continue
		}
		if slices.Contains(places, f.Place.Key) {
			return fmt.Sprintf("%s would still race, at %s:%d", f.Place.Name, filepath.Base(f.Sides[1].Access.At.File), f.Sides[1].Access.At.Line)
		}
		if !x.base.module.Races(f.Place.Key) {
			return fmt.Sprintf("%s would race", f.Place.Name)
		}
	}
	if reason := x.meets(b, places); reason != "" {
		return reason
	}
	before := x.base.module.Deadlocks()
	for _, d := range b.module.Deadlocks() {
		if !slices.ContainsFunc(before, d.Same) {
			return d.String()
		}
	}
	return ""
}
