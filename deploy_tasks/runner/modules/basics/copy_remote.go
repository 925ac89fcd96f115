package basics

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

// remote copies what is on the host already.
func (t copying) remote(src string) module.Result {
	full := kit.Absolute(t.Call, src)
	info, err := os.Stat(full)
	switch {
	case err != nil:
		return module.Failure(fmt.Sprintf("Source %s not found", src))
	case !kit.Access(full, kit.CanRead):
		return module.Failure(fmt.Sprintf("Source %s not readable", src))
	case info.IsDir():
		t.Attrs = t.AttributesFor(kit.Source{Mode: kit.BitsOf(info.Mode())})
		return t.remoteTree(src, full)
	case !info.Mode().IsRegular():
		return module.Failure(fmt.Sprintf("Cannot copy invalid source '%s': not a file", src))
	}
	return t.remoteFile(src, full, info)
}

func (t copying) remoteFile(src, full string, info fs.FileInfo) module.Result {
	if parent := filepath.Dir(t.Dest); strings.HasSuffix(t.Dest, "/") && !kit.Exists(parent) && t.Call.Check {
		return module.Result{Changed: true, Msg: fmt.Sprintf("dest directory %s would be created", parent), Data: kit.Dict("src", src)}
	}
	sums, err := kit.Checksums(full, "sha256", "sha1", "md5")
	if err != nil {
		return kit.Failure(err)
	}
	open := func() (io.ReadCloser, error) { return os.Open(full) }
	r := t.Put(kit.Source{Name: src, Base: filepath.Base(full), Size: info.Size(), SHA256: sums[0], Mode: kit.BitsOf(info.Mode()),
		Open: open}, t.Dest, t.Follow)
	if r.Failed {
		return r
	}
	if _, told := r.Data.Get("dest"); !told {
		r.Data.Set("dest", t.Dest)
	}
	r.Data.Delete("path")
	r.Data.Update(kit.Dict("src", src, "checksum", sums[1], "md5sum", sums[2]))
	kit.Describe(r.Data)
	return r
}

// remoteTree copies a folder: its contents when src ends with a slash, else the folder itself into dest.
func (t copying) remoteTree(src, full string) module.Result {
	into := strings.TrimSuffix(t.Dest, "/")
	shown := t.Dest
	if kit.IsDir(t.Dest) {
		shown = into + "/" + kit.LastOf(src)
	}
	if strings.HasSuffix(t.Dest, "/") && !kit.Exists(into) && t.Call.Check {
		return module.Result{Changed: true, Msg: fmt.Sprintf("dest directory %s would be created", into), Data: kit.Dict("src", src)}
	}
	if !strings.HasSuffix(src, "/") {
		into = filepath.Join(into, filepath.Base(full))
	}
	w := treeCopy{t: t}
	if err := w.folder(filepath.Clean(full), into); err != nil {
		return kit.Failure(err)
	}
	data := kit.Dict("dest", shown, "src", src, "checksum", nil, "md5sum", nil)
	changed, err := t.Attrs.Apply(t.Call, filepath.Clean(shown), nil)
	if err != nil {
		return kit.Failure(err)
	}
	return kit.Done(w.changed || changed, data, nil)
}

// treeCopy makes one folder of the host contain what another does; it takes nothing away.
type treeCopy struct {
	t       copying
	changed bool
}

// attributes are those the attributes in a tree: the modes come from the source, the owner from the task.
func (w *treeCopy) attributes(mode uint32) kit.Attributes {
	return kit.Attributes{Mode: int64(mode), Owner: w.t.Attrs.Owner, Group: w.t.Attrs.Group}
}

func (w *treeCopy) folder(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if !kit.IsDir(to) {
		w.changed = true
		if !w.t.Call.Check {
			if err := w.makeFolder(to, kit.BitsOf(info.Mode())); err != nil {
				return err
			}
		}
	} else if err := w.own(to); err != nil {
		return err
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := w.entry(filepath.Join(from, entry.Name()), filepath.Join(to, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

func (w *treeCopy) makeFolder(to string, mode uint32) error {
	if _, err := kit.MakeFolders(w.t.Call, filepath.Dir(to), w.t.FolderAttributes()); err != nil {
		return err
	}
	if err := w.t.Call.Log.Mkdir(to, kit.ModeOf(mode)); err != nil {
		return err
	}
	return w.own(to)
}

// own gives an existing path the owner of the task.
func (w *treeCopy) own(path string) error {
	changed, err := w.t.Attrs.OwnerOnly().Apply(w.t.Call, path, nil)
	w.changed = w.changed || changed
	return err
}

func (w *treeCopy) entry(from, to string) error {
	info, err := os.Lstat(from)
	if err != nil {
		return err
	}
	if info.Mode()&fs.ModeSymlink != 0 && !w.t.LocalFollow {
		return w.link(from, to)
	}
	if info, err = os.Stat(from); err != nil {
		return nil // a link to nothing has no content to follow to
	}
	switch {
	case info.IsDir():
		return w.folder(from, to)
	case info.Mode().IsRegular():
		return w.file(from, to, info)
	}
	return nil
}

func (w *treeCopy) link(from, to string) error {
	target, err := os.Readlink(from)
	if now, nowErr := os.Readlink(to); err != nil || nowErr == nil && now == target {
		return err
	}
	w.changed = true
	if w.t.Call.Check {
		return nil
	}
	return w.t.Call.Log.Symlink(target, to)
}

func (w *treeCopy) file(from, to string, info fs.FileInfo) error {
	now, err := os.Lstat(to)
	if err == nil && now.Mode().IsRegular() && sameBytes(from, to, info, now) {
		return w.own(to)
	}
	w.changed = true
	if w.t.Call.Check {
		return nil
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	meta, err := w.attributes(kit.BitsOf(info.Mode())).Meta(to, nil)
	if err != nil {
		return err
	}
	return w.t.Call.Log.WriteFile(to, in, meta)
}

// sameBytes trusts equal size and modification time, as Python's filecmp does, and reads otherwise.
func sameBytes(from, to string, a, b fs.FileInfo) bool {
	if a.Size() != b.Size() {
		return false
	}
	if a.ModTime().Equal(b.ModTime()) && a.ModTime().Before(time.Now().Add(-2*time.Second)) {
		return true
	}
	x, err1 := kit.Checksums(from, "sha256")
	y, err2 := kit.Checksums(to, "sha256")
	return err1 == nil && err2 == nil && x[0] == y[0]
}
