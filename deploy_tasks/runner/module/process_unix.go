//go:build unix

package module

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// give has a command run with these rights.
func (i *Identity) give(cmd *exec.Cmd) {
	if i == nil {
		return
	}
	who := &syscall.Credential{Uid: uint32(i.UID), Gid: uint32(i.GID)}
	for _, g := range i.Groups {
		who.Groups = append(who.Groups, uint32(g))
	}
	cmd.SysProcAttr.Credential = who
}

// EndGroup ends a process group: SIGTERM, and SIGKILL for those of it that are still there after the grace.
func EndGroup(pid int, grace time.Duration) {
	const poll = 5 * time.Millisecond
	_ = syscall.Kill(-pid, syscall.SIGTERM)
	for until := time.Now().Add(grace); time.Now().Before(until); time.Sleep(poll) {
		if errors.Is(syscall.Kill(-pid, 0), syscall.ESRCH) {
			return
		}
	}
	_ = syscall.Kill(-pid, syscall.SIGKILL)
}

func exitCode(cmd *exec.Cmd) int {
	if cmd.ProcessState == nil {
		return -1
	}
	if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return cmd.ProcessState.ExitCode()
}

func findIn(path, name string) string {
	for _, dir := range filepath.SplitList(path) {
		full := filepath.Join(dir, name)
		if info, err := os.Stat(full); err == nil && !info.IsDir() && info.Mode()&0o111 != 0 {
			return full
		}
	}
	return ""
}
