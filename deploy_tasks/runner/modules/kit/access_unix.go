//go:build unix

package kit

import "syscall"

// What Access asks for.
const (
	CanRead    = 4
	CanWrite   = 2
	CanExecute = 1

	// noModes: files have permission bits here.
	noModes = false
)

// Access tells whether this process may use a file, following links.
func Access(path string, how uint32) bool { return syscall.Access(path, how) == nil }
