package jobs

import (
	"errors"
	"os"
	"os/exec"
)

// Watch starts this runner as a process of its own session that outlives its caller and the connection. It inherits
// the lock: as long as it lives, nobody else gets that.
func Watch(executable string, lock *os.File, args ...string) error {
	if !canDetach {
		return errors.New("a deployment can wait to be confirmed on Unix only")
	}
	cmd := exec.Command(executable, args...)
	cmd.Dir = "/"
	cmd.ExtraFiles = []*os.File{lock}
	detach(cmd)
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Process.Release()
}

// KeepWatch is the other side: what this process starts does not inherit the lock.
func KeepWatch() { keep(3) }
