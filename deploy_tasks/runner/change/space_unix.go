//go:build unix

package change

import (
	"errors"
	"os"
	"syscall"
)

const errDiskFull = syscall.ENOSPC

// SpaceAt reads the space of the file system that holds path.
func SpaceAt(path string) (Space, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(path, &st); err != nil {
		return Space{}, &os.PathError{Op: "statfs", Path: path, Err: err}
	}
	s := Space{Bytes: int64(st.Bavail) * int64(st.Bsize), Inodes: int64(st.Ffree)}
	if st.Blocks == 0 {
		s.Bytes = 1 << 62 // a file system that does not count
	}
	if st.Files == 0 {
		s.Inodes = -1
	}
	return s, nil
}

// IsNoSpace says whether err means a full disk.
func IsNoSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
