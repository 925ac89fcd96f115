//go:build linux

package cmd_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// becomes waits until a file reads like this.
func (m *machine) becomes(name, want string) {
	m.t.Helper()
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
		if m.read(name) == want {
			return
		}
	}
	m.t.Fatalf("%s reads %q, not %q", name, m.read(name), want)
}

// watcher is the process that waits in this machine's state folder, 0 without one.
func (m *machine) watcher() int {
	found, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range found {
		line, _ := os.ReadFile(path)
		if strings.Contains(string(line), "\x00watch\x00--state-dir\x00"+m.state+"\x00") {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			return pid
		}
	}
	return 0
}

func (m *machine) confirming(id string, seconds float64) {
	m.t.Helper()
	m.must(os.WriteFile(m.path("f"), []byte("old"), 0o644))
	summary, status := m.deploy(m.link(nil, m.write("w", "f", "new")), id, 1, 1, object{"confirm_s": seconds})
	expect(m.t, summary, status, "succeeded", 0)
}

func TestUnconfirmedIsTakenBack(t *testing.T) {
	m := newMachine(t)
	m.confirming("d1", 0.3)
	m.becomes("f", "old")
	for until := time.Now().Add(20 * time.Second); m.watcher() != 0 && time.Now().Before(until); {
		time.Sleep(10 * time.Millisecond)
	}
	answer := m.ask("confirm", "d1")
	report := answer["report"].(object)
	if answer["confirmed"] != false || answer["due"] != false || report["status"] != "rolled_back" || report["unconfirmed"] != true {
		t.Errorf("%v", answer)
	}
	if _, errs, status := m.command(m.runner, "", "confirm", "d1"); status != 4 || !strings.Contains(errs, "taken back") {
		t.Errorf("exit %d, %s", status, errs)
	}
	summary, status := m.undo("d1")
	expect(t, summary, status, "rolled_back", 0)
	if summary["unconfirmed"] != true {
		t.Errorf("%v", summary)
	}
}

func TestConfirmedStays(t *testing.T) {
	m := newMachine(t)
	m.confirming("d1", 60)
	if out, _, _ := m.command(m.runner, "", "list"); !strings.Contains(out, "applied, undone at ") {
		t.Error(out)
	}
	refused, status := m.deploy(m.link(nil, m.write("w", "f", "newer")), "d2", 2, 1, nil)
	expectRefused(t, refused, status, "busy", 3)
	for range 2 {
		if answer := m.ask("confirm", "d1"); answer["confirmed"] != true {
			t.Errorf("%v", answer)
		}
	}
	for until := time.Now().Add(20 * time.Second); m.watcher() != 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("it still waits")
		}
	}
	if out, _, _ := m.command(m.runner, "", "list"); m.read("f") != "new" || strings.Contains(out, "undone at") {
		t.Error(out, m.read("f"))
	}
	summary, status := m.undo("d1")
	expect(t, summary, status, "rolled_back", 0)
}

// The undo of a worker comes before the time is over: nobody undoes a second time.
func TestUndoneBeforeItsTime(t *testing.T) {
	m := newMachine(t)
	m.confirming("d1", 60)
	summary, status := m.undo("d1")
	expect(t, summary, status, "rolled_back", 0)
	if summary["unconfirmed"] != nil || m.read("f") != "old" {
		t.Errorf("%v %s", summary, m.read("f"))
	}
	if answer := m.ask("confirm", "d1"); answer["confirmed"] != false || answer["due"] != false {
		t.Errorf("%v", answer)
	}
}

// As after a reboot: the time is over and nobody watches. It is told, and the next one at the host takes it back.
func TestWhenTheWatchingProcessIsGone(t *testing.T) {
	for name, next := range map[string]func(m *machine){
		"confirm": func(m *machine) {
			if answer := m.ask("confirm", "d1"); answer["confirmed"] != false || answer["report"].(object)["unconfirmed"] != true {
				m.t.Errorf("%v", answer)
			}
		},
		"another deployment": func(m *machine) {
			summary, status := m.deploy(m.link(nil, m.write("w", "g", "other")), "d2", 2, 1, nil)
			expect(m.t, summary, status, "succeeded", 0)
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.confirming("d1", 60)
			pid := m.watcher()
			if pid == 0 {
				t.Fatal("nobody watches")
			}
			m.must(syscall.Kill(pid, syscall.SIGKILL))
			over := `{"until_ns":1577836800000000000}`
			m.must(os.WriteFile(filepath.Join(m.state, "deployments", "d1", "unconfirmed.json"), []byte(over), 0o600))
			for m.watcher() != 0 { // a corpse holds its locks until it is buried
				time.Sleep(time.Millisecond)
			}
			if out, _, _ := m.command(m.runner, "", "list"); !strings.Contains(out, "nobody watches") || m.read("f") != "new" {
				t.Error(out, m.read("f"))
			}
			next(m)
			if m.read("f") != "old" {
				t.Error(m.read("f"))
			}
			if out, _, _ := m.command(m.runner, "", "list"); !strings.Contains(out, "d1  rolled_back") {
				t.Error(out)
			}
		})
	}
}

func TestConfirmByHand(t *testing.T) {
	m := newMachine(t)
	web := m.hand(nil, m.write("w", "f", "new"))
	if out, errs, status := m.command(web, "", "run", "--confirm-within", "60s", "--deployment", "mine"); status != 0 || m.watcher() == 0 {
		t.Fatalf("exit %d, %s%s", status, out, errs)
	}
	if out, errs, status := m.command(web, "", "confirm"); status != 0 || out != "mine stays\n" {
		t.Errorf("exit %d, %s%s", status, out, errs)
	}
	if _, errs, status := m.command(web, "", "confirm", "nobody"); status != 2 {
		t.Errorf("exit %d, %s", status, errs)
	}
}
