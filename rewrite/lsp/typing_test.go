package lsp_test

import (
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-fixer/fixer/rewrite/lsp"
)

var everyCase = flag.Bool("lsp.all", false, "type in all golden cases, not only the examples")

// pause is after how many characters typing stops until the server has looked.
// It divides no length of a line in particular.
const pause = 97

// TestTyping types the files of golden cases character by character: over what
// is on disk, and into a file that is not there yet. What is shown in the end is
// what is shown of the file on disk.
func TestTyping(t *testing.T) {
	pattern := "../../golden/*/example.txtar"
	if *everyCase {
		pattern = "../../golden/*/*.txtar"
	}
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		dir, name := filepath.Split(file)
		rule := filepath.Base(dir)
		if rule != "cli" {
			t.Run(rule+"/"+strings.TrimSuffix(name, ".txtar"), func(t *testing.T) { typeCase(t, filepath.Join(rule, name)) })
		}
	}
}

func typeCase(t *testing.T, file string) {
	dir, sources, _ := unpack(t, file)
	var names []string
	for name := range sources {
		if strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			names = append(names, name)
		}
	}
	begin := func(delay time.Duration) *editor {
		return start(t, dir, everything, func(o *lsp.Options) { o.Delay, o.Rest = delay, delay })
	}
	over := begin(time.Millisecond)
	want := make(map[string][]diagnostic)
	for _, name := range names {
		over.open(name)
		want[name] = over.settled(name)
		over.change(name, nil, "")
		over.typeIn(name, sources[name])
		over.close(name)
	}
	for _, name := range names {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	new := begin(20 * time.Millisecond)
	for _, name := range names {
		new.openAs(name, "")
		new.typeIn(name, sources[name])
	}
	for _, name := range names {
		over.openAs(name, sources[name])
	}
	for _, e := range []*editor{over, new} {
		for _, name := range names {
			if got := e.settled(name); !slices.EqualFunc(got, want[name], sameFinding) {
				t.Errorf("%s: typed in: %+v\nread: %+v", name, got, want[name])
			}
		}
		e.sane()
	}
}

// sameFinding reports whether two diagnostics say the same of the same, apart
// from what can be done about it, which is known only after a while.
func sameFinding(a, b diagnostic) bool {
	return a.Range == b.Range && reflect.DeepEqual(a.RelatedInformation, b.RelatedInformation)
}

// typeIn types a text behind the end of a buffer, and after each pause asks for
// what can be asked for.
func (e *editor) typeIn(name, text string) {
	e.t.Helper()
	var at position
	for i, r := range []rune(text) {
		e.change(name, &span{at, at}, string(r))
		switch {
		case r == '\n':
			at = position{at.Line + 1, 0}
		case r > 0xFFFF:
			at.Character += 2
		default:
			at.Character++
		}
		if i%pause == pause-1 {
			for _, d := range e.settled(name) {
				e.actions(name, d.Range)
			}
			e.call("textDocument/hover", object{"textDocument": object{"uri": e.uri(name)}, "position": object{"line": at.Line, "character": 2}}, nil)
		}
	}
	if e.buffers[name] != text {
		e.t.Fatalf("typed %q", e.buffers[name])
	}
}

// sane fails if the server complained of itself.
func (e *editor) sane() {
	e.t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, n := range e.notes {
		if n.method == "window/logMessage" && (strings.Contains(n.params, "defect") || strings.Contains(n.params, "panic")) {
			e.t.Error(n.params)
		}
	}
}

// TestGrowth edits one file five hundred times. The memory in use after the
// last hundred of them is what it was after the first.
func TestGrowth(t *testing.T) {
	dir, sources, results := unpack(t, "guard/getter.txtar")
	e := start(t, dir, everything, func(o *lsp.Options) { o.Delay = time.Microsecond })
	var names []string
	for name := range results {
		e.open(name)
		names = append(names, name)
	}
	edit := func(n int) {
		for i := range n {
			name := names[i%len(names)]
			e.change(name, nil, sources[name]+strings.Repeat("\n", i%3)+"\n// "+strings.Repeat("x", i%50)+"\n")
			list := e.settled(name)
			if i%10 == 0 && len(list) > 0 {
				e.actions(name, list[0].Range)
			}
		}
	}
	edit(100)
	before := heap()
	edit(400)
	after := heap()
	t.Logf("in use after 100 edits %d kB, after 500 %d kB", before>>10, after>>10)
	if after > before+before/4+4<<20 {
		t.Errorf("in use after 100 edits %d kB, after 500 %d kB", before>>10, after>>10)
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
