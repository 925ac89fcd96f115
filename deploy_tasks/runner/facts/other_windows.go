package facts

import (
	"io"
	"os"
)

func chroot(*gathering) {}

// mapped reads at most limit bytes of a file.
func mapped(f *os.File, limit int64) ([]byte, func()) {
	b, err := io.ReadAll(io.LimitReader(f, limit))
	if err != nil {
		b = nil
	}
	return b, func() {}
}
