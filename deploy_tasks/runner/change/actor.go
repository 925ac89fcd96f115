package change

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Actor performs changes with the rights of a user, while the journal is kept with those of root.
type Actor interface {
	// Do performs one change as the user.
	Do(change func() error) error
	// UID is the user's number.
	UID() int
	// MayWrite is an error when the user may not add to and remove from a folder. It is asked within Do.
	MayWrite(dir string) error
}

// ActFor has the changes that follow made with the actor's rights; nil goes back to those of the runner.
func (r *Recorder) ActFor(actor Actor) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.actor = actor
}

// do performs one change.
func (r *Recorder) do(change func() error) error {
	if r.actor == nil {
		return change()
	}
	return r.actor.Do(change)
}

// mayRemove is an error when the actor may not remove path and all below it, which is moved away with root's rights.
func (r *Recorder) mayRemove(path string, st State) error {
	if r.actor == nil {
		return nil
	}
	return r.actor.Do(func() error { return r.removable(path, st.UID) })
}

func (r *Recorder) removable(path string, owner int) error {
	dir := filepath.Dir(path)
	info, err := os.Lstat(dir)
	if err == nil {
		err = r.actor.MayWrite(dir)
	}
	if err != nil {
		return err
	}
	if st, err := inspect(dir); err != nil || info.Mode()&fs.ModeSticky != 0 && st.UID != r.actor.UID() && owner != r.actor.UID() {
		return &os.PathError{Op: "remove", Path: path, Err: syscall.EPERM}
	}
	return r.emptied(path)
}

// emptied is an error when the actor may not empty the folder path, if it is one.
func (r *Recorder) emptied(path string) error {
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() {
		return err
	}
	names, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	for _, name := range names {
		below := filepath.Join(path, name.Name())
		st, err := inspect(below)
		if err == nil {
			err = r.removable(below, st.UID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// keeps is what a file that replaces another keeps of its owner: a user cannot give files away.
func (r *Recorder) keeps(before State, m Meta) State {
	if r.actor != nil && before.UID != r.actor.UID() {
		before.UID, before.GID = -1, -1
	}
	return wanted(before, m)
}
