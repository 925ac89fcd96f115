//go:build unix

package modules

import "syscall"

const (
	canRead    = 4
	canWrite   = 2
	canExecute = 1

	// noModes: files have permission bits here.
	noModes = false
)

// access tells whether this process may use a file, following links.
func access(path string, how uint32) bool { return syscall.Access(path, how) == nil }
