package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/git"
	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rewrite/report"
	"github.com/go-fixer/fixer/rules"
	"github.com/spf13/cobra"
)

// options are the flags of the commands that analyse packages.
type options struct {
	tests       bool
	unsafe      bool
	tags, rules string
	raceLog     string
	alone       bool   // no flag: whether to say what each fix changes by itself
	rev, branch string // to compare with
	split       bool   // the changes into steps
}

func (o *options) register(c *cobra.Command) {
	o.registerLoad(c)
	c.Flags().BoolVar(&o.unsafe, "unsafe", false, "also changes that may make calls take longer")
	c.Flags().StringVar(&o.raceLog, "race-log", "", "only the races reported in this output of go test -race, or of a program built with it; - for standard input")
	c.Flags().StringVar(&o.rev, "new-from-rev", "", "only findings that have to do with what has changed since this commit, uncommitted changes included")
	c.Flags().StringVar(&o.branch, "new-from-merge-base", "", "the same, since the current branch left this one")
	c.MarkFlagsMutuallyExclusive("new-from-rev", "new-from-merge-base")
}

// registerLoad is for the flags of commands that find out by themselves what to
// look at, and change nothing.
func (o *options) registerLoad(c *cobra.Command) {
	c.Flags().BoolVar(&o.tests, "tests", true, "with the test files")
	c.Flags().StringVar(&o.tags, "tags", "", "build tags, separated by commas")
	c.Flags().StringVar(&o.rules, "rules", "", "the rules to use, separated by commas; -name leaves one out")
	complete(c, "rules", ruleNames(rules.All)...)
}

// config makes of flags and package patterns what the driver wants to know.
func (a *app) config(o *options, patterns []string) (driver.Config, error) {
	dir, err := filepath.Abs(a.dir)
	if err != nil {
		return driver.Config{}, err
	}
	seen, err := a.raceLog(o.raceLog)
	if err != nil {
		return driver.Config{}, err
	}
	return driver.Config{
		Config:  load.Config{Dir: dir, Patterns: patterns, Tests: o.tests, Tags: o.tags},
		Rules:   rules.All,
		Pick:    driver.Picks(o.rules),
		Cache:   driver.OpenCache(os.Getenv("FIXER_CACHE")),
		RaceLog: seen,
		Unsafe:  o.unsafe,
		Split:   o.split,
		Alone:   o.alone,
	}, nil
}

// since asks git what has changed, if that is what findings are to be about.
func (o *options) since(ctx context.Context, dir string) (*git.Changes, error) {
	flag, rev := "--new-from-rev", o.rev
	if o.branch != "" {
		base, err := git.MergeBase(ctx, dir, o.branch)
		if err != nil {
			return nil, fmt.Errorf("--new-from-merge-base: %w", err)
		}
		flag, rev = "--new-from-merge-base", base
	}
	if rev == "" {
		return nil, nil
	}
	changes, err := git.Since(ctx, dir, rev)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	return changes, nil
}

// raceLog reads a log of the race detector; no name means none.
func (a *app) raceLog(name string) (*driver.RaceLog, error) {
	if name == "" {
		return nil, nil
	}
	in, shown, err := a.input(name)
	if err != nil {
		return nil, fmt.Errorf("--race-log: %w; give a file with the output of go test -race", err)
	}
	defer in.Close()
	reports, err := report.Parse(in)
	if err != nil {
		return nil, fmt.Errorf("--race-log: %w", err)
	}
	if len(reports) == 0 {
		fmt.Fprintf(a.stderr, "%s holds no report of the race detector\n", shown)
	}
	return &driver.RaceLog{Name: shown, Reports: reports}, nil
}

// input opens a file, or standard input for "-", and says what people call it.
func (a *app) input(name string) (in io.ReadCloser, shown string, err error) {
	if name == "-" {
		return io.NopCloser(a.stdin), "standard input", nil
	}
	in, err = os.Open(a.path(name))
	return in, name, err
}

// path is a file's name as seen from the directory that -C says.
func (a *app) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(a.dir, name)
}

func ruleNames(all []*rewrite.Rule) []string {
	var names []string
	for _, r := range all {
		names = append(names, r.Name)
	}
	return names
}

func unknownRule(all []*rewrite.Rule, name string) error {
	return fmt.Errorf("unknown rule %q; there are %s", name, strings.Join(ruleNames(all), ", "))
}

// relativeTo returns a function that names files as seen from dir, which may
// be reached through symbolic links.
func relativeTo(dir string) func(string) string {
	dirs := []string{dir}
	if real, err := filepath.EvalSymlinks(dir); err == nil && real != dir {
		dirs = append(dirs, real)
	}
	return func(name string) string {
		for _, d := range dirs {
			if r, err := filepath.Rel(d, name); err == nil && filepath.IsLocal(r) {
				return r
			}
		}
		return name
	}
}
