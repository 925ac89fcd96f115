//go:build unix

package module

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func call(ctx context.Context) *Call {
	return &Call{Ctx: ctx, Env: []string{"PATH=/usr/bin:/bin", "A=1"}, Cwd: "/"}
}

func TestRun(t *testing.T) {
	cases := map[string]struct {
		line string
		code int
		out  string
	}{
		"output":      {"echo hello", 0, "hello\n"},
		"status":      {"exit 7", 7, ""},
		"signal":      {"kill -9 $$", 137, ""},
		"environment": {"echo $A$B", 0, "12\n"},
		"input":       {"cat", 0, "typed"},
		"folder":      {"pwd", 0, "/\n"},
		"daemon":      {"sleep 600 & echo started", 0, "started\n"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			got, err := call(context.Background()).Run(Process{Argv: []string{"sh", "-c", c.line}, Env: []string{"B=2"}, Stdin: strings.NewReader("typed")})
			if err != nil || got.Code != c.code || got.Stdout != c.out || got.TimedOut {
				t.Errorf("%+v %v", got, err)
			}
			if time.Since(began) > 30*time.Second {
				t.Error("waited for a daemon")
			}
		})
	}
}

func TestRunKillsAtTheEndOfItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	begun := filepath.Join(t.TempDir(), "begun")
	go func() {
		for ; ctx.Err() == nil; time.Sleep(time.Millisecond) {
			if _, err := os.Stat(begun); err == nil {
				cancel()
			}
		}
	}()
	line := "echo begun; echo begun > " + begun + "; sleep 600 & sleep 600"
	got, err := call(ctx).Run(Process{Argv: []string{"sh", "-c", line}})
	if err != nil || !got.TimedOut || got.Stdout != "begun\n" || got.Code != 143 {
		t.Errorf("%+v %v", got, err)
	}
	if got, err := call(ctx).Run(Process{Argv: []string{"true"}}); err != nil || !got.TimedOut || got.Code != -1 {
		t.Errorf("started after the end: %+v %v", got, err)
	}
}

func TestRunUnknownProgram(t *testing.T) {
	_, err := call(context.Background()).Run(Process{Argv: []string{"no-such-program"}})
	if !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("%v", err)
	}
}

func TestOutputIsBounded(t *testing.T) {
	got, err := call(context.Background()).Run(Process{Argv: []string{"sh", "-c", "echo first; yes | head -c 30000000; echo last"}})
	if err != nil || !got.Cut || len(got.Stdout) > MaxOutput+MaxOutput/4 || !strings.HasPrefix(got.Stdout, "first\n") || !strings.HasSuffix(got.Stdout, "last\n") {
		t.Errorf("%d bytes, %v", len(got.Stdout), err)
	}
}

func TestCommandsOfTheirOwnHaveTheRightsOfTheTask(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a command the rights of others")
	}
	c := &Call{Ctx: context.Background(), Env: []string{"PATH=" + defaultPath, "A=1"}, As: &Identity{UID: 65534, GID: 65533, Groups: []int{65532}}}
	out, err := c.Command("sh", "-c", "id -u; id -G; echo $A").Output()
	if string(out) != "65534\n65533 65532\n1\n" || err != nil {
		t.Errorf("%q %v", out, err)
	}
	if c.Command("no-such-program") != nil {
		t.Error("a command without a program")
	}
}
