//go:build unix

package facts

import (
	"os"
	"syscall"
)

// mapped shows at most limit bytes of a file without reading those that nobody looks at.
func mapped(f *os.File, limit int64) ([]byte, func()) {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return nil, func() {}
	}
	b, err := syscall.Mmap(int(f.Fd()), 0, int(min(info.Size(), limit)), syscall.PROT_READ, syscall.MAP_PRIVATE)
	if err != nil {
		return nil, func() {}
	}
	return b, func() { _ = syscall.Munmap(b) } // nothing is left to do when it fails
}
