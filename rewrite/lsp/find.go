package lsp

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// moduleWith returns the module of a file that is open; nil for others. It is for
// callers that hold mu.
func (s *server) moduleWith(name string) *module {
	if s.docs[name] == nil {
		return nil
	}
	return s.moduleOf(filepath.Dir(name))
}

// moduleOf returns the module, or the workspace of modules, that a directory
// belongs to, and begins to look at it if need be; nil if there is none, or it
// is nobody's to edit.
func (s *server) moduleOf(dir string) *module {
	root := above(dir, "go.mod")
	if root == "" {
		return nil
	}
	if foreign(root) {
		return nil
	}
	work, dirs := workspace(root)
	if m := s.modules[work]; m != nil {
		return m
	}
	if s.life.now() != running {
		return nil
	}
	m := newModule(s, work, root, dirs)
	s.modules[work] = m
	return m
}

// above returns the nearest directory, from dir upwards, that holds a file; ""
// if there is none.
func above(dir, file string) string {
	for {
		if st, err := os.Stat(filepath.Join(dir, file)); err == nil && !st.IsDir() {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir || dir == "" {
			return ""
		}
		dir = up
	}
}

// released matches directories of the module cache.
var released = regexp.MustCompile(`@v\d+\.\d+\.\d+`)

// foreign reports whether a module is one to look up things in: of the module
// cache, or of the Go installation.
func foreign(root string) bool {
	if released.MatchString(root) {
		return true
	}
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	path := modfile.ModulePath(text)
	return err != nil || path == "std" || path == "cmd"
}

// workspace returns the directory of the go.work that counts for a module, and
// the directories of the modules it names; of a module that is in none, the
// module's own.
func workspace(root string) (work string, dirs []string) {
	name := os.Getenv("GOWORK")
	if name == "" {
		if dir := above(root, "go.work"); dir != "" {
			name = filepath.Join(dir, "go.work")
		}
	}
	text, err := os.ReadFile(name)
	if name == "off" || err != nil {
		return root, []string{root}
	}
	f, err := modfile.ParseWork(name, text, nil)
	if err != nil {
		return root, []string{root}
	}
	for _, use := range f.Use {
		dirs = append(dirs, seenFrom(filepath.Dir(name), use.Path))
	}
	if !slices.Contains(dirs, root) {
		return root, []string{root}
	}
	return filepath.Dir(name), dirs
}

// replaced lists the directories that modules take others from, by what their
// go.mod says: https://go.dev/ref/mod#go-mod-file-replace
func replaced(dirs []string) (from []string) {
	for _, dir := range dirs {
		name := filepath.Join(dir, "go.mod")
		text, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		f, err := modfile.Parse(name, text, nil)
		if err != nil {
			continue
		}
		for _, r := range f.Replace {
			if r.New.Version == "" {
				from = append(from, seenFrom(dir, r.New.Path))
			}
		}
	}
	return from
}

// seenFrom is the directory that a go.mod or go.work in dir names.
func seenFrom(dir, path string) string {
	if path = filepath.FromSlash(path); filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// environ is the environment of go commands for a module: one that go.work
// leaves out would not be found otherwise.
func environ(given []string, work, root string) []string {
	if work != root || above(root, "go.work") == "" || fileExists(filepath.Join(root, "go.work")) {
		return given
	}
	if given == nil {
		given = os.Environ()
	}
	return append(slices.Clip(given), "GOWORK=off")
}

func fileExists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// inside reports whether a file, or directory, is dir or below it.
func inside(dir, name string) bool {
	rel, err := filepath.Rel(dir, name)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
