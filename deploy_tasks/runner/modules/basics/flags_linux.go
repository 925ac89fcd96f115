package basics

import (
	"os"
	"strconv"
	"syscall"
	"unsafe"

	"runner/value"
)

// The kernel's requests for the flags and the generation of an inode, as lsattr makes them.
const (
	getFlags   = 0x80086601
	getVersion = 0x80087601
)

// inodeFlags in the order in which lsattr prints them; name is empty where Ansible has none.
var inodeFlags = []struct {
	bit    uint32
	letter string
	name   string
}{
	{0x1, "s", "zero"}, {0x2, "u", "undelete"}, {0x8, "S", "synchronous"}, {0x10000, "D", "dirsync"},
	{0x10, "i", "immutable"}, {0x20, "a", "append"}, {0x40, "d", "nodump"}, {0x80, "A", "noatime"},
	{0x4, "c", "compressed"}, {0x800, "E", "encrypted"}, {0x4000, "j", "journalled"}, {0x1000, "I", "indexed"},
	{0x8000, "t", "notail"}, {0x20000, "T", "blockroot"}, {0x80000, "e", "extents"}, {0x800000, "C", "nocow"},
	{0x02000000, "x", ""}, {0x40000000, "F", ""}, {0x10000000, "N", "inline"}, {0x20000000, "P", ""},
	{0x100000, "V", ""}, {0x400, "m", ""},
}

// addFlags adds the attributes of the inode; none of a link or where the file system has none.
func addFlags(out *value.Dict, path string) {
	flags, version, ok := inodeAttributes(path)
	if !ok {
		withoutFlags(out)
		return
	}
	letters, names := "", []any{}
	for _, f := range inodeFlags {
		if flags&f.bit == 0 {
			continue
		}
		letters += f.letter
		if f.name != "" {
			names = append(names, f.name)
		}
	}
	out.Set("version", version)
	out.Set("attributes", names)
	out.Set("attr_flags", letters)
}

func inodeAttributes(path string) (flags uint32, version string, ok bool) {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() && !info.IsDir() {
		return 0, "", false
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return 0, "", false
	}
	defer f.Close()
	var generation uint32
	if !ask(f, getFlags, &flags) || !ask(f, getVersion, &generation) {
		return 0, "", false
	}
	return flags, strconv.FormatUint(uint64(generation), 10), true
}

// ask makes a request whose answer is a C long of which the kernel fills the first half.
func ask(f *os.File, request uintptr, answer *uint32) bool {
	var long [2]uint32
	_, _, no := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request, uintptr(unsafe.Pointer(&long)))
	*answer = long[0]
	return no == 0
}
