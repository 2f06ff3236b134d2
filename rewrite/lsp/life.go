package lsp

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/creachadair/jrpc2"
)

// A state is how far the conversation with the client has come.
type state int

const (
	fresh state = iota
	running
	shutdown
)

// A life is the state of a server and the requests that it has to answer. Its
// mutex is held for no longer than it takes to look: the connection asks for both
// while it is locked itself.
type life struct {
	mu      *sync.Mutex
	state   *state
	waiting map[string]context.CancelFunc // by the ID of the request
}

func newLife() life {
	return life{new(sync.Mutex), new(state), make(map[string]context.CancelFunc)}
}

func (l life) now() state {
	l.mu.Lock()
	defer l.mu.Unlock()
	return *l.state
}

// admit reports whether a method may be called now, and goes on to the state
// that follows from that.
func (l life) admit(method string) *jrpc2.Error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case method == "exit":
	case *l.state == fresh && method == "initialize":
		*l.state = running
	case *l.state == fresh:
		return jrpc2.Errorf(serverNotInitialized, "%s before initialize", method)
	case *l.state == shutdown || method == "initialize":
		return jrpc2.Errorf(jrpc2.InvalidRequest, "%s after the server was told to end, or to begin a second time", method)
	case method == "shutdown":
		*l.state = shutdown
	}
	return nil
}

// exitCode is the one that the protocol asks for.
func (l life) exitCode() int {
	if l.now() == shutdown {
		return 0
	}
	return 1
}

// begin notes a request. Its context ends when the client cancels it.
func (l life) begin(id string) context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting[id] = cancel
	return ctx
}

// cancel ends a request, if there is such a one, and forgets it.
func (l life) cancel(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if cancel := l.waiting[id]; cancel != nil {
		cancel()
		delete(l.waiting, id)
	}
}

// Assign finds what handles a method, by the state that the server is in. It is
// called in the order of the messages, so that a request that is cancelled by a
// later one is always known.
func (s *server) Assign(ctx context.Context, method string) jrpc2.Handler {
	h := s.handler(method)
	if h == nil {
		return nil // the client is told, unless it is a notification
	}
	if err := s.life.admit(method); err != nil {
		return func(context.Context, *jrpc2.Request) (any, error) { return nil, err }
	}
	id := jrpc2.InboundRequest(ctx).ID()
	if id == "" {
		return h
	}
	wanted := s.life.begin(id)
	return func(ctx context.Context, req *jrpc2.Request) (any, error) {
		defer s.life.cancel(id)
		ctx, done := join(ctx, wanted)
		defer done()
		if wanted.Err() == nil {
			result, err := h(ctx, req)
			if err == nil || wanted.Err() == nil {
				return result, err
			}
		}
		return nil, jrpc2.Errorf(requestCancelled, "cancelled")
	}
}

// handle makes a handler of a method. One that panics costs its own answer.
func handle[P any](s *server, f func(context.Context, *P) (any, error)) jrpc2.Handler {
	return func(ctx context.Context, req *jrpc2.Request) (result any, err error) {
		defer func() {
			if v := recover(); v != nil {
				s.log(messageError, fmt.Sprintf("%s failed: %v; this is a defect of fixer, please report it\n%s", req.Method(), v, debug.Stack()))
				err = jrpc2.Errorf(jrpc2.InternalError, "%s failed: %v", req.Method(), v)
			}
		}()
		p := new(P)
		if err := req.UnmarshalParams(p); err != nil {
			return nil, err
		}
		return f(ctx, p)
	}
}
