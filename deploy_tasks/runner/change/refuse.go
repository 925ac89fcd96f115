package change

import (
	"errors"
	"io"
	"io/fs"
	"time"
)

// ReadOnly is the Log of a check: it refuses every change to files. Commands that a task insists on running (check_mode:
// false) are let through.
type ReadOnly struct{}

var errReadOnly = errors.New("a check does not change files")

// WriteFile refuses.
func (ReadOnly) WriteFile(string, io.Reader, Meta) error { return errReadOnly }

// Mkdir refuses.
func (ReadOnly) Mkdir(string, fs.FileMode) error { return errReadOnly }

// Remove refuses.
func (ReadOnly) Remove(string) error { return errReadOnly }

// Symlink refuses.
func (ReadOnly) Symlink(string, string) error { return errReadOnly }

// Hardlink refuses.
func (ReadOnly) Hardlink(string, string) error { return errReadOnly }

// Chmod refuses.
func (ReadOnly) Chmod(string, fs.FileMode) error { return errReadOnly }

// Chown refuses.
func (ReadOnly) Chown(string, int, int) error { return errReadOnly }

// Chtimes refuses.
func (ReadOnly) Chtimes(string, time.Time, time.Time) error { return errReadOnly }

// Rename refuses.
func (ReadOnly) Rename(string, string) error { return errReadOnly }

// Set refuses.
func (ReadOnly) Set(string, string, func() error) error { return errReadOnly }

// Around refuses.
func (ReadOnly) Around([]string, string, func() error) error { return errReadOnly }

// Command lets a command run.
func (ReadOnly) Command(string, bool, []string) error { return nil }

// AfterUndo has nothing to undo.
func (ReadOnly) AfterUndo(string, []string) error { return nil }

// Warn has nobody to warn.
func (ReadOnly) Warn(string) error { return nil }
