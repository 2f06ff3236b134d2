package lsp_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creachadair/jrpc2"

	"github.com/go-fixer/fixer/rewrite/lsp"
)

// racy is a module with one race, behind characters of one, two and four bytes.
const racy = `package m

import "sync"

type T struct {
	mu sync.Mutex
	n  int
}

func New() *T {
	t := &T{}
	go t.run()
	return t
}

func (t *T) run() {
	for {
		t.mu.Lock()
		t.n++
		t.mu.Unlock()
	}
}

func (t *T) Reset() {
	t.mu.Lock()
	t.n = 0
	t.mu.Unlock()
}

func (t *T) Get() int {
	/* é𝄞 */ return t.n
}
`

// fixedGet is the race mended.
var fixedGet = strings.Replace(racy, "\t/* é𝄞 */ return t.n", "\tt.mu.Lock()\n\tdefer t.mu.Unlock()\n\t/* é𝄞 */ return t.n", 1)

// module writes a module with the given files, and returns its directory.
func module(t *testing.T, files ...string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "go.mod"), "module example.com/m\n\ngo 1.21\n")
	for i := 0; i < len(files); i += 2 {
		write(t, filepath.Join(dir, files[i]), files[i+1])
	}
	return dir
}

// code is the number of an error of the protocol.
func code(err error) int {
	var e *jrpc2.Error
	if !errors.As(err, &e) {
		return 0
	}
	return int(e.Code)
}

func TestColumns(t *testing.T) {
	for encoding, want := range map[string]int{"utf-16": len("\t/* é") + 2 - 1 + len(" */ return "), "utf-8": len("\t/* é𝄞 */ return ")} {
		t.Run(encoding, func(t *testing.T) {
			e := start(t, module(t, "m.go", racy), `{"general": {"positionEncodings": ["`+encoding+`"]}}`)
			if got := e.answers["capabilities"].(object)["positionEncoding"]; got != encoding {
				t.Errorf("encoding %v", got)
			}
			e.open("m.go")
			list := e.settled("m.go")
			at := span{position{30, want}, position{30, want + len("t.n")}}
			if len(list) != 1 || list[0].Range != at {
				t.Fatalf("want one at %v: %+v", at, list)
			}
			if encoding == "utf-8" {
				return // the editor here counts otherwise
			}
			e.change("m.go", &span{position{30, 5}, position{30, 7}}, "ü") // for the 𝄞
			if !strings.Contains(e.buffers["m.go"], "/* éü */") {
				t.Fatal(e.buffers["m.go"])
			}
			list = e.settled("m.go")
			if len(list) != 1 || list[0].Range.Start.Character != want-1 {
				t.Errorf("after the change: %+v", list)
			}
		})
	}
}

func TestDiagnostic(t *testing.T) {
	e := start(t, module(t, "m.go", racy), everything)
	e.open("m.go")
	list := e.settled("m.go")
	if len(list) != 1 {
		t.Fatalf("%+v", list)
	}
	d := list[0]
	if d.Code != "field" || d.Severity != 2 || !strings.Contains(d.CodeDescription.Href, "#rules") || strings.Contains(d.Message, "fixed") {
		t.Errorf("%+v", d)
	}
	var told []string
	for _, r := range d.RelatedInformation {
		told = append(told, r.Message)
	}
	for _, want := range []string{"written in", "New starts", "T.mu is held at 2 of 3 accesses"} {
		if !slices.ContainsFunc(told, func(s string) bool { return strings.Contains(s, want) }) {
			t.Errorf("nothing related says %q: %q", want, told)
		}
	}
	if v := e.at["m.go"]; v == nil || *v != 0 {
		t.Errorf("version %v", v)
	}
	actions := e.actions("m.go", d.Range)
	if len(actions) == 0 || actions[0].Kind != "quickfix" || !actions[0].IsPreferred || len(actions[0].Diagnostics) != 1 || !strings.Contains(actions[0].Title, "guard") {
		t.Fatalf("%+v", actions)
	}
	for i, a := range actions {
		if a.Kind != "quickfix" || i > 0 && a.IsPreferred {
			t.Errorf("action %d: %+v", i, a)
		}
	}
	if far := e.actions("m.go", span{}); len(far) != 0 {
		t.Errorf("far away: %+v", far)
	}
	if other := e.actions("m.go", d.Range, "refactor"); len(other) != 0 {
		t.Errorf("of another kind: %+v", other)
	}
	e.apply(actions[0].Edit)
	if got := e.buffers["m.go"]; got != fixedGet {
		t.Errorf("mended:\n%s", got)
	}
	if left := e.settled("m.go"); len(left) != 0 {
		t.Errorf("left: %+v", left)
	}
}

