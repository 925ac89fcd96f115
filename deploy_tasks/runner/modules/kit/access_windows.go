package kit

import "os"

// What Access asks for.
const (
	CanRead    = 4
	CanWrite   = 2
	CanExecute = 1

	// noModes: permission bits mean nothing here.
	noModes = true
)

// Access tells whether this process may use a file, as far as its attributes tell.
func Access(path string, how uint32) bool {
	info, err := os.Stat(path)
	return err == nil && (how != CanWrite || info.Mode()&0o200 != 0)
}
