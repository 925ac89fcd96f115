package modules

import (
	"strings"
	"syscall"

	"runner/fmt"
)

// errnoText words a system error as Python's OSError: "[Errno 2] No such file or directory: '/x'".
func errnoText(no syscall.Errno, path string) string {
	return fmt.Sprintf("[Errno %d] %s: '%s'", int(no), sentence(no.Error()), path)
}

func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