// TestUnsafe offers what needs a decision last, and says what speaks against it.
func TestUnsafe(t *testing.T) {
	dir, _, results := unpack(t, "waitgroup/slow_unsafe.txtar")
	e := start(t, dir, nothing)
	e.open("watch.go")
	var actions []action
	for _, d := range e.settled("watch.go") {
		actions = append(actions, e.actions("watch.go", d.Range)...)
	}
	if len(actions) == 0 {
		t.Fatal("nothing is offered")
	}
	for _, a := range actions {
		if a.IsPreferred || !strings.Contains(a.Title, "unsafe: ") {
			t.Errorf("%+v", a)
		}
	}
	if len(e.actions("watch.go", span{}, "source.fixAll.fixer")) != 0 {
		t.Error("a fix that is not safe is among all fixes")
	}
	e.apply(actions[0].Edit)
	e.compare(results)
}

// TestRest waits for what is told of the fixes when nobody types.
func TestRest(t *testing.T) {
	e := start(t, module(t, "m.go", racy), nothing, func(o *lsp.Options) { o.Rest = 10 * time.Millisecond })
	e.open("m.go")
	list := e.until("m.go", func(list []diagnostic) bool { return len(list) == 1 && list[0].Code == "guard" })
	if len(list[0].RelatedInformation) > 0 || e.at["m.go"] != nil || list[0].CodeDescription.Href != "" {
		t.Errorf("more than the client asked for: %+v", list)
	}
}

// TestStale has versions and actions refused that are of older texts.
func TestStale(t *testing.T) {
	e := start(t, module(t, "m.go", racy), everything)
	e.open("m.go")
	e.change("m.go", nil, racy+"\n")
	list := e.actions("m.go", span{}, "source.fixAll.fixer")
	if len(list) != 1 || list[0].Edit != nil {
		t.Fatalf("not left for later: %+v", list)
	}
	var whole action
	params := object{"title": list[0].Title, "kind": list[0].Kind, "data": list[0].Data}
	e.call("codeAction/resolve", params, &whole)
	if whole.Edit == nil || len(whole.Edit.DocumentChanges) != 1 || *whole.Edit.DocumentChanges[0].TextDocument.Version != 1 {
		t.Errorf("%+v", whole)
	}
	e.change("m.go", nil, racy)
	if err := e.try("codeAction/resolve", params, nil); code(err) != -32801 {
		t.Errorf("an action for another text: %v", err)
	}
	e.notify("textDocument/didChange", object{"textDocument": object{"uri": e.uri("m.go"), "version": 1},
		"contentChanges": []object{{"text": "package gone"}}})
	if list := e.settled("m.go"); len(list) != 1 {
		t.Errorf("an older version was taken in: %+v", list)
	}
}

func TestCancel(t *testing.T) {
	e := start(t, module(t, "m.go", racy), nothing, func(o *lsp.Options) { o.Delay = time.Hour })
	e.open("m.go")
	answer := make(chan error)
	go func() {
		answer <- e.try("textDocument/codeAction", object{"textDocument": object{"uri": e.uri("m.go")}, "range": jsonSpan(span{}), "context": object{}}, nil)
	}()
	for try := 0; ; try++ {
		e.notify("$/cancelRequest", object{"id": 2}) // the first one was initialize
		select {
		case err := <-answer:
			if code(err) != -32800 {
				t.Errorf("cancelled: %v", err)
			}
			return
		case <-time.After(50 * time.Millisecond):
			if try > 200 {
				t.Fatal("the request goes on")
			}
		}
	}
}

