package kit

import (
	"io/fs"
	"syscall"
	"time"
)

// StatusOf is what the system told with info.
func StatusOf(info fs.FileInfo) Status {
	st := Status{Nlink: 1, Mtime: info.ModTime(), Atime: info.ModTime(), Ctime: info.ModTime()}
	if data, ok := info.Sys().(*syscall.Win32FileAttributeData); ok {
		st.Atime = time.Unix(0, data.LastAccessTime.Nanoseconds())
		st.Ctime = time.Unix(0, data.CreationTime.Nanoseconds())
	}
	return st
}
