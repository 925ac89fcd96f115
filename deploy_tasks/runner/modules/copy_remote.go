package modules

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"runner/fmt"
	"runner/module"
)

// remote copies what is on the host already.
func (t *placement) remote(src string) module.Result {
	full := absolute(t.c, src)
	info, err := os.Stat(full)
	switch {
	case err != nil:
		return module.Failure(fmt.Sprintf("Source %s not found", src))
	case !access(full, canRead):
		return module.Failure(fmt.Sprintf("Source %s not readable", src))
	case info.IsDir():
		t.attrs = t.attributesFor(source{mode: bitsOf(info.Mode())})
		return t.remoteTree(src, full)
	case !info.Mode().IsRegular():
		return module.Failure(fmt.Sprintf("Cannot copy invalid source '%s': not a file", src))
	}
	return t.remoteFile(src, full, info)
}

func (t *placement) remoteFile(src, full string, info fs.FileInfo) module.Result {
	if parent := filepath.Dir(t.dest); strings.HasSuffix(t.dest, "/") && !exists(parent) && t.c.Check {
		return module.Result{Changed: true, Msg: fmt.Sprintf("dest directory %s would be created", parent), Data: dict("src", src)}
	}
	sums, err := checksums(full, "sha256", "sha1", "md5")
	if err != nil {
		return failure(err)
	}
	open := func() (io.ReadCloser, error) { return os.Open(full) }
	r := t.file(source{name: src, base: filepath.Base(full), size: info.Size(), sha256: sums[0], mode: bitsOf(info.Mode()),
		open: open}, t.dest, t.follow)
	if r.Failed {
		return r
	}
	if _, told := r.Data.Get("dest"); !told {
		r.Data.Set("dest", t.dest)
	}
	r.Data.Delete("path")
	r.Data.Update(dict("src", src, "checksum", sums[1], "md5sum", sums[2]))
	describe(r.Data)
	return r
}

// remoteTree copies a folder: its contents when src ends with a slash, else the folder itself into dest.
func (t *placement) remoteTree(src, full string) module.Result {
	into := strings.TrimSuffix(t.dest, "/")
	shown := t.dest
	if isDir(t.dest) {
		shown = into + "/" + lastOf(src)
	}
	if strings.HasSuffix(t.dest, "/") && !exists(into) && t.c.Check {
		return module.Result{Changed: true, Msg: fmt.Sprintf("dest directory %s would be created", into), Data: dict("src", src)}
	}
	if !strings.HasSuffix(src, "/") {
		into = filepath.Join(into, filepath.Base(full))
	}
	w := treeCopy{t: t}
	if err := w.folder(filepath.Clean(full), into); err != nil {
		return failure(err)
	}
	data := dict("dest", shown, "src", src, "checksum", nil, "md5sum", nil)
	changed, err := t.attrs.apply(t.c, filepath.Clean(shown), nil)
	if err != nil {
		return failure(err)
	}
	return done(w.changed || changed, data, nil)
}

// treeCopy makes one folder of the host contain what another does; it takes nothing away.
type treeCopy struct {
	t       *placement
	changed bool
}

// attributes are those the attributes in a tree: the modes come from the source, the owner from the task.
func (w *treeCopy) attributes(mode uint32) attributes {
	return attributes{mode: int64(mode), owner: w.t.attrs.owner, group: w.t.attrs.group}
}

func (w *treeCopy) folder(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if !isDir(to) {
		w.changed = true
		if !w.t.c.Check {
			if err := w.makeFolder(to, bitsOf(info.Mode())); err != nil {
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
	if _, err := makeFolders(w.t.c, filepath.Dir(to), w.t.folderAttributes()); err != nil {
		return err
	}
	if err := w.t.c.Log.Mkdir(to, modeOf(mode)); err != nil {
		return err
	}
	return w.own(to)
}

// own gives an existing path the owner of the task.
func (w *treeCopy) own(path string) error {
	changed, err := attributes{owner: w.t.attrs.owner, group: w.t.attrs.group}.apply(w.t.c, path, nil)
	w.changed = w.changed || changed
	return err
}

func (w *treeCopy) entry(from, to string) error {
	info, err := os.Lstat(from)
	if err != nil {
		return err
	}
	if info.Mode()&fs.ModeSymlink != 0 && !w.t.localFollow {
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
	if w.t.c.Check {
		return nil
	}
	return w.t.c.Log.Symlink(target, to)
}

func (w *treeCopy) file(from, to string, info fs.FileInfo) error {
	now, err := os.Lstat(to)
	if err == nil && now.Mode().IsRegular() && sameBytes(from, to, info, now) {
		return w.own(to)
	}
	w.changed = true
	if w.t.c.Check {
		return nil
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	meta, err := w.attributes(bitsOf(info.Mode())).meta(to, nil)
	if err != nil {
		return err
	}
	return w.t.c.Log.WriteFile(to, in, meta)
}

// sameBytes trusts equal size and modification time, as Python's filecmp does, and reads otherwise.
func sameBytes(from, to string, a, b fs.FileInfo) bool {
	if a.Size() != b.Size() {
		return false
	}
	if a.ModTime().Equal(b.ModTime()) && a.ModTime().Before(time.Now().Add(-2*time.Second)) {
		return true
	}
	x, err1 := checksums(from, "sha256")
	y, err2 := checksums(to, "sha256")
	return err1 == nil && err2 == nil && x[0] == y[0]
}
