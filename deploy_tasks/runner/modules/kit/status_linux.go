package kit

import (
	"io/fs"
	"syscall"
	"time"
)

// StatusOf is what the system told with info.
func StatusOf(info fs.FileInfo) Status {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return Status{Nlink: 1, Mtime: info.ModTime()}
	}
	return Status{
		UID: int(st.Uid), GID: int(st.Gid), HasOwner: true, HasDevices: true,
		Dev: uint64(st.Dev), Inode: st.Ino, Nlink: uint64(st.Nlink), Rdev: uint64(st.Rdev),
		Blocks: st.Blocks, BlockSize: int64(st.Blksize),
		Atime: time.Unix(st.Atim.Unix()), Mtime: time.Unix(st.Mtim.Unix()), Ctime: time.Unix(st.Ctim.Unix()),
	}
}
