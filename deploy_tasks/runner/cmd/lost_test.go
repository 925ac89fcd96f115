//go:build unix

package cmd_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A worker that is killed takes its connection with it. What the host has half received must not stay.
func TestWorkerLostWhileReceiving(t *testing.T) {
	m := newMachine(t)
	text, err := json.Marshal(m.link(nil, m.write("w", "f", "x")).Manifest("run", "d1", 1, 1))
	m.must(err)
	in, out, err := os.Pipe()
	m.must(err)
	m.must(in.Close()) // nobody listens from the beginning
	c := exec.Command(m.runner, "receive", m.state, string(text))
	c.Stdout = out
	if err := c.Run(); err == nil {
		t.Fatal("receiving from nobody succeeded")
	}
	m.must(out.Close())
	left, err := filepath.Glob(filepath.Join(m.state, "artifacts", ".*"))
	m.must(err)
	if len(left) > 0 {
		t.Fatalf("%v stays", left)
	}
}
