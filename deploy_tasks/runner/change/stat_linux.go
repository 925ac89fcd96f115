package change

import (
	"bytes"
	"io/fs"
	"os"
	"syscall"
	"unsafe"
)

// readOwner fills what only the system's own stat tells.
func readOwner(info fs.FileInfo, st *State) {
	sys, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return
	}
	st.UID, st.GID = int(sys.Uid), int(sys.Gid)
	st.Atime = sys.Atim.Nano()
	st.Links, st.Rdev = uint64(sys.Nlink), uint64(sys.Rdev)
}

// linkTimes sets the times of a symbolic link itself.
func linkTimes(path string, atime, mtime int64) error {
	times := [2]syscall.Timespec{syscall.NsecToTimespec(atime), syscall.NsecToTimespec(mtime)}
	name, err := syscall.BytePtrFromString(path)
	if err != nil {
		return err
	}
	const atFDCWD, noFollow = -100, 0x100
	cwd := atFDCWD
	_, _, errno := syscall.Syscall6(syscall.SYS_UTIMENSAT, uintptr(cwd), uintptr(unsafe.Pointer(name)),
		uintptr(unsafe.Pointer(&times)), noFollow, 0, 0)
	if errno != 0 {
		return &os.PathError{Op: "utimensat", Path: path, Err: errno}
	}
	return nil
}

// readXattrs reads the extended attributes of files and folders; links have none that matter.
func readXattrs(path string, kind Shape) map[string][]byte {
	if kind != File && kind != Dir {
		return nil
	}
	size, err := syscall.Listxattr(path, nil)
	if err != nil || size <= 0 {
		return nil
	}
	names := make([]byte, size)
	if size, err = syscall.Listxattr(path, names); err != nil {
		return nil
	}
	out := map[string][]byte{}
	for _, name := range bytes.Split(names[:size], []byte{0}) {
		if len(name) == 0 {
			continue
		}
		buf := make([]byte, 64<<10)
		if n, err := syscall.Getxattr(path, string(name), buf); err == nil {
			out[string(name)] = bytes.Clone(buf[:n])
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// writeXattrs sets attributes. Not every file system has them and some are the kernel's own: what cannot be set is left.
func writeXattrs(path string, attrs map[string][]byte) {
	for name, data := range attrs {
		_ = syscall.Setxattr(path, name, data, 0)
	}
}

// SyncData brings a file's content to the disk, without the times that nobody needs.
func SyncData(f *os.File) error { return syscall.Fdatasync(int(f.Fd())) }

// clearXattrs removes the attributes that were not there.
func clearXattrs(path string, now, want map[string][]byte) {
	for name := range now {
		if _, kept := want[name]; !kept {
			_ = syscall.Removexattr(path, name)
		}
	}
}
