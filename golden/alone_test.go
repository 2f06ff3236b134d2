package golden

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/load"
)

// checkAlone demands of each of several fixes what all together must do: go vet
// has nothing to say of the result that it doesn't say of the source, whose other
// defects are there still, and what the fix is for is found no more.
func (c *goldenCase) checkAlone(t *testing.T, r *driver.Result) {
	var done []*rewrite.Fix
	var known []string
	for _, o := range r.Outcomes {
		if o.Fix == nil || o.Alone == nil || slices.Contains(done, o.Fix) || reflect.DeepEqual(o.Alone, r.Files) {
			continue
		}
		dir := tempDir(t)
		write(t, dir, c.sources)
		if done == nil {
			known = vetted(dir)
		}
		done = append(done, o.Fix)
		for _, f := range o.Alone {
			write(t, dir, map[string][]byte{f.Name: f.New})
		}
		for _, complaint := range vetted(dir) {
			if !slices.Contains(known, complaint) {
				t.Errorf("%s alone: go vet of the result: %s", o.Fix.Title, complaint)
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

// vetPlace is where in a file something is, in what go vet says.
var vetPlace = regexp.MustCompile(`:\d+:\d+:`)

// vetted lists what go vet says of a module, less the places.
func vetted(dir string) []string {
	out, err := command(dir, "go", "vet", "./...")
	if err == nil {
		return nil
	}
	return strings.Split(strings.TrimSpace(vetPlace.ReplaceAllString(out, ":")), "\n")
}
