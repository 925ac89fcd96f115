package modules

import (
	"io/fs"
	"syscall"
	"time"
)

func statusOf(info fs.FileInfo) status {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return status{nlink: 1, mtime: info.ModTime()}
	}
	return status{
		uid: int(st.Uid), gid: int(st.Gid), hasOwner: true, hasDevices: true,
		dev: uint64(st.Dev), inode: st.Ino, nlink: uint64(st.Nlink), rdev: uint64(st.Rdev),
		blocks: st.Blocks, blockSize: int64(st.Blksize),
		atime: time.Unix(st.Atim.Unix()), mtime: time.Unix(st.Mtim.Unix()), ctime: time.Unix(st.Ctim.Unix()),
	}
}
