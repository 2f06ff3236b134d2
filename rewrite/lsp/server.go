// Package lsp serves editors: it is a language server over the driver. It
// publishes the findings of the modules that are edited, unsaved texts included,
// offers the fixes as code actions, and tells of fields and locks what guards
// what. It holds no analysis.
package lsp

import (
	"context"
	"encoding/json"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/creachadair/jrpc2"

	"github.com/go-fixer/fixer/rewrite/driver"
)

// Options say how a server works.
type Options struct {
	// Config is for the modules: what it says of directories, packages and
	// overlays is filled in for each of them.
	Config driver.Config
	// Delay is how long a text must rest before it is looked at, and Rest how
	// long until it is tried what can be mended. Zero means what suits people.
	Delay, Rest time.Duration
}

const (
	usualDelay = 300 * time.Millisecond
	usualRest  = 3 * time.Second
	// replyTime is how long a client may take to answer.
	replyTime = 10 * time.Second
	// lastWords is how long a client may take to read what it was sent.
	lastWords = time.Second
	// requests is how many may wait at once.
	requests = 64
)

// A server speaks with one client.
type server struct {
	opts Options
	rpc  *jrpc2.Server
	ctx  context.Context // ends with the server
	turn turn

	life life

	mu      sync.Mutex // guards all below; messages are sent under it
	client  capabilities
	utf8    bool // columns count bytes, not UTF-16 code units
	folders []string
	docs    map[string]*document // open, by file name
	modules map[string]*module   // by directory
	told    map[string]bool      // what was logged once and need not be again
	tokens  int                  // of progress, given out so far

	exit chan int
}

// Serve speaks with a client until that says exit, or is gone. The answer is
// the exit code that the protocol asks for.
func Serve(ctx context.Context, in io.Reader, out io.WriteCloser, opts Options) (int, error) {
	if opts.Delay == 0 {
		opts.Delay = usualDelay
	}
	if opts.Rest == 0 {
		opts.Rest = usualRest
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &server{opts: opts, ctx: ctx, turn: newTurn(), docs: make(map[string]*document), modules: make(map[string]*module),
		told: make(map[string]bool), exit: make(chan int, 1), life: newLife()}
	s.rpc = jrpc2.NewServer(s, &jrpc2.ServerOptions{AllowPush: true, DisableBuiltin: true, Concurrency: requests,
		NewContext: func() context.Context { return ctx }})
	w := newWire(in, out)
	defer w.drain(lastWords)
	s.rpc.Start(w)
	gone := make(chan error, 1)
	go func() { gone <- s.rpc.Wait() }()
	select {
	case code := <-s.exit:
		return code, nil
	case <-ctx.Done():
		return 1, ctx.Err()
	case err := <-gone:
		return s.life.exitCode(), err
	}
}

func (s *server) handler(method string) jrpc2.Handler {
	switch method {
	case "initialize":
		return handle(s, s.initialize)
	case "initialized":
		return handle(s, s.initialized)
	case "shutdown":
		return handle(s, s.shutdown)
	case "exit":
		return handle(s, s.leave)
	case "$/cancelRequest":
		return handle(s, s.cancelRequest)
	case "textDocument/didOpen":
		return handle(s, s.didOpen)
	case "textDocument/didChange":
		return handle(s, s.didChange)
	case "textDocument/didSave":
		return handle(s, s.didSave)
	case "textDocument/didClose":
		return handle(s, s.didClose)
	case "workspace/didChangeWatchedFiles":
		return handle(s, s.didChangeWatchedFiles)
	case "workspace/didChangeWorkspaceFolders":
		return handle(s, s.didChangeFolders)
	case "textDocument/codeAction":
		return handle(s, s.codeActions)
	case "codeAction/resolve":
		return handle(s, s.resolve)
	case "textDocument/hover":
		return handle(s, s.hover)
	}
	return nil
}

func (s *server) initialize(_ context.Context, p *initializeParams) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.client = p.Capabilities
	s.utf8 = slices.Contains(p.Capabilities.General.PositionEncodings, "utf-8")
	for _, f := range p.Folders {
		s.folders = append(s.folders, fileName(f.URI))
	}
	if len(p.Folders) == 0 && p.RootURI != "" {
		s.folders = []string{fileName(p.RootURI)}
	} else if len(p.Folders) == 0 && p.RootPath != "" {
		s.folders = []string{p.RootPath}
	}
	encoding := "utf-16"
	if s.utf8 {
		encoding = "utf-8"
	}
	return object{
		"capabilities": object{
			"positionEncoding": encoding,
			"textDocumentSync": object{"openClose": true, "change": syncIncremental, "save": object{}},
			"codeActionProvider": object{
				"codeActionKinds": []string{quickFix, fixAll},
				"resolveProvider": true,
			},
			"hoverProvider": true,
			"workspace":     object{"workspaceFolders": object{"supported": true, "changeNotifications": true}},
		},
		"serverInfo": object{"name": "fixer", "version": driver.Version()},
	}, nil
}

func (s *server) initialized(context.Context, *struct{}) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, dir := range s.folders {
		s.moduleOf(dir)
	}
	if s.client.Workspace.DidChangeWatchedFiles.DynamicRegistration {
		go s.watchFiles()
	}
	return nil, nil
}

// watchFiles asks the client to tell of files that others change.
func (s *server) watchFiles() {
	var watchers []object
	for _, glob := range []string{"**/*.go", "**/go.mod", "**/go.sum", "**/go.work", "**/" + driver.ConfigFile} {
		watchers = append(watchers, object{"globPattern": glob})
	}
	s.ask("client/registerCapability", object{"registrations": []object{{
		"id": "files", "method": "workspace/didChangeWatchedFiles", "registerOptions": object{"watchers": watchers},
	}}})
}

func (s *server) shutdown(context.Context, *struct{}) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.modules {
		m.stop()
	}
	return nil, nil
}

func (s *server) leave(context.Context, *struct{}) (any, error) {
	select {
	case s.exit <- s.life.exitCode():
	default: // said twice
	}
	return nil, nil
}

func (s *server) cancelRequest(_ context.Context, p *cancelParams) (any, error) {
	s.life.cancel(string(p.ID))
	return nil, nil
}

// tell sends a notification. That the client is gone is noticed elsewhere.
func (s *server) tell(method string, params any) { s.rpc.Notify(s.ctx, method, params) }

// ask sends a request, and reports whether the client agreed in time.
func (s *server) ask(method string, params any) bool {
	ctx, cancel := context.WithTimeout(s.ctx, replyTime)
	defer cancel()
	_, err := s.rpc.Callback(ctx, method, params)
	return err == nil
}

func (s *server) log(level int, text string) {
	s.tell("window/logMessage", object{"type": level, "message": text})
}

// logOnce logs what would be the same each time.
func (s *server) logOnce(level int, text string) {
	if !s.told[text] {
		s.told[text] = true
		s.log(level, text)
	}
}

// raw is how a value looks on the wire.
func raw(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // they are our own types
	}
	return string(text)
}
