package kit

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

// Placement puts sources at places on the host, the way one task wants it.
type Placement struct {
	Call          *module.Call
	Dest          string
	Attrs         Attributes
	dirMode       any
	backup        bool
	force, Follow bool
	LocalFollow   bool
	validate      string
	expected      string // the SHA-1 that the content must have
}

// NewPlacement takes the arguments dest, directory_mode, backup, force, follow, local_follow, validate and checksum of a call.
// Those that its module does not have count as not given.
func NewPlacement(c *module.Call, p *Params, attrs Attributes) *Placement {
	return &Placement{Call: c, Dest: p.Str("dest"), Attrs: attrs, dirMode: p.Raw("directory_mode"), backup: p.Flag("backup"),
		force: p.Flag("force"), Follow: p.Flag("follow"), LocalFollow: p.Flag("local_follow"),
		validate: p.Str("validate"), expected: p.Str("checksum")}
}

// AttributesFor settles mode: preserve, which means the mode of the source.
func (t *Placement) AttributesFor(src Source) Attributes {
	attrs := t.Attrs
	if attrs.Mode == "preserve" {
		attrs.Mode = int64(src.Mode)
	}
	return attrs
}

// Put puts one source at dest, or into dest when that is a folder.
func (t *Placement) Put(src Source, dest string, follow bool) module.Result {
	if strings.HasSuffix(dest, "/") || IsDir(dest) {
		dest = filepath.Join(dest, src.Base)
	}
	if IsDir(dest) {
		return Failed(fmt.Sprintf("cannot overwrite the directory %s with a file", dest), Dict("path", dest))
	}
	if follow && IsLink(dest) {
		dest = RealPath(dest)
	}
	info, err := os.Lstat(dest)
	there := err == nil
	if there && Exists(dest) && !t.force {
		return module.Result{Data: Dict("dest", dest, "src", src.Name)}
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
func (t *Placement) sameContent(src Source, dest string, info fs.FileInfo) (sha1 string, same bool) {
	if src.Size != info.Size() {
		return "", false
	}
	sums, err := Checksums(dest, "sha256", "sha1")
	return lastSum(sums), err == nil && sums[0] == src.SHA256
}

func lastSum(sums []string) string {
	if len(sums) == 0 {
		return ""
	}
	return sums[len(sums)-1]
}

// keep leaves the content and gives the file its attributes.
func (t *Placement) keep(src Source, dest, sha1 string) module.Result {
	d := NewDelta(t.Call, dest)
	changed, err := t.AttributesFor(src).Apply(t.Call, dest, d)
	if err != nil {
		return Failure(err)
	}
	return Done(changed, Dict("dest", dest, "path", dest, "checksum", sha1), d)
}

// replace writes the content; info is what is at dest now, nil for nothing.
func (t *Placement) replace(src Source, dest string, info fs.FileInfo) module.Result {
	diffs := t.contentDiff(src, dest)
	if t.Call.Check {
		return module.Result{Changed: true, Data: Dict(), Diff: diffs}
	}
	if r, ok := t.folderFor(dest); !ok {
		return r
	}
	meta, err := t.metaFor(src, dest, info)
	if err != nil {
		return Failure(err)
	}
	sums, backup, err := t.write(src, dest, meta)
	if err != nil {
		return writeFailure(err, src, dest)
	}
	data := Dict("dest", dest, "src", src.Name, "checksum", sums[0], "md5sum", sums[1])
	if backup != "" {
		data.Set("backup_file", backup)
	}
	r := Done(true, data, nil)
	r.Diff = diffs
	return r
}

// metaFor is what the file is written with; a link that is replaced leaves nothing behind.
func (t *Placement) metaFor(src Source, dest string, info fs.FileInfo) (change.Meta, error) {
	if info != nil && !info.Mode().IsRegular() {
		info = nil
	}
	return t.AttributesFor(src).Meta(dest, info)
}

// folderFor makes sure that the folder of dest exists. Only a destination that was named as a folder is made.
func (t *Placement) folderFor(dest string) (module.Result, bool) {
	parent := filepath.Dir(dest)
	if IsDir(parent) {
		return module.Result{}, true
	}
	if !strings.HasSuffix(t.Dest, "/") {
		return Failed(fmt.Sprintf("Destination directory %s does not exist", parent), Dict()), false
	}
	if _, err := MakeFolders(t.Call, parent, t.FolderAttributes()); err != nil {
		return Failure(err), false
	}
	return module.Result{}, true
}

// FolderAttributes are those of folders that a copy makes.
func (t *Placement) FolderAttributes() Attributes {
	return Attributes{Mode: t.dirMode, Owner: t.Attrs.Owner, Group: t.Attrs.Group}
}

func writeFailure(err error, src Source, dest string) module.Result {
	if rejected, ok := err.(*Rejection); ok {
		data := Dict("exit_status", int64(rejected.Code))
		SetOutput(data, "stdout", rejected.stdout)
		SetOutput(data, "stderr", rejected.Stderr)
		return Failed("failed to validate", data)
	}
	var unusable *badValidate
	if errors.As(err, &unusable) {
		return Failure(err)
	}
	return Failed(fmt.Sprintf("failed to copy: %s to %s: %s", orContent(src.Name), dest, Reason(err)), Dict("dest", dest))
}

func orContent(name string) string {
	if name == "" {
		return "content"
	}
	return name
}
