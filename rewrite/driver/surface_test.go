package driver

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"strings"
	"testing"
)

// Other packages notice what they could stop compiling or vetting for, and
// nothing else.
func TestSurface(t *testing.T) {
	const text = `package p
type open struct { n int }
type base struct { on bool; Off bool }
type Plain struct { N int }
type Mixed struct { base; n int; inner *open }
type Guarded struct { mu mutex; n int }
var Hidden = new(open)
var own open
type mutex struct{ state int32 }
func (*mutex) Lock() {}
func (*mutex) Unlock() {}
func (*Mixed) Get() int { return 0 }
`
	before := surface(compiled(t, text))
	for _, c := range []struct {
		old, new string
		seen     bool
	}{
		{"n int; inner *open", "n int32; inner *open", false},
		{"n int; inner *open", "n, m int; inner *open", false},
		{"n int; inner *open", "mu mutex; n int; inner *open", true}, // copies of it
		{"n int; inner *open", "n []int; inner *open", true},         // comparisons
		{"mu mutex; n int", "mu mutex; m, n mutex", false},
		{"{ N int }", "{ N int; m int }", true}, // Plain{1}
		{"{ N int }", "{ N int32 }", true},
		{"on bool; Off bool", "on int; Off bool", false},
		{"on bool; Off bool", "on bool; Off int", true}, // promoted
		{"open struct { n int }", "open struct { n int8 }", false},
		{"open struct { n int }", "open struct { mu mutex; n int }", true}, // *Hidden is copied
		{"own open", "own int", false},
		{"(*Mixed) Get() int { return 0 }", "(*Mixed) Get() int { return 1 }", false},
		{"(*Mixed) Get() int", "(*Mixed) Get(...int) int", true},
		{"(*Mixed) Get()", "(Mixed) Get()", true},
		{"(*Mixed) Get()", "(*Mixed) get()", true},
	} {
		if got := surface(compiled(t, replaceOnce(t, text, c.old, c.new))) != before; got != c.seen {
			t.Errorf("%s to %s: noticed is %v, want %v", c.old, c.new, got, c.seen)
		}
	}
}

func compiled(t *testing.T, text string) *types.Package {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "p.go", text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	pkg, err := new(types.Config).Check("p", fset, []*ast.File{f}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return pkg
}

func replaceOnce(t *testing.T, text, old, new string) string {
	t.Helper()
	before, after, found := strings.Cut(text, old)
	if !found {
		t.Fatalf("%q is not there", old)
	}
	return before + new + after
}
