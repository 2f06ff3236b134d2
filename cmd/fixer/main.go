// Command fixer finds data races in Go code and repairs them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/go-fixer/fixer/rewrite/analyzer"
)

// What the command tells its caller by its exit code.
const (
	exitClean    = 0
	exitFindings = 1 // races are left, or the diff is not empty
	exitError    = 2 // bad usage, or something could not be analysed
)

func main() {
	spareMemory()
	if analyzer.Asked(os.Args[1:]) {
		analyzer.Main()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second interrupt kills
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole command, for main and for tests.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(stderr, "fixer: "+explainError(root, args, err))
		return exitError
	}
	return a.code
}

// explainError turns any error into one line.
func explainError(root *cobra.Command, args []string, err error) string {
	if errors.Is(err, context.Canceled) {
		return "interrupted"
	}
	msg := strings.Join(strings.Fields(err.Error()), " ")
	if strings.HasPrefix(msg, "unknown command") {
		msg = strings.TrimSuffix(msg, ` for "fixer"`)
		for _, arg := range args {
			if near := root.SuggestionsFor(arg); !strings.HasPrefix(arg, "-") && len(near) > 0 {
				return msg + `; did you mean "fixer ` + near[0] + `"?`
			}
		}
		return msg + `; "fixer help" lists the commands`
	}
	return msg
}

// app is one invocation.
type app struct {
	dir, color     string
	stdin          io.Reader
	stdout, stderr io.Writer
	code           int // exit code unless there is an error
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "fixer",
		Short: "Find data races in Go code and repair them",
		Long: `Fixer finds data races in Go code and repairs them.

It reads the packages of a module, works out which goroutines may run at the
same time and which locks they hold, and reports the struct fields that two of
them reach unprotected. Where a rule can mend a race, and the result passes all
checks, fixer shows the change as a diff or applies it.

Exit codes: 0 clean, or everything is fixed; 1 findings, or a diff that is not
empty; 2 an error, or packages that could not be analysed.`,
		Example: `  fixer demo                 see it work on a small module
  fixer diff ./...           show what would change
  fixer apply ./...          change it
  fixer check --json ./...   findings for other programs`,
		Version:       versionLine(),
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			return a.checkGlobals()
		},
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.DisableSuggestions = true // explainError makes them, in one line
	root.SuggestionsMinimumDistance = 2
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fmt.Errorf(`%w; see "%s --help"`, err, c.CommandPath())
	})
	root.PersistentFlags().StringVarP(&a.dir, "dir", "C", "", "run as if started in this directory")
	root.PersistentFlags().StringVar(&a.color, "color", "auto", "colour the output: auto, always or never")
	complete(root, "color", "auto", "always", "never")
	root.AddCommand(a.diff(), a.apply(), a.check(), a.render(), a.formats(), a.locks(), a.lsp(), a.explain(), a.rules(), a.demo(), a.version())
	return root
}

// checkGlobals judges the flags that all commands have.
func (a *app) checkGlobals() error {
	switch a.color {
	case "auto", "always", "never":
	default:
		return fmt.Errorf("--color=%s: must be auto, always or never", a.color)
	}
	if a.dir == "" {
		return nil
	}
	info, err := os.Stat(a.dir)
	switch {
	case err != nil:
		return fmt.Errorf("-C %s: no such directory", a.dir)
	case !info.IsDir():
		return fmt.Errorf("-C %s: not a directory", a.dir)
	}
	return nil
}

// complete offers words to shells for the value of a flag.
func complete(c *cobra.Command, flag string, words ...string) {
	err := c.RegisterFlagCompletionFunc(flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return words, cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // the flag isn't there
	}
}

// noArgs is for commands that take no arguments.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf(`%s takes no arguments, not %q; see "%s --help"`, c.CommandPath(), args[0], c.CommandPath())
	}
	return nil
}
