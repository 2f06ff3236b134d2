package lsp

import (
	"errors"
	"io"
	"sync"
	"time"

	"github.com/creachadair/jrpc2/channel"
)

// A wire carries messages. Sending never waits for the client to read: one that
// itself waits until it is read would wait for ever.
type wire struct {
	channel.Channel
	mu    sync.Mutex // guards all below
	queue [][]byte
	ended bool
	more  chan struct{} // there is something in the queue, or it has ended
	empty chan struct{} // closed when all is sent that ever will be
}

func newWire(in io.Reader, out io.WriteCloser) *wire {
	w := &wire{Channel: channel.Header("")(in, out), more: make(chan struct{}, 1), empty: make(chan struct{})}
	go w.carry()
	return w
}

// Recv takes messages of whatever content type a client calls them.
func (w *wire) Recv() ([]byte, error) {
	msg, err := w.Channel.Recv()
	if other := (*channel.ContentTypeMismatchError)(nil); errors.As(err, &other) {
		err = nil
	}
	return msg, err
}

// Send puts a message into the queue.
func (w *wire) Send(msg []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return channel.ErrClosed
	}
	w.queue = append(w.queue, msg)
	w.stir()
	return nil
}

func (w *wire) stir() {
	select {
	case w.more <- struct{}{}:
	default:
	}
}

// Close lets no more messages in.
func (w *wire) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	w.stir()
	return nil
}

// carry sends what is in the queue until the wire is closed or broken.
func (w *wire) carry() {
	defer close(w.empty)
	defer w.Channel.Close()
	for range w.more {
		w.mu.Lock()
		list, ended := w.queue, w.ended
		w.queue = nil
		w.mu.Unlock()
		for _, msg := range list {
			if w.Channel.Send(msg) != nil {
				w.Close()
				return
			}
		}
		if ended {
			return
		}
	}
}

// drain waits a while until all is sent.
func (w *wire) drain(most time.Duration) {
	w.Close()
	select {
	case <-w.empty:
	case <-time.After(most):
	}
}
