package system

import "syscall"

// setHostname gives the kernel a name where there is no command for it.
func setHostname(name string) error { return syscall.Sethostname([]byte(name)) }
