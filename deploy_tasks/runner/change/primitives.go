package change

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Mkdir implements Log.
func (r *Recorder) Mkdir(path string, mode fs.FileMode) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	path = filepath.Clean(path)
	before, err := inspect(path)
	if err != nil {
		return err
	}
	if before.Kind != Absent {
		return &os.PathError{Op: "mkdir", Path: path, Err: fs.ErrExist}
	}
	e := entry{Op: opMkdir, Path: pathText(path), Before: &before, After: &State{Kind: Dir, Mode: unixMode(mode)}}
	if err := r.record(e, true); err != nil {
		return err
	}
	r.touched[path] = true // its own times are nobody's to restore
	step("mkdir")
	return r.do(func() error {
		if err := os.Mkdir(path, mode.Perm()); err != nil {
			return err
		}
		step("mkdir done")
		return os.Chmod(path, mode)
	})
}

// Symlink implements Log.
func (r *Recorder) Symlink(target, path string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	after := &State{Kind: Link, Target: pathText(target), UID: -1, GID: -1}
	return r.replace(entry{Op: opSymlink, Path: pathText(filepath.Clean(path)), After: after}, func(temp string) error {
		return os.Symlink(target, temp)
	})
}

// Hardlink implements Log.
func (r *Recorder) Hardlink(src, path string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	after, err := inspectAll(src)
	if err != nil {
		return err
	}
	if after.Kind != File {
		return &os.LinkError{Op: "link", Old: src, New: path, Err: errors.New("is not a file")}
	}
	return r.replace(entry{Op: opHardlink, Path: pathText(filepath.Clean(path)), After: &after}, func(temp string) error {
		return os.Link(src, temp)
	})
}

// replace puts what make makes under a temporary name at e.Path.
func (r *Recorder) replace(e entry, make func(temp string) error) (err error) {
	path := string(e.Path)
	defer func() {
		if err != nil {
			r.saved.drop(path)
		}
	}()
	before, err := r.before(path, true)
	if err == nil && before.Kind == Dir {
		err = &os.PathError{Op: "replace", Path: path, Err: syscall.EISDIR}
	}
	if err != nil {
		return err
	}
	temp := r.temp(path)
	e.Before, e.Temp = before, pathText(temp)
	saved := r.saved.flushing()
	if err := errors.Join(r.record(e, true), saved()); err != nil {
		return err
	}
	step("make")
	return r.do(func() error {
		if err := make(temp); err != nil {
			return err
		}
		step("made")
		err := os.Rename(temp, path)
		step("renamed")
		// Renaming one of two names of the same file onto the other does nothing.
		if rm := os.Remove(temp); err == nil && !errors.Is(rm, fs.ErrNotExist) {
			err = rm
		}
		return err
	})
}

// Chmod implements Log.
func (r *Recorder) Chmod(path string, mode fs.FileMode) error {
	after := func(st State) State { st.Mode = unixMode(mode); return st }
	return r.adjust(opChmod, path, after, func(path string) error { return os.Chmod(path, mode) })
}

// Chown implements Log.
func (r *Recorder) Chown(path string, uid, gid int) error {
	after := func(st State) State {
		if uid >= 0 {
			st.UID = uid
		}
		if gid >= 0 {
			st.GID = gid
		}
		return st
	}
	return r.adjust(opChown, path, after, func(path string) error { return os.Lchown(path, uid, gid) })
}

// Chtimes implements Log.
func (r *Recorder) Chtimes(path string, atime, mtime time.Time) error {
	after := func(st State) State { st.Atime, st.Mtime = atime.UnixNano(), mtime.UnixNano(); return st }
	return r.adjust(opChtimes, path, after, func(path string) error { return setTimes(path, atime.UnixNano(), mtime.UnixNano()) })
}

// adjust journals an attribute of path and changes it.
func (r *Recorder) adjust(op Op, path string, change func(State) State, act func(string) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	path = filepath.Clean(path)
	before, err := inspect(path)
	if err != nil {
		return err
	}
	if before.Kind == Absent {
		return &os.PathError{Op: string(op), Path: path, Err: fs.ErrNotExist}
	}
	if op == opChmod && before.Kind == Link {
		return &os.PathError{Op: string(op), Path: path, Err: errors.New("is a symbolic link")}
	}
	after := change(before)
	if err := r.record(entry{Op: op, Path: pathText(path), Before: &before, After: &after}, true); err != nil {
		return err
	}
	step("adjust")
	err = r.do(func() error { return act(path) })
	step("adjusted")
	return err
}

// Rename implements Log.
func (r *Recorder) Rename(old, new string) (err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old, new = filepath.Clean(old), filepath.Clean(new)
	defer func() {
		if err != nil {
			r.saved.drop(new)
		}
	}()
	before, err := inspectAll(old)
	if err != nil {
		return err
	}
	if before.Kind == Absent {
		return &os.LinkError{Op: "rename", Old: old, New: new, Err: fs.ErrNotExist}
	}
	if at, err := inspect(new); err == nil && at.Kind == Dir {
		if err := r.remove(new); err != nil {
			return err
		}
	}
	replaced, err := r.before(new, true)
	if err != nil {
		return err
	}
	e := entry{Op: opRename, Path: pathText(old), To: pathText(new), Temp: pathText(r.temp(new)), Before: &before, Replaced: replaced}
	saved := r.saved.flushing()
	if err := errors.Join(r.record(e, true), saved()); err != nil {
		return err
	}
	step("rename")
	err = r.do(func() error { return os.Rename(old, new) })
	step("renamed")
	return err
}

// Command implements Log.
func (r *Recorder) Command(what string, readOnly bool, undo []string) error {
	if readOnly {
		return nil
	}
	return r.note(entry{Op: opCommand, What: what, Argv: undo})
}

// AfterUndo implements Log.
func (r *Recorder) AfterUndo(what string, argv []string) error {
	return r.note(entry{Op: opAfterUndo, What: what, Argv: argv})
}

// Warn implements Log.
func (r *Recorder) Warn(what string) error { return r.note(entry{Op: opWarn, What: what}) }

func (r *Recorder) note(e entry) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.covered(e) {
		return r.recordAll(nil, true)
	}
	return r.record(e, true)
}

// setTimes sets the times of path itself, nanoseconds.
func setTimes(path string, atime, mtime int64) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		return linkTimes(path, atime, mtime)
	}
	return os.Chtimes(path, time.Unix(0, atime), time.Unix(0, mtime))
}
