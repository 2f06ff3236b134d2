package lsp_test

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/creachadair/jrpc2"
	"github.com/creachadair/jrpc2/channel"

	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rewrite/lsp"
	"github.com/go-fixer/fixer/rules"
)

// env is the environment of the go commands: nothing is fetched, and no
// settings of the user's reach in.
var env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GOPROXY=off", "GOTOOLCHAIN=local")

type (
	position struct{ Line, Character int }
	span     struct{ Start, End position }
	textEdit struct {
		Range   span
		NewText string
	}
	diagnostic struct {
		Range              span
		Severity           int
		Code, Message      string
		CodeDescription    struct{ Href string }
		RelatedInformation []struct {
			Location struct {
				URI   string
				Range span
			}
			Message string
		}
	}
	documentEdit struct {
		TextDocument struct {
			URI     string
			Version *int
		}
		Edits []textEdit
	}
	workspaceEdit struct {
		Changes         map[string][]textEdit
		DocumentChanges []documentEdit
	}
	action struct {
		Title, Kind string
		Diagnostics []diagnostic
		IsPreferred bool
		Edit        *workspaceEdit
		Data        json.RawMessage
	}
	object = map[string]any
)

// An editor is a client of a server in this process, with its buffers.
type editor struct {
	t       *testing.T
	dir     string
	client  *jrpc2.Client
	exit    chan int
	answers object // of initialize

	buffers  map[string]string // by name relative to dir
	versions map[string]int

	mu    sync.Mutex // guards all below
	shown map[string][]diagnostic
	at    map[string]*int // versions that diagnostics came with
	news  chan struct{}
	notes []note   // other notifications
	asked []string // methods the server called
}

type note struct{ method, params string }

// everything is what a client can do that can do all.
const everything = `{
	"general": {"positionEncodings": ["utf-16"]},
	"window": {"workDoneProgress": true},
	"workspace": {"workspaceEdit": {"documentChanges": true}, "didChangeWatchedFiles": {"dynamicRegistration": true}},
	"textDocument": {
		"publishDiagnostics": {"relatedInformation": true, "versionSupport": true, "codeDescriptionSupport": true},
		"codeAction": {"dataSupport": true, "resolveSupport": {"properties": ["edit"]}},
		"hover": {"contentFormat": ["markdown", "plaintext"]}
	}
}`

// nothing is what a client can do at least.
const nothing = `{}`

// start starts a server and a client in a directory.
func start(t *testing.T, dir, capabilities string, opts ...func(*lsp.Options)) *editor {
	t.Helper()
	e := &editor{t: t, dir: dir, exit: make(chan int, 1), buffers: make(map[string]string), versions: make(map[string]int),
		shown: make(map[string][]diagnostic), at: make(map[string]*int), news: make(chan struct{}, 1)}
	o := lsp.Options{Config: driver.Config{Config: load.Config{Tests: true, Env: env}, Rules: rules.All}, Delay: 10 * time.Millisecond, Rest: time.Hour}
	for _, f := range opts {
		f(&o)
	}
	toServer, fromClient := io.Pipe()
	toClient, fromServer := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		code, _ := lsp.Serve(ctx, toServer, fromServer, o)
		e.exit <- code
	}()
	e.client = jrpc2.NewClient(ear{channel.Header("")(toClient, fromClient), e.hear}, &jrpc2.ClientOptions{OnCallback: e.asks})
	t.Cleanup(func() {
		cancel()
		fromServer.Close()
		fromClient.Close()
		e.client.Close()
	})
	e.call("initialize", object{"rootUri": "file://" + dir, "capabilities": json.RawMessage(capabilities)}, &e.answers)
	e.notify("initialized", object{})
	return e
}

// An ear hears notifications in their order among all messages.
type ear struct {
	channel.Channel
	hear func(method string, params json.RawMessage)
}

func (e ear) Recv() ([]byte, error) {
	for {
		msg, err := e.Channel.Recv()
		var m struct {
			ID     json.RawMessage
			Method string
			Params json.RawMessage
		}
		if err != nil || json.Unmarshal(msg, &m) != nil || m.Method == "" || m.ID != nil {
			return msg, err
		}
		e.hear(m.Method, m.Params)
	}
}

func (e *editor) hear(method string, params json.RawMessage) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if method != "textDocument/publishDiagnostics" {
		e.notes = append(e.notes, note{method, string(params)})
		return
	}
	var p struct {
		URI         string
		Version     *int
		Diagnostics *[]diagnostic
	}
	if err := json.Unmarshal(params, &p); err != nil || p.Diagnostics == nil {
		e.t.Errorf("diagnostics that are no list: %s", params)
		return
	}
	name := e.name(p.URI)
	e.shown[name], e.at[name] = *p.Diagnostics, p.Version
	select {
	case e.news <- struct{}{}:
	default:
	}
}

func (e *editor) asks(_ context.Context, r *jrpc2.Request) (any, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked = append(e.asked, r.Method())
	return nil, nil
}

func (e *editor) uri(name string) string { return "file://" + filepath.Join(e.dir, name) }

func (e *editor) name(uri string) string {
	rel, err := filepath.Rel(e.dir, strings.TrimPrefix(uri, "file://"))
	if err != nil {
		e.t.Errorf("URI %s: %v", uri, err)
	}
	return rel
}

func (e *editor) call(method string, params, result any) {
	e.t.Helper()
	if err := e.try(method, params, result); err != nil {
		e.t.Fatalf("%s: %v", method, err)
	}
}

