package module

import (
	"bytes"
	"context"
	"io"
	"os/exec"
	"strings"
	"time"
)

// Process is a command to run. Its output is kept up to MaxOutput bytes per stream, the middle is cut out.
type Process struct {
	Argv   []string
	Stdin  io.Reader
	Dir    string    // Call.Cwd when empty
	Env    []string  // added to Call.Env
	Stdout io.Writer // gets all of the output, instead of Finished.Stdout; nil: it is kept
}

// Identity is whose rights commands have. A nil one is the runner's.
type Identity struct {
	UID, GID int
	Groups   []int
}

// Finished is a command that ended.
type Finished struct {
	Code           int // exit status; 128+n after signal n; -1 when it could not start
	Stdout, Stderr string
	Cut            bool // one of these is not whole: the command printed more than MaxOutput
	TimedOut       bool // it was killed because Call.Ctx ended
	Start, End     time.Time
}

// MaxOutput is how much of each output stream is kept, in bytes.
const MaxOutput = 8 << 20

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// killGrace is how long a process group has between SIGTERM and SIGKILL.
const killGrace = 2 * time.Second

// Run runs a command in its own process group and, when Call.Ctx ends first, kills the whole group.
// The error is set only when the command could not be started.
func (c *Call) Run(p Process) (Finished, error) {
	out, errs := &tailBuffer{}, &tailBuffer{}
	done := Finished{Code: -1, Start: time.Now()}
	full := lookPath(p.Argv[0], c.Env)
	if full == "" {
		done.End = done.Start
		return done, &exec.Error{Name: p.Argv[0], Err: exec.ErrNotFound}
	}
	cmd := exec.Command(full, p.Argv[1:]...)
	cmd.Args[0] = p.Argv[0]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = p.Stdin, out, errs
	if p.Stdout != nil {
		cmd.Stdout = p.Stdout
	}
	cmd.Dir = c.Cwd
	if p.Dir != "" {
		cmd.Dir = p.Dir
	}
	cmd.Env = append(append([]string{}, c.Env...), p.Env...)
	// A daemon that a command leaves behind keeps the pipes open: wait for the command itself, not for its heirs.
	cmd.WaitDelay = killGrace
	ownGroup(cmd)
	c.As.give(cmd)
	if err := c.Ctx.Err(); err != nil {
		done.TimedOut, done.End = true, done.Start
		return done, nil
	}
	if err := cmd.Start(); err != nil {
		done.End = time.Now()
		return done, err
	}
	if c.Started != nil {
		defer c.Started(cmd.Process.Pid)()
	}
	done.TimedOut = wait(c.Ctx, cmd)
	done.End = time.Now()
	done.Code = exitCode(cmd)
	done.Stdout, done.Stderr, done.Cut = out.String(), errs.String(), out.dropped+errs.dropped > 0
	return done, nil
}

// Command is a command that the caller starts and waits for, as one whose output is read while it runs: with the
// environment and the rights of the task, in a process group of its own, and killed when Call.Ctx ends. nil: the host does
// not have the program.
func (c *Call) Command(program string, args ...string) *exec.Cmd {
	full := lookPath(program, c.Env)
	if full == "" {
		return nil
	}
	cmd := exec.CommandContext(c.Ctx, full, args...)
	cmd.Env = c.Env
	ownGroup(cmd)
	c.As.give(cmd)
	return cmd
}

// wait waits for the command; true when the context ended first and the group was killed.
func wait(ctx context.Context, cmd *exec.Cmd) bool {
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // the exit status is read from ProcessState
		close(ended)
	}()
	select {
	case <-ended:
		return false
	case <-ctx.Done():
	}
	EndGroup(cmd.Process.Pid, killGrace)
	<-ended
	return true
}

// Program is where a command's program is, "" when there is none.
func (c *Call) Program(name string) string { return lookPath(name, c.Env) }

// lookPath finds a program in the PATH of the command's own environment, not of the runner's; empty when there is none.
func lookPath(name string, env []string) string {
	if strings.ContainsAny(name, `/\`) {
		return name
	}
	for i := len(env) - 1; i >= 0; i-- {
		if path, ok := strings.CutPrefix(env[i], "PATH="); ok {
			return findIn(path, name)
		}
	}
	return findIn(defaultPath, name)
}

// tailBuffer keeps the first and the last half of MaxOutput bytes.
type tailBuffer struct {
	head, tail bytes.Buffer
	dropped    int64
}

func (b *tailBuffer) Write(p []byte) (int, error) {
	n := len(p)
	if room := MaxOutput/2 - b.head.Len(); room > 0 {
		take := min(room, len(p))
		b.head.Write(p[:take])
		p = p[take:]
	}
	b.tail.Write(p)
	if extra := b.tail.Len() - MaxOutput/2; extra > MaxOutput/8 {
		b.tail.Next(extra)
		b.dropped += int64(extra)
	}
	return n, nil
}

func (b *tailBuffer) String() string {
	if b.dropped > 0 {
		return b.head.String() + "\n[output cut here]\n" + b.tail.String()
	}
	return b.head.String() + b.tail.String()
}
