package engine

import (
	"io"
	"io/fs"
	"time"

	"runner/change"
	"runner/rights"
)

// asRoot is the Log of a task that has a user's rights: the journal is root's, and the Recorder goes back to the user's
// rights for each change.
type asRoot struct {
	log    change.Log
	rights *rights.Rights
}

func (l asRoot) do(work func() error) (err error) {
	l.rights.AsRoot(func() { err = work() })
	return err
}

// Aside performs work with root's rights, on the folder where what an undo needs is put aside.
func (l asRoot) Aside(work func(saved string) error) error {
	return l.do(func() error { return work(savedDir(l.log)) })
}

// WriteFile implements change.Log.
func (l asRoot) WriteFile(path string, r io.Reader, m change.Meta) error {
	return l.do(func() error { return l.log.WriteFile(path, r, m) })
}

// Mkdir implements change.Log.
func (l asRoot) Mkdir(path string, mode fs.FileMode) error {
	return l.do(func() error { return l.log.Mkdir(path, mode) })
}

// Remove implements change.Log.
func (l asRoot) Remove(path string) error { return l.do(func() error { return l.log.Remove(path) }) }

// Symlink implements change.Log.
func (l asRoot) Symlink(target, path string) error {
	return l.do(func() error { return l.log.Symlink(target, path) })
}

// Hardlink implements change.Log.
func (l asRoot) Hardlink(src, path string) error {
	return l.do(func() error { return l.log.Hardlink(src, path) })
}

// Chmod implements change.Log.
func (l asRoot) Chmod(path string, mode fs.FileMode) error {
	return l.do(func() error { return l.log.Chmod(path, mode) })
}

// Chown implements change.Log.
func (l asRoot) Chown(path string, uid, gid int) error {
	return l.do(func() error { return l.log.Chown(path, uid, gid) })
}

// Chtimes implements change.Log.
func (l asRoot) Chtimes(path string, atime, mtime time.Time) error {
	return l.do(func() error { return l.log.Chtimes(path, atime, mtime) })
}

// Rename implements change.Log.
func (l asRoot) Rename(old, new string) error {
	return l.do(func() error { return l.log.Rename(old, new) })
}

// Command implements change.Log.
func (l asRoot) Command(what string, readOnly bool, undo []string) error {
	return l.do(func() error { return l.log.Command(what, readOnly, undo) })
}

// Set implements change.Log.
func (l asRoot) Set(kind, name string, act func() error) error {
	return l.do(func() error { return l.log.Set(kind, name, act) })
}

// Around implements change.Log.
func (l asRoot) Around(paths []string, what string, act func() error) error {
	return l.do(func() error { return l.log.Around(paths, what, act) })
}

// AfterUndo implements change.Log.
func (l asRoot) AfterUndo(what string, argv []string) error {
	return l.do(func() error { return l.log.AfterUndo(what, argv) })
}

// Warn implements change.Log.
func (l asRoot) Warn(what string) error { return l.do(func() error { return l.log.Warn(what) }) }