func (e *editor) try(method string, params, result any) error {
	ctx, cancel := context.WithTimeout(e.t.Context(), 2*time.Minute)
	defer cancel()
	r, err := e.client.Call(ctx, method, params)
	if err != nil || result == nil {
		return err
	}
	return r.UnmarshalResult(result)
}

func (e *editor) notify(method string, params any) {
	e.t.Helper()
	if err := e.client.Notify(e.t.Context(), method, params); err != nil {
		e.t.Fatalf("%s: %v", method, err)
	}
}

// open opens a file as it is on disk.
func (e *editor) open(name string) {
	e.t.Helper()
	text, err := os.ReadFile(filepath.Join(e.dir, name))
	if err != nil {
		e.t.Fatal(err)
	}
	e.openAs(name, string(text))
}

// openAs opens a file with an unsaved text.
func (e *editor) openAs(name, text string) {
	e.t.Helper()
	e.buffers[name], e.versions[name] = text, 0
	e.notify("textDocument/didOpen", object{"textDocument": object{"uri": e.uri(name), "languageId": "go", "version": 0, "text": text}})
}

// close closes a file without saving it.
func (e *editor) close(name string) {
	e.t.Helper()
	delete(e.buffers, name)
	e.notify("textDocument/didClose", object{"textDocument": object{"uri": e.uri(name)}})
}

// change replaces a buffer, or the part of it that a range says.
func (e *editor) change(name string, at *span, text string) {
	e.t.Helper()
	e.versions[name]++
	if at == nil {
		e.buffers[name] = text
	} else {
		e.buffers[name] = replace(e.buffers[name], textEdit{*at, text})
	}
	e.notify("textDocument/didChange", object{"textDocument": object{"uri": e.uri(name), "version": e.versions[name]},
		"contentChanges": []object{changeOf(at, text)}})
}

func changeOf(at *span, text string) object {
	c := object{"text": text}
	if at != nil {
		c["range"] = jsonSpan(*at)
	}
	return c
}

func jsonSpan(s span) object {
	return object{"start": object{"line": s.Start.Line, "character": s.Start.Character}, "end": object{"line": s.End.Line, "character": s.End.Character}}
}

// offset is where a position is in a text, counted the slow way.
func offset(text string, p position) int {
	at := 0
	for range p.Line {
		n := strings.IndexByte(text[at:], '\n')
		if n < 0 {
			return len(text)
		}
		at += n + 1
	}
	for units := 0; units < p.Character && at < len(text) && text[at] != '\n'; {
		r := []rune(text[at:min(len(text), at+4)])[0]
		units += len(utf16.Encode([]rune{r}))
		at += len(string(r))
	}
	return at
}

func replace(text string, edit textEdit) string {
	return text[:offset(text, edit.Range.Start)] + edit.NewText + text[offset(text, edit.Range.End):]
}

// apply makes the changes of an action, in buffers and files, as an editor does.
func (e *editor) apply(edit *workspaceEdit) {
	e.t.Helper()
	all := maps.Clone(edit.Changes)
	if all == nil {
		all = make(map[string][]textEdit)
	}
	for _, d := range edit.DocumentChanges {
		name := e.name(d.TextDocument.URI)
		if _, open := e.buffers[name]; open != (d.TextDocument.Version != nil) || open && *d.TextDocument.Version != e.versions[name] {
			e.t.Errorf("%s: an edit of version %v, the buffer is open: %v, version %d", name, d.TextDocument.Version, open, e.versions[name])
		}
		all[d.TextDocument.URI] = d.Edits
	}
	for uri, edits := range all {
		name := e.name(uri)
		if _, open := e.buffers[name]; !open {
			e.open(name)
		}
		slices.SortFunc(edits, func(a, b textEdit) int {
			return offset(e.buffers[name], b.Range.Start) - offset(e.buffers[name], a.Range.Start)
		})
		var changes []object
		for _, t := range edits { // from the end on, so that positions stay right
			changes = append(changes, changeOf(&t.Range, t.NewText))
			e.buffers[name] = replace(e.buffers[name], t)
		}
		e.versions[name]++
		e.notify("textDocument/didChange", object{"textDocument": object{"uri": uri, "version": e.versions[name]}, "contentChanges": changes})
	}
}

// actions asks for the actions of kinds in a range of a buffer.
func (e *editor) actions(name string, at span, only ...string) []action {
	e.t.Helper()
	var list []action
	c := object{"diagnostics": []object{}}
	if len(only) > 0 {
		c["only"] = only
	}
	e.call("textDocument/codeAction", object{"textDocument": object{"uri": e.uri(name)}, "range": jsonSpan(at), "context": c}, &list)
	if list == nil {
		e.t.Error("actions that are no list")
	}
	return list
}

// settled waits until the server has looked at all that it was told, and
// returns what it shows of a file.
func (e *editor) settled(name string) []diagnostic {
	e.t.Helper()
	if _, open := e.buffers[name]; !open {
		e.t.Fatalf("%s is not open", name)
	}
	e.actions(name, span{}) // answered when the text was analysed
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.shown[name]
}

// until waits for diagnostics of a file that are as wanted.
func (e *editor) until(name string, wanted func([]diagnostic) bool) []diagnostic {
	e.t.Helper()
	deadline := time.After(time.Minute)
	for {
		e.mu.Lock()
		list, told := e.shown[name]
		e.mu.Unlock()
		if told && wanted(list) {
			return list
		}
		select {
		case <-e.news:
		case <-deadline:
			e.t.Fatalf("%s: diagnostics are not as wanted: %+v", name, list)
		}
	}
}
