package driver

import (
	"bytes"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/patch"
)

// A Step is one fix, or several that pass the checks only together, on top of
// the steps before it.
type Step struct {
	Fixes []*rewrite.Fix
	Files []patch.File // Old is what the step before leaves
}

// split cuts what a round has changed into steps. A fix that needs another one
// waits for it; those that need each other are one step.
func (x *fixer) split() error {
	before := make(map[string][]byte)
	var done []*rewrite.Fix
	for todo := x.inOrder(x.chosen()); len(todo) > 0; {
		step, texts := x.step(done, todo)
		done = append(done, step...)
		todo = slices.DeleteFunc(todo, func(fix *rewrite.Fix) bool { return slices.Contains(step, fix) })
		files, err := x.changed(before, texts)
		if err != nil {
			return err
		}
		if last := len(x.steps) - 1; len(files) == 0 && last >= 0 { // the fixes before make the same edits
			x.steps[last].Fixes = append(x.steps[last].Fixes, step...)
			continue
		}
		x.steps = append(x.steps, Step{step, files})
		before = texts
	}
	return nil
}

// step returns the first fix that passes the checks on top of others, or all
// that are left, and the texts that they leave.
func (x *fixer) step(done, todo []*rewrite.Fix) ([]*rewrite.Fix, map[string][]byte) {
	if len(todo) > 1 {
		s := *x.stage
		s.scope = reached
		for _, fix := range todo {
			y := &fixer{stage: &s, seen: x.seen, outcomes: x.outcomes}
			if y.verify(append(slices.Clip(done), fix)...) == nil {
				return []*rewrite.Fix{fix}, y.texts
			}
		}
	}
	return slices.Clone(todo), x.texts
}

// inOrder sorts fixes by where the first of what they mend is reported.
func (x *fixer) inOrder(fixes []*rewrite.Fix) []*rewrite.Fix {
	at := func(fix *rewrite.Fix) rewrite.Span {
		var first rewrite.Span
		for _, o := range x.outcomes {
			if o.Fix == fix && (first.IsZero() || o.Pos().Compare(first) < 0) {
				first = o.Pos()
			}
		}
		return first
	}
	slices.SortFunc(fixes, func(a, b *rewrite.Fix) int { return at(a).Compare(at(b)) })
	return fixes
}

// changed lists the files in which texts differ from those before, which are
// the round's where nothing has changed yet.
func (x *fixer) changed(before, texts map[string][]byte) ([]patch.File, error) {
	list, err := files(func(name string) ([]byte, error) {
		if old, ok := before[name]; ok {
			return old, nil
		}
		return x.base.prog.Source(name)
	}, x.root, texts)
	return slices.DeleteFunc(list, func(f patch.File) bool { return bytes.Equal(f.Old, f.New) }), err
}
