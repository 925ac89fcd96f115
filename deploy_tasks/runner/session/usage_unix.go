//go:build unix

package session

import (
	"runtime"
	"syscall"
)

// usage is the processor time of this process and its children, seconds, and the larger of their peak memories, KiB.
func usage() (cpu float64, maxRSS int64) {
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if syscall.Getrusage(who, &u) != nil {
			continue
		}
		cpu += float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
		rss := int64(u.Maxrss)
		if runtime.GOOS == "darwin" {
			rss /= 1024
		}
		maxRSS = max(maxRSS, rss)
	}
	return cpu, maxRSS
}
