package modules

import (
	"os"
	"path/filepath"

	"runner/fmt"
	"runner/module"
)

// link makes the path a symbolic link to src, or gives attributes to what an existing link points to.
func (t *fileTask) link() module.Result {
	state := fileState(t.path)
	if t.src == nil && t.follow && exists(t.path) {
		if now, err := os.Readlink(t.path); err == nil {
			t.src = &now
		}
	}
	if err := t.linkable(state); err != nil {
		return failed(err.Error(), dict("path", t.path, "src", nullable(t.src)))
	}
	data, d := dict("dest", t.path, "src", nullable(t.src)), newDelta(t.c, t.path)
	changed := t.differs(state, d)
	if changed && !t.c.Check {
		if err := t.replaceByLink(state); err != nil {
			return failed("Error while linking: "+reason(err), dict("path", t.path))
		}
	}
	if t.c.Check && !exists(t.path) {
		return module.Result{Changed: changed, Data: data, Diff: d.diffs()}
	}
	at := t.target()
	if !exists(at) && t.follow {
		// A link to nothing has nothing that could have a mode.
		return done(changed, data, d)
	}
	return t.finish(changed, at, data, d)
}

// linkable refuses what force is there for, and what even force must not do.
func (t *fileTask) linkable(state string) error {
	if t.src != nil && !t.force {
		if full := t.absoluteSource(); !exists(full) {
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
	if fileState(t.path) == "directory" {
		return filepath.Join(t.path, *t.src)
	}
	return filepath.Join(filepath.Dir(t.path), *t.src)
}

func (t *fileTask) differs(state string, d *delta) bool {
	if state != "link" {
		d.set("state", state, t.state)
		return true
	}
	now, err := os.Readlink(t.path)
	if t.src == nil || err == nil && now == *t.src {
		return false
	}
	d.set("src", now, *t.src)
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
	state := fileState(t.path)
	if state != "hard" && t.src == nil {
		return failed("src is required for creating new hardlinks", dict("path", t.path))
	}
	data, d := dict("dest", t.path, "src", nullable(t.src)), newDelta(t.c, t.path)
	if t.src != nil && !exists(absolute(t.c, *t.src)) {
		return failed("src does not exist", data)
	}
	changed := t.src != nil && !sameFile(t.path, absolute(t.c, *t.src))
	if changed && !t.force && state != "absent" && state != "link" {
		return failed(hardlinkRefusal(state), data)
	}
	if changed {
		d.set("state", state, "hard")
	}
	if changed && !t.c.Check {
		if err := t.replaceByHardlink(state); err != nil {
			return failed("Error while linking: "+reason(err), dict("path", t.path))
		}
	}
	if t.c.Check && !exists(t.path) {
		return module.Result{Changed: changed, Data: data, Diff: d.diffs()}
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
	src := absolute(t.c, *t.src)
	if t.follow && isLink(src) {
		src = realPath(src)
	}
	return t.c.Log.Hardlink(src, t.path)
}

func sameFile(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}
