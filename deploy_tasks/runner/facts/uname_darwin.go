package facts

import (
	"runtime"
	"strings"
	"syscall"
)

func systemName() uname {
	u := uname{system: "Darwin", node: hostnameOr("localhost"), machine: "x86_64"}
	if runtime.GOARCH == "arm64" {
		u.machine = "arm64"
	}
	u.release, _ = syscall.Sysctl("kern.osrelease")
	version, _ := syscall.Sysctl("kern.version")
	u.version = strings.TrimSpace(version)
	return u
}
