package modules

import (
	"io/fs"
	"syscall"
	"time"
)

func statusOf(info fs.FileInfo) status {
	st := status{nlink: 1, mtime: info.ModTime(), atime: info.ModTime(), ctime: info.ModTime()}
	if data, ok := info.Sys().(*syscall.Win32FileAttributeData); ok {
		st.atime = time.Unix(0, data.LastAccessTime.Nanoseconds())
		st.ctime = time.Unix(0, data.CreationTime.Nanoseconds())
	}
	return st
}
