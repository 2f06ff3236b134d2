package lsp

import (
	"context"
	"sync"
)

// A turn lets one analysis run at a time. What is done only because nobody else
// wants anything gives way to others.
type turn struct {
	token chan struct{}
	mu    *sync.Mutex
	idle  *context.CancelFunc // stops what gives way; guarded by mu
}

func newTurn() turn {
	return turn{make(chan struct{}, 1), new(sync.Mutex), new(context.CancelFunc)}
}

// take waits for the turn. It must be given back if there is no error.
func (t turn) take(ctx context.Context) error {
	t.mu.Lock()
	if *t.idle != nil {
		(*t.idle)()
	}
	t.mu.Unlock()
	select {
	case t.token <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t turn) give() { <-t.token }

// spare runs f if nobody has the turn, with a context that ends when somebody
// wants it.
func (t turn) spare(ctx context.Context, f func(context.Context)) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t.mu.Lock()
	select {
	case t.token <- struct{}{}:
	default:
		t.mu.Unlock()
		return
	}
	*t.idle = cancel
	t.mu.Unlock()
	defer func() {
		t.mu.Lock()
		*t.idle = nil
		t.mu.Unlock()
		t.give()
	}()
	f(ctx)
}
