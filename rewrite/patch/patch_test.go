package patch

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

var pairs = []struct{ name, old, new string }{
	{"change", "a\nb\nc\n", "a\nB\nc\n"},
	{"far apart", strings.Repeat("x\n", 20) + "a\n" + strings.Repeat("y\n", 20), "new\n" + strings.Repeat("x\n", 20) + "b\n" + strings.Repeat("y\n", 19)},
	{"just joined", "1\na\nb\nc\nd\ne\nf\n2\n", "one\na\nb\nc\nd\ne\nf\ntwo\n"},
	{"just apart", "1\na\nb\nc\nd\ne\nf\ng\n2\n", "one\na\nb\nc\nd\ne\nf\ng\ntwo\n"},
	{"newline lost", "a\nb\n", "a\nb"},
	{"newline gained", "a\nb", "a\nb\n"},
	{"newline missing on both, changed last", "a\nb", "a\nc"},
	{"newline missing on both, changed first", "a\nb", "x\nb"},
	{"line appended to unfinished line", "a\nb", "a\nb\nc"},
	{"line cut from unfinished end", "a\nb\nc", "a\nb"},
	{"unfinished line becomes inner", "a", "a\na\n"},
	{"only unfinished line, shortened", "a\n\n\na", "a"},
	{"emptied", "a\nb\n", ""},
	{"emptied, unfinished", "a", ""},
	{"filled", "", "a\nb\n"},
	{"filled, unfinished", "", "a"},
	{"CRLF", "a\r\nb\r\nc\r\n", "a\r\nB\r\nc\r\n"},
	{"CRLF to LF", "a\r\nb\r\n", "a\nb\n"},
	{"mixed line ends", "a\r\nb\nc\r\n", "a\r\nb\nx\nc\r\n"},
	{"lone CR", "a\rb\nc\n", "a\rb\nd\n"},
	{"BOM", "\xEF\xBB\xBFa\nb\n", "\xEF\xBB\xBFa\nc\n"},
	{"BOM lost", "\xEF\xBB\xBFa\nb\n", "a\nb\n"},
	{"Latin-1", "caf\xE9\n\xFF\xFE\nb\n", "caf\xE8\n\xFF\xFE\nb\n"},
	{"blank lines", "\n\n\n\n", "\n\n\n\n\n"},
	{"lines like markers", "--- a\n+++ b\n@@ -1 +1 @@\n", "--- a\n+++ c\n@@ -1 +1 @@\n\\ No newline at end of file\n"},
	{"NUL", "a\x00b\nc\n", "a\x00b\nd\n"},
}

func gitApply(t *testing.T, dir string, patch []byte) {
	t.Helper()
	cmd := exec.Command("git", "apply", "--unidiff-zero", "--whitespace=nowarn", "-")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir), "GIT_CONFIG_GLOBAL=/dev/null")
	cmd.Stdin = bytes.NewReader(patch)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git apply: %v\n%s\n%s", err, out, patch)
	}
}

func TestGitApply(t *testing.T) {
	for _, pair := range pairs {
		t.Run(pair.name, func(t *testing.T) {
			checkGit(t, File{"dir/f.go", []byte(pair.old), []byte(pair.new)})
		})
	}
}

func TestNames(t *testing.T) {
	for _, name := range []string{
		"a b.go", " lead", "trail ", `quote".go`, `back\slash`, "café.go", "日本.go", "tab\t.go",
		"bad\xFFutf8", "new\nline", "x/y z/w.go", "b/b", "-dash", "a' b",
	} {
		t.Run(name, func(t *testing.T) {
			checkGit(t, File{name, []byte("a\nb\n"), []byte("a\nc\n")})
		})
	}
}

