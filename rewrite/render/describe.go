package render

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/driver"
)

// Describe says what is known of a field, a variable or a lock, a clause a line.
// File names pass through rel.
func Describe(d *driver.Description, rel func(string) string) []string {
	var lines []string
	if d.Lock != nil {
		lines = lockLines(d.Lock)
	}
	for _, v := range d.Votes {
		if 2*v.Held > v.Of { // else it guards nothing here
			lines = append(lines, fmt.Sprintf("guarded by %s at %d of %d accesses", rewrite.ShortKey(v.Lock), v.Held, v.Of))
		}
	}
	for i := range d.Outcomes {
		lines = append(lines, raceLines(&d.Outcomes[i], rel)...)
	}
	return lines
}

func lockLines(c *rewrite.Custody) []string {
	var lines []string
	for _, v := range c.Guards {
		lines = append(lines, fmt.Sprintf("guards %s: held at %d of %d accesses", rewrite.ShortKey(v.Lock), v.Held, v.Of))
	}
	taken := 0
	for _, a := range c.Calls {
		if a.Op != rewrite.Release {
			taken++
		}
	}
	places := "places"
	if taken == 1 {
		places = "place"
	}
	lines = append(lines, fmt.Sprintf("taken at %d %s", taken, places))
	for _, f := range c.Wrong {
		lines = append(lines, driver.Clause(f))
	}
	return lines
}

// raceLines tell who races.
func raceLines(o *driver.Outcome, rel func(string) string) []string {
	lines := []string{driver.Clause(&o.Finding)}
	for _, s := range o.Sides {
		lines = append(lines, fmt.Sprintf("%s at %s in %s, %s", driver.Verb(s.Access.Op), at(s.Access.At, rel), where(s.Access), goroutine(s.Context, rel)))
	}
	for _, why := range o.Why {
		lines = append(lines, "not ordered: "+why)
	}
	var b bytes.Buffer
	f := &Finding{Verdicts: o.Verdicts}
	if o.Fix != nil {
		f.Fix = &Fix{Fix: *o.Fix}
	}
	writeVerdict(&b, f)
	for line := range strings.Lines(b.String()) {
		lines = append(lines, strings.TrimSpace(line))
	}
	return lines
}
