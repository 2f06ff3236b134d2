package driver

import (
	"fmt"

	"github.com/go-fixer/fixer/rewrite"
)

// consult asks a rule for a fix. A rule that panics costs its own fix, not the
// run.
func consult(rule *rewrite.Rule, site *rewrite.Site) (fix *rewrite.Fix, reason string) {
	defer func() {
		if v := recover(); v != nil {
			fix, reason = nil, fmt.Sprintf("the rule failed: %v; this is a defect of fixer, please report it", v)
		}
	}()
	return rule.Fix(site)
}