func checkGit(t *testing.T, files ...File) {
	t.Helper()
	dir := t.TempDir()
	for _, f := range files {
		path := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Old, 0o644); err != nil {
			t.Skip(err) // a name this file system can't hold
		}
	}
	text, err := Unified(files)
	if err != nil {
		t.Fatal(err)
	}
	gitApply(t, dir, text)
	for _, f := range files {
		got, err := os.ReadFile(filepath.Join(dir, f.Name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, f.New) {
			t.Errorf("%s: applied\n%q\nwant\n%q\npatch\n%s", f.Name, got, f.New, text)
		}
	}
}

func TestGitApplyRandom(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	var files []File
	text := func() []byte {
		var b []byte
		for range r.Intn(40) {
			b = append(b, "abc{}"[r.Intn(5)], '\n')
		}
		if len(b) > 0 && r.Intn(3) == 0 {
			b = b[:len(b)-1]
		}
		return b
	}
	for i := range 60 {
		files = append(files, File{string(rune('A'+i%26)) + string(rune('a'+i/26)), text(), text()})
	}
	checkGit(t, files...)
}

func TestUnified(t *testing.T) {
	got, err := Unified([]File{
		{"z.go", []byte("a\n"), []byte("b\n")},
		{"same.go", []byte("a\n"), []byte("a\n")},
		{"b.go", []byte("1\n2\n3\n4\n5\n"), []byte("1\n2\n3\n4\n5\n6")},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `--- a/b.go
+++ b/b.go
@@ -3,3 +3,4 @@
 3
 4
 5
+6
\ No newline at end of file
--- a/z.go
+++ b/z.go
@@ -1,1 +1,1 @@
-a
+b
`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if _, err := Unified([]File{{Name: "a"}, {Name: "a"}}); err == nil {
		t.Error("a file listed twice is accepted")
	}
	if _, err := Unified([]File{{New: []byte("a")}}); err == nil {
		t.Error("a file without a name is accepted")
	}
}

func TestApply(t *testing.T) {
	src := []byte("0123456789")
	got, err := Apply(src, []Edit{{8, 8, []byte("x")}, {2, 4, nil}, {4, 4, []byte("ab")}, {0, 1, []byte("Z")}})
	if err != nil || string(got) != "Z1ab4567x89" {
		t.Errorf("got %q, %v", got, err)
	}
	for _, bad := range [][]Edit{
		{{2, 5, nil}, {4, 6, nil}}, {{-1, 0, nil}}, {{5, 4, nil}}, {{9, 11, nil}}, {{2, 5, nil}, {3, 3, nil}},
	} {
		if _, err := Apply(src, bad); err == nil {
			t.Errorf("%v is accepted", bad)
		}
	}
}

func TestCount(t *testing.T) {
	for _, test := range []struct {
		old, new       string
		added, removed int
	}{
		{"", "", 0, 0}, {"a\n", "a\n", 0, 0}, {"", "a\nb", 2, 0}, {"a\nb\nc\n", "a\nx\ny\nc\n", 2, 1}, {"a\n", "a", 1, 1},
	} {
		if a, r := Count([]byte(test.old), []byte(test.new)); a != test.added || r != test.removed {
			t.Errorf("Count(%q, %q) = %d, %d, want %d, %d", test.old, test.new, a, r, test.added, test.removed)
		}
	}
}

// Many distinct lines cross the surrogates and U+FFFD.
func TestManyLines(t *testing.T) {
	var old []byte
	for i := range 70_000 {
		old = append(old, strings.Repeat(string(rune('a'+i%26)), 1+i%7)...)
		old = append(old, []byte{byte('0' + i/10_000), byte('0' + i/1000%10), byte('0' + i/100%10), byte('0' + i/10%10), byte('0' + i%10), '\n'}...)
	}
	new := bytes.Replace(old, []byte("57344\n"), []byte("57344\ninserted\n"), 1)
	edits := Edits(old, new)
	if len(edits) != 1 || string(edits[0].New) != "inserted\n" {
		t.Errorf("got %d edits", len(edits))
	}
}

// goldenPairs returns what fixes change in the golden cases, before and after.
func goldenPairs(t testing.TB) (all [][2][]byte) {
	archives, err := filepath.Glob("../../golden/*/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no golden cases: %v", err)
	}
	for _, name := range archives {
		ar, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range ar.Files {
			for _, g := range ar.Files {
				if g.Name == f.Name+".golden" {
					all = append(all, [2][]byte{f.Data, g.Data})
				}
			}
		}
	}
	return all
}

func FuzzUnified(f *testing.F) {
	for _, pair := range pairs {
		f.Add([]byte(pair.old), []byte(pair.new))
	}
	for _, pair := range goldenPairs(f) {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, old, new []byte) {
		got, err := Apply(old, Edits(old, new))
		if err != nil || !bytes.Equal(got, new) {
			t.Fatalf("edits of %q give %q, %v, want %q", old, got, err, new)
		}
		text, err := Unified([]File{{"f", old, new}})
		if err != nil {
			t.Fatal(err)
		}
		if (len(text) == 0) != bytes.Equal(old, new) {
			t.Fatalf("diff of %q and %q is %q", old, new, text)
		}
		if bytes.Equal(old, new) {
			return
		}
		added, removed := Count(old, new)
		body := bytes.SplitAfterN(text, []byte("\n"), 3)[2]
		var plus, minus int
		for line := range bytes.Lines(body) {
			switch line[0] {
			case '+':
				plus++
			case '-':
				minus++
			}
		}
		if plus != added || minus != removed {
			t.Fatalf("counted +%d -%d, printed +%d -%d:\n%s", added, removed, plus, minus, text)
		}
		if got, err := unpatch(old, text); err != nil || got != string(new) {
			t.Fatalf("%v: read by its own words, the diff\n%s\nmakes %q of %q, not %q", err, text, got, old, new)
		}
	})
}

