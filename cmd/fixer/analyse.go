package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/patch"
	"github.com/go-fixer/fixer/rewrite/replace"
	"github.com/spf13/cobra"
)

func (a *app) diff() *cobra.Command {
	var o options
	var split string
	c := &cobra.Command{
		Use:   "diff [packages]",
		Short: "Show the changes that would mend the races",
		Long: `Diff prints what apply would change as a unified diff, with names relative to
the root of the repository: git apply takes it. Findings that no rule can mend
are listed on standard error. Without packages it looks at ./...

With --split it writes each change as a patch with a commit message instead, and
prints the names. They build on each other, in this order, and with each of them
the module compiles: git am takes them.

The exit code is 1 if the diff is not empty, or findings are left that no rule
can mend.`,
		Example: `  fixer diff
  fixer diff ./internal/... | git apply
  fixer diff --rules guard,atomicfield ./server
  fixer diff --race-log race.log
  fixer diff --split patches && git am patches/*`,
		RunE: func(c *cobra.Command, patterns []string) error {
			if c.Flags().Changed("split") {
				return a.split(c.Context(), &o, patterns, split)
			}
			r, rel, err := a.analyse(c.Context(), &o, patterns)
			if err != nil {
				return err
			}
			d, err := patch.Unified(r.Files)
			if err != nil {
				return err
			}
			if len(d)+len(r.Outcomes)+len(r.Unplaced) > 0 {
				a.code = exitFindings
			}
			if _, err := a.stdout.Write(paintDiff(d, a.coloured())); err != nil {
				return err
			}
			a.report(r, rel)
			return nil
		},
	}
	o.register(c)
	c.Flags().StringVar(&split, "split", "", "write each change as a patch into this directory, which must be new or empty")
	return c
}

func (a *app) apply() *cobra.Command {
	var o options
	var allowDirty bool
	c := &cobra.Command{
		Use:   "apply [packages]",
		Short: "Mend the races in the source files",
		Long: `Apply writes all changes that passed the checks and prints the names of the
files. It refuses to touch files of a git work tree that is not clean, so that
what it did can be seen and taken back. All files are written, or none: what a
killed apply left half done, the next one takes back. Without packages it looks
at ./...

The exit code is 1 if findings are left that no rule can mend.`,
		Example: `  fixer apply
  fixer apply --allow-dirty ./server
  fixer -C ../other apply --rules -mutexfield`,
		RunE: func(c *cobra.Command, patterns []string) error {
			back, err := replace.Recover(a.dir)
			for _, name := range back {
				fmt.Fprintf(a.stderr, "%s: an apply before this one was interrupted; the file is as it was before that\n", name)
			}
			if err != nil {
				return err
			}
			r, rel, err := a.analyse(c.Context(), &o, patterns)
			if err != nil {
				return err
			}
			if err := driver.Write(r, allowDirty); err != nil {
				return err
			}
			for _, f := range r.Files {
				added, removed := patch.Count(f.Old, f.New)
				fmt.Fprintf(a.stdout, "%s +%d -%d\n", rel(filepath.Join(r.Root, filepath.FromSlash(f.Name))), added, removed)
			}
			if _, unfixed := count(r); unfixed+len(r.Unplaced) > 0 {
				a.code = exitFindings
			}
			a.report(r, rel)
			return nil
		},
	}
	o.register(c)
	c.Flags().BoolVar(&allowDirty, "allow-dirty", false, "also in a git work tree with changes of yours")
	return c
}

// analyse runs the driver and returns the result and how to name its files.
func (a *app) analyse(ctx context.Context, o *options, patterns []string) (*driver.Result, func(string) string, error) {
	cfg, err := a.config(o, patterns)
	if err != nil {
		return nil, nil, err
	}
	if cfg.Since, err = o.since(ctx, cfg.Dir); err != nil {
		return nil, nil, err
	}
	r, err := a.fix(ctx, cfg)
	return r, relativeTo(cfg.Dir), err
}

// split is diff with one patch for each change.
func (a *app) split(ctx context.Context, o *options, patterns []string, dir string) error {
	s, err := a.newSplitter(dir)
	if err != nil {
		return err
	}
	o.split = true
	r, rel, err := a.analyse(ctx, o, patterns)
	if err != nil {
		return err
	}
	names, err := s.write(ctx, r)
	if err != nil {
		return err
	}
	for _, name := range names {
		fmt.Fprintln(a.stdout, name)
	}
	if len(r.Outcomes)+len(r.Unplaced) > 0 {
		a.code = exitFindings
	}
	a.report(r, rel)
	return nil
}

// fix is driver.Fix with a status line.
func (a *app) fix(ctx context.Context, cfg driver.Config) (*driver.Result, error) {
	status := newStatus(a.stderr)
	defer status.clear()
	cfg.Progress = status.show
	return driver.Fix(ctx, cfg)
}

// report tells on standard error what the changes leave out, and the numbers.
func (a *app) report(r *driver.Result, rel func(string) string) {
	for _, o := range r.Outcomes {
		if o.Fix == nil {
			pos := o.Pos()
			pos.File = rel(pos.File)
			fmt.Fprintf(a.stderr, "%v: %s: %s\n", pos, o.Kind, o.Message())
		}
	}
	for _, u := range r.Unplaced {
		fmt.Fprintln(a.stderr, u)
	}
	for _, p := range r.Problems {
		fmt.Fprintln(a.stderr, driver.ProblemLine(p, rel))
	}
	if fixed, unfixed := count(r); fixed+unfixed > 0 {
		fmt.Fprintf(a.stderr, "%s fixed, %d not\n", plural(fixed, "finding"), unfixed)
	}
	if len(r.Problems) > 0 {
		a.code = exitError
		a.problemLine(r)
	}
}

// problemLine says that the result is not the whole truth.
func (a *app) problemLine(r *driver.Result) {
	wrong := 0
	for _, p := range r.Problems {
		if p.Comment {
			wrong++
		}
	}
	if wrong > 0 {
		fmt.Fprintf(a.stderr, "fixer: %s could not be read; correct what is said of it above\n", plural(wrong, "comment"))
	}
	if rest := len(r.Problems) - wrong; rest > 0 {
		fmt.Fprintf(a.stderr, "fixer: not everything could be analysed (%s); make it build and run again\n",
			plural(rest, "problem"))
	}
}

func count(r *driver.Result) (fixed, unfixed int) {
	for _, o := range r.Outcomes {
		if o.Fix != nil {
			fixed++
		} else {
			unfixed++
		}
	}
	return fixed, unfixed
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// coloured reports whether standard output gets colours.
func (a *app) coloured() bool { return useColor(a.color, a.stdout) }
