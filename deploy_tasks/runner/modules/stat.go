package modules

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"runner/module"
	"runner/value"
)

var statSpec = spec{args: []arg{
	{name: "path", kind: path_, required: true, aliases: []string{"dest", "name"}},
	{name: "follow", kind: boolean, def: false},
	{name: "get_checksum", kind: boolean, def: true},
	{name: "get_md5", kind: boolean, def: false},
	{name: "get_mime", kind: boolean, def: true, aliases: []string{"mime", "mime_type", "mime-type"}},
	{name: "get_attributes", kind: boolean, def: true, aliases: []string{"attr", "attributes"}},
	{name: "checksum_algorithm", kind: text, def: "sha1", aliases: []string{"checksum", "checksum_algo"},
		choices: []string{"md5", "sha1", "sha224", "sha256", "sha384", "sha512"}},
}}

// stat tells everything about one path.
func stat(c *module.Call) module.Result {
	p, err := statSpec.parse("stat", c)
	if err != nil {
		return failure(err)
	}
	path, look := p.str("path"), os.Lstat
	if p.flag("follow") {
		look = os.Stat
	}
	info, err := look(path)
	if errors.Is(err, fs.ErrNotExist) {
		return module.Result{Data: dict("stat", dict("exists", false))}
	}
	if err != nil {
		return module.Failure(strerror(err))
	}
	out := dict("exists", true, "path", path)
	addType(out, info)
	addSystem(out, statusOf(info))
	addPermissions(out, bitsOf(info.Mode()))
	addAccess(out, path, info)
	if err := addContent(out, c, p, path, info); err != nil {
		return failure(err)
	}
	return module.Result{Data: dict("stat", out)}
}

func strerror(err error) string {
	var no syscall.Errno
	if errors.As(err, &no) {
		return sentence(no.Error())
	}
	return err.Error()
}

func addType(out *value.Dict, info fs.FileInfo) {
	mode := info.Mode()
	device := mode&fs.ModeDevice != 0
	char := mode&fs.ModeCharDevice != 0
	out.Set("mode", octal4(bitsOf(mode)))
	out.Set("isdir", mode.IsDir())
	out.Set("ischr", device && char)
	out.Set("isblk", device && !char)
	out.Set("isreg", mode.IsRegular())
	out.Set("isfifo", mode&fs.ModeNamedPipe != 0)
	out.Set("islnk", mode&fs.ModeSymlink != 0)
	out.Set("issock", mode&fs.ModeSocket != 0)
	out.Set("size", info.Size())
}

// octal4 is the mode with four digits, always.
func octal4(bits uint32) string {
	text := octal(bits)
	if len(text) > 4 {
		return text[1:]
	}
	return text
}

func addSystem(out *value.Dict, st status) {
	out.Set("nlink", int64(st.nlink))
	out.Set("atime", seconds(st.atime))
	out.Set("mtime", seconds(st.mtime))
	out.Set("ctime", seconds(st.ctime))
	if st.hasDevices {
		out.Set("inode", int64(st.inode))
		out.Set("dev", int64(st.dev))
		out.Set("device_type", int64(st.rdev))
		out.Set("blocks", st.blocks)
		out.Set("block_size", st.blockSize)
	}
	if st.hasBirthtime {
		out.Set("birthtime", seconds(st.btime))
	}
	if !st.hasOwner {
		return
	}
	out.Set("uid", int64(st.uid))
	out.Set("gid", int64(st.gid))
	if name := userName(st.uid); name != "" {
		out.Set("pw_name", name)
	}
	if name := groupName(st.gid); name != "" {
		out.Set("gr_name", name)
	}
}

func addPermissions(out *value.Dict, bits uint32) {
	for i, who := range []string{"usr", "grp", "oth"} {
		shift := 6 - 3*i
		out.Set("w"+who, bits>>shift&2 != 0)
		out.Set("r"+who, bits>>shift&4 != 0)
		out.Set("x"+who, bits>>shift&1 != 0)
	}
	out.Set("isuid", bits&0o4000 != 0)
	out.Set("isgid", bits&0o2000 != 0)
}

func addAccess(out *value.Dict, path string, info fs.FileInfo) {
	out.Set("readable", access(path, canRead))
	out.Set("writeable", access(path, canWrite))
	out.Set("executable", access(path, canExecute))
	if info.Mode()&fs.ModeSymlink != 0 {
		target, _ := os.Readlink(path)
		out.Set("lnk_source", realPath(path))
		out.Set("lnk_target", target)
	}
}

// addContent adds what must be read from the file itself: checksum, kind of content, file system flags.
func addContent(out *value.Dict, c *module.Call, p *params, path string, info fs.FileInfo) error {
	if info.Mode().IsRegular() && access(path, canRead) {
		for key, name := range map[string]string{"checksum": p.str("checksum_algorithm"), "md5": "md5"} {
			if !p.flag("get_" + key) {
				continue
			}
			sums, err := checksums(path, name)
			if err != nil {
				return err
			}
			out.Set(key, sums[0])
		}
	}
	if p.flag("get_mime") {
		kind, charset := mimeOf(c, path)
		out.Set("mimetype", kind)
		out.Set("charset", charset)
	}
	if p.flag("get_attributes") {
		addFlags(out, path)
	}
	return nil
}

func withoutFlags(out *value.Dict) {
	out.Set("version", nil)
	out.Set("attributes", []any{})
	out.Set("attr_flags", "")
}

// inodeKind is what the file program says of what has no content to look at; empty for the rest.
func inodeKind(path string) string {
	info, err := os.Lstat(path)
	if err != nil {
		return ""
	}
	switch mode := info.Mode(); {
	case mode.IsDir():
		return "inode/directory"
	case mode&fs.ModeSymlink != 0:
		return "inode/symlink"
	case mode.IsRegular() && info.Size() == 0:
		return "inode/x-empty"
	}
	return ""
}

// mimeOf asks the file program, which alone knows; unknown where it is not installed.
func mimeOf(c *module.Call, path string) (kind, charset string) {
	program, err := exec.LookPath("file")
	if err != nil {
		return "unknown", "unknown"
	}
	if kind := inodeKind(path); kind != "" {
		return kind, "binary"
	}
	f, err := c.Run(module.Process{Argv: []string{program, "--mime-type", "--mime-encoding", path}})
	kind, charset, ok := strings.Cut(f.Stdout[strings.LastIndexByte(f.Stdout, ':')+1:], ";")
	if err != nil || f.Code != 0 || !ok {
		return "unknown", "unknown"
	}
	_, charset, _ = strings.Cut(charset, "=")
	return strings.TrimSpace(kind), strings.TrimSpace(charset)
}