var hunkHead = regexp.MustCompile(`^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@\n$`)

// unpatch makes the changes of a diff of one file, as strictly as git apply
// does: each hunk at its line, and with as many lines as its head says.
func unpatch(old, diff []byte) (string, error) {
	lines := slices.Collect(strings.Lines(string(diff)))[2:]
	source := slices.Collect(strings.Lines(string(old)))
	var out []string
	done := 0 // lines of source
	for len(lines) > 0 {
		m := hunkHead.FindStringSubmatch(lines[0])
		if m == nil {
			return "", fmt.Errorf("%q is no head of a hunk", lines[0])
		}
		lines = lines[1:]
		n := [4]int{0, 1, 0, 1} // where hunks of one line say nothing
		for i := range n {
			if m[i+1] != "" {
				n[i], _ = strconv.Atoi(m[i+1])
			}
		}
		start := n[0] - 1
		if n[1] == 0 {
			start++
		}
		if start < done || start > len(source) {
			return "", fmt.Errorf("a hunk at line %d", n[0])
		}
		out = append(out, source[done:start]...)
		done = start
		if at := len(out) + 1; n[3] > 0 && n[2] != at || n[3] == 0 && n[2] != at-1 {
			return "", fmt.Errorf("a hunk goes to line %d, not %d", n[2], at)
		}
		for n[1] > 0 || n[3] > 0 {
			if len(lines) == 0 {
				return "", errors.New("a hunk is cut off")
			}
			mark, text := lines[0][0], lines[0][1:]
			if lines = lines[1:]; len(lines) > 0 && strings.HasPrefix(lines[0], `\ No newline`) {
				lines, text = lines[1:], strings.TrimSuffix(text, "\n")
			}
			if mark != '+' {
				if done == len(source) || source[done] != text {
					return "", fmt.Errorf("%q does not stand at line %d", text, done+1)
				}
				n[1], done = n[1]-1, done+1
			}
			if mark != '-' {
				n[3], out = n[3]-1, append(out, text)
			}
		}
	}
	return strings.Join(append(out, source[done:]...), ""), nil
}
