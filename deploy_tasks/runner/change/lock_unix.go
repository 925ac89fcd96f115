//go:build unix

package change

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// accountsWait is how long the tools of the accounts wait for each other, as lckpwdf(3) does.
var accountsWait = 15 * time.Second

// lockAccounts keeps the host's tools from changing the accounts, as they keep each other: by lckpwdf(3). Where the
// lock's file is not there nobody locks.
func lockAccounts() (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(accounts, ".pwd.lock"), os.O_WRONLY|noFollow, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return func() {}, nil
	}
	if err != nil {
		return nil, err
	}
	whole := syscall.Flock_t{Type: syscall.F_WRLCK}
	for until := time.Now().Add(accountsWait); ; time.Sleep(20 * time.Millisecond) {
		err = syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, &whole)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		if held := errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES); !held || time.Now().After(until) {
			_ = f.Close()
			if held {
				err = errAccountsHeld
			}
			return nil, err
		}
	}
}
