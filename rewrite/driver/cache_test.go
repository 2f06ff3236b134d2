package driver

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/go-fixer/fixer/rewrite/effect"
	"github.com/go-fixer/fixer/rewrite/load"
)

// cached is a module in which b imports a, and c nothing. Its locks and types
// of functions are many enough for their order to show.
const cached = `
-- go.mod --
module example.com/m

go 1.21
-- a/a.go --
package a

import "sync"

type T[E any] struct {
	mu sync.Mutex
	n  int
	es []E
}

func (t *T[E]) Add(e E) {
	t.mu.Lock()
	t.es = append(t.es, e)
	t.mu.Unlock()
	t.n++
}

func Local() {
	type state struct {
		mu sync.Mutex
		n  int
	}
	var s state
	var m1, m2, m3, m4, m5, m6, m7, m8, m9, m10 sync.Mutex
	for _, m := range []*sync.Mutex{&m1, &m2, &m3} {
		m.Lock()
	}
	m4.Lock()
	m5.Lock()
	m6.Lock()
	m7.Lock()
	m8.Lock()
	m9.Lock()
	m10.Lock()
	go func() { s.n++ }()
	s.mu.Lock()
	s.n++
}
-- a/other.go --
package a

func Other() {
	type state struct{ n int }
	var s state
	go func() { s.n++ }()
	s.n++
}
-- b/b.go --
package b

import "example.com/m/a"

func B() {
	type state struct{ t a.T[int] }
	s := new(state)
	go s.t.Add(1)
	s.t.Add(2)
	notify(func() { s = nil })
}

func notify(func()) {}
-- c/c.go --
package c

var n int

func C() {
	go func() { n++ }()
	n++
}
-- c/extra.go --
//go:build extra

package c

func extra() { n-- }
`

func unpack(t *testing.T, archive string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range txtar.Parse([]byte(archive)).Files {
		replaceIn(t, dir, f.Name, "", string(f.Data))
	}
	return dir
}

