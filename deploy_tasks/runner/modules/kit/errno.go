package kit

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"

	"runner/fmt"
)

// ErrnoText words a system error as Python's OSError: "[Errno 2] No such file or directory: '/x'".
func ErrnoText(no syscall.Errno, path string) string {
	return fmt.Sprintf("[Errno %d] %s: '%s'", int(no), Sentence(no.Error()), path)
}

// Sentence is a text with its first letter in upper case.
func Sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// ReasonAt words a system error as one of the given path, which is what the task named.
func ReasonAt(err error, path string) string {
	if no, ok := ErrnoOf(err); ok {
		return ErrnoText(no, path)
	}
	return err.Error()
}

// Reason words an error; the system's own part of it as Python does, because people search for that.
func Reason(err error) string {
	var at *fs.PathError
	var no syscall.Errno
	if errors.As(err, &at) && errors.As(at.Err, &no) && err == error(at) {
		return ErrnoText(no, at.Path)
	}
	return err.Error()
}

// ErrnoOf is the number of the system's error in err, if there is one.
func ErrnoOf(err error) (syscall.Errno, bool) {
	var no syscall.Errno
	return no, errors.As(err, &no)
}

func Strerror(err error) string {
	var no syscall.Errno
	if errors.As(err, &no) {
		return Sentence(no.Error())
	}
	return err.Error()
}
