package race

import (
	"testing"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// A function that can't be judged is told of; the others are judged.
func TestFailures(t *testing.T) {
	broken := &effect.Func{Key: "p.Broken", Name: "Broken", Pkg: "p", Blocks: []effect.Block{{Succs: []int{7}}}}
	fine := &effect.Func{Key: "p.Fine", Name: "Fine", Pkg: "p", Blocks: []effect.Block{{}}}
	m := Link(t.Context(), []*effect.Summary{{Path: "p", Funcs: []*effect.Func{broken, fine}}}, Options{})
	if list := m.Failures(); len(list) != 1 || list[0].Func != "Broken" || list[0].Pkg != "p" {
		t.Errorf("failures: %v, want Broken alone", list)
	}
}
