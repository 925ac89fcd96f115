//go:build unix

package basics

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"runner/change"
	"runner/modules/kit"
	"runner/modules/moduletest"
)

func TestCommandResult(t *testing.T) {
	h := moduletest.New(t)
	r := h.Run("command", "_raw_params", "sh -c 'echo out; echo err >&2; exit 3'")
	moduletest.Fails(t, r, "non-zero return code")
	if !r.Changed {
		t.Error("a command that ran has changed something, whatever its end")
	}
	moduletest.Holds(t, r, "rc", 3, "stdout", "out", "stderr", "err", "stdout_lines", []any{"out"}, "cmd",
		[]any{"sh", "-c", "echo out; echo err >&2; exit 3"})
	for _, key := range []string{"start", "end", "delta"} {
		if v, _ := r.Data.Get(key); v == nil {
			t.Errorf("no %s", key)
		}
	}
}

func TestCommandWays(t *testing.T) {
	for name, c := range map[string]struct {
		module string
		args   []any
		stdout string
	}{
		"words":          {"command", []any{"_raw_params", `echo 'a  b' "c" d\ e`}, "a  b c d e"},
		"no shell":       {"command", []any{"_raw_params", "echo a | cat"}, "a | cat"},
		"shell":          {"shell", []any{"_raw_params", "echo a | cat"}, "a"},
		"variables":      {"command", []any{"_raw_params", "echo $DT_TEST ${DT_TEST} $DT_NONE"}, "seen seen $DT_NONE"},
		"no variables":   {"command", []any{"_raw_params", "echo $DT_TEST", "expand_argument_vars", false}, "$DT_TEST"},
		"argv":           {"command", []any{"argv", []any{"echo", "a b"}}, "a b"},
		"shell argv":     {"shell", []any{"argv", []any{"echo", "a b", "$DT_TEST"}}, "a b $DT_TEST"},
		"cmd":            {"command", []any{"cmd", "echo x"}, "x"},
		"stdin":          {"command", []any{"_raw_params", "cat", "stdin", "in"}, "in"},
		"stdin as it is": {"shell", []any{"_raw_params", "wc -c | tr -d ' '", "stdin", "in", "stdin_add_newline", "no"}, "2"},
		"ends kept":      {"command", []any{"_raw_params", `printf 'a\n\n'`, "strip_empty_ends", false}, "a\n\n"},
		"chdir":          {"shell", []any{"_raw_params", "pwd -P", "chdir", "/usr"}, "/usr"},
		"executable":     {"shell", []any{"_raw_params", "echo $0", "executable", "/bin/sh"}, "/bin/sh"},
	} {
		t.Run(name, func(t *testing.T) {
			h := moduletest.New(t)
			call := h.Call(false, c.args...)
			call.Env = append(call.Env, "DT_TEST=seen")
			r := h.Do(c.module, call)
			if r.Failed {
				t.Fatal(r.Msg)
			}
			moduletest.Holds(t, r, "stdout", c.stdout, "rc", 0)
		})
	}
}

func TestCommandRefusals(t *testing.T) {
	h := moduletest.New(t)
	moduletest.Fails(t, h.Run("command", "_raw_params", "  "), "no command given")
	moduletest.Fails(t, h.Run("command", "_raw_params", "x", "argv", []any{"y"}), "only command or argv can be given, not both")
	moduletest.Fails(t, h.Run("command", "_raw_params", "no_such_program_here"), "[Errno 2] No such file or directory: b'no_such_program_here'")
	moduletest.Fails(t, h.Run("command", "_raw_params", "echo", "chdir", "@/none"), "Unable to change directory")
	moduletest.Fails(t, h.Run("command", "_raw_params", "echo 'x"), "No closing quotation")
	moduletest.Fails(t, h.Run("command", "_raw_params", "echo", "bogus", 1), "Unsupported parameters for (command) module: bogus.")
}

func TestCommandGuards(t *testing.T) {
	h := moduletest.New(t)
	create := []any{"_raw_params", "touch @/made", "creates", "@/ma*"}
	remove := []any{"_raw_params", "rm @/made", "removes", "@/made"}
	if r := h.Check("command", create...); !r.Changed || r.Skipped {
		t.Fatalf("%+v", r)
	}
	h.Steady("command", create...)
	moduletest.Holds(t, h.Run("command", create...), "stdout", "skipped, since "+h.Path("ma*")+" exists", "rc", 0)
	h.Steady("shell", remove...)
}

func TestCommandIsSkippedInCheck(t *testing.T) {
	h := moduletest.New(t)
	for _, name := range []string{"command", "shell", "raw"} {
		r := h.Check(name, "_raw_params", "touch @/made")
		if !r.Skipped || r.Changed {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if kit.Exists(h.Path("made")) {
		t.Error("it ran")
	}
}

func TestCommandIsEndedWithItsChildren(t *testing.T) {
	h := moduletest.New(t)
	call := h.Call(false, "_raw_params", "sleep 60 & echo $! >@/pid; wait")
	reason := errors.New("the task's timeout is over")
	ctx, cancel := context.WithTimeoutCause(context.Background(), 300*time.Millisecond, reason)
	defer cancel()
	call.Ctx = ctx
	moduletest.Fails(t, h.Do("shell", call), reason.Error())
	var pid int
	for _, digit := range strings.TrimSpace(h.Read("pid")) {
		pid = pid*10 + int(digit-'0')
	}
	for deadline := time.Now().Add(5 * time.Second); alive(pid); {
		if time.Now().After(deadline) {
			t.Fatal("the child outlived its task")
		}
	}
}

// alive is false for a process that ended, also while nobody has asked for its exit status.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(b), ") Z")
}

func TestCommandIsJournalled(t *testing.T) {
	h := moduletest.New(t)
	log := &commandLog{Log: h.Recorder}
	for _, args := range [][]any{
		{"_raw_params", "echo secret", "undo", "rm -f x"},
		{"_raw_params", "echo", "undo", []any{"rm", "y"}},
	} {
		call := h.Call(false, args...)
		call.Log = log
		h.Do("shell", call)
	}
	want := "echo false [/bin/sh -c rm -f x]; echo false [rm y]; "
	if log.seen != want {
		t.Errorf("%s", log.seen)
	}
}

// commandLog also notes what it is told about commands.
type commandLog struct {
	change.Log
	seen string
}

func (l *commandLog) Command(what string, readOnly bool, undo []string) error {
	l.seen += fmt.Sprintf("%s %v %v; ", what, readOnly, undo)
	return l.Log.Command(what, readOnly, undo)
}

func TestRaw(t *testing.T) {
	h := moduletest.New(t)
	r := h.Run("raw", "_raw_params", "echo a; echo b >&2; exit 4")
	moduletest.Fails(t, r, "non-zero return code")
	moduletest.Holds(t, r, "rc", 4, "stdout", "a\n", "stderr", "b\n", "stdout_lines", []any{"a"})
	moduletest.Fails(t, h.Run("raw"), "missing required arguments: _raw_params")
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0:00:00", 2770 * time.Microsecond: "0:00:00.002770", 90 * time.Minute: "1:30:00",
		25*time.Hour + time.Second: "1 day, 1:00:01", 49 * time.Hour: "2 days, 1:00:00",
	} {
		if got := kit.Duration(d); got != want {
			t.Errorf("%v is %q, wanted %q", d, got, want)
		}
	}
}
