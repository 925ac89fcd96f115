//go:build unix

package jobs

import (
	"os/exec"
	"syscall"
)

const canDetach = true

// detach makes the process the first of a session of its own.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// keep keeps an inherited file to this process.
func keep(fd int) { syscall.CloseOnExec(fd) }
