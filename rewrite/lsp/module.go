package lsp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	"github.com/creachadair/jrpc2"

	"github.com/go-fixer/fixer/rewrite/driver"
)

// A module is one module, or several that a go.work joins, under edit. What is
// not said to be otherwise is guarded by the mutex of the server.
type module struct {
	s       *server
	work    string   // the directory it goes by
	dirs    []string // of its modules
	beside  []string // directories that these take other modules from
	cfg     driver.Config
	stop    context.CancelFunc
	wake    chan struct{}   // the text has changed
	session *driver.Session // whoever has the turn may use it

	settings bool                    // the settings have changed: the session is to begin anew
	edited   int                     // how often the text has changed
	seen     int                     // the number of the text that result is of
	result   *driver.Result          // nil until there is one
	current  context.Context         // ends when the text changes
	outdate  context.CancelFunc      // ends it
	ready    chan struct{}           // closed when seen is edited
	sent     map[string][]diagnostic // what the client was told, by file
	progress *progress               // only used while it is analysed
}

func newModule(s *server, work, root string, dirs []string) *module {
	m := &module{s: s, work: work, dirs: dirs, beside: replaced(dirs), cfg: s.opts.Config, wake: make(chan struct{}, 1), sent: make(map[string][]diagnostic)}
	m.cfg.Dir, m.cfg.Env = root, environ(m.cfg.Env, work, root)
	m.cfg.Patterns = nil // all packages
	for _, dir := range dirs {
		if len(dirs) > 1 {
			m.cfg.Patterns = append(m.cfg.Patterns, dir+string(filepath.Separator)+"...")
		}
	}
	m.cfg.Progress = func(stage string) { m.progress.report(stage) }
	ctx, stop := context.WithCancel(s.ctx)
	m.stop, m.outdate = stop, func() {}
	m.changed()
	go m.follow(ctx)
	return m
}

// covers reports whether a file may be one of the module's.
func (m *module) covers(name string) bool {
	return inside(m.work, name) || slices.ContainsFunc(m.dirs, func(dir string) bool { return inside(dir, name) })
}

// wanted reports whether somebody edits the module, or has its folder open.
func (s *server) wanted(m *module) bool {
	for _, dir := range s.folders {
		if m.covers(dir) || slices.ContainsFunc(m.dirs, func(d string) bool { return inside(dir, d) }) {
			return true
		}
	}
	for name := range s.docs {
		if m.covers(name) {
			return true
		}
	}
	return false
}

// drop forgets a module.
func (s *server) drop(m *module) {
	m.stop()
	m.outdate()
	delete(s.modules, m.work)
	for name := range m.sent {
		s.tell("textDocument/publishDiagnostics", publishParams{URI: s.uriOf(name), Diagnostics: []diagnostic{}})
	}
	m.sent = nil
}

// changed says that there is something new to look at. What was being done
// about the text before is no longer wanted.
func (m *module) changed() {
	m.edited++
	m.outdate()
	m.current, m.outdate = context.WithCancel(m.s.ctx)
	m.ready = make(chan struct{})
	select {
	case m.wake <- struct{}{}:
	default: // it is awake already
	}
}

// follow looks at each text that rests for a while, and when nobody has
// anything else to do, at what can be mended.
func (m *module) follow(ctx context.Context) {
	rest := time.NewTimer(m.s.opts.Rest)
	rest.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.wake:
			if !m.settle(ctx) {
				return
			}
			m.look(ctx)
			rest.Reset(m.s.opts.Rest)
		case <-rest.C:
			if !m.mend(ctx) {
				rest.Reset(m.s.opts.Rest)
			}
		}
	}
}

// settle waits until nobody has typed for a while.
func (m *module) settle(ctx context.Context) bool {
	quiet := time.NewTimer(m.s.opts.Delay)
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-m.wake:
			quiet.Reset(m.s.opts.Delay)
		case <-quiet.C:
			return true
		}
	}
}

