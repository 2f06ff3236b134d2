package main

import (
	"fmt"

	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/render"
	"github.com/spf13/cobra"
)

func (a *app) locks() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:   "locks [packages]",
		Short: "List the locks, what they guard and who takes them",
		Long: `Locks lists every mutex with the fields and variables it guards, as far as the
accesses to them tell, every call that takes or releases it, and where it is left
held, released wrongly or copied. Without packages it looks at ./...`,
		Example: `  fixer locks
  fixer locks --tests=false ./server`,
		RunE: func(c *cobra.Command, patterns []string) error {
			cfg, err := a.config(&o, patterns)
			if err != nil {
				return err
			}
			status := newStatus(a.stderr)
			cfg.Progress = status.show
			list, problems, err := driver.Locks(c.Context(), cfg)
			status.clear()
			if err != nil {
				return err
			}
			rel := relativeTo(cfg.Dir)
			if err := render.Locks(a.stdout, list, rel); err != nil {
				return err
			}
			for _, p := range problems {
				fmt.Fprintln(a.stderr, driver.ProblemLine(p, rel))
				a.code = exitError
			}
			return nil
		},
	}
	c.Flags().BoolVar(&o.tests, "tests", true, "with the test files")
	c.Flags().StringVar(&o.tags, "tags", "", "build tags, separated by commas")
	return c
}
