package driver

import (
	"context"
	"fmt"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rewrite/race"
)

// consult asks a rule for a fix. A rule that panics costs its own fix, not the
// run.
func consult(rule *rewrite.Rule, site *rewrite.Site) (fix *rewrite.Fix, reason string) {
	defer func() {
		if v := recover(); v != nil {
			fix, reason = nil, fmt.Sprintf("the rule failed: %v; %s", v, defect)
		}
	}()
	return rule.Fix(site)
}

// defect is what to do about what must not happen.
const defect = "this is a defect of fixer, please report it"

// survive, when deferred, makes an error of a panic.
func survive(doing string, err *error) {
	if v := recover(); v != nil {
		*err = fmt.Errorf("%s failed: %v; %s", doing, v, defect)
	}
}

// link links summaries for a build. Functions that can't be judged are among
// its problems.
func (b *build) link(ctx context.Context, list []*effect.Summary, o race.Options) (err error) {
	defer survive("linking the module", &err)
	b.module = race.Link(ctx, list, o)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for _, f := range b.module.Failures() {
		b.problems = append(b.problems, load.Problem{At: f.At.Span(), Pkg: f.Pkg, Msg: fmt.Sprintf("%s can't be judged: %s; %s", f.Func, f.Why, defect)})
	}
	return nil
}
