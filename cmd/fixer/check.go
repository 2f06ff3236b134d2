package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/render"
	"github.com/go-fixer/fixer/rules"
	"github.com/spf13/cobra"
)

func (a *app) check() *cobra.Command {
	var o options
	var f format
	c := &cobra.Command{
		Use:   "check [packages]",
		Short: "Report the races and what could be done about them",
		Long: `Check prints every finding with its evidence: who reaches the field from where,
under which locks, and which rule mends it or why none does. It changes no
file. Without packages it looks at ./...

With --format it writes for other programs; "fixer help formats" tells what.
"fixer render" makes any format of a saved run in JSON.

The exit code is 1 if there are findings, or comments that keep none back.`,
		Example: `  fixer check
  fixer check --tests=false --tags integration ./...
  fixer check --json ./... | jq '.findings[].message'
  fixer check --format sarif >fixer.sarif
  go test -race ./... 2>&1 | fixer check --race-log -`,
		RunE: func(c *cobra.Command, patterns []string) error {
			if err := f.check(c); err != nil {
				return err
			}
			o.alone = f.name != "text" // which tells of no edits
			r, _, err := a.analyse(c.Context(), &o, patterns)
			if err != nil {
				return err
			}
			dir, err := filepath.Abs(a.dir)
			if err != nil {
				return err
			}
			if len(r.Outcomes)+len(r.Unplaced)+len(r.Unused) > 0 {
				a.code = exitFindings
			}
			if len(r.Problems) > 0 {
				a.code = exitError
				defer a.problemLine(r)
			}
			return a.show(r, dir, f.name)
		},
	}
	o.register(c)
	f.register(c)
	c.Flags().BoolVar(&f.json, "json", false, "the same as --format json")
	return c
}

func (a *app) render() *cobra.Command {
	var f format
	c := &cobra.Command{
		Use:   "render FILE",
		Short: "Write a saved run of check in another format",
		Long: `Render reads what "fixer check --format json" printed, - for standard input, and
writes it in another format: the same, byte for byte, as check would have.`,
		Example: `  fixer check --json >run.json; fixer render --format sarif run.json
  fixer check --json | fixer render --format markdown -`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New(`render takes the name of one file with what "fixer check --format json" printed, or -`)
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if err := f.check(c); err != nil {
				return err
			}
			d, err := a.saved(args[0])
			if err != nil {
				return err
			}
			return a.print(d, f.name)
		},
	}
	f.register(c)
	return c
}

// formats is a topic of help.
func (a *app) formats() *cobra.Command {
	return &cobra.Command{
		Use:   "formats",
		Short: "What check writes, and its JSON field by field",
		Long:  strings.TrimSpace(render.Help),
	}
}

// saved reads a document.
func (a *app) saved(name string) (*render.Document, error) {
	in, shown, err := a.input(name)
	if err != nil {
		return nil, fmt.Errorf("%w; give a file with what \"fixer check --format json\" printed", err)
	}
	defer in.Close()
	d, err := render.Read(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", shown, err)
	}
	return d, nil
}

// show writes the result of a run that was started in a directory.
func (a *app) show(r *driver.Result, dir, format string) error {
	d, err := render.New(r, dir)
	if err != nil {
		return err
	}
	return a.print(d, format)
}

// print writes a document to standard output.
func (a *app) print(d *render.Document, format string) error {
	var w io.Writer = a.stdout
	var b bytes.Buffer
	text := format == "text"
	if text {
		w = &b
	}
	if err := render.Write(w, format, d, ruleTexts()); err != nil || !text {
		return err
	}
	_, err := a.stdout.Write(paintText(b.Bytes(), a.coloured()))
	return err
}

// ruleTexts is what formats tell of the rules.
func ruleTexts() []render.Rule {
	var out []render.Rule
	for _, r := range rules.All {
		doc, _ := rules.Doc(r.Name)
		out = append(out, render.Rule{Name: r.Name, Title: r.Title, Doc: doc})
	}
	return out
}

// A format is what the flags say about the format of the output.
type format struct {
	name string
	json bool
}

func (f *format) register(c *cobra.Command) {
	c.Flags().StringVar(&f.name, "format", "text", "what to write: "+strings.Join(render.Formats, ", "))
	complete(c, "format", render.Formats...)
}

// check judges the flags.
func (f *format) check(c *cobra.Command) error {
	if !slices.Contains(render.Formats, f.name) {
		return fmt.Errorf("--format=%s: must be one of %s", f.name, strings.Join(render.Formats, ", "))
	}
	if f.json {
		if c.Flags().Changed("format") && f.name != "json" {
			return fmt.Errorf("--json and --format=%s: give one of them", f.name)
		}
		f.name = "json"
	}
	return nil
}
