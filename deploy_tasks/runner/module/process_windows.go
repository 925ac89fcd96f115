//go:build windows

package module

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// give does nothing: tasks with another user's rights are refused before.
func (i *Identity) give(*exec.Cmd) {}

// EndGroup ends a process and its descendants.
func EndGroup(pid int, _ time.Duration) {
	_ = exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(pid)).Run()
}

func exitCode(cmd *exec.Cmd) int {
	if cmd.ProcessState == nil {
		return -1
	}
	return cmd.ProcessState.ExitCode()
}

func findIn(path, name string) string {
	for _, dir := range filepath.SplitList(path) {
		for _, ext := range []string{"", ".exe", ".cmd", ".bat"} {
			full := filepath.Join(dir, name+ext)
			if info, err := os.Stat(full); err == nil && !info.IsDir() {
				return full
			}
		}
	}
	return ""
}
