//go:build unix

package cmd_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"runner/testkit"
)

// hand is an artifact copied to a host by hand.
func (m *machine) hand(files map[string]string, tasks ...object) string {
	m.t.Helper()
	path := filepath.Join(m.t.TempDir(), "web")
	m.must(os.WriteFile(path, m.link(files, tasks...).Bytes(), 0o700))
	return path
}

// command runs an executable by hand with this machine's state folder.
func (m *machine) command(path, stdin string, args ...string) (out, errs string, status int) {
	m.t.Helper()
	cmd := exec.Command(path, append(args, "--state-dir", m.state)...)
	var o, e bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.Dir = strings.NewReader(stdin), &o, &e, m.dir
	_ = cmd.Run()
	return o.String(), e.String(), cmd.ProcessState.ExitCode()
}

func TestByHand(t *testing.T) {
	m := newMachine(t)
	web := m.hand(map[string]string{"conf": "new"}, testkit.Task("copy", "copy", object{"src": "conf", "dest": m.path("conf")}),
		testkit.Task("say", "copy", object{"content": object{"$": []any{"~", []any{"var", "a"}, []any{"var", "b"}, []any{"var", "inventory_hostname"}}}, "dest": m.path("vars")}))
	vars := `{"a":"low","b":"b"}`
	out, errs, status := m.command(web, vars, "run", "--vars", "-", "-e", "a=high", "--check")
	if status != 0 || !strings.Contains(out, "changed   copy") || !strings.Contains(out, "checked  ") || !strings.Contains(m.read("conf"), "no such file") {
		t.Errorf("%d %s %s", status, out, errs)
	}
	out, errs, status = m.command(web, vars, "run", "--vars", "-", "-e", "a=high", "--verify", "--deployment", "mine")
	if status != 0 || !strings.Contains(out, "succeeded  2 ok, 2 changed") || m.read("vars") != "highblocalhost" {
		t.Errorf("%d %s %s: %s", status, out, errs, m.read("vars"))
	}
	if out, _, status = m.command(web, "", "list"); status != 0 || !strings.HasPrefix(out, "mine  succeeded") || !strings.Contains(out, "applied") {
		t.Errorf("%d %s", status, out)
	}
	if out, _, status = m.command(web, vars, "verify", "--vars", "-", "-e", "a=high", "--deployment", "mine"); status != 0 || !strings.Contains(out, "verified  this host is as the program wants it") {
		t.Errorf("%d %s", status, out)
	}
	m.must(os.WriteFile(m.path("conf"), []byte("drift"), 0o644))
	if out, _, status = m.command(web, vars, "verify", "--vars", "-", "-e", "a=high", "--deployment", "mine"); status != 1 || !strings.Contains(out, "drift     copy") || strings.Contains(out, "error ") || strings.Contains(out, "deployment ") {
		t.Errorf("%d %s", status, out)
	}
	m.must(os.WriteFile(m.path("conf"), []byte("new"), 0o644))
	out, errs, status = m.command(web, "", "undo")
	if status != 0 || !strings.Contains(out, "undone    "+m.path("conf")) || !strings.Contains(m.read("conf"), "no such file") {
		t.Errorf("%d %s %s", status, out, errs)
	}
}

func TestByHandFailure(t *testing.T) {
	m := newMachine(t)
	web := m.hand(nil, m.write("w", "f", "x"), sh("bad", "echo reason >&2; exit 3"))
	out, _, status := m.command(web, "", "run")
	if status != 1 || strings.Count(out, "non-zero return code") != 1 || strings.Count(out, "reason") != 1 || !strings.Contains(out, "rolled back") {
		t.Errorf("%d %s", status, out)
	}
	out, _, status = m.command(web, "", "run", "--json", "--no-undo")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var last object
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || last["event"] != "summary" || last["status"] != "failed" || status != 1 {
		t.Errorf("%d %v %s", status, err, out)
	}
}

func TestInterruptedByHand(t *testing.T) {
	m := newMachine(t)
	web := m.hand(nil, m.write("w", "f", "x"), m.blocker("b", "mark"))
	cmd := exec.Command(web, "run", "--state-dir", m.state)
	m.must(cmd.Start())
	m.appears("mark")
	m.must(cmd.Process.Signal(syscall.SIGINT))
	_ = cmd.Wait()
	if status := cmd.ProcessState.ExitCode(); status != 1 || !strings.Contains(m.read("f"), "no such file") {
		t.Errorf("exit %d, f %s", status, m.read("f"))
	}
}

func TestUsage(t *testing.T) {
	m := newMachine(t)
	web := m.hand(nil, m.write("w", "f", "x"))
	for _, args := range [][]string{{"dance"}, {"run", "--loud"}, {"run", "extra"}, {"run", "-e", "x"}, {"run", "--vars", "/none"}, {"run", "-e", "@/none"},
		{"undo", "nobody"}, {"undo"}, {"undo", "../x"}, {"prune", "--keep", "-1"}, {"receive", "x"}, {"run", "--deployment", "a b"}} {
		_, errs, status := m.command(web, "", args...)
		if status != 2 || !strings.HasPrefix(errs, "error: ") || !strings.Contains(errs, "hint: ") {
			t.Errorf("%v: exit %d, %s", args, status, errs)
		}
	}
	if _, errs, status := m.command(m.runner, "", "run"); status != 2 || !strings.Contains(errs, "bare runner") {
		t.Errorf("%d %s", status, errs)
	}
	for _, args := range [][]string{{"--help"}, {"run", "--help"}, {"undo", "--help"}, {"prune", "-h"}} {
		if out, _, status := m.command(web, "", args...); status != 0 || !strings.Contains(out, "usage: ") || !strings.Contains(out, "state-dir") {
			t.Errorf("%v: exit %d, %s", args, status, out)
		}
	}
	if !strings.Contains(m.read("f"), "no such file") {
		t.Error("ran all the same")
	}
}

// A byte that changed on the way to the host is noticed before anything runs.
func TestDamagedArtifactByHand(t *testing.T) {
	m := newMachine(t)
	web := m.hand(map[string]string{"conf": "new"}, m.write("w", "f", "x"))
	whole, err := os.ReadFile(web)
	m.must(err)
	for _, at := range []int{len(built) + 12, len(whole) - 128 - 12} {
		broken := append([]byte{}, whole...)
		broken[at] ^= 1
		m.must(os.WriteFile(web, broken, 0o700))
		if _, errs, status := m.command(web, "", "run"); status != 4 || !strings.Contains(errs, "damaged") {
			t.Errorf("byte %d: exit %d, %s", at, status, errs)
		}
	}
	if !strings.Contains(m.read("f"), "no such file") {
		t.Error("ran all the same")
	}
}
