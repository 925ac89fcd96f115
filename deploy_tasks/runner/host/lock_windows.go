//go:build windows

package host

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
	"unsafe"
)

var lockFileEx = syscall.NewLazyDLL("kernel32.dll").NewProc("LockFileEx")

// lockOffset is a byte far behind the holder's text: the system refuses to read a locked range.
const lockOffset = 1 << 30

func tryLock(f *os.File) (bool, error) {
	const failImmediately, exclusive = 1, 2
	const lockViolation = syscall.Errno(33)
	at := syscall.Overlapped{Offset: lockOffset}
	ok, _, err := lockFileEx.Call(f.Fd(), failImmediately|exclusive, 0, 1, 0, uintptr(unsafe.Pointer(&at)))
	switch {
	case ok != 0:
		return true, nil
	case errors.Is(err, lockViolation), errors.Is(err, syscall.ERROR_IO_PENDING):
		return false, nil
	}
	return false, &os.PathError{Op: "LockFileEx", Path: f.Name(), Err: err}
}

// IsReadOnly says whether err means a medium that cannot be written.
func IsReadOnly(err error) bool { return errors.Is(err, syscall.Errno(19)) }

// Umask has no meaning here.
func Umask(int) {}

// Exec runs the program in place of this one and ends with its exit status.
func Exec(path string, argv, env []string) error {
	cmd := exec.Command(path, argv[1:]...)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = env, os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err == nil || errors.As(err, &exit) {
		os.Exit(cmd.ProcessState.ExitCode())
	}
	return err
}

// Terminate stops a process; it cannot be asked here.
func Terminate(pid int) error {
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	return p.Kill()
}
