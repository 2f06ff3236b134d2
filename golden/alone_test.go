package golden

import (
	"reflect"
	"slices"
	"testing"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/load"
)

// checkAlone demands of each of several fixes what all together must do: the
// result passes go vet, and what the fix is for is found no more.
func (c *goldenCase) checkAlone(t *testing.T, r *driver.Result) {
	var done []*rewrite.Fix
	for _, o := range r.Outcomes {
		if o.Fix == nil || o.Alone == nil || slices.Contains(done, o.Fix) || reflect.DeepEqual(o.Alone, r.Files) {
			continue
		}
		done = append(done, o.Fix)
		dir := tempDir(t)
		write(t, dir, c.sources)
		for _, f := range o.Alone {
			write(t, dir, map[string][]byte{f.Name: f.New})
		}
		if out, err := command(dir, "go", "vet", "./..."); err != nil {
			before := c.vetted(t)
			if slices.ContainsFunc(complaints(out), func(s string) bool { return !slices.Contains(before, s) }) {
				t.Errorf("%s alone: go vet of the result: %v\n%s", o.Fix.Title, err, out)
			}
		}
		if c.sources[raceLog] != nil {
			continue // the log speaks of the lines as they were
		}
		after, err := driver.Check(t.Context(), driver.Config{Config: load.Config{Dir: dir, Tests: true, Env: env}})
		if err != nil {
			t.Fatal(err)
		}
		for _, still := range after.Outcomes {
			if slices.Contains(o.Fix.Places, still.Place.Key) {
				t.Errorf("%s alone: still found: %v: %s", o.Fix.Title, still.Pos(), still.Message())
			}
		}
	}
}

// vetted lists what vet says of the sources: another fix may be for that.
func (c *goldenCase) vetted(t *testing.T) []string {
	dir := tempDir(t)
	write(t, dir, c.sources)
	out, _ := command(dir, "go", "vet", "./...")
	return complaints(out)
}
