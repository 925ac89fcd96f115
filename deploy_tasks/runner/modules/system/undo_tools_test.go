//go:build linux

package system

import (
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

func TestTheClockIsSetByWhatThereIs(t *testing.T) {
	for _, c := range []struct {
		there string
		local bool
		want  string
	}{
		{"hwclock timedatectl", false, "/opt/hwclock --systohc --utc"},
		{"hwclock", true, "/opt/hwclock --systohc --localtime"},
		{"timedatectl", true, "/opt/timedatectl set-local-rtc yes"},
		{"timedatectl", false, "/opt/timedatectl set-local-rtc no"},
		{"", false, ""},
	} {
		find := func(name string) string {
			if strings.Contains(" "+c.there+" ", " "+name+" ") {
				return "/opt/" + name
			}
			return ""
		}
		argv, err := clockTool(find, c.local)
		if got := strings.Join(argv, " "); got != c.want || (err == nil) != (c.there != "") {
			t.Errorf("%+v: %s %v", c, got, err)
		}
	}
}

// Without the command hostname, as on a small image, the name comes back all the same.
func TestAHostIsNamedWithoutACommand(t *testing.T) {
	done := make(chan error)
	go func() { // the thread ends with its name
		runtime.LockOSThread()
		err := syscall.Unshare(syscall.CLONE_NEWUTS)
		if err == nil {
			err = setHostname("tried.example")
		}
		if name, _ := os.Hostname(); err == nil && name != "tried.example" {
			t.Error(name)
		}
		done <- err
	}()
	if err := <-done; err == syscall.EPERM {
		t.Skip("only root may")
	} else if err != nil {
		t.Fatal(err)
	}
}
