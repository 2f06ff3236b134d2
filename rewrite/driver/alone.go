package driver

import (
	"maps"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// chosen lists the fixes that outcomes have, each once, by place.
func (x *fixer) chosen() []*rewrite.Fix {
	var out []*rewrite.Fix
	for _, place := range slices.Sorted(maps.Keys(x.outcomes)) {
		if fix := x.outcomes[place].Fix; fix != nil && !slices.Contains(out, fix) {
			out = append(out, fix)
		}
	}
	return out
}

// eachAlone says of each fix what it changes by itself in the module as it was:
// those of later rounds stand on others, and so may those that pass the checks
// only together.
func (x *fixer) eachAlone(base *build, root string) error {
	for _, fix := range x.first {
		alone := &fixer{stage: newStage(x.ctx, x.cfg, base), seen: x.seen, outcomes: x.outcomes}
		if alone.verify(fix) != nil {
			continue
		}
		changed, err := files(base.prog.Source, root, alone.texts)
		if err != nil {
			return err
		}
		for _, o := range x.outcomes {
			if o.Fix == fix {
				o.Alone = changed
			}
		}
	}
	return nil
}
