package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write what the commands print now into the scripts")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"fixer": main})
}

// TestScripts runs the whole command as users do.
func TestScripts(t *testing.T) {
	out, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE", "GOPATH").Output()
	if err != nil {
		t.Fatal(err)
	}
	dirs := strings.Split(strings.TrimSpace(string(out)), "\n")
	testscript.Run(t, testscript.Params{
		Dir:           "../../golden/cli",
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			for i, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH"} {
				e.Setenv(name, dirs[i])
			}
			for _, setting := range []string{
				"HOME=" + e.WorkDir, "GOFLAGS=", "GOWORK=off", "GOPROXY=off", "GOTOOLCHAIN=local",
				"GIT_CONFIG_NOSYSTEM=1", "GIT_CEILING_DIRECTORIES=" + e.WorkDir + "/..",
				"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com",
			} {
				name, value, _ := strings.Cut(setting, "=")
				e.Setenv(name, value)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
		Condition: func(name string) (bool, error) {
			if name != "race-detector" {
				return false, fmt.Errorf("unknown condition %s", name)
			}
			return raceLacks(context.Background(), os.Environ()) == "", nil
		},
	})
}

// exits runs a command that must end with a given exit code: exits 2 fixer diff
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARGUMENT...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("%s exits with %d, not %d", strings.Join(args[1:], " "), got, want)
	}
}
