package driver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// root returns the directory that paths in patches are relative to: the top
// of the git work tree around dir, so that git apply takes them there, else
// the module's.
func root(ctx context.Context, dir string, mods []string) string {
	if dir == "" {
		dir = "."
	}
	cmd := exec.CommandContext(ctx, "git", "rev-parse", "--show-toplevel")
	cmd.Dir = dir
	if out, err := cmd.Output(); err == nil {
		top := strings.TrimRight(string(out), "\r\n")
		if top != "" && !slices.ContainsFunc(mods, func(m string) bool { return !within(top, m) }) {
			return filepath.FromSlash(top)
		}
	}
	if len(mods) == 1 {
		return mods[0]
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return dir
	}
	return abs
}

// Write replaces the files of a result on disk: all of them, or on an error
// none. It refuses files that are read-only or were changed since they were
// loaded and, unless allowDirty is set, work trees with uncommitted changes.
func Write(r *Result, allowDirty bool) error {
	if len(r.Files) == 0 {
		return nil
	}
	if !allowDirty {
		if err := clean(r.Root); err != nil {
			return err
		}
	}
	var staged []*stagedFile
	defer func() {
		for _, s := range staged {
			os.Remove(s.temp) // gone already where the rename took place
		}
	}()
	for _, f := range r.Files {
		s, err := stage(filepath.Join(r.Root, filepath.FromSlash(f.Name)), f.Old, f.New)
		if s != nil {
			staged = append(staged, s)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	for i, s := range staged {
		if err := os.Rename(s.temp, s.name); err != nil {
			return errors.Join(fmt.Errorf("%s: %w; nothing was changed", s.name, err), undo(staged[:i]))
		}
	}
	return nil
}

// clean refuses a git work tree in which tracked files have changes: what
// fixer does should be easy to tell from what was there before.
func clean(root string) error {
	cmd := exec.Command("git", "status", "--porcelain", "--untracked-files=no")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		return nil // not in git: nothing to compare with
	}
	if line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n"); line != "" {
		name := line[strings.LastIndexByte(line, ' ')+1:]
		return fmt.Errorf("%s: the git work tree has uncommitted changes; commit or stash them, or pass --allow-dirty", name)
	}
	return nil
}

// A stagedFile is new text on disk beside the file it will replace.
type stagedFile struct {
	name, temp string
	old        []byte
	mode       os.FileMode
}

func stage(name string, old, text []byte) (*stagedFile, error) {
	name, err := filepath.EvalSymlinks(name)
	if err != nil {
		return nil, err
	}
	st, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if st.Mode().Perm()&0o200 == 0 {
		return nil, errors.New("is read-only; make it writable (chmod u+w) and run again; nothing was changed")
	}
	now, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(now, old) {
		return nil, errors.New("was changed since it was loaded; run again; nothing was changed")
	}
	temp, err := writeBeside(name, text, st.Mode().Perm())
	return &stagedFile{name: name, temp: temp, old: old, mode: st.Mode().Perm()}, err
}

// writeBeside writes and syncs a temporary file in the directory of name.
func writeBeside(name string, text []byte, mode os.FileMode) (string, error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".fixer-*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	return f.Name(), err
}

// undo puts back the text of files that were replaced already.
func undo(done []*stagedFile) error {
	var errs []error
	for _, s := range done {
		temp, err := writeBeside(s.name, s.old, s.mode)
		if err == nil {
			err = os.Rename(temp, s.name)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s could not be put back: %w", s.name, err))
		}
	}
	return errors.Join(errs...)
}
