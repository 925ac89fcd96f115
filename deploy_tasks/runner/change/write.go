package change

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"runner/hashing"
	"runner/hex"
)

// newFileMode is what a new file gets when nobody says otherwise.
const newFileMode = 0o644

// WriteFile implements Log.
func (r *Recorder) WriteFile(path string, content io.Reader, m Meta) (err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	path = filepath.Clean(path)
	now, err := r.stands(path)
	if err == nil && now.Kind == Dir {
		err = &os.PathError{Op: "write", Path: path, Err: syscall.EISDIR}
	}
	if err != nil {
		return err
	}
	if err := checkSpace(filepath.Dir(path), m.Size); err != nil {
		return err
	}
	if err := r.reserve(filepath.Dir(path)); err != nil {
		return err
	}
	temp := r.temp(path)
	defer func() {
		if err != nil {
			_ = r.do(func() error { return os.Remove(temp) })
		}
	}()
	read := &counter{from: content}
	var after State
	var synced func() error
	err = r.do(func() (err error) {
		after, synced, err = fillLater(temp, read, r.keeps(now, m), m.Mtime)
		return err
	})
	if err != nil {
		if IsNoSpace(err) {
			err = noSpace(err, temp, read.whole())
		}
		return err
	}
	return r.exchange(entry{Op: opWrite, Path: pathText(path), Temp: pathText(temp), After: &after}, synced)
}

// exchange puts the filled file e.Temp at e.Path. What is there is kept only now: new content may take its time to come,
// and until its name is gone anybody may still open the file and write to it.
func (r *Recorder) exchange(e entry, synced func() error) (err error) {
	path := string(e.Path)
	defer func() {
		if err != nil {
			r.saved.drop(path)
		}
	}()
	if e.Before, err = r.before(path, true); err == nil && e.Before.Kind == Dir {
		err = &os.PathError{Op: "write", Path: path, Err: syscall.EISDIR}
	}
	if err != nil {
		_ = synced() // the first error says more
		return err
	}
	saved := r.saved.flushing()
	err = r.record(e, true)
	if err = errors.Join(err, saved(), synced()); err != nil {
		return err
	}
	step("rename")
	err = r.do(func() error { return os.Rename(string(e.Temp), path) })
	step("renamed")
	return err
}

// counter counts what is read through it.
type counter struct {
	from io.Reader
	n    int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.n += int64(n)
	return n, err
}

// whole reads the rest and says how much there was.
func (c *counter) whole() int64 {
	_, _ = io.Copy(io.Discard, c)
	return c.n
}

// wanted is what the new file has besides its content: what m says, else what was there, else the default.
func wanted(before State, m Meta) State {
	st := State{Kind: File, Mode: newFileMode, UID: -1, GID: -1}
	if before.Kind == File {
		st.Mode, st.UID, st.GID = before.Mode, before.UID, before.GID
		st.Xattrs = withoutCapability(before.Xattrs)
	}
	if m.Mode != nil {
		st.Mode = unixMode(*m.Mode)
	}
	if m.UID != nil {
		st.UID = *m.UID
	}
	if m.GID != nil {
		st.GID = *m.GID
	}
	return st
}

// withoutCapability drops what one program was trusted with: another one must not inherit it.
func withoutCapability(attrs map[string][]byte) map[string][]byte {
	out := make(map[string][]byte, len(attrs))
	for name, data := range attrs {
		if name != "security.capability" {
			out[name] = data
		}
	}
	return out
}

// fill makes the file temp with content and attributes, synced, and returns its state.
func fill(temp string, content io.Reader, want State, mtime *time.Time) (State, error) {
	after, synced, err := fillLater(temp, content, want, mtime)
	if err == nil {
		err = synced()
	}
	return after, err
}

// fillLater is fill of which the content is on the disk when synced returns: meanwhile the journal can come there too.
func fillLater(temp string, content io.Reader, want State, mtime *time.Time) (after State, synced func() error, err error) {
	step("temp")
	f, err := os.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY|noFollow, 0o600)
	if err != nil {
		return State{}, nil, err
	}
	step("temp made")
	sum := hashing.New()
	size, err := io.Copy(f, io.TeeReader(content, sum))
	step("temp filled")
	if err == nil {
		err = dress(temp, want)
	}
	if err == nil && mtime != nil {
		err = os.Chtimes(temp, *mtime, *mtime)
	}
	if err == nil {
		after, err = inspect(temp)
	}
	if err != nil {
		return State{}, nil, errors.Join(err, f.Close())
	}
	after.Size, after.Digest = size, hex.EncodeToString(sum.Sum(nil))
	done := make(chan error, 1)
	go func() { done <- errors.Join(SyncData(f), f.Close()) }()
	return after, func() error { return <-done }, nil
}

// dress gives a file or folder its owner, extended attributes and mode, in the order in which none undoes another.
func dress(path string, want State) error {
	if err := chown(path, want.UID, want.GID); err != nil {
		return err
	}
	writeXattrs(path, want.Xattrs)
	return os.Chmod(path, fileMode(want.Mode))
}

// chown changes the owner of path itself where it is not the wanted one already.
func chown(path string, uid, gid int) error {
	if uid < 0 && gid < 0 {
		return nil
	}
	now, err := inspect(path)
	if err != nil || (uid < 0 || now.UID == uid) && (gid < 0 || now.GID == gid) {
		return err
	}
	return os.Lchown(path, uid, gid)
}
