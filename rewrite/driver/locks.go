package driver

import (
	"bytes"
	"context"
	"fmt"
	"io"
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

// LockText writes locks for people. File names pass through rel.
func LockText(w io.Writer, list []*rewrite.Custody, rel func(string) string) error {
	var b bytes.Buffer
	for _, c := range list {
		fmt.Fprintf(&b, "%s: %s %s\n", at(c.Lock.Decl, rel), c.Lock.Name, c.Lock.Type)
		for _, v := range c.Guards {
			fmt.Fprintf(&b, "\tguards %s: held at %d of %d accesses\n", rewrite.ShortKey(v.Lock), v.Held, v.Of)
		}
		for _, a := range c.Calls {
			fmt.Fprintf(&b, "\t%s: %s in %s\n", at(a.At, rel), method(a), a.Func)
		}
		for _, f := range c.Wrong {
			fmt.Fprintf(&b, "\t%s: wrong: %s\n", at(f.Sides[0].Access.At, rel), lockClause(f))
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// method names the method of a lock that an access calls.
func method(a rewrite.Access) string {
	name := "Lock"
	if a.Op == rewrite.Release {
		name = "Unlock"
	}
	if a.Locks[0].Mode == rewrite.Shared {
		name = "R" + name
	}
	if a.Op == rewrite.Try {
		name = "Try" + name
	}
	return name
}
