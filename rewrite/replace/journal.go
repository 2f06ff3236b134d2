package replace

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// journalDir stands in the root while files are replaced.
const journalDir = ".fixer-apply"

// A journal says what is being replaced under a root. It is locked by the
// process that has it open.
type journal struct {
	root string
	dir  string
	lock *lockedfile.File
}

// An entry is one file that is replaced.
type entry struct {
	Name string `json:"name"` // slash-separated, relative to the root
	Old  string `json:"old"`  // hash of the text before; the text is in the file <Old>.old
	New  string `json:"new"`  // hash of the text after
	Mode uint32 `json:"mode"`
}

// open makes or finds the journal of a root, and waits for those who have it.
func open(root string) (*journal, error) {
	j := &journal{root: root, dir: filepath.Join(root, journalDir)}
	name := filepath.Join(j.dir, "lock")
	for {
		if err := os.Mkdir(j.dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		if st, err := os.Lstat(j.dir); err == nil && !st.IsDir() {
			return nil, fmt.Errorf("%s is no directory; it is where fixer notes which files it replaces: move it away and run again", j.dir)
		}
		f, err := lockedfile.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
		if errors.Is(err, fs.ErrNotExist) {
			continue // its last owner removed the directory
		}
		if err != nil {
			return nil, err
		}
		mine, err := f.Stat()
		there, err2 := os.Stat(name)
		if err == nil && err2 == nil && os.SameFile(mine, there) {
			j.lock = f
			return j, nil
		}
		f.Close() // the one we waited for removed it
	}
}

// close gives the journal up, and removes it unless it is needed to recover.
func (j *journal) close() error {
	if _, err := os.Stat(j.file()); err == nil {
		return j.lock.Close()
	}
	os.RemoveAll(j.dir) // while it is locked: whoever waits sees that it is gone
	err := j.lock.Close()
	if runtime.GOOS == "windows" {
		os.RemoveAll(j.dir) // which doesn't take away what is open
	}
	return err
}

func (j *journal) file() string { return filepath.Join(j.dir, "journal.json") }

// begin keeps the old texts and writes down what is about to happen.
func (j *journal) begin(list []*target) error {
	var entries []entry
	for _, t := range list {
		rel, err := filepath.Rel(j.root, t.name)
		if err != nil {
			return err
		}
		e := entry{filepath.ToSlash(rel), hash(t.old), hash(t.new), uint32(t.info.Mode().Perm())}
		entries = append(entries, e)
		step()
		if err := write(j.backup(e), t.old, 0o600); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	text, err := json.MarshalIndent(entries, "", "\t")
	if err != nil {
		return err
	}
	step()
	if err := write(j.file()+".new", text, 0o600); err != nil {
		return err
	}
	step()
	if err := os.Rename(j.file()+".new", j.file()); err != nil {
		return err
	}
	syncDir(j.dir)
	return nil
}

func (j *journal) backup(e entry) string { return filepath.Join(j.dir, e.Old+".old") }

// end says that all files are replaced.
func (j *journal) end() error {
	step()
	if err := os.Remove(j.file()); err != nil {
		return err
	}
	step()
	return nil
}

// rollBack gives the files of the journal their old texts again. Files that
// somebody else changed meanwhile stay, and the journal with them.
func (j *journal) rollBack() (files []string, err error) {
	text, err := os.ReadFile(j.file())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, j.clear()
	}
	if err != nil {
		return nil, err
	}
	var entries []entry
	if err := json.Unmarshal(text, &entries); err != nil {
		return nil, fmt.Errorf("%s: %w; it says which files an interrupted run was about to replace: look at them, then remove %s", j.file(), err, j.dir)
	}
	var errs []error
	for _, e := range entries {
		back, err := j.restore(e)
		if err != nil {
			errs = append(errs, err)
		} else if back {
			files = append(files, e.Name)
		}
	}
	if len(errs) > 0 {
		return files, errors.Join(errs...)
	}
	return files, errors.Join(j.end(), j.clear())
}

// restore puts back one file, if it was replaced.
func (j *journal) restore(e entry) (bool, error) {
	if !filepath.IsLocal(filepath.FromSlash(e.Name)) {
		return false, fmt.Errorf("%s: names a file outside of %s: %s", j.file(), j.root, e.Name)
	}
	name := filepath.Join(j.root, filepath.FromSlash(e.Name))
	if real, err := filepath.EvalSymlinks(name); err != nil || real != name {
		return false, fmt.Errorf("%s: has moved since an interrupted run replaced it; its old text is in %s: when all is well, remove %s", name, j.backup(e), j.dir)
	}
	temp := tempName(name)
	os.Remove(temp)
	now, err := os.ReadFile(name)
	if err != nil {
		return false, err
	}
	switch hash(now) {
	case e.Old:
		return false, nil
	case e.New:
	default:
		return false, fmt.Errorf("%s: was changed after an interrupted run; its text from before that is in %s: when all is well, remove %s", name, j.backup(e), j.dir)
	}
	info, err := os.Stat(name)
	if err != nil {
		return false, err
	}
	old, err := os.ReadFile(j.backup(e))
	if err != nil {
		return false, err
	}
	if hash(old) != e.Old {
		return false, fmt.Errorf("%s: is not the text of %s any more", j.backup(e), name)
	}
	step()
	if err := errors.Join(write(temp, old, fs.FileMode(e.Mode).Perm()), keepOwner(temp, info)); err != nil {
		return false, err
	}
	step()
	return true, os.Rename(temp, name)
}

// clear removes what no journal speaks of.
func (j *journal) clear() error {
	names, err := filepath.Glob(filepath.Join(j.dir, "*"))
	if err != nil {
		return err
	}
	for _, name := range names {
		if filepath.Base(name) != "lock" {
			err = errors.Join(err, os.Remove(name))
		}
	}
	return err
}

func hash(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
