// Package replace writes new texts over files of a directory tree: all of
// them or, whatever happens on the way, none.
//
// Each file is written beside the old one and renamed over it. What is about to
// be renamed stands in a journal, with the old texts, so that Recover can take
// back what a killed process left half done.
package replace

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/go-fixer/fixer/rewrite/patch"
)

// step is called between any two changes on disk; tests kill the process there.
var step = func() {}

// A target is one file that is to be replaced.
type target struct {
	name     string // absolute, no symbolic link
	temp     string // the new text, beside it
	old, new []byte
	info     fs.FileInfo
}

// Files replaces the texts of files, whose names are relative to root, if all
// of them still have their old ones. Modes and owners stay; symbolic links are
// followed, but not out of root. The error names the file and says what to do;
// after one, nothing is changed. Runs in one root wait for each other.
func Files(root string, files []patch.File) (err error) {
	root, err = filepath.EvalSymlinks(root)
	if err != nil {
		return err
	}
	// Most reasons not to write are seen without leaving a trace.
	if _, err := targets(root, files); err != nil {
		return err
	}
	j, err := open(root)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.close()) }()
	if _, err := j.rollBack(); err != nil {
		return err
	}
	list, err := targets(root, files) // another run may have come first
	if err != nil {
		return err
	}
	if err := j.begin(list); err != nil {
		return fmt.Errorf("%w; nothing was changed", err)
	}
	for _, t := range list {
		if err = t.stage(); err != nil {
			break
		}
	}
	for _, t := range list {
		if err != nil {
			break
		}
		step()
		err = os.Rename(t.temp, t.name)
	}
	if err != nil {
		_, undone := j.rollBack()
		if undone == nil {
			err = fmt.Errorf("%w; nothing was changed", err)
		}
		return errors.Join(err, undone)
	}
	for _, t := range list {
		syncDir(filepath.Dir(t.name))
	}
	return j.end()
}

// targets checks that all files can be replaced.
func targets(root string, files []patch.File) ([]*target, error) {
	var list []*target
	for _, f := range files {
		t, err := find(root, f)
		if err != nil {
			return nil, fmt.Errorf("%s: %w; nothing was changed", f.Name, err)
		}
		list = append(list, t)
	}
	return list, nil
}

func find(root string, f patch.File) (*target, error) {
	name, err := filepath.EvalSymlinks(filepath.Join(root, filepath.FromSlash(f.Name)))
	if err != nil {
		return nil, err
	}
	if rel, err := filepath.Rel(root, name); err != nil || !filepath.IsLocal(rel) {
		return nil, fmt.Errorf("leads out of %s, to %s", root, name)
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("is no regular file")
	}
	if info.Mode().Perm()&0o200 == 0 {
		return nil, errors.New("is read-only; make it writable (chmod u+w) and run again")
	}
	now, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(now, f.Old) {
		return nil, errors.New("was changed since it was loaded; run again")
	}
	return &target{name: name, temp: tempName(name), old: f.Old, new: f.New, info: info}, nil
}

// tempName is where the new text of a file stands until it takes its place: a
// name that no other program uses, and no Go tool reads.
func tempName(name string) string {
	return filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+".fixer-new")
}

// stage writes the new text beside the old one, and on to the disk.
func (t *target) stage() error {
	step()
	err := write(t.temp, t.new, t.info.Mode().Perm())
	return errors.Join(err, keepOwner(t.temp, t.info))
}

// write writes and syncs a file that must not be there yet.
func write(name string, text []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
}

// syncDir makes renames in a directory last. Not every system can.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		d.Sync()
		d.Close()
	}
}

// Recover takes back what a run that was killed in the middle of Files left
// half done in the tree around dir. It returns the names of the files that
// have their old texts again. Without such a run it does nothing.
func Recover(dir string) (files []string, err error) {
	root, err := interrupted(dir)
	if root == "" || err != nil {
		return nil, err
	}
	j, err := open(root)
	if err != nil {
		return nil, err
	}
	files, err = j.rollBack()
	return files, errors.Join(err, j.close())
}

// interrupted finds the root of a journal in dir or above it.
func interrupted(dir string) (root string, err error) {
	if dir, err = filepath.Abs(dir); err != nil {
		return "", err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", err
	}
	for {
		if _, err := os.Lstat(filepath.Join(dir, journalDir)); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", nil
		}
		dir = up
	}
}
