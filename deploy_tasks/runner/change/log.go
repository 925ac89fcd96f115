// Package change is the only way a program alters a host: every primitive is written to a journal, and synced,
// before it happens, so that everything can be undone after a crash at any instruction.
package change

import (
	"io"
	"io/fs"
	"time"
)

// Meta says what a written file gets besides its content. A nil field keeps what the replaced file had;
// a new file gets mode 0644 and the runner's own user and group.
type Meta struct {
	Mode  *fs.FileMode // permission bits including setuid, setgid and sticky as fs.ModeSetuid…
	UID   *int
	GID   *int
	Mtime *time.Time
	Size  int64 // bytes, where it is known beforehand: a disk that is too full is then refused, not filled
}

// Log performs changes. Paths are absolute and their last element is never followed when it is a symbolic link:
// a caller that wants the link's target resolves it first (Chmod alone follows, as the system call does; on a link
// it is refused). Every method journals what was there, then changes; an error means that the
// host is as it was before the call, or that undo brings it back.
type Log interface {
	// WriteFile replaces path atomically (temporary file in the same folder, sync, rename) with all of r. The parent exists.
	WriteFile(path string, r io.Reader, m Meta) error
	// Mkdir makes one folder with exactly this mode. The parent exists, path does not.
	Mkdir(path string, mode fs.FileMode) error
	// Remove removes path and all below it; contents are saved first. No error when nothing is there.
	Remove(path string) error
	// Symlink puts a link at path; a file or link that is there is replaced atomically, a folder is an error.
	Symlink(target, path string) error
	// Hardlink makes path another name of src; a file or link that is there is replaced atomically.
	Hardlink(src, path string) error
	// Chmod sets the permission bits, setuid, setgid and sticky included.
	Chmod(path string, mode fs.FileMode) error
	// Chown sets owner and group of path itself; -1 keeps one.
	Chown(path string, uid, gid int) error
	// Chtimes sets access and modification time.
	Chtimes(path string, atime, mtime time.Time) error
	// Rename moves old to new within one file system; what is at new is saved first.
	Rename(old, new string) error
	// Command is called before a command runs that may change the host. A read-only one leaves no trace; otherwise undo
	// is the argument list that takes it back (run in reverse order on undo; it must tolerate that the command never
	// ran or half ran), and an empty undo marks an irreversible step. what names the step in reports and holds no secret.
	Command(what string, readOnly bool, undo []string) error
	// Set performs act, which changes a thing that is no file: name of a registered kind. Undo brings it back to what it was.
	Set(kind, name string, act func() error) error
	// Around performs act, in which a tool of the host changes files that nobody can name one by one: paths, and all below
	// those that are folders. Links are not followed. Undo brings them back byte for byte and removes what is new;
	// what names the step in reports. More than MaxWatched entries are an error, before act.
	Around(paths []string, what string, act func() error) error
	// AfterUndo journals a command that undo runs once after everything else has been taken back: the restart or reload
	// that makes a service read again what it read because of this step. Handlers get this by themselves.
	AfterUndo(what string, argv []string) error
	// Warn leaves a remark in the journal that the report of an undo shows.
	Warn(what string) error
}
