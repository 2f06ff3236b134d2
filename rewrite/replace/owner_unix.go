//go:build unix

package replace

import (
	"io/fs"
	"os"
	"syscall"
)

// keepOwner gives a file the owner of another one, which matters when root
// runs fixer.
func keepOwner(name string, of fs.FileInfo) error {
	want, ok := of.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	info, err := os.Lstat(name)
	if err != nil {
		return err
	}
	if have, ok := info.Sys().(*syscall.Stat_t); ok && (have.Uid != want.Uid || have.Gid != want.Gid) {
		// A group of the owner's that is not ours can't be kept by us.
		if err := os.Lchown(name, int(want.Uid), int(want.Gid)); err != nil && have.Uid != want.Uid {
			return err
		}
	}
	return nil
}
