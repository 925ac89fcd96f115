package facts

import (
	"runtime"
	"syscall"

	"runner/fmt"
)

func systemName() uname {
	u := uname{system: "Win32NT", node: hostnameOr("localhost"), machine: runtime.GOARCH}
	if runtime.GOARCH == "amd64" {
		u.machine = "64-bit"
	}
	if v, err := syscall.GetVersion(); err == nil {
		u.release = fmt.Sprintf("%d.%d.%d", byte(v), byte(v>>8), v>>16)
		u.version = u.release
	}
	return u
}
