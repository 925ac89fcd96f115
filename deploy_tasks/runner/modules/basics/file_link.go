package basics

import (
	"os"
	"path/filepath"

	"runner/fmt"
	"runner/module"
	"runner/modules/kit"
)

// link makes the path a symbolic link to src, or gives attributes to what an existing link points to.
func (t *fileTask) link() module.Result {
	state := kit.FileState(t.path)
	if t.src == nil && t.follow && kit.Exists(t.path) {
		if now, err := os.Readlink(t.path); err == nil {
			t.src = &now
		}
	}
	if err := t.linkable(state); err != nil {
		return kit.Failed(err.Error(), kit.Dict("path", t.path, "src", kit.Nullable(t.src)))
	}
	data, d := kit.Dict("dest", t.path, "src", kit.Nullable(t.src)), kit.NewDelta(t.c, t.path)
	changed := t.differs(state, d)
	if changed && !t.c.Check {
		if err := t.replaceByLink(state); err != nil {
			return kit.Failed("Error while linking: "+kit.Reason(err), kit.Dict("path", t.path))
		}
	}
	if t.c.Check && !kit.Exists(t.path) {
		return module.Result{Changed: changed, Data: data, Diff: d.Diffs()}
	}
	at := t.target()
	if !kit.Exists(at) && t.follow {
		// A link to nothing has nothing that could have a mode.
		return kit.Done(changed, data, d)
	}
	return t.finish(changed, at, data, d)
}

// linkable refuses what force is there for, and what even force must not do.
func (t *fileTask) linkable(state string) error {
	if t.src != nil && !t.force {
		if full := t.absoluteSource(); !kit.Exists(full) {
			return fmt.Errorf("src file does not exist, use \"force=yes\" if you really want to create the link: %s", full)
		}
	}
	if state == "directory" && t.force {
		if entries, err := os.ReadDir(t.path); err != nil || len(entries) > 0 {
			return fmt.Errorf("the directory %s is not empty, refusing to convert it", t.path)
		}
	}
	if !t.force && (state == "directory" || state == "file" || state == "hard") {
		return fmt.Errorf("refusing to convert from %s to symlink for %s", state, t.path)
	}
	if t.src == nil && state != "link" {
		return fmt.Errorf("src is required for creating new symlinks")
	}
	return nil
}

// absoluteSource is where a relative src leads from the place of the link.
func (t *fileTask) absoluteSource() string {
	if filepath.IsAbs(*t.src) {
		return *t.src
	}
	if kit.FileState(t.path) == "directory" {
		return filepath.Join(t.path, *t.src)
	}
	return filepath.Join(filepath.Dir(t.path), *t.src)
}

func (t *fileTask) differs(state string, d *kit.Delta) bool {
	if state != "link" {
		d.Set("state", state, t.state)
		return true
	}
	now, err := os.Readlink(t.path)
	if t.src == nil || err == nil && now == *t.src {
		return false
	}
	d.Set("src", now, *t.src)
	return true
}

func (t *fileTask) replaceByLink(state string) error {
	if state == "directory" {
		if err := t.c.Log.Remove(t.path); err != nil {
			return err
		}
	}
	return t.c.Log.Symlink(*t.src, t.path)
}

// hardlink makes the path another name of src.
func (t *fileTask) hardlink() module.Result {
	state := kit.FileState(t.path)
	if state != "hard" && t.src == nil {
		return kit.Failed("src is required for creating new hardlinks", kit.Dict("path", t.path))
	}
	data, d := kit.Dict("dest", t.path, "src", kit.Nullable(t.src)), kit.NewDelta(t.c, t.path)
	if t.src != nil && !kit.Exists(kit.Absolute(t.c, *t.src)) {
		return kit.Failed("src does not exist", data)
	}
	changed := t.src != nil && !sameFile(t.path, kit.Absolute(t.c, *t.src))
	if changed && !t.force && state != "absent" && state != "link" {
		return kit.Failed(hardlinkRefusal(state), data)
	}
	if changed {
		d.Set("state", state, "hard")
	}
	if changed && !t.c.Check {
		if err := t.replaceByHardlink(state); err != nil {
			return kit.Failed("Error while linking: "+kit.Reason(err), kit.Dict("path", t.path))
		}
	}
	if t.c.Check && !kit.Exists(t.path) {
		return module.Result{Changed: changed, Data: data, Diff: d.Diffs()}
	}
	return t.finish(changed, t.target(), data, d)
}

func hardlinkRefusal(state string) string {
	switch state {
	case "hard":
		return "Cannot link, different hard link exists at destination"
	case "directory":
		return "Cannot link: different hard link exists at destination"
	}
	return "Cannot link, file exists at destination"
}

func (t *fileTask) replaceByHardlink(state string) error {
	if state == "directory" {
		return fmt.Errorf("%s is a directory", t.path)
	}
	src := kit.Absolute(t.c, *t.src)
	if t.follow && kit.IsLink(src) {
		src = kit.RealPath(src)
	}
	return t.c.Log.Hardlink(src, t.path)
}

func sameFile(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}
