package load

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// stamps tell by which files on disk a program was made, and how these were
// then.
type stamps struct {
	files map[string]stamp    // Go files
	mods  map[string]stamp    // go.mod and the like, whether they are there or not
	dirs  map[string][]string // directories, and the Go files and directories in them
	times map[string]stamp    // of dirs
}

// A stamp is what a file looks like from outside; zero if it isn't there.
type stamp struct {
	size int64
	time time.Time
}

func stampOf(name string) stamp {
	st, err := os.Stat(name)
	if err != nil {
		return stamp{}
	}
	if st.IsDir() {
		return stamp{0, st.ModTime()}
	}
	return stamp{st.Size(), st.ModTime()}
}

// newStamps looks at the files of a program, before they are read.
func newStamps(prog *Program) *stamps {
	s := &stamps{files: make(map[string]stamp), mods: make(map[string]stamp), dirs: make(map[string][]string), times: make(map[string]stamp)}
	for id := range prog.world.own {
		p := prog.graph[id]
		if strings.HasSuffix(id, ".test") {
			continue
		}
		for _, name := range slices.Concat(p.CompiledGoFiles, p.GoFiles, p.IgnoredFiles) {
			s.files[name] = stampOf(name)
			s.dir(filepath.Dir(name))
		}
	}
	for _, dir := range prog.ModDirs {
		s.dir(dir)
		for _, name := range []string{"go.mod", "go.sum", "go.work", "go.work.sum", filepath.Join("vendor", "modules.txt")} {
			s.mods[filepath.Join(dir, name)] = stampOf(filepath.Join(dir, name))
		}
	}
	return s
}

func (s *stamps) dir(dir string) {
	if _, seen := s.times[dir]; !seen {
		s.times[dir] = stampOf(dir)
		s.dirs[dir] = listing(dir)
	}
}

// listing is what may matter to a build in a directory.
func listing(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		hidden := strings.HasPrefix(e.Name(), ".") || strings.HasPrefix(e.Name(), "_")
		if !hidden && (e.IsDir() || strings.HasSuffix(e.Name(), ".go")) {
			names = append(names, e.Name())
		}
	}
	return names
}

// renewed returns stamps in which those of some files are taken anew.
func (s *stamps) renewed(names []string) *stamps {
	if len(names) == 0 {
		return s
	}
	next := *s
	next.files = maps.Clone(s.files)
	for _, name := range names {
		next.files[name] = stampOf(name)
	}
	return &next
}

// Touched returns the Go files that have changed on disk since they were read.
// It reports moved if files came or went, or a go.mod or the like changed, so
// that the program must be loaded again. One call may run at a time.
func (prog *Program) Touched() (files []string, moved bool) {
	s := prog.stamps
	for name, old := range s.mods {
		if stampOf(name) != old {
			return nil, true
		}
	}
	for dir, old := range s.times {
		if now := stampOf(dir); now != old {
			if !slices.Equal(listing(dir), s.dirs[dir]) {
				return nil, true
			}
			s.times[dir] = now
		}
	}
	for name, old := range s.files {
		if stampOf(name) != old {
			files = append(files, name)
		}
	}
	slices.Sort(files)
	return files, false
}
