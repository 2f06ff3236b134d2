package driver

import (
	"strings"
	"testing"

	"github.com/go-fixer/fixer/rewrite"
)

func TestPick(t *testing.T) {
	var all []*rewrite.Rule
	for _, name := range []string{"guard", "atomicfield", "mutexfield"} {
		all = append(all, &rewrite.Rule{Name: name})
	}
	for list, want := range map[string]string{
		"":                         "guard atomicfield mutexfield",
		"mutexfield guard":         "guard mutexfield",
		"-guard":                   "atomicfield mutexfield",
		"guard atomicfield -guard": "atomicfield",
		"guard -guard":             "error: rules guard,-guard: no rule is left",
		"gaurd":                    `error: unknown rule "gaurd"; there are guard, atomicfield, mutexfield`,
		"-nosuch":                  `error: unknown rule "nosuch"; there are guard, atomicfield, mutexfield`,
	} {
		chosen, err := pick(all, strings.Fields(list))
		var names []string
		for _, r := range chosen {
			names = append(names, r.Name)
		}
		got := strings.Join(names, " ")
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != want {
			t.Errorf("%q: %s, want %s", list, got, want)
		}
	}
}

func TestExclusions(t *testing.T) {
	for _, c := range []struct {
		pattern string
		yes, no string // names of files
	}{
		{"internal/legacy", "internal/legacy/a.go internal/legacy/a_test.go", "internal/legacy/sub/a.go internal/a.go legacy/a.go"},
		{"./internal/legacy/", "internal/legacy/a.go", "internal/legacy/sub/a.go"},
		{"internal/legacy/...", "internal/legacy/a.go internal/legacy/sub/deep/a.go", "internal/legacy2/a.go internal/a.go"},
		{"**/mocks", "mocks/a.go a/mocks/b.go a/b/mocks/c.go", "mocks/sub/a.go a.go"},
		{"**/mocks/**", "mocks/a.go a/mocks/b/c.go", "a.go a/b.go"},
		{"**/*_string.go", "a_string.go a/b/c_string.go", "a.go a_string.go/b.go"},
		{"*_string.go", "a_string.go", "a/b_string.go"},
		{"cmd/*/main.go", "cmd/a/main.go", "cmd/main.go cmd/a/b/main.go cmd/a/other.go"},
		{".", "a.go", "a/b.go"},
		{"a/.../b", "a/b/x.go a/c/b/x.go", "a/c/x.go"},
	} {
		e, err := parseExclusion(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		for _, name := range strings.Fields(c.yes) {
			if !e.covers(name) {
				t.Errorf("%s does not cover %s", c.pattern, name)
			}
		}
		for _, name := range strings.Fields(c.no) {
			if e.covers(name) {
				t.Errorf("%s covers %s", c.pattern, name)
			}
		}
	}
	for _, pattern := range []string{"/etc", "../other", "a/../../b", "..", "a\\b", "a/[", "a/b...", "x**", "...", "./...", "**/..."} {
		if e, err := parseExclusion(pattern); err == nil {
			t.Errorf("%s is taken for %q", pattern, e)
		}
	}
}
