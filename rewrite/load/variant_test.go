package load_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-fixer/fixer/rewrite/load"
)

// A few builds have all the files that this one leaves out, and a file in none
// is an error. The host is one that all machines can be told to be.
func TestVariants(t *testing.T) {
	const uses = "\n\npackage a\n\nvar _ = func(t *T) int { return t.n }\n"
	const main = "\n\npackage main\n\nfunc main() { println(n) }\n\nvar n int\n"
	tests := []struct {
		files string // name: text above the package clause; separated by semicolons
		want  string
	}{
		{"a_windows.go; b_windows_arm64.go; c_windows.go", "with GOOS=windows [a_windows.go c_windows.go]; with GOOS=windows GOARCH=arm64 [b_windows_arm64.go]"},
		{"a_windows.go; b_unix.go: //go:build unix", "with GOOS=windows [a_windows.go]"},
		{"b.go: //go:build !linux", "with GOOS=windows [b.go]"},
		{"b.go: //go:build debug && !windows", "with -tags=debug [b.go]"},
		{"b.go: //go:build debug; c.go: //go:build !debug && trace", "with -tags=debug [b.go]; with -tags=trace [c.go]"},
		{"b.go: //go:build !cgo", "with CGO_ENABLED=0 [b.go]"},
		{"b_wasip1.go", "with GOOS=wasip1 GOARCH=wasm [b_wasip1.go]"},
		{"b_riscv64.go", "with GOARCH=riscv64 [b_riscv64.go]"},
		{"b.go: //go:build ignore", ""},
		{"main.go: //go:build ignore", ""}, // a program of its own has its own n
		{"b_zos.go", "b_zos.go, which no build by this Go has, mentions it"},
		{"b_windows.go: //go:build cgo", "b_windows.go needs cgo with GOOS=windows, which can't be checked here, and mentions it"},
	}
	for _, test := range tests {
		dir := t.TempDir()
		put := func(name, text string) {
			t.Helper()
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		put("go.mod", "module example.com/a\n\ngo 1.21\n")
		put("a.go", "package a\n\ntype T struct{ n int }\n")
		for f := range strings.SplitSeq(test.files, "; ") {
			name, head, _ := strings.Cut(f, ": ")
			put(name, head+map[bool]string{true: main, false: uses}[name == "main.go"])
		}
		env := append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=1", "GOFLAGS=")
		prog, err := load.Load(context.Background(), load.Config{Dir: dir, Env: env, Tests: true})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		list, err := prog.Variants([]load.Name{{Text: "n", Dir: dir}}, []string{filepath.Join(dir, "a.go")})
		for _, v := range list {
			var names []string
			for _, f := range v.Files {
				names = append(names, filepath.Base(f))
				if err := lacks(prog, v, f); err != nil {
					t.Errorf("%s: %v", test.files, err)
				}
			}
			got = append(got, fmt.Sprint(v.Name, " ", names))
		}
		if err != nil {
			got = append(got, err.Error())
		}
		if text := strings.Join(got, "; "); text != test.want {
			t.Errorf("%s:\ngot  %s\nwant %s", test.files, text, test.want)
		}
	}
}

// lacks loads a variant and asks for a file.
func lacks(prog *load.Program, v load.Variant, file string) error {
	other, err := prog.Variant(context.Background(), v)
	if err != nil {
		return err
	}
	return other.Lacks(file)
}
