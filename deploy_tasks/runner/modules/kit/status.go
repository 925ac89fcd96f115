package kit

import (
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"runner/value"
)

// Status is what the system tells about a file beyond fs.FileInfo.
type Status struct {
	UID, GID                           int
	Dev, Inode, Nlink, Rdev            uint64
	Blocks, BlockSize                  int64
	Atime, Mtime, Ctime, Btime         time.Time
	HasOwner, HasDevices, HasBirthtime bool
}

// Exists follows links, as Python's os.path.exists.
func Exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// IsDir follows links, as Python's os.path.isdir.
func IsDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// IsRegular tells whether path is a file, or a link to one.
func IsRegular(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// Missing is the first folder on the way to a path that is not there, or else the path.
func Missing(path string) string {
	for parent := filepath.Dir(path); !IsDir(parent) && parent != path; parent = filepath.Dir(path) {
		path = parent
	}
	return path
}

// IsLink tells whether a link is at a path, to whatever.
func IsLink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}

// RealPath resolves every link on the way, also when the last element does not exist.
func RealPath(path string) string {
	for range 40 {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			return real
		}
		target, err := os.Readlink(path)
		if err != nil {
			return path
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(path), target)
		}
		path = target
	}
	return path
}

// FileState is Ansible's word for what is at a path: absent, link, directory, hard or file.
func FileState(path string) string {
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return "absent"
	case info.Mode()&fs.ModeSymlink != 0:
		return "link"
	case info.IsDir():
		return "directory"
	case StatusOf(info).Nlink > 1:
		return "hard"
	}
	return "file"
}

// Describe adds owner, group, mode, size and state of the file that a result names, as every Ansible module does.
func Describe(data *value.Dict) {
	name, ok := data.Get("path")
	if !ok {
		name, _ = data.Get("dest")
	}
	at, _ := name.(string)
	info, err := os.Lstat(at)
	if at == "" || err != nil || !Exists(at) {
		return
	}
	if st := StatusOf(info); st.HasOwner {
		data.Set("uid", int64(st.UID))
		data.Set("gid", int64(st.GID))
		data.Set("owner", OrNumber(UserName(st.UID), st.UID))
		data.Set("group", OrNumber(GroupName(st.GID), st.GID))
	}
	data.Set("mode", Octal(BitsOf(info.Mode())))
	data.Set("state", FileState(at))
	data.Set("size", info.Size())
}
