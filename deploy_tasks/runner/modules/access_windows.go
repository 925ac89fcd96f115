package modules

import "os"

const (
	canRead    = 4
	canWrite   = 2
	canExecute = 1

	// noModes: permission bits mean nothing here.
	noModes = true
)

// access tells whether this process may use a file, as far as its attributes tell.
func access(path string, how uint32) bool {
	info, err := os.Stat(path)
	return err == nil && (how != canWrite || info.Mode()&0o200 != 0)
}
