package change

import (
	"os"
	"syscall"
)

// The calls of fcntl about leases, which the syscall package does not name.
const setLease, readLease, noLease = 1024, 0, 2

// linkOnly gives the open file at path a second name, when nobody can write to it once the first is gone: it has no other
// name and nobody has it open for writing, or the kernel would not lease it to us. Where that is not sure, or the second name
// lies in another file system, there is none and the answer is false.
func linkOnly(f *os.File, path, name string) bool {
	info, err := f.Stat()
	if err != nil {
		return false
	}
	if sys, ok := info.Sys().(*syscall.Stat_t); !ok || sys.Nlink != 1 || !lease(f, readLease) {
		return false
	}
	lease(f, noLease)
	if os.Link(path, name) != nil {
		return false
	}
	if linked, err := os.Lstat(name); err == nil && os.SameFile(info, linked) {
		return true
	}
	_ = os.Remove(name) // somebody has put another file there meanwhile
	return false
}

func lease(f *os.File, kind uintptr) bool {
	_, _, errno := syscall.Syscall(syscall.SYS_FCNTL, f.Fd(), setLease, kind)
	return errno == 0
}
