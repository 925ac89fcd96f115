//go:build !windows

package expr

import (
	"os"
	"syscall"
)

// device is the number of the file system that holds a file.
func device(info os.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(stat.Dev)
	}
	return 0
}
