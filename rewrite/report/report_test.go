package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// recorded returns the logs of testdata: what go test -race printed, by name.
func recorded(t testing.TB) map[string]string {
	t.Helper()
	names, err := filepath.Glob("testdata/*.log")
	if err != nil || len(names) == 0 {
		t.Fatalf("no recorded logs: %v", err)
	}
	logs := make(map[string]string)
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		logs[name] = string(text)
	}
	return logs
}

func parse(t testing.TB, text string) []*Report {
	t.Helper()
	reports, err := Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return reports
}

// lines passes each line of a log through fn.
func lines(text string, fn func(n int, line string) string) string {
	var b strings.Builder
	for i, line := range strings.SplitAfter(text, "\n") {
		if line != "" {
			b.WriteString(fn(i, line))
		}
	}
	return b.String()
}

// TestRecorded reads every recorded log, as it is and as it looks after what
// happens to logs on their way: the reports are the same.
func TestRecorded(t *testing.T) {
	ways := map[string]func(n int, line string) string{
		"carriage returns": func(_ int, l string) string { return strings.TrimSuffix(l, "\n") + "\r\n" },
		"times":            func(n int, l string) string { return fmt.Sprintf("2026/01/02 15:04:%02d %s", n%60, l) },
		"fractions":        func(n int, l string) string { return fmt.Sprintf("2026-01-02T15:04:05.%dZ web-1  | %s", n*n, l) },
		"no indentation":   func(_ int, l string) string { return strings.TrimLeft(l, " ") },
		"without offsets": func(_ int, l string) string {
			if i := strings.LastIndex(l, " +0x"); i >= 0 {
				return l[:i] + "\n"
			}
			return l
		},
		"interleaved": func(n int, l string) string {
			return l + [...]string{"=== RUN   TestOther\n", "    other_test.go:12: some output\n", "goroutine is fine()\n", "2026/01/02 15:04:05 http: served\n"}[n%4]
		},
		"json": func(_ int, l string) string { return event1("example.com/a", l) },
		"json of two packages": func(n int, l string) string {
			return event1("example.com/a", l[:len(l)/2]) + event1("example.com/b", "noise\n") + event1("example.com/a", l[len(l)/2:])
		},
	}
	for name, log := range recorded(t) {
		want := parse(t, log)
		times := 0
		for _, r := range want {
			times += r.Times
			if r.Truncated {
				t.Errorf("%s:%d: truncated", name, r.Line)
			}
			for i, a := range r.Accesses {
				if len(a.Stack) == 0 || a.Goroutine != 0 && len(a.Start) == 0 {
					t.Errorf("%s:%d: access %d has no stack, or its goroutine none: %+v", name, r.Line, i, a)
				}
			}
			r.Line = 0
		}
		if n := strings.Count(log, warning); n != times {
			t.Errorf("%s: read %d reports of %d", name, times, n)
		}
		for way, change := range ways {
			got := parse(t, lines(log, change))
			for _, r := range got {
				r.Line = 0
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s, %s: got %s\nwant %s", name, way, show(got), show(want))
			}
		}
	}
}

func event1(pkg, output string) string {
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(event{Action: "output", Package: pkg, Output: output}); err != nil {
		panic(err)
	}
	return b.String()
}

func show(v any) string {
	text, err := json.MarshalIndent(v, "", "\t")
	if err != nil {
		return err.Error()
	}
	return string(text)
}

const whole = `==================
WARNING: DATA RACE
Write at 0x00c000014088 by main goroutine:
  main.main()
      /src/main.go:9 +0x44

Previous read at 0x00c000014088 by goroutine 7:
  main.main.func1()
      /src/main.go:7 +0x3a

Goroutine 7 (running) created at:
  main.main()
      /src/main.go:6 +0x30
==================
`