// TestOutdated has an edit end a request that waits for the text before it.
func TestOutdated(t *testing.T) {
	e := start(t, module(t, "m.go", racy), nothing, func(o *lsp.Options) { o.Delay = time.Hour })
	e.open("m.go")
	answer := make(chan error)
	go func() {
		answer <- e.try("textDocument/codeAction", object{"textDocument": object{"uri": e.uri("m.go")}, "range": jsonSpan(span{}), "context": object{}}, nil)
	}()
	for {
		e.change("m.go", nil, racy)
		select {
		case err := <-answer:
			if code(err) != -32801 {
				t.Errorf("outdated: %v", err)
			}
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func TestLifecycle(t *testing.T) {
	e := start(t, module(t, "m.go", racy), nothing)
	if err := e.try("initialize", object{}, nil); code(err) != -32600 {
		t.Errorf("a second initialize: %v", err)
	}
	if err := e.try("textDocument/rename", object{}, nil); code(err) != -32601 {
		t.Errorf("an unknown request: %v", err)
	}
	e.notify("$/setTrace", object{"value": "off"})
	e.notify("some/notification", nil)
	e.call("shutdown", nil, nil)
	if err := e.try("textDocument/hover", object{}, nil); code(err) != -32600 {
		t.Errorf("after shutdown: %v", err)
	}
	e.notify("exit", nil)
	if got := <-e.exit; got != 0 {
		t.Errorf("exit code %d", got)
	}
	e = start(t, module(t), nothing)
	e.notify("exit", nil)
	if got := <-e.exit; got != 1 {
		t.Errorf("exit code %d without shutdown", got)
	}
}

func TestProgress(t *testing.T) {
	e := start(t, module(t, "m.go", racy), everything)
	e.open("m.go")
	e.settled("m.go")
	var kinds []string
	deadline := time.Now().Add(time.Minute)
	for !slices.Contains(kinds, "end") && time.Now().Before(deadline) {
		kinds = nil
		e.mu.Lock()
		for _, n := range e.notes {
			var p struct{ Value struct{ Kind string } }
			if n.method == "$/progress" && json.Unmarshal([]byte(n.params), &p) == nil {
				kinds = append(kinds, p.Value.Kind)
			}
		}
		e.mu.Unlock()
		time.Sleep(5 * time.Millisecond)
	}
	if len(kinds) < 3 || kinds[0] != "begin" || kinds[1] != "report" || kinds[len(kinds)-1] != "end" {
		t.Errorf("progress %q", kinds)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if !slices.Contains(e.asked, "client/registerCapability") || !slices.Contains(e.asked, "window/workDoneProgress/create") {
		t.Errorf("asked %q", e.asked)
	}
}

func TestOutside(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "m.go"), racy)
	e := start(t, dir, nothing)
	e.open("m.go")
	if list := e.settled("m.go"); list != nil {
		t.Errorf("%+v", list)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if !slices.ContainsFunc(e.notes, func(n note) bool { return n.method == "window/logMessage" && strings.Contains(n.params, "no go.mod") }) {
		t.Errorf("nothing is said: %q", e.notes)
	}
}

func TestHover(t *testing.T) {
	e := start(t, module(t, "m.go", racy), everything)
	e.open("m.go")
	e.settled("m.go")
	for _, c := range []struct {
		at   position
		want string // "" for nothing
	}{
		{position{6, 1}, "guarded by T.mu at 2 of 3 accesses"},
		{position{30, 21}, "by the goroutine"},
		{position{30, 21}, `T.n is`},
		{position{5, 1}, "guards T.n: held at 2 of 3 accesses"},
		{position{17, 4}, "guards T.n"},
		{position{9, 6}, ""},
	} {
		var h *struct {
			Contents struct{ Kind, Value string }
		}
		e.call("textDocument/hover", object{"textDocument": object{"uri": e.uri("m.go")}, "position": object{"line": c.at.Line, "character": c.at.Character}}, &h)
		switch {
		case h == nil && c.want != "":
			t.Errorf("%v: nothing, want %q", c.at, c.want)
		case h != nil && c.want == "":
			t.Errorf("%v: %q", c.at, h.Contents.Value)
		case h != nil && (h.Contents.Kind != "markdown" || !strings.Contains(h.Contents.Value, c.want)):
			t.Errorf("%v: %q, want %q", c.at, h.Contents.Value, c.want)
		}
	}
}

// TestInterrupt ends the server from outside.
func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	cancel()
	if _, err := lsp.Serve(ctx, in, out, lsp.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
