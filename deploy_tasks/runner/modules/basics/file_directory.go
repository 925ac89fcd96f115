package basics

import (
	"io/fs"
	"os"
	"path/filepath"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

// directory makes a folder with its parents, and gives attributes to it or to everything in it.
func (t *fileTask) directory() module.Result {
	at := t.path
	if kit.IsLink(at) {
		at = t.target()
	}
	state, d := kit.FileState(at), kit.NewDelta(t.c, at)
	if state != "directory" {
		d.Set("state", state, "directory")
	}
	data := kit.Dict("path", at)
	switch state {
	case "directory":
		r := t.finish(false, at, data, d)
		if t.recurse && !r.Failed {
			return t.withContents(r, at)
		}
		return r
	case "absent":
		if t.c.Check {
			return module.Result{Changed: true, Data: data, Diff: d.Diffs()}
		}
		if at, err := kit.MakeFolders(t.c, at, t.attrs); err != nil {
			return kit.Failed(fmt.Sprintf("There was an issue creating %s as requested: %s", at, kit.Reason(err)), data)
		}
		t.times = t.times.withoutNow()
		r := t.finish(true, at, data, d)
		r.TimesOnly = false
		return r
	}
	return kit.Failed(fmt.Sprintf("%s already exists as a %s", at, state), data)
}

// withContents applies attributes and times to everything below a folder.
func (t *fileTask) withContents(r module.Result, root string) module.Result {
	w := recursion{task: t, seen: map[fileID]bool{}}
	if err := w.below(root); err != nil {
		return kit.Failure(err)
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
		st := kit.StatusOf(info)
		id := fileID{st.Dev, st.Inode}
		if st.HasDevices && w.seen[id] {
			return nil
		}
		w.seen[id] = true
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		return kit.AtPath(root, err)
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
	case entry.Type()&fs.ModeSymlink != 0 && w.task.follow && kit.Exists(path):
		target := kit.RealPath(path)
		if err := w.apply(target); err != nil {
			return err
		}
		if kit.IsDir(target) {
			return w.below(target)
		}
	}
	return nil
}

func (w *recursion) apply(path string) error {
	changed, err := w.task.attrs.Apply(w.task.c, path, nil)
	if err != nil {
		return err
	}
	timed := false
	if !kit.IsLink(path) {
		timed, err = w.task.times.apply(w.task.c, path, nil)
	}
	w.changed, w.timed = w.changed || changed, w.timed || timed
	return err
}
