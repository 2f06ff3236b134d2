package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/go-fixer/fixer/golden"
	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/patch"
	"github.com/go-fixer/fixer/rules"
	"github.com/spf13/cobra"
)

func (a *app) explain() *cobra.Command {
	return &cobra.Command{
		Use:     "explain RULE",
		Short:   "Describe a rule, with an example",
		Long:    "Explain prints what a rule does, when it declines, and an example of its work.",
		Example: "  fixer explain guard",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("explain takes the name of one rule: %s", strings.Join(ruleNames(rules.All), ", "))
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return ruleNames(rules.All), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.explainRule(args[0]) },
	}
}

func (a *app) explainRule(name string) error {
	if !slices.ContainsFunc(rules.All, func(r *rewrite.Rule) bool { return r.Name == name }) {
		if info, err := os.Stat(name); err == nil && info.IsDir() {
			return fmt.Errorf("%s is a directory; explain takes the name of a rule: %s", name, strings.Join(ruleNames(rules.All), ", "))
		}
		return unknownRule(rules.All, name)
	}
	doc, _ := rules.Doc(name)
	files, prose, err := golden.Example(name)
	if err != nil {
		return err
	}
	d, err := patch.Unified(files)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "%s\nExample: %s\n\n%s", doc, prose, paintDiff(d, a.coloured()))
	return err
}

func (a *app) rules() *cobra.Command {
	return &cobra.Command{
		Use:     "rules",
		Short:   "List the rules in order of preference",
		Example: "  fixer rules",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			w := tabwriter.NewWriter(a.stdout, 0, 8, 2, ' ', 0)
			for _, r := range rules.All {
				fmt.Fprintf(w, "%s\t%s\n", r.Name, r.Title)
			}
			return w.Flush()
		},
	}
}

func (a *app) version() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of fixer and of the Go it was built with",
		Example: "  fixer version",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(a.stdout, versionLine())
			return err
		},
	}
}

// versionLine reads what the build recorded, as "fixer v1.2.3 (commit) go1.26 linux/amd64".
func versionLine() string {
	parts := []string{"fixer", driver.Version()}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && s.Value != "" {
				parts = append(parts, "("+s.Value[:min(12, len(s.Value))]+")")
			}
		}
	}
	return strings.Join(append(parts, runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH), " ")
}
