package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/go-fixer/fixer/golden"
	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rewrite/patch"
	"github.com/go-fixer/fixer/rules"
	"github.com/spf13/cobra"
)

func (a *app) demo() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Find and mend the race of a small module, step by step",
		Long: `Demo unpacks a small module with a data race into a temporary folder and shows
what fixer finds, what it changes, and what the race detector says before and
after.`,
		Example: "  fixer demo",
		Args:    noArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return a.runDemo(c.Context()) },
	}
}

// demoEnv keeps the settings of whatever surrounds the user out of the demo.
var demoEnv = []string{"GOFLAGS=", "GOWORK=off"}

func (a *app) runDemo(ctx context.Context) error {
	dir, err := unpackDemo()
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "A module with a data race is in %s.\n", dir)
	env := append(os.Environ(), demoEnv...)
	r, err := a.fix(ctx, driver.Config{
		Config: load.Config{Dir: dir, Patterns: []string{"./..."}, Tests: true, Env: env},
		Rules:  rules.All,
	})
	if err != nil {
		return err
	}
	a.heading("What fixer finds (fixer check)")
	if err := a.show(r, dir, "text"); err != nil {
		return err
	}
	if len(r.Files) == 0 {
		return errors.New("nothing to mend in the demo; please report this")
	}
	d, err := patch.Unified(r.Files)
	if err != nil {
		return err
	}
	a.heading("What it would change (fixer diff)")
	if _, err := a.stdout.Write(paintDiff(d, a.coloured())); err != nil {
		return err
	}
	lacks := raceLacks(ctx, env)
	if lacks == "" {
		a.heading("Before: go test -race")
		out, err := raceTest(ctx, dir, env)
		fmt.Fprintln(a.stdout, raceSummary(out))
		if err == nil {
			fmt.Fprintln(a.stdout, "(the race did not show this time)")
		}
	}
	if err := driver.Write(r, true); err != nil {
		return err
	}
	if lacks != "" {
		fmt.Fprintf(a.stdout, "\nApplied. %s: go test -race is left out.\n", lacks)
	} else {
		a.heading("After fixer apply: go test -race")
		out, err := raceTest(ctx, dir, env)
		fmt.Fprintln(a.stdout, raceSummary(out))
		if err != nil {
			return fmt.Errorf("the demo's test fails after the fix: %v; please report this", err)
		}
	}
	fmt.Fprintf(a.stdout, "\nThe mended module stays in %s.\n", dir)
	return nil
}

func (a *app) heading(text string) {
	fmt.Fprintf(a.stdout, "\n%s\n", paintText([]byte("== "+text), a.coloured()))
}

// unpackDemo writes the demo's files into a new folder.
func unpackDemo() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "fixer-demo-"); err != nil {
		return "", err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", err
	}
	for _, f := range golden.Demo().Files {
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o644); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// raceLacks says what the race detector needs and is not there, or "".
func raceLacks(ctx context.Context, env []string) string {
	cmd := exec.CommandContext(ctx, "go", "env", "GOOS", "CGO_ENABLED", "CC")
	cmd.Env = env
	out, err := cmd.Output()
	vars := strings.Split(string(out), "\n")
	if err != nil || len(vars) < 3 {
		return "The go command does not run"
	}
	if vars[0] == "darwin" {
		return "" // needs no C compiler
	}
	if vars[1] != "1" {
		return "The race detector needs cgo, which is off (CGO_ENABLED=0)"
	}
	cc, _, _ := strings.Cut(vars[2], " ")
	if _, err := exec.LookPath(cc); err != nil {
		return "The race detector needs a C compiler, and there is no " + cc
	}
	return ""
}

func raceTest(ctx context.Context, dir string, env []string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-race", "-count=1", "./...")
	cmd.Dir = dir
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// raceSummary keeps the first race of a test's output and its verdicts.
func raceSummary(out string) string {
	var kept []string
	lines := strings.Split(strings.TrimSpace(out), "\n")
	races := strings.Count(out, "WARNING: DATA RACE")
	for i, line := range lines {
		switch {
		case strings.HasPrefix(line, "WARNING: DATA RACE") && len(kept) == 0:
			kept = append(kept, line)
			kept = append(kept, accessLines(lines[i+1:])...)
		case strings.HasPrefix(line, "--- "), strings.HasPrefix(line, "FAIL\t"), strings.HasPrefix(line, "ok "):
			kept = append(kept, line)
		}
	}
	if races > 1 {
		kept = append(kept, fmt.Sprintf("(%d reports of the race, the first one shown)", races))
	}
	if len(kept) == 0 {
		return strings.Join(lines, "\n") // something else went wrong: show all of it
	}
	return strings.Join(kept, "\n")
}

// accessLines returns of one race report the two accesses and where they are.
func accessLines(report []string) []string {
	var kept []string
	for i, line := range report {
		if strings.HasPrefix(line, "=====") || strings.HasPrefix(line, "Goroutine ") {
			break
		}
		if strings.Contains(line, " by goroutine ") {
			kept = append(kept, report[i:min(i+3, len(report))]...)
		}
	}
	return kept
}