// look analyses the newest text and publishes what is found.
func (m *module) look(ctx context.Context) {
	m.s.mu.Lock()
	number, current, known := m.edited, m.current, m.seen == m.edited
	m.s.mu.Unlock()
	if known {
		return // woken when it was about to look
	}
	ctx, cancel := join(ctx, current)
	defer cancel()
	if m.s.turn.take(ctx) != nil {
		return
	}
	defer m.s.turn.give()
	m.s.mu.Lock()
	overlay := m.overlay()
	if m.settings || m.session == nil {
		m.session = driver.NewSession(m.cfg)
		m.settings = false
	}
	m.s.mu.Unlock()
	m.progress = newProgress(m.s)
	r, err := m.update(ctx, overlay)
	m.progress.end()
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	if ctx.Err() != nil || number != m.edited {
		return // there is a newer text, or nobody to tell
	}
	if err != nil {
		m.s.logOnce(messageError, fmt.Sprintf("%s: not analysed: %v", m.work, err))
	} else {
		m.result = r
		m.publish()
	}
	m.seen = number
	close(m.ready)
}

// overlay is the texts in the editor that are not those on disk.
func (m *module) overlay() map[string][]byte {
	texts := make(map[string][]byte)
	for name, d := range m.s.docs {
		if !m.covers(name) {
			continue
		}
		if disk, err := os.ReadFile(name); err != nil || !bytes.Equal(disk, d.text) {
			texts[name] = d.text
		}
	}
	return texts
}

// update analyses a text. A panic costs the session, not the server.
func (m *module) update(ctx context.Context, overlay map[string][]byte) (r *driver.Result, err error) {
	defer func() {
		if v := recover(); v != nil {
			m.session = nil
			err = fmt.Errorf("%v; this is a defect of fixer, please report it\n%s", v, debug.Stack())
		}
	}()
	return m.session.Update(ctx, overlay)
}

// mend finds out, if nobody wants anything else, what can be mended, and tells
// the client what is new by that. It reports false if it was disturbed.
func (m *module) mend(ctx context.Context) (done bool) {
	m.s.mu.Lock()
	current, up := m.current, m.seen == m.edited
	m.s.mu.Unlock()
	if !up {
		return true // somebody types, and it will be asked again
	}
	ctx, cancel := join(ctx, current)
	defer cancel()
	m.s.turn.spare(ctx, func(ctx context.Context) {
		defer func() {
			if v := recover(); v != nil {
				m.s.log(messageError, fmt.Sprintf("%s: %v; this is a defect of fixer, please report it\n%s", m.work, v, debug.Stack()))
				done = true
			}
		}()
		if m.session == nil {
			done = true
			return
		}
		r, err := m.session.Mend(ctx)
		m.s.mu.Lock()
		defer m.s.mu.Unlock()
		if done = err == nil && current.Err() == nil; done && r != nil {
			m.result = r
			m.publish()
		}
	})
	return done || current.Err() != nil
}

// with runs f on the session when it has seen the newest text. It fails if
// the text changes meanwhile, or the client loses interest.
func (m *module) with(ctx context.Context, f func(context.Context) error) error {
	m.s.mu.Lock()
	current, ready := m.current, m.ready
	m.s.mu.Unlock()
	outdated := jrpc2.Errorf(contentModified, "the text has changed")
	select {
	case <-ready:
	case <-current.Done():
		return outdated
	case <-ctx.Done():
		return ctx.Err()
	}
	ctx, cancel := join(ctx, current)
	defer cancel()
	err := m.s.turn.take(ctx)
	if err == nil {
		defer m.s.turn.give()
		if m.session == nil || m.result == nil {
			return nil
		}
		err = f(ctx)
	}
	if current.Err() != nil && errors.Is(err, context.Canceled) {
		return outdated
	}
	return err
}

// upToDate reports whether what is known of a file is of the text in the
// editor, or, if it isn't open there, on disk.
func (m *module) upToDate(name string) bool {
	d := m.s.docs[name]
	if d == nil {
		return true
	}
	text, err := m.session.Source(name)
	return err == nil && bytes.Equal(text, d.text)
}

// join returns a context that ends when one of two does.
func join(a, b context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(a)
	stop := context.AfterFunc(b, cancel)
	return ctx, func() { stop(); cancel() }
}
