// Package driver runs the stages of fixer: load, effect, race, rules, verify,
// patch. The command line and every other front end call it and nothing below.
package driver

import (
	"context"
	"errors"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rewrite/patch"
)

// A Config says what to analyse and how.
type Config struct {
	load.Config
	Rules    []*rewrite.Rule // in order of preference
	Progress func(stage string)
}

// An Outcome is what became of one finding.
type Outcome struct {
	rewrite.Finding
	Fix      *rewrite.Fix `json:"fix,omitempty"` // the fix that passed all checks
	Verdicts []Verdict    `json:"verdicts,omitempty"`
}

// A Verdict is why a rule's fix was not taken.
type Verdict struct {
	Rule   string `json:"rule"`
	Reason string `json:"reason"`
}

// A Result is what one run found and would change.
type Result struct {
	Root     string         // directory that the names of Files are relative to: the git work tree, else the module
	Outcomes []Outcome      // by position
	Files    []patch.File   // changed by all fixes together
	Problems []load.Problem // packages that could not be analysed
}

// Check finds races and proposes no fixes.
func Check(ctx context.Context, cfg Config) (*Result, error) { return nil, errors.New("not yet") }

// Fix finds races and mends what it can prove safe, in memory.
func Fix(ctx context.Context, cfg Config) (*Result, error) { return nil, errors.New("not yet") }

// Write replaces the files of a result on disk.
func Write(r *Result, allowDirty bool) error { return errors.New("not yet") }
