package facts

import (
	"context"
	"os/exec"
	"time"
)

// commandTimeout is how long one program of the host may take to tell what it knows.
const commandTimeout = 10 * time.Second

// bounded keeps the beginning of what is written to it.
type bounded []byte

func (b *bounded) Write(p []byte) (int, error) {
	*b = append(*b, p[:min(len(p), maxRead-len(*b))]...)
	return len(p), nil
}

// run gives what a program prints, and what it complains.
func (g *gathering) run(program string, args ...string) (string, string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	var out, complaint bounded
	cmd.Env, cmd.WaitDelay, cmd.Stdout, cmd.Stderr = g.env, time.Second, &out, &complaint
	err := cmd.Run()
	return string(out), string(complaint), err
}

// printed is what one of the host's programs prints; nothing when it is not there or fails.
func (g *gathering) printed(name string, args ...string) string {
	program := inPath(g.env, name)
	if program == "" {
		return ""
	}
	out, _, err := g.run(program, args...)
	if err != nil {
		return ""
	}
	return out
}
