package load

import (
	"go/build/constraint"
	"path/filepath"
	"slices"
	"strings"
)

// systems and architectures are the values of GOOS and GOARCH, past ones
// included: https://go.dev/src/internal/syslist/syslist.go
var (
	systems = strings.Fields("aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris wasip1 windows zos")
	unixes  = strings.Fields("aix android darwin dragonfly freebsd hurd illumos ios linux netbsd openbsd solaris")
	// some systems have the tag of another one as well
	also = map[string]string{"android": "linux", "illumos": "solaris", "ios": "darwin"}

	architectures = strings.Fields("386 amd64 amd64p32 arm armbe arm64 arm64be loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le ppc ppc64 ppc64le riscv riscv64 s390 s390x sparc sparc64 wasm")
)

// together reports whether some build may have both of two files.
func together(a, b string, source func(string) ([]byte, error)) bool {
	var all []constraint.Expr
	for _, name := range []string{a, b} {
		text, err := source(name)
		if err != nil {
			return true
		}
		all = append(all, constraints(name, string(text))...)
	}
	var free []string // tags that a build may have or not
	goarches := []string{""}
	for _, e := range all {
		eachTag(e, func(tag string) {
			switch {
			case slices.Contains(architectures, tag):
				goarches = append(goarches, tag)
			case tag != "unix" && !slices.Contains(systems, tag) && !slices.Contains(free, tag):
				free = append(free, tag)
			}
		})
	}
	if len(free) > 8 {
		return true
	}
	for _, goos := range systems {
		for _, goarch := range goarches {
			for set := range 1 << len(free) {
				build := func(tag string) bool {
					i := slices.Index(free, tag)
					return tag == goos || tag == also[goos] || tag == goarch || tag == "unix" && slices.Contains(unixes, goos) || i >= 0 && set>>i&1 == 1
				}
				if !slices.ContainsFunc(all, func(e constraint.Expr) bool { return !e.Eval(build) }) {
					return true
				}
			}
		}
	}
	return false
}

// constraints lists the conditions under which a file is built, those in its
// name and those above its package clause. One that can't be read is left out.
func constraints(name, text string) []constraint.Expr {
	var out []constraint.Expr
	base := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(name), ".go"), "_test")
	words := strings.Split(base, "_")[1:]
	if n := len(words); n > 0 && slices.Contains(architectures, words[n-1]) {
		out = append(out, &constraint.TagExpr{Tag: words[n-1]})
		words = words[:n-1]
	}
	if n := len(words); n > 0 && slices.Contains(systems, words[n-1]) {
		out = append(out, &constraint.TagExpr{Tag: words[n-1]})
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "package ") {
			break
		}
		if !constraint.IsGoBuild(line) && !constraint.IsPlusBuild(line) {
			continue
		}
		if e, err := constraint.Parse(line); err == nil {
			out = append(out, e)
		}
	}
	return out
}

func eachTag(e constraint.Expr, fn func(string)) {
	switch e := e.(type) {
	case *constraint.TagExpr:
		fn(e.Tag)
	case *constraint.NotExpr:
		eachTag(e.X, fn)
	case *constraint.AndExpr:
		eachTag(e.X, fn)
		eachTag(e.Y, fn)
	case *constraint.OrExpr:
		eachTag(e.X, fn)
		eachTag(e.Y, fn)
	}
}
