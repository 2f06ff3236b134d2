package driver

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rogpeppe/go-internal/cache"

	"github.com/go-fixer/fixer/rewrite/effect"
	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rewrite/model"
)

// A Cache keeps summaries of packages on disk, by the content of what they are
// made from: a run summarises anew only what changed, and what imports that.
// Those of texts that are not on disk are kept in memory. What can't be read or
// written is not kept, which is no error; a nil Cache keeps nothing. Any number
// of processes may use one directory at once.
type Cache struct {
	dir  string
	disk *cache.Cache
	tool func() ([]byte, error) // what identifies this build of fixer
	trim sync.Once              // before the first summary is written

	mu   sync.Mutex // guards kept and used
	kept map[cacheKey]*effect.Summary
	used map[cacheKey]bool // those of kept that age has not seen idle

	found, made atomic.Int64 // summaries that were there, and that were not
}

type cacheKey = cache.ActionID

const (
	cacheSize    = 512 << 20 // bytes on disk, beyond which those go that were not used for longest
	trimInterval = time.Hour
	trimStamp    = "trimmed" // the file whose time says when that was looked into last
)

// OpenCache returns the cache in a directory; "" means the user's own, "off"
// none. It returns nil if there can't be one.
func OpenCache(dir string) *Cache {
	switch dir {
	case "off":
		return nil
	case "":
		home, err := os.UserCacheDir()
		if err != nil {
			return nil
		}
		dir = filepath.Join(home, "fixer")
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil
	}
	disk, err := cache.Open(dir)
	if err != nil {
		return nil
	}
	c := newCache()
	c.dir, c.disk = dir, disk
	go c.tool() // while the packages are loaded
	return c
}

// newCache returns a cache that keeps all in memory.
func newCache() *Cache {
	return &Cache{tool: sync.OnceValues(executable), kept: make(map[cacheKey]*effect.Summary), used: make(map[cacheKey]bool)}
}

// age lets go of the summaries kept in memory that were not asked for since
// it was called before.
func (c *Cache) age() {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.kept, func(k cacheKey, _ *effect.Summary) bool { return !c.used[k] })
	clear(c.used)
}

// executable is the hash of the running program: a version alone doesn't tell
// builds from one source tree apart.
func executable() ([]byte, error) {
	name, err := os.Executable()
	if err != nil {
		return nil, err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return nil, err
	}
	return h.Sum(nil), nil
}

// A recipe is what one summary is made from.
type recipe struct {
	key     cacheKey
	overlay bool
}

// recipes tells what the summaries of packages are made from, of those for
// which it can be told.
func (c *Cache) recipes(prog *load.Program, pkgs []*load.Package, table *model.Table) map[*load.Package]recipe {
	if c == nil || len(pkgs) == 0 {
		return nil
	}
	tool, err := c.tool()
	if err != nil {
		return nil
	}
	rows := table.Digest()
	all := make(map[*load.Package]recipe)
	for p, d := range prog.Digests(pkgs) {
		h := sha256.New()
		fmt.Fprintf(h, "%x %x %x", tool, rows, d.Sum)
		all[p] = recipe{cacheKey(h.Sum(nil)), d.Overlay}
	}
	return all
}

// get returns the summary that was made from the same, or nil.
func (c *Cache) get(r recipe) *effect.Summary {
	if r.overlay || c.disk == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.used[r.key] = true
		return c.kept[r.key]
	}
	data, _, err := c.disk.GetBytes(r.key)
	if err != nil {
		return nil
	}
	s := new(effect.Summary)
	if err := s.UnmarshalBinary(data); err != nil {
		return nil
	}
	return s
}

func (c *Cache) put(r recipe, s *effect.Summary) {
	if r.overlay || c.disk == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.kept[r.key], c.used[r.key] = s, true
		return
	}
	c.trim.Do(func() { trimCache(c.dir, cacheSize, time.Now()) })
	if data, err := s.MarshalBinary(); err == nil {
		c.disk.PutNoVerify(r.key, bytes.NewReader(data))
	}
}

// summary returns the summary of a package from the cache, if it is there.
func (c *Cache) summary(p *load.Package, recipes map[*load.Package]recipe) *effect.Summary {
	r, ok := recipes[p]
	if !ok {
		return nil
	}
	s := c.get(r)
	if s == nil {
		c.made.Add(1)
	} else {
		c.found.Add(1)
	}
	return s
}

// entryName matches the files that the cache consists of.
var entryName = regexp.MustCompile("^[0-9a-f]{64}-[ad]$")

// trimCache removes the entries that were not used for longest until a quarter
// of the size is free, unless that was looked into shortly before.
func trimCache(dir string, size int64, now time.Time) {
	stamp := filepath.Join(dir, trimStamp)
	if st, err := os.Stat(stamp); err == nil && now.Sub(st.ModTime()).Abs() < trimInterval {
		return
	}
	if os.WriteFile(stamp, nil, 0o666) != nil || os.Chtimes(stamp, now, now) != nil {
		return
	}
	names, err := filepath.Glob(filepath.Join(dir, "[0-9a-f][0-9a-f]", "*"))
	if err != nil {
		return
	}
	type entry struct {
		name string
		size int64
		used time.Time
	}
	var entries []entry
	var total int64
	for _, name := range names {
		if st, err := os.Stat(name); err == nil && entryName.MatchString(filepath.Base(name)) {
			entries = append(entries, entry{name, st.Size(), st.ModTime()})
			total += st.Size()
		}
	}
	if total <= size {
		return
	}
	slices.SortFunc(entries, func(a, b entry) int { return a.used.Compare(b.used) })
	for _, e := range entries {
		if total <= size/4*3 {
			break
		}
		if os.Remove(e.name) == nil {
			total -= e.size
		}
	}
}
