package load

import (
	"go/build/constraint"
	"testing"
)

// Two files are built together if some system, architecture and tags have both.
func TestTogether(t *testing.T) {
	tests := []struct {
		a, b string // name and constraint
		want bool
	}{
		{"a.go", "b_windows.go", true},
		{"a_linux.go", "b_windows.go", false},
		{"a_linux.go", "b_linux_arm64.go", true},
		{"a_linux_amd64.go", "b_linux_arm64.go", false},
		{"a_linux.go", "b_android.go", true},
		{"a_linux_test.go", "b_plan9_test.go", false},
		{"linux.go", "windows.go", true},
		{"a.go //go:build linux && !appengine", "b.go //go:build darwin || freebsd", false},
		{"a.go //go:build unix", "b.go //go:build !windows", true},
		{"a.go //go:build unix", "b.go //go:build windows || js", false},
		{"a.go //go:build race", "b.go //go:build !race", false},
		{"a.go //go:build race", "b.go //go:build ignore", true},
		{"a.go // +build linux", "b.go // +build windows plan9", false},
		{"a.go //go:build linux &", "b_windows.go", true}, // can't be read
	}
	for _, test := range tests {
		text := map[string]string{}
		of := func(name string) []constraint.Expr { return constraints(name, text[name]+"\n\npackage p\n") }
		name := func(s string) string {
			for i := range s {
				if s[i] == ' ' {
					text[s[:i]] = s[i+1:]
					return s[:i]
				}
			}
			return s
		}
		a, b := name(test.a), name(test.b)
		if got := together(of(a), of(b)); got != test.want {
			t.Errorf("%s and %s: %v, want %v", test.a, test.b, got, test.want)
		}
		if got := together(of(b), of(a)); got != test.want {
			t.Errorf("%s and %s: %v, want %v", test.b, test.a, got, test.want)
		}
	}
}
