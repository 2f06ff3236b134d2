package effect_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-fixer/fixer/rewrite/effect"
	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rewrite/model"
)

const annotated = `package p

import (
	"sync"
	"sync/atomic"
)

type Inner struct{ mu sync.Mutex }

type One struct {
	mu    sync.Mutex
	other *sync.RWMutex
	in    *Inner
	a     int // guarded by mu
	b     int // Protected by One.mu.
	c     int // counts things; guarded by other; set in init
	d     int // how many, protected by the mutex mu
	// e is a map.
	// GUARDED_BY(mu)
	e map[string]int
	// f is guarded by in.mu; g isn't.
	f int
	g int // +checklocks:other
	// h is what it is.
	// +checklocksread:mu
	h    int
	i, j int // guarded-by: mu
	k    int // it is guarded by ` + "`mu`" + ` lock
	sync.Mutex
	l int // guarded by Mutex
}

// None of these comments says enough.
type None struct {
	mu, mu2 sync.Mutex
	n       int
	a       int // not guarded by mu
	b       int // guarded by lock
	c       int // guarded by mu or by luck
	d       int // writes are guarded by mu
	e       int // guarded by mu, except in Close
	f       int // guarded by mu; read with atomic operations
	g       int // guarded by n
	// writes are
	// guarded by mu
	h int
	i int // guarded by mu when running
	j int // guarded by mu. Guarded by mu2.
	k int // +checklocks:mu
	l int // guarded by mu (writes)
	// +checklocks:mu
	// +checklocks:mu2
	m int
	o int // guarded by T.mu
}

type Lists struct {
	// mu guards a, b and
	// c.
	mu      sync.Mutex
	a, b, c int
	rw      sync.RWMutex // protects the following fields
	d       int
	e       atomic.Bool
	f       int // guarded by mu

	g  int
	m2 sync.Mutex // guards g, x
	m3 sync.Mutex // mu guards h
	h  int

	// Fields protected by rw:
	o int
	p int

	q  int
	r  int
	m6 sync.Mutex // Protects the above
	s  int

	m4 sync.Mutex // guards i
	m5 sync.Mutex // guards i
	i  int
}

var (
	mu sync.Mutex // protects below

	table = map[string]int{} // guarded by mu
	in    Inner
	count int // guarded by in.mu
	state struct {
		mu sync.Mutex // guards n
		n  int
	}
)

// names is guarded by state.mu.
var names []string

// size is guarded by table.
var size int
`

func TestGuards(t *testing.T) {
	s := extract(t, annotated)
	got := maps.Clone(s.Guards)
	for _, st := range s.Structs {
		for _, f := range st.Fields {
			if f.Guard != "" {
				got[f.Key] = f.Guard
			}
		}
	}
	want := map[string]string{"table": "mu", "count": "Inner.mu", "names": "state.mu", "state.n": "state.mu",
		"One.c": "One.other", "One.f": "Inner.mu", "One.g": "One.other", "One.l": "One.Mutex", "None.k": "None.mu",
		"Lists.a": "Lists.mu", "Lists.b": "Lists.mu", "Lists.c": "Lists.mu", "Lists.d": "Lists.rw", "Lists.f": "Lists.mu",
		"Lists.o": "Lists.rw", "Lists.p": "Lists.rw", "Lists.q": "Lists.m6", "Lists.r": "Lists.m6"}
	for _, name := range []string{"a", "b", "d", "e", "h", "i", "j", "k"} {
		want["One."+name] = "One.mu"
	}
	const pkg = "example.com/p."
	for name, lock := range want {
		if g := got[pkg+name]; g != pkg+lock {
			t.Errorf("%s is guarded by %q, want %s", name, g, lock)
		}
		delete(got, pkg+name)
	}
	for name, lock := range got {
		t.Errorf("%s is guarded by %s, want nothing", name, lock)
	}
}

// extract summarises a package of one file.
func extract(t *testing.T, src string) *effect.Summary {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module example.com/p\n\ngo 1.21\n", "p.go": src} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	prog, err := load.Load(context.Background(), load.Config{Dir: dir, Env: append(os.Environ(), "GOFLAGS=", "GOWORK=off")})
	if err != nil || len(prog.Problems) > 0 {
		t.Fatal(err, prog.Problems)
	}
	s, err := effect.Extract(prog.Fset, prog.Packages[0], prog.Own, model.Default())
	if err != nil {
		t.Fatal(err)
	}
	return s
}