func TestTruncated(t *testing.T) {
	cut := whole[:strings.Index(whole, "Previous")]
	for _, log := range []string{cut, cut + "==================\n"} {
		got := parse(t, log)
		if len(got) != 1 || !got[0].Truncated {
			t.Errorf("%q: got %s", log, show(got))
		}
	}
	if got := parse(t, cut+whole); len(got) != 2 || !got[0].Truncated || got[1].Truncated {
		t.Errorf("a report after a truncated one: got %s", show(got))
	}
	lost := strings.ReplaceAll(whole, "  main.main.func1()\n      /src/main.go:7 +0x3a\n", "  [failed to restore the stack]\n")
	if got := parse(t, lost); len(got) != 1 || got[0].Truncated || len(got[0].Accesses[1].Stack) != 0 || len(got[0].Accesses[0].Stack) != 1 {
		t.Errorf("a lost stack: got %s", show(got))
	}
}

func TestMerged(t *testing.T) {
	other := strings.NewReplacer("0x00c000014088", "0x00c000099999", "goroutine 7", "goroutine 12", "Goroutine 7 (running)", "Goroutine 12 (finished)").Replace(whole)
	if got := parse(t, whole+other); len(got) != 1 || got[0].Times != 2 {
		t.Errorf("the same race at another address: got %s", show(got))
	}
}

func TestNames(t *testing.T) {
	for symbol, want := range map[string]string{
		"main.main":                          "main main",
		"example.com/m/sub.(*T).Get.func1.2": "example.com/m/sub T Get func1",
		"example.com/m.(*Cache[go.shape.string,go.shape.int]).Put": "example.com/m Cache Put",
		"example.com/m.Map[...].func1":                             "example.com/m Map func1",
		"example.com/m.Map[example.com/x.T].gowrap1":               "example.com/m Map gowrap1",
		"example.com/m.T.Get-fm":                                   "example.com/m T Get",
		"example.com/m.Each-range1":                                "example.com/m Each",
		"gopkg.in/yaml%2ev3.Unmarshal":                             "gopkg.in/yaml.v3 Unmarshal",
		"example.com/m_test.TestX":                                 "example.com/m_test TestX",
		"example.com/m.init.0":                                     "example.com/m init",
		"example.com/m.glob..func1":                                "example.com/m glob func1",
		"nonsense":                                                 " nonsense",
	} {
		f := Frame{Func: symbol}
		if got := f.Package() + " " + strings.Join(f.Names(), " "); got != want {
			t.Errorf("%s: got %q, want %q", symbol, got, want)
		}
	}
}

// FuzzParse reads anything as a log. What comes out stands in it, and is the
// same when lines end otherwise.
func FuzzParse(f *testing.F) {
	for _, log := range recorded(f) {
		f.Add([]byte(log))
	}
	f.Add([]byte(event1("p", whole)))
	f.Fuzz(func(t *testing.T, log []byte) {
		reports := parse(t, string(log))
		plain := !bytes.Contains(log, []byte(`"Action"`))
		for _, r := range reports {
			if r.Line < 1 || r.Line > bytes.Count(log, []byte("\n"))+1 || r.Times < 1 {
				t.Errorf("line %d, times %d", r.Line, r.Times)
			}
			for _, a := range r.Accesses {
				for _, fr := range slices.Concat(a.Stack, a.Start) {
					fr.Package()
					fr.Names()
					if plain && fr.Line > 0 && !standsIn(log, fr) {
						t.Errorf("%s:%d does not stand in the log", fr.File, fr.Line)
					}
				}
			}
		}
		if !plain || bytes.Contains(log, []byte("\r")) || len(log) >= maxLine {
			return
		}
		if again := parse(t, strings.ReplaceAll(string(log), "\n", "\r\n")); !reflect.DeepEqual(again, reports) {
			t.Errorf("got %s\nwith carriage returns %s", show(reports), show(again))
		}
	})
}

// standsIn reports whether a log has the place of a frame, zeros before the line
// number left out.
func standsIn(log []byte, fr Frame) bool {
	for {
		_, after, found := bytes.Cut(log, []byte(fr.File+":"))
		if !found {
			return false
		}
		if bytes.HasPrefix(bytes.TrimLeft(after, "0"), []byte(strconv.Itoa(fr.Line))) {
			return true
		}
		log = log[1:]
	}
}
