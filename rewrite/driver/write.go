package driver

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite/replace"
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
		if err := clean(r); err != nil {
			return err
		}
	}
	return replace.Files(r.Root, r.Files)
}

// clean refuses a git work tree in which tracked files have changes, and files
// that git doesn't know: what fixer does should be easy to tell from what was
// there before, and to take back.
func clean(r *Result) error {
	if err := tracked(r); err != nil {
		return err
	}
	cmd := exec.Command("git", "status", "--porcelain", "--untracked-files=no")
	cmd.Dir = r.Root
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

// tracked refuses files of a git work tree that git knows nothing of.
func tracked(r *Result) error {
	cmd := exec.Command("git", "ls-files", "-z")
	cmd.Dir = r.Root
	out, err := cmd.Output()
	if err != nil {
		return nil
	}
	known := make(map[string]bool)
	for name := range strings.SplitSeq(string(out), "\x00") {
		known[name] = true
	}
	for _, f := range r.Files {
		if !known[f.Name] {
			return fmt.Errorf("%s: git doesn't know the file, so that nothing could take the change back; add it, or pass --allow-dirty", f.Name)
		}
	}
	return nil
}
