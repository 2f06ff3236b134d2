package main

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	for _, c := range []struct {
		args           []string
		code           int
		stdout, stderr string // parts of it
	}{
		{[]string{}, 0, "Available Commands", ""},
		{[]string{"version"}, 0, "fixer devel", ""},
		{[]string{"rules", "--color", "blue"}, 2, "", "fixer: --color=blue: must be auto, always or never\n"},
		{[]string{"demonstrate"}, 2, "", "fixer: unknown command \"demonstrate\"; "},
		{[]string{"dmeo"}, 2, "", "fixer: unknown command \"dmeo\"; did you mean \"fixer demo\"?\n"},
		{[]string{"apply", "--dirty"}, 2, "", "fixer: unknown flag: --dirty; see \"fixer apply --help\"\n"},
	} {
		var stdout, stderr bytes.Buffer
		code := run(context.Background(), c.args, strings.NewReader(""), &stdout, &stderr)
		if code != c.code || !strings.Contains(stdout.String(), c.stdout) || !strings.Contains(stderr.String(), c.stderr) {
			t.Errorf("fixer %q: exit code %d, want %d\n%s%s", c.args, code, c.code, &stdout, &stderr)
		}
		if c.stdout == "" && stdout.Len() > 0 || c.stderr == "" && stderr.Len() > 0 {
			t.Errorf("fixer %q says more than it should:\n%s%s", c.args, &stdout, &stderr)
		}
	}
}

func TestInterrupted(t *testing.T) {
	if got := explainError(new(app).root(), nil, context.Canceled); got != "interrupted" {
		t.Errorf("got %q", got)
	}
}

func TestRelativeTo(t *testing.T) {
	rel := relativeTo("/a/b")
	for name, want := range map[string]string{"/a/b/c.go": "c.go", "/a/b/d/c.go": "d/c.go", "/a/c.go": "/a/c.go", "/x.go": "/x.go"} {
		if got := rel(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

func TestPaint(t *testing.T) {
	d := "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\r\n+new\n \n"
	want := bold + "--- a/x" + plain + "\n" + bold + "+++ b/x" + plain + "\n" + cyan + "@@ -1 +1 @@" + plain + "\n" +
		red + "-old" + plain + "\r\n" + green + "+new" + plain + "\n \n"
	if got := string(paintDiff([]byte(d), true)); got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if got := string(paintDiff([]byte(d), false)); got != d {
		t.Errorf("without colours: %q", got)
	}
	if got := string(paintText([]byte("a\n\tb\n"), true)); got != bold+"a"+plain+"\n\tb\n" {
		t.Errorf("text: %q", got)
	}
	if useColor("auto", new(bytes.Buffer)) || !useColor("always", new(bytes.Buffer)) {
		t.Error("useColor judges a buffer wrongly")
	}
}

const raceOutput = `==================
WARNING: DATA RACE
Write at 0x00c0000b2160 by goroutine 9:
  example.com/mirror.(*Watcher).Start.func1()
      /tmp/watcher.go:48 +0x1ed

Previous read at 0x00c0000b2160 by goroutine 8:
  example.com/mirror.(*Watcher).send()
      /tmp/endpoints.go:29 +0x284
  example.com/mirror.(*Watcher).handle()
      /tmp/endpoints.go:14 +0x27b

Goroutine 9 (running) created at:
  example.com/mirror.(*Watcher).Start()
      /tmp/watcher.go:40 +0x10b
==================
==================
WARNING: DATA RACE
Write at 0x00c0000b2160 by goroutine 9:
==================
--- FAIL: TestGatewayFlaps (0.00s)
    testing.go:1490: race detected during execution of test
FAIL
FAIL	example.com/mirror	0.012s
FAIL
`

func TestRaceSummary(t *testing.T) {
	want := []string{
		"WARNING: DATA RACE",
		"Write at 0x00c0000b2160 by goroutine 9:",
		"  example.com/mirror.(*Watcher).Start.func1()",
		"      /tmp/watcher.go:48 +0x1ed",
		"Previous read at 0x00c0000b2160 by goroutine 8:",
		"  example.com/mirror.(*Watcher).send()",
		"      /tmp/endpoints.go:29 +0x284",
		"--- FAIL: TestGatewayFlaps (0.00s)",
		"FAIL\texample.com/mirror\t0.012s",
		"(2 reports of the race, the first one shown)",
	}
	if got := strings.Split(raceSummary(raceOutput), "\n"); !slices.Equal(got, want) {
		t.Errorf("got:\n%s", strings.Join(got, "\n"))
	}
	if got := raceSummary("ok  \texample.com/mirror\t1.0s\n"); got != "ok  \texample.com/mirror\t1.0s" {
		t.Errorf("passing: %q", got)
	}
	if got := raceSummary("go: no such tool\n"); got != "go: no such tool" {
		t.Errorf("failing to run: %q", got)
	}
}
