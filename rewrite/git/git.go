// Package git asks git about the work tree that fixer runs in: what has changed
// since a commit, and whose name commits get.
package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// run returns what a git command prints.
func run(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C") // what it says is looked at
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return nil, fmt.Errorf("git is not installed")
	case err != nil:
		line, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n")
		return nil, fmt.Errorf("git %s: %v: %s", args[0], err, line)
	}
	return stdout.Bytes(), nil
}

// top returns the directory of the work tree around dir.
func top(ctx context.Context, dir string) (string, error) {
	out, err := run(ctx, dir, "rev-parse", "--show-toplevel")
	name := strings.TrimRight(string(out), "\r\n")
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err != nil && strings.Contains(err.Error(), "not a git repository"), err == nil && name == "":
		return "", fmt.Errorf("%s is in no git work tree", dir)
	case err != nil:
		return "", err
	}
	return filepath.FromSlash(name), nil
}

// commit returns the hash of the commit that a revision names.
func commit(ctx context.Context, dir, rev string) (string, error) {
	out, err := run(ctx, dir, "rev-parse", "--verify", "--quiet", "--end-of-options", rev+"^{commit}")
	hash := strings.TrimSpace(string(out))
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err != nil || rev == "" || strings.HasPrefix(hash, "-"):
		return "", fmt.Errorf("git knows no commit %q here; a shallow clone may lack it", rev)
	}
	return hash, nil
}

// MergeBase returns the hash of the commit at which the current branch left
// another one.
func MergeBase(ctx context.Context, dir, branch string) (string, error) {
	if _, err := top(ctx, dir); err != nil {
		return "", err
	}
	hash, err := commit(ctx, dir, branch)
	if err != nil {
		return "", err
	}
	out, err := run(ctx, dir, "merge-base", hash, "HEAD")
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err != nil:
		return "", fmt.Errorf("git knows no commit that HEAD and %q have in common; a shallow clone may lack it", branch)
	}
	return strings.TrimSpace(string(out)), nil
}

// Author returns whom git would name as the author of a commit made in dir, as
// "Name" and "mail@address"; empty texts if it would name nobody.
func Author(ctx context.Context, dir string) (name, mail string) {
	out, err := run(ctx, dir, "var", "GIT_AUTHOR_IDENT")
	if err != nil {
		return "", ""
	}
	name, rest, _ := strings.Cut(string(out), " <")
	mail, _, _ = strings.Cut(rest, ">")
	return name, mail
}
