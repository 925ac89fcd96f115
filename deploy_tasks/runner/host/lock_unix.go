//go:build unix

package host

import (
	"errors"
	"os"
	"syscall"
)

func tryLock(f *os.File) (bool, error) {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, syscall.EWOULDBLOCK):
			return false, nil
		case !errors.Is(err, syscall.EINTR):
			return false, &os.PathError{Op: "flock", Path: f.Name(), Err: err}
		}
	}
}

// IsReadOnly says whether err means a file system mounted read-only.
func IsReadOnly(err error) bool { return errors.Is(err, syscall.EROFS) }

// Umask sets the mask for what commands create.
func Umask(mask int) { syscall.Umask(mask) }

// Exec replaces this process.
func Exec(path string, argv, env []string) error { return syscall.Exec(path, argv, env) }

// Terminate asks a process to stop.
func Terminate(pid int) error { return syscall.Kill(pid, syscall.SIGTERM) }
