package doors_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// TestWorkflow has the workflow of the README judged by actionlint, against the
// inputs and outputs that our action has.
func TestWorkflow(t *testing.T) {
	program := goTool(t, "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12")
	shellcheck := debian(t, "shellcheck", "shellcheck")
	action, err := os.ReadFile("../../../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	workflow := block(t, "github-actions")
	local := regexp.MustCompile(`uses: go-fixer/fixer@\S+`).ReplaceAllString(workflow, "uses: ./")
	for _, c := range []struct{ workflow, complaint string }{
		{workflow, ""},
		{local, ""},
		{strings.Replace(local, "new-from-merge-base:", "new-from-merge-bass:", 1), `input "new-from-merge-bass" is not defined in action "fixer"`},
		{strings.Replace(local, "fixer.outputs.sarif }}", "fixer.outputs.serif }}", 1), `property "serif" is not defined`},
	} {
		dir := t.TempDir()
		run(t, dir, 0, "git", "init", "-q")
		write(t, dir, map[string]string{".github/workflows/races.yml": c.workflow, "action.yml": string(action)})
		code := 0
		if c.complaint != "" {
			code = 1
		}
		if out := run(t, dir, code, program, "-no-color", "-shellcheck", shellcheck); !strings.Contains(out, c.complaint) || c.complaint == "" && out != "" {
			t.Errorf("actionlint says of\n%s\n%s", c.workflow, out)
		}
	}
	for i, step := range readAction(t).Runs.Steps {
		script := filepath.Join(t.TempDir(), "step.sh")
		if err := os.WriteFile(script, []byte("set -eo pipefail\n"+step.Run), 0o666); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(shellcheck, "-s", "bash", script).CombinedOutput(); err != nil {
			t.Errorf("step %d: %v\n%s", i, err, out)
		}
	}
}

// An action is what the file action.yml says.
type action struct {
	Inputs  map[string]struct{ Default string }
	Outputs map[string]struct{ Value string }
	Runs    struct {
		Using string
		Steps []step
	}
}

type step struct {
	ID, Shell, Run string
	Env            map[string]string
	Dir            string `yaml:"working-directory"`
}

func readAction(t *testing.T) action {
	t.Helper()
	text, err := os.ReadFile("../../../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var a action
	if err := yaml.Unmarshal(text, &a); err != nil {
		t.Fatal(err)
	}
	if a.Runs.Using != "composite" || len(a.Runs.Steps) == 0 {
		t.Fatalf("action.yml runs %+v", a.Runs)
	}
	return a
}

// A job is what became of running the action.
type job struct {
	code         int
	log, summary string
	outputs      map[string]string
}

// expression is what GitHub replaces by the value of an input.
var expression = regexp.MustCompile(`\$\{\{ inputs\.([a-z-]+) \}\}`)

// start runs the steps of the action as GitHub does.
func (a action) start(t *testing.T, workspace, temp string, with map[string]string) job {
	t.Helper()
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	value := func(text string) string {
		return expression.ReplaceAllStringFunc(text, func(e string) string {
			name := expression.FindStringSubmatch(e)[1]
			input, ok := a.Inputs[name]
			if v, given := with[name]; given {
				input.Default = v
			}
			if !ok {
				t.Errorf("action.yml has no input %s", name)
			}
			return input.Default
		})
	}
	files := map[string]string{"GITHUB_OUTPUT": filepath.Join(t.TempDir(), "out"), "GITHUB_STEP_SUMMARY": filepath.Join(t.TempDir(), "summary")}
	j := job{outputs: make(map[string]string)}
	for _, s := range a.Runs.Steps {
		if s.Shell != "bash" || strings.Contains(s.Run, "${{") {
			t.Fatalf("step %s: only bash is run, and inputs come by the environment:\n%s", s.ID, s.Run)
		}
		cmd := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", s.Run)
		cmd.Dir = filepath.Join(workspace, value(s.Dir))
		cmd.Env = append(os.Environ(), "GITHUB_ACTIONS=true", "GITHUB_ACTION_PATH="+root, "GITHUB_WORKSPACE="+workspace, "RUNNER_TEMP="+temp)
		for name, file := range files {
			cmd.Env = append(cmd.Env, name+"="+file)
		}
		for name, text := range s.Env {
			cmd.Env = append(cmd.Env, name+"="+value(text))
		}
		out, err := cmd.CombinedOutput()
		j.log += string(out)
		if err != nil {
			if j.code = cmd.ProcessState.ExitCode(); j.code < 1 {
				t.Fatal(err)
			}
			break
		}
	}
	for name, file := range files {
		text, err := os.ReadFile(file)
		switch {
		case err == nil && name == "GITHUB_STEP_SUMMARY":
			j.summary = string(text)
		case err == nil:
			for line := range strings.Lines(string(text)) {
				key, v, _ := strings.Cut(strings.TrimSpace(line), "=")
				j.outputs[key] = v
			}
		}
	}
	return j
}

// TestAction runs the steps of our action on a module with a race.
func TestAction(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("there is no bash")
	}
	a, temp, repo := readAction(t), t.TempDir(), t.TempDir()
	write(t, filepath.Join(repo, "sub"), racy)
	run(t, repo, 0, "git", "init", "-q")
	run(t, repo, 0, "git", "add", ".")
	run(t, repo, 0, "git", "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "first")

	const found = "::warning file=sub/counter.go,line=22,"
	for name, c := range map[string]struct {
		with map[string]string
		code int
		log  string // a part of it; nothing may be said if it is ""
	}{
		"findings":   {map[string]string{}, 1, found},
		"tolerant":   {map[string]string{"fail-on-findings": "false", "packages": "./... ."}, 0, found},
		"unchanged":  {map[string]string{"new-from-rev": "HEAD"}, 0, ""},
		"same base":  {map[string]string{"new-from-merge-base": "HEAD"}, 0, ""},
		"flags":      {map[string]string{"args": "--tests=false\n--rules   -guard"}, 1, "Make Counter.n an atomic"},
		"no package": {map[string]string{"packages": "./nosuch"}, 2, "nosuch"},
		"no rev":     {map[string]string{"new-from-rev": "$(touch pwned)"}, 2, "git knows no commit"},
		"hostile":    {map[string]string{"args": "; touch pwned", "packages": "`touch pwned` --output=pwned"}, 2, "::error title=fixer::"},
	} {
		t.Run(name, func(t *testing.T) {
			c.with["working-directory"] = "sub"
			j := a.start(t, repo, temp, c.with)
			if j.code != c.code || !strings.Contains(j.log, c.log) || c.log == "" && j.log != "" {
				t.Errorf("exit code %d, not %d; it says\n%s", j.code, c.code, j.log)
			}
			if _, err := os.Stat(filepath.Join(repo, "sub", "pwned")); err == nil {
				t.Error("an input was run")
			}
			if c.log == found {
				a.complete(t, j)
			}
		})
	}
}

// complete looks for all that the action promises of a run that found the race.
func (a action) complete(t *testing.T, j job) {
	t.Helper()
	if !strings.Contains(j.summary, "Counter.n") || !strings.Contains(j.summary, "```diff") {
		t.Errorf("the summary is\n%s", j.summary)
	}
	for name, o := range a.Outputs {
		if o.Value != "${{ steps.check.outputs."+name+" }}" || j.outputs[name] == "" {
			t.Errorf("output %s is %s, and that is %q", name, o.Value, j.outputs[name])
		}
	}
	if j.outputs["exit-code"] != "1" {
		t.Errorf("outputs: %v", j.outputs)
	}
	text, err := os.ReadFile(j.outputs["sarif"])
	if err != nil {
		t.Fatal(err)
	}
	var sarif struct{ Runs []struct{ Results []any } }
	if err := json.Unmarshal(text, &sarif); err != nil || len(sarif.Runs) != 1 || len(sarif.Runs[0].Results) != 1 {
		t.Errorf("%v; the SARIF is\n%s", err, text)
	}
}
