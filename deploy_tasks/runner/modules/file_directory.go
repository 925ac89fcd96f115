package modules

import (
	"io/fs"
	"os"
	"path/filepath"

	"runner/fmt"
	"runner/module"
)

// directory makes a folder with its parents, and gives attributes to it or to everything in it.
func (t *fileTask) directory() module.Result {
	at := t.path
	if isLink(at) {
		at = t.target()
	}
	state, d := fileState(at), newDelta(t.c, at)
	if state != "directory" {
		d.set("state", state, "directory")
	}
	data := dict("path", at)
	switch state {
	case "directory":
		r := t.finish(false, at, data, d)
		if t.recurse && !r.Failed {
			return t.withContents(r, at)
		}
		return r
	case "absent":
		if t.c.Check {
			return module.Result{Changed: true, Data: data, Diff: d.diffs()}
		}
		if at, err := makeFolders(t.c, at, t.attrs); err != nil {
			return failed(fmt.Sprintf("There was an issue creating %s as requested: %s", at, reason(err)), data)
		}
		t.times = t.times.withoutNow()
		r := t.finish(true, at, data, d)
		r.TimesOnly = false
		return r
	}
	return failed(fmt.Sprintf("%s already exists as a %s", at, state), data)
}

// makeFolders makes a folder and its missing parents, each with the wanted attributes.
// On an error the path names the folder that could not be made.
func makeFolders(c *module.Call, path string, attrs attributes) (string, error) {
	path = filepath.Clean(path)
	if isDir(path) {
		return path, nil
	}
	if parent := filepath.Dir(path); parent != path {
		if at, err := makeFolders(c, parent, attrs); err != nil {
			return at, err
		}
	}
	bits, err := attrs.bits(path, newDirMode, true)
	if err != nil {
		return path, err
	}
	if _, _, err := attrs.owners(path); err != nil {
		return path, err
	}
	if err := c.Log.Mkdir(path, modeOf(bits)); err != nil {
		return path, err
	}
	_, err = attrs.apply(c, path, nil)
	return path, err
}

// withContents applies attributes and times to everything below a folder.
func (t *fileTask) withContents(r module.Result, root string) module.Result {
	w := recursion{task: t, seen: map[fileID]bool{}}
	if err := w.below(root); err != nil {
		return failure(err)
	}
	r.TimesOnly = (r.TimesOnly || !r.Changed) && w.timed && !w.changed
	r.Changed = r.Changed || w.changed || w.timed
	return r
}

type fileID struct{ dev, inode uint64 }

// recursion walks a tree once, through links to other trees too when they are followed.
type recursion struct {
	task           *fileTask
	seen           map[fileID]bool
	changed, timed bool
}

func (w *recursion) below(root string) error {
	if info, err := os.Stat(root); err == nil {
		st := statusOf(info)
		id := fileID{st.dev, st.inode}
		if st.hasDevices && w.seen[id] {
			return nil
		}
		w.seen[id] = true
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		return &pathError{root, err}
	}
	for _, entry := range entries {
		if err := w.entry(filepath.Join(root, entry.Name()), entry); err != nil {
			return err
		}
	}
	return nil
}

func (w *recursion) entry(path string, entry fs.DirEntry) error {
	if err := w.apply(path); err != nil {
		return err
	}
	switch {
	case entry.IsDir():
		return w.below(path)
	case entry.Type()&fs.ModeSymlink != 0 && w.task.follow && exists(path):
		target := realPath(path)
		if err := w.apply(target); err != nil {
			return err
		}
		if isDir(target) {
			return w.below(target)
		}
	}
	return nil
}

func (w *recursion) apply(path string) error {
	changed, err := w.task.attrs.apply(w.task.c, path, nil)
	if err != nil {
		return err
	}
	timed := false
	if !isLink(path) {
		timed, err = w.task.times.apply(w.task.c, path, nil)
	}
	w.changed, w.timed = w.changed || changed, w.timed || timed
	return err
}
