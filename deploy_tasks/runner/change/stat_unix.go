//go:build unix

package change

import (
	"errors"
	"os"
	"syscall"
)

func isNotDir(err error) bool { return errors.Is(err, syscall.ENOTDIR) }

func isCrossDevice(err error) bool {
	return errors.Is(err, syscall.EXDEV) || errors.Is(err, syscall.EBUSY)
}

func makeNode(path string, st State) error {
	kind := map[Shape]uint32{Fifo: syscall.S_IFIFO, Char: syscall.S_IFCHR, Block: syscall.S_IFBLK}[st.Kind]
	if err := syscall.Mknod(path, kind|st.Mode, int(st.Rdev)); err != nil {
		return &os.PathError{Op: "mknod", Path: path, Err: err}
	}
	return nil
}

// SyncDir brings a folder's names to the disk.
func SyncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) { // a file system that cannot
		return nil
	}
	return err
}

const noFollow = syscall.O_NOFOLLOW
