package basics

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strings"

	"runner/module"
	"runner/modules/kit"
	"runner/value"
)

var statSpec = kit.Spec{Args: []kit.Arg{
	{Name: "path", Kind: kit.Path, Required: true, Aliases: []string{"dest", "name"}},
	{Name: "follow", Kind: kit.Bool, Default: false},
	{Name: "get_checksum", Kind: kit.Bool, Default: true},
	{Name: "get_md5", Kind: kit.Bool, Default: false},
	{Name: "get_mime", Kind: kit.Bool, Default: true, Aliases: []string{"mime", "mime_type", "mime-type"}},
	{Name: "get_attributes", Kind: kit.Bool, Default: true, Aliases: []string{"attr", "attributes"}},
	{Name: "checksum_algorithm", Kind: kit.Text, Default: "sha1", Aliases: []string{"checksum", "checksum_algo"},
		Choices: []string{"md5", "sha1", "sha224", "sha256", "sha384", "sha512"}},
}}

// stat tells everything about one path.
func stat(c *module.Call) module.Result {
	p, err := statSpec.Parse("stat", c)
	if err != nil {
		return kit.Failure(err)
	}
	path, look := p.Str("path"), os.Lstat
	if p.Flag("follow") {
		look = os.Stat
	}
	info, err := look(path)
	if errors.Is(err, fs.ErrNotExist) {
		return module.Result{Data: kit.Dict("stat", kit.Dict("exists", false))}
	}
	if err != nil {
		return module.Failure(kit.Strerror(err))
	}
	out := kit.Dict("exists", true, "path", path)
	kit.AddType(out, info)
	addSystem(out, kit.StatusOf(info))
	kit.AddPermissions(out, kit.BitsOf(info.Mode()))
	addAccess(out, path, info)
	if err := addContent(out, c, p, path, info); err != nil {
		return kit.Failure(err)
	}
	return module.Result{Data: kit.Dict("stat", out)}
}

func addSystem(out *value.Dict, st kit.Status) {
	out.Set("nlink", int64(st.Nlink))
	out.Set("atime", kit.Seconds(st.Atime))
	out.Set("mtime", kit.Seconds(st.Mtime))
	out.Set("ctime", kit.Seconds(st.Ctime))
	if st.HasDevices {
		out.Set("inode", int64(st.Inode))
		out.Set("dev", int64(st.Dev))
		out.Set("device_type", int64(st.Rdev))
		out.Set("blocks", st.Blocks)
		out.Set("block_size", st.BlockSize)
	}
	if st.HasBirthtime {
		out.Set("birthtime", kit.Seconds(st.Btime))
	}
	if !st.HasOwner {
		return
	}
	out.Set("uid", int64(st.UID))
	out.Set("gid", int64(st.GID))
	if name := kit.UserName(st.UID); name != "" {
		out.Set("pw_name", name)
	}
	if name := kit.GroupName(st.GID); name != "" {
		out.Set("gr_name", name)
	}
}

func addAccess(out *value.Dict, path string, info fs.FileInfo) {
	out.Set("readable", kit.Access(path, kit.CanRead))
	out.Set("writeable", kit.Access(path, kit.CanWrite))
	out.Set("executable", kit.Access(path, kit.CanExecute))
	if info.Mode()&fs.ModeSymlink != 0 {
		target, _ := os.Readlink(path)
		out.Set("lnk_source", kit.RealPath(path))
		out.Set("lnk_target", target)
	}
}

// addContent adds what must be read from the file itself: checksum, kind of content, file system flags.
func addContent(out *value.Dict, c *module.Call, p *kit.Params, path string, info fs.FileInfo) error {
	if info.Mode().IsRegular() && kit.Access(path, kit.CanRead) {
		for key, name := range map[string]string{"checksum": p.Str("checksum_algorithm"), "md5": "md5"} {
			if !p.Flag("get_" + key) {
				continue
			}
			sums, err := kit.Checksums(path, name)
			if err != nil {
				return err
			}
			out.Set(key, sums[0])
		}
	}
	if p.Flag("get_mime") {
		kind, charset := mimeOf(c, path)
		out.Set("mimetype", kind)
		out.Set("charset", charset)
	}
	if p.Flag("get_attributes") {
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
