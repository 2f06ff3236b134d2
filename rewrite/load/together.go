package load

import (
	"go/build/constraint"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// systems and architectures are the values of GOOS and GOARCH, past ones
// included, the usual ones first: https://go.dev/src/internal/syslist/syslist.go
var (
	systems = strings.Fields("linux windows darwin freebsd openbsd netbsd dragonfly solaris illumos plan9 js wasip1 android ios aix hurd nacl zos")
	unixes  = strings.Fields("aix android darwin dragonfly freebsd hurd illumos ios linux netbsd openbsd solaris")
	// some systems have the tag of another one as well
	also = map[string]string{"android": "linux", "illumos": "solaris", "ios": "darwin"}

	architectures = strings.Fields("amd64 arm64 386 arm loong64 mips mipsle mips64 mips64le ppc64 ppc64le riscv64 s390x wasm amd64p32 armbe arm64be mips64p32 mips64p32le ppc riscv s390 sparc sparc64")
	// runsOn holds the architectures of systems that don't run on both amd64 and
	// arm64; none for those that Go has given up:
	// https://go.dev/src/internal/platform/zosarch.go
	runsOn = map[string][]string{"aix": {"ppc64"}, "dragonfly": {"amd64"}, "hurd": nil, "illumos": {"amd64"}, "js": {"wasm"}, "nacl": nil,
		"plan9": {"amd64", "arm", "386"}, "solaris": {"amd64"}, "wasip1": {"wasm"}, "zos": nil}
)

// together reports whether some build, by whichever Go, may have two files
// with these constraints.
func together(a, b []constraint.Expr) bool {
	all := slices.Concat(a, b)
	free := freeTags(all)
	if len(free) > maxFree {
		return true
	}
	for _, goos := range systems {
		for _, goarch := range append(architecturesIn(all), "") {
			for set := range 1 << len(free) {
				s := setting{goos, goarch, chosen(free, set)}
				if !slices.ContainsFunc(all, func(e constraint.Expr) bool { return !e.Eval(s.has) }) {
					return true
				}
			}
		}
	}
	return false
}

// constraints lists the conditions under which a file is built, those in its
// name and those above its package clause. One that can't be read is left out.
// Preambles of C code need cgo.
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
	if strings.Contains(text, `"C"`) && importsC.MatchString(text) { // most files are told apart quickly
		out = append(out, &constraint.TagExpr{Tag: "cgo"})
	}
	return out
}

var importsC = regexp.MustCompile(`(?m)^(import\s+|\s+)"C"`)

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
