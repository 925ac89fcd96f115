//go:build unix

package facts

import (
	"os"
	"strings"
	"syscall"
)

// chroot compares the root folder with that of the first process.
func chroot(g *gathering) {
	for _, entry := range g.env {
		if v, ok := strings.CutPrefix(entry, "debian_chroot="); ok && v != "" {
			g.set("is_chroot", true)
			return
		}
	}
	mine, err := os.Stat("/")
	if err != nil {
		return
	}
	if first, err := os.Stat("/proc/1/root/."); err == nil {
		g.set("is_chroot", !os.SameFile(mine, first))
		return
	}
	// Without rights to look: the root of a file system has a well-known number.
	if st, ok := mine.Sys().(*syscall.Stat_t); ok {
		g.set("is_chroot", st.Ino != rootInode())
	}
}