// replaceIn replaces a text in a file of the directory; "" is that of a file
// that is not there.
func replaceIn(t *testing.T, dir, name, old, text string) {
	t.Helper()
	name = filepath.Join(dir, filepath.FromSlash(name))
	if old != "" {
		data, err := os.ReadFile(name)
		if err != nil || !bytes.Contains(data, []byte(old)) {
			t.Fatalf("%s: no %q in it; %v", name, old, err)
		}
		text = strings.Replace(string(data), old, text, 1)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// checked runs Check with a cache and returns its result as JSON, and how many
// summaries the cache had, and had not.
func checked(t *testing.T, cfg Config, dir string) (result string, found, made int64) {
	t.Helper()
	cfg.Cache = OpenCache(dir)
	r, err := Check(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Cache == nil {
		return told(t, r), 0, 0
	}
	return told(t, r), cfg.Cache.found.Load(), cfg.Cache.made.Load()
}

// TestCacheKeys changes one thing after the other: what depends on it is
// summarised anew, and nothing else, and the result is that without a cache.
func TestCacheKeys(t *testing.T) {
	dir, store := unpack(t, cached), t.TempDir()
	cfg := Config{Config: load.Config{Dir: dir, Tests: true}}
	for _, step := range []struct {
		name        string
		do          func()
		found, made int64
	}{
		{"cold", func() {}, 0, 3},
		{"warm", func() {}, 3, 0},
		{"a package", func() { replaceIn(t, dir, "c/c.go", "n++", "n--") }, 2, 1},
		{"a comment", func() { replaceIn(t, dir, "b/b.go", "package b", "package b // what B does") }, 2, 1},
		{"what another imports", func() { replaceIn(t, dir, "a/a.go", "t.n++", "t.n--") }, 1, 2},
		{"and back", func() { replaceIn(t, dir, "a/a.go", "t.n--", "t.n++") }, 3, 0},
		{"a test", func() { replaceIn(t, dir, "a/a_test.go", "", "package a\n") }, 1, 2},
		{"a tag", func() { cfg.Tags = "extra" }, 2, 1},
		{"the language version", func() { replaceIn(t, dir, "go.mod", "go 1.21", "go 1.22") }, 0, 3},
		{"a row of the model", func() {
			replaceIn(t, dir, ConfigFile, "", "model:\n- func: example.com/m/b.notify\n  does: spawn\n  arg: 0\n")
		}, 0, 3},
		{"warm again", func() {}, 3, 0},
	} {
		step.do()
		want, _, _ := checked(t, cfg, "off")
		got, found, made := checked(t, cfg, store)
		if found != step.found || made != step.made {
			t.Errorf("%s: %d found and %d made, want %d and %d", step.name, found, made, step.found, step.made)
		}
		if got != want {
			t.Errorf("%s: with the cache\n%s\nwithout\n%s", step.name, got, want)
		}
	}
}

// TestCacheGarbled cuts entries off, and fills them with other bytes.
func TestCacheGarbled(t *testing.T) {
	dir := unpack(t, cached)
	cfg := Config{Config: load.Config{Dir: dir, Tests: true}}
	want, _, _ := checked(t, cfg, "off")
	for name, garble := range map[string]func(data []byte) []byte{
		"cut off":   func(data []byte) []byte { return data[:len(data)/2] },
		"empty":     func([]byte) []byte { return nil },
		"one byte":  func(data []byte) []byte { data[len(data)/2] ^= 1; return data },
		"all bytes": func(data []byte) []byte { return bytes.Repeat([]byte{0xff}, len(data)) },
	} {
		store := t.TempDir()
		checked(t, cfg, store)
		for _, name := range entries(t, store) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, garble(data), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if got, found, made := checked(t, cfg, store); got != want || found != 0 || made != 3 {
			t.Errorf("%s: %d found and %d made; result\n%s\nwant\n%s", name, found, made, got, want)
		}
		if got, found, _ := checked(t, cfg, store); got != want || found != 3 {
			t.Errorf("%s, then written again: %d found", name, found)
		}
	}
}

func entries(t *testing.T, store string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(store, func(name string, d fs.DirEntry, err error) error {
		if err == nil && entryName.MatchString(d.Name()) {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestCacheShared has runs at once on one directory.
func TestCacheShared(t *testing.T) {
	dir, store := unpack(t, cached), t.TempDir()
	cfg := Config{Config: load.Config{Dir: dir, Tests: true}}
	want, _, _ := checked(t, cfg, "off")
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if got, _, _ := checked(t, cfg, store); got != want {
				t.Error("the result is another one")
			}
		})
	}
	wg.Wait()
	if _, found, made := checked(t, cfg, store); found != 3 || made != 0 {
		t.Errorf("then %d found and %d made", found, made)
	}
}

// TestCacheOverlay summarises texts that are not on disk: no entry is of them.
func TestCacheOverlay(t *testing.T) {
	dir, store := unpack(t, cached), t.TempDir()
	cfg := Config{Config: load.Config{Dir: dir, Tests: true}, Cache: OpenCache(store)}
	checked(t, cfg, store)
	before := entries(t, store)
	cfg.Overlay = map[string][]byte{filepath.Join(dir, "a", "a.go"): []byte("package a\n\ntype T[E any] struct{}\n\nfunc (t *T[E]) Add(E) {}\n")}
	for range 2 {
		if _, err := Check(t.Context(), cfg); err != nil {
			t.Fatal(err)
		}
	}
	if found, made := cfg.Cache.found.Load(), cfg.Cache.made.Load(); found != 1+3 || made != 2 {
		t.Errorf("%d found and %d made, want 4 and 2", found, made)
	}
	if after := entries(t, store); !slices.Equal(before, after) {
		t.Errorf("entries %v, before the overlay %v", after, before)
	}
}

// TestCacheNowhere runs where there can be no cache.
func TestCacheNowhere(t *testing.T) {
	dir := unpack(t, cached)
	cfg := Config{Config: load.Config{Dir: dir, Tests: true}}
	want, _, _ := checked(t, cfg, "off")
	file := filepath.Join(dir, "go.mod")
	if OpenCache(file) != nil || OpenCache(filepath.Join(file, "below")) != nil {
		t.Error("a file is taken for a directory")
	}
	gone := filepath.Join(t.TempDir(), "gone")
	cfg.Cache = OpenCache(gone)
	if err := os.RemoveAll(gone); err != nil {
		t.Fatal(err)
	}
	r, err := Check(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if got := told(t, r); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// told is all that a result tells.
func told(t *testing.T, r *Result) string {
	t.Helper()
	text, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestCacheTrim removes what was not used for longest, once in a while.
func TestCacheTrim(t *testing.T) {
	store, now := t.TempDir(), time.Now()
	var names []string
	for i := range 10 {
		name := strings.Repeat(string(rune('0'+i)), 64) + "-d"
		replaceIn(t, store, name[:2]+"/"+name, "", strings.Repeat("x", 100))
		names = append(names, filepath.Join(store, name[:2], name))
		used := now.Add(time.Duration(i) * time.Minute)
		if err := os.Chtimes(names[i], used, used); err != nil {
			t.Fatal(err)
		}
	}
	replaceIn(t, store, "00/notes", "", "not ours")
	trimCache(store, 1000, now)
	if got := entries(t, store); len(got) != 10 {
		t.Errorf("%d entries are left of 10 that are not too large", len(got))
	}
	trimCache(store, 800, now.Add(time.Minute))
	if got := entries(t, store); len(got) != 10 {
		t.Errorf("%d entries are left, and it is not yet time", len(got))
	}
	trimCache(store, 800, now.Add(2*trimInterval))
	if got := entries(t, store); !slices.Equal(got, names[4:]) {
		t.Errorf("left are %v, want %v", got, names[4:])
	}
	if _, err := os.Stat(filepath.Join(store, "00", "notes")); err != nil {
		t.Error(err)
	}
}

// TestSummariesStable loads a module twice, and summarises its packages in two
// orders: what is known of them is the same byte for byte.
func TestSummariesStable(t *testing.T) {
	dir := unpack(t, cached)
	var sums [2]map[string][]byte
	for i := range sums {
		cfg := Config{Config: load.Config{Dir: dir, Tests: true}}
		prog, err := cfg.load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		pkgs := slices.Clone(prog.Packages)
		if i > 0 {
			slices.Reverse(pkgs)
		}
		sums[i] = make(map[string][]byte)
		for _, p := range pkgs {
			s, err := effect.Extract(prog.Fset, p, prog.Own, cfg.Model)
			if err != nil {
				t.Fatal(err)
			}
			if sums[i][p.ID], err = s.MarshalBinary(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(sums[0]) != 3 {
		t.Errorf("%d packages, want 3", len(sums[0]))
	}
	for id, data := range sums[0] {
		if !bytes.Equal(data, sums[1][id]) {
			t.Errorf("%s is not the same again", id)
		}
	}
}
