package main

import (
	"errors"
	"io"

	"github.com/go-fixer/fixer/rewrite/lsp"
	"github.com/spf13/cobra"
)

func (a *app) lsp() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:   "lsp",
		Short: "Serve editors that speak the Language Server Protocol",
		Long: `Lsp speaks the Language Server Protocol on standard input and output. It shows
the findings of the modules that are being edited, unsaved texts included, offers
the fixes as code actions, and tells of fields and locks what guards what. It is
made to run beside gopls. The README says how editors start it.`,
		Example: `  fixer lsp
  fixer lsp --tests=false --rules -mutexfield`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			cfg, err := a.config(&o, nil)
			if err != nil {
				return err
			}
			out, ok := a.stdout.(io.WriteCloser)
			if !ok {
				return errors.New("lsp: standard output can't be closed; give it a pipe")
			}
			a.code, err = lsp.Serve(c.Context(), a.stdin, out, lsp.Options{Config: cfg})
			return err
		},
	}
	o.registerLoad(c)
	return c
}
