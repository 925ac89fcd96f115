package modules

import (
	"io/fs"
	"os"
	"time"

	"runner/value"
)

// status is what the system tells about a file beyond fs.FileInfo.
type status struct {
	uid, gid                           int
	dev, inode, nlink, rdev            uint64
	blocks, blockSize                  int64
	atime, mtime, ctime, btime         time.Time
	hasOwner, hasDevices, hasBirthtime bool
}

// exists follows links, as Python's os.path.exists.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func isLink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}

// fileState is Ansible's word for what is at a path: absent, link, directory, hard or file.
func fileState(path string) string {
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return "absent"
	case info.Mode()&fs.ModeSymlink != 0:
		return "link"
	case info.IsDir():
		return "directory"
	case statusOf(info).nlink > 1:
		return "hard"
	}
	return "file"
}

// describe adds owner, group, mode, size and state of the file that a result names, as every Ansible module does.
func describe(data *value.Dict) {
	name, ok := data.Get("path")
	if !ok {
		name, _ = data.Get("dest")
	}
	at, _ := name.(string)
	info, err := os.Lstat(at)
	if at == "" || err != nil || !exists(at) {
		return
	}
	if st := statusOf(info); st.hasOwner {
		data.Set("uid", int64(st.uid))
		data.Set("gid", int64(st.gid))
		data.Set("owner", orNumber(userName(st.uid), st.uid))
		data.Set("group", orNumber(groupName(st.gid), st.gid))
	}
	data.Set("mode", octal(bitsOf(info.Mode())))
	data.Set("state", fileState(at))
	data.Set("size", info.Size())
}
