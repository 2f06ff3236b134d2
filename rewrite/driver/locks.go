package driver

import (
	"context"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/load"
)

// Locks lists the locks of the packages asked for with all that is done with
// them, and the packages that could not be analysed.
func Locks(ctx context.Context, cfg Config) ([]*rewrite.Custody, []load.Problem, error) {
	prog, err := cfg.load(ctx)
	if err != nil {
		return nil, nil, err
	}
	cfg.say("looking for locks")
	b, err := cfg.analyse(ctx, prog, nil, nil, nil)
	if err != nil {
		return nil, nil, err
	}
	list := slices.DeleteFunc(b.module.Custodies(), func(c *rewrite.Custody) bool {
		return !slices.ContainsFunc(c.Calls, func(a rewrite.Access) bool {
			return b.sites.inRoot(&rewrite.Finding{Sides: [2]rewrite.Side{{Access: a}, {Access: a}}})
		})
	})
	return list, slices.Concat(prog.Problems, b.problems), nil
}
