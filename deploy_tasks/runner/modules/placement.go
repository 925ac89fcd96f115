package modules

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"runner/change"
	"runner/fmt"
	"runner/module"
)

// placement puts sources at places on the host, the way one task wants it.
type placement struct {
	c             *module.Call
	dest          string
	attrs         attributes
	dirMode       any
	backup        bool
	force, follow bool
	localFollow   bool
	validate      string
	expected      string // the SHA-1 that the content must have
}

func newPlacement(c *module.Call, p *params, attrs attributes) *placement {
	return &placement{c: c, dest: p.str("dest"), attrs: attrs, dirMode: p.raw("directory_mode"), backup: p.flag("backup"),
		force: p.flag("force"), follow: p.flag("follow"), localFollow: p.flag("local_follow"),
		validate: p.str("validate"), expected: p.str("checksum")}
}

// attributesFor settles mode: preserve, which means the mode of the source.
func (t *placement) attributesFor(src source) attributes {
	attrs := t.attrs
	if attrs.mode == "preserve" {
		attrs.mode = int64(src.mode)
	}
	return attrs
}

// file puts one source at dest, or into dest when that is a folder.
func (t *placement) file(src source, dest string, follow bool) module.Result {
	if strings.HasSuffix(dest, "/") || isDir(dest) {
		dest = filepath.Join(dest, src.base)
	}
	if isDir(dest) {
		return failed(fmt.Sprintf("cannot overwrite the directory %s with a file", dest), dict("path", dest))
	}
	if follow && isLink(dest) {
		dest = realPath(dest)
	}
	info, err := os.Lstat(dest)
	there := err == nil
	if there && exists(dest) && !t.force {
		return module.Result{Data: dict("dest", dest, "src", src.name)}
	}
	if there && info.Mode().IsRegular() {
		if sha1, same := t.sameContent(src, dest, info); same {
			return t.keep(src, dest, sha1)
		}
	}
	if !there {
		info = nil
	}
	return t.replace(src, dest, info)
}

// sameContent compares by size and SHA-256, without opening the source where its digest is known.
func (t *placement) sameContent(src source, dest string, info fs.FileInfo) (sha1 string, same bool) {
	if src.size != info.Size() {
		return "", false
	}
	sums, err := checksums(dest, "sha256", "sha1")
	return lastSum(sums), err == nil && sums[0] == src.sha256
}

func lastSum(sums []string) string {
	if len(sums) == 0 {
		return ""
	}
	return sums[len(sums)-1]
}

// keep leaves the content and gives the file its attributes.
func (t *placement) keep(src source, dest, sha1 string) module.Result {
	d := newDelta(t.c, dest)
	changed, err := t.attributesFor(src).apply(t.c, dest, d)
	if err != nil {
		return failure(err)
	}
	return done(changed, dict("dest", dest, "path", dest, "checksum", sha1), d)
}

// replace writes the content; info is what is at dest now, nil for nothing.
func (t *placement) replace(src source, dest string, info fs.FileInfo) module.Result {
	diffs := t.contentDiff(src, dest)
	if t.c.Check {
		return module.Result{Changed: true, Data: dict(), Diff: diffs}
	}
	if r, ok := t.folderFor(dest); !ok {
		return r
	}
	meta, err := t.metaFor(src, dest, info)
	if err != nil {
		return failure(err)
	}
	sums, backup, err := t.write(src, dest, meta)
	if err != nil {
		return writeFailure(err, src, dest)
	}
	data := dict("dest", dest, "src", src.name, "checksum", sums[0], "md5sum", sums[1])
	if backup != "" {
		data.Set("backup_file", backup)
	}
	r := done(true, data, nil)
	r.Diff = diffs
	return r
}

// metaFor is what the file is written with; a link that is replaced leaves nothing behind.
func (t *placement) metaFor(src source, dest string, info fs.FileInfo) (change.Meta, error) {
	if info != nil && !info.Mode().IsRegular() {
		info = nil
	}
	return t.attributesFor(src).meta(dest, info)
}

// folderFor makes sure that the folder of dest exists. Only a destination that was named as a folder is made.
func (t *placement) folderFor(dest string) (module.Result, bool) {
	parent := filepath.Dir(dest)
	if isDir(parent) {
		return module.Result{}, true
	}
	if !strings.HasSuffix(t.dest, "/") {
		return failed(fmt.Sprintf("Destination directory %s does not exist", parent), dict()), false
	}
	if _, err := makeFolders(t.c, parent, t.folderAttributes()); err != nil {
		return failure(err), false
	}
	return module.Result{}, true
}

// folderAttributes are those of folders that a copy makes.
func (t *placement) folderAttributes() attributes {
	return attributes{mode: t.dirMode, owner: t.attrs.owner, group: t.attrs.group}
}

func writeFailure(err error, src source, dest string) module.Result {
	if rejected, ok := err.(*rejection); ok {
		data := dict("exit_status", int64(rejected.code))
		setOutput(data, "stdout", rejected.stdout)
		setOutput(data, "stderr", rejected.stderr)
		return failed("failed to validate", data)
	}
	var unusable *badValidate
	if errors.As(err, &unusable) {
		return failure(err)
	}
	return failed(fmt.Sprintf("failed to copy: %s to %s: %s", orContent(src.name), dest, reason(err)), dict("dest", dest))
}

func orContent(name string) string {
	if name == "" {
		return "content"
	}
	return name
}

// describeTree is the result of a copy of many files.
func describeTree(changed bool, dest, src string) module.Result {
	data := dict("dest", dest, "src", src)
	return module.Result{Changed: changed, Data: data}
}
