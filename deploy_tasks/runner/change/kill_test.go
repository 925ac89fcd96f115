//go:build linux

package change

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// The test binary is also the child that is killed: at its n-th step it sends itself SIGKILL.
func TestMain(m *testing.M) {
	what := os.Getenv("KILL_TEST")
	if what == "" {
		os.Exit(m.Run())
	}
	at, _ := strconv.Atoi(os.Getenv("KILL_AT"))
	step = func(string) {
		if at--; at == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // until the signal comes
		}
	}
	state, root := os.Getenv("KILL_STATE"), os.Getenv("KILL_ROOT")
	var err error
	switch what {
	case "undo":
		_, err = Undo(state, &effects{})
	case "stage":
		err = runStage(state, root)
	case "back":
		err = stageBack(state)
	default:
		err = runScenario(state, root)
	}
	if err != nil {
		println(err.Error())
		os.Exit(1)
	}
	os.Exit(0)
}

func runScenario(state, root string) error {
	r, err := NewRecorder(state)
	if err != nil {
		return err
	}
	return errors.Join(scenario(r, root), r.Close())
}

// child runs the scenario or an undo in a process that is killed at a step; false when it came to its end.
func child(t *testing.T, what, state, root string, at int) (killed bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "KILL_TEST="+what, "KILL_AT="+strconv.Itoa(at), "KILL_STATE="+state, "KILL_ROOT="+root)
	out, err := cmd.CombinedOutput()
	if err == nil {
		return false
	}
	if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && ws.Signaled() && ws.Signal() == syscall.SIGKILL {
		return true
	}
	t.Fatalf("%s, killed at %d: %s: %s", what, at, err, out)
	return false
}

// places are pairs of state folder and tree: on one file system, and on two (there nothing can be moved aside).
func places(t *testing.T, try func(t *testing.T, state, root string)) {
	memory, err := os.MkdirTemp("/dev/shm", "deploy-tasks-test-")
	if err != nil {
		t.Skip("SKIPPED ALOUD: no /dev/shm for a second file system: " + err.Error())
	}
	t.Cleanup(func() { _ = os.RemoveAll(memory) })
	t.Run("one file system", func(t *testing.T) { try(t, filepath.Join(memory, "state"), filepath.Join(memory, "tree")) })
	t.Run("two file systems", func(t *testing.T) { try(t, filepath.Join(t.TempDir(), "state"), filepath.Join(memory, "tree2")) })
}

func fresh(t *testing.T, state, root string) (before string) {
	t.Helper()
	for _, dir := range []string{state, root} {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	plant(t, root)
	return picture(t, root)
}

func undoAll(t *testing.T, state string) UndoReport {
	t.Helper()
	report, err := Undo(state, &effects{})
	if err != nil {
		t.Fatal(err)
	}
	if report.Incomplete() {
		t.Fatalf("conflicts: %v", report.Conflicted)
	}
	return report
}

// A run killed at any step is undone to the last bit.
func TestKillRunAtEveryStep(t *testing.T) {
	places(t, func(t *testing.T, state, root string) {
		for at := 1; ; at++ {
			before := fresh(t, state, root)
			killed := child(t, "run", state, root, at)
			if killed && at == 1 && picture(t, root) != before {
				t.Fatal("changed before the journal began")
			}
			undoAll(t, state)
			if after := picture(t, root); after != before {
				t.Fatalf("killed at step %d:\n%s", at, difference(before, after))
			}
			if !killed {
				if at < 100 {
					t.Fatalf("only %d steps: the hooks are missing", at)
				}
				t.Logf("%d steps", at-1)
				return
			}
		}
	})
}

// An undo killed at any step is finished by the next one.
func TestKillUndoAtEveryStep(t *testing.T) {
	places(t, func(t *testing.T, state, root string) {
		for at := 1; ; at++ {
			before := fresh(t, state, root)
			if err := runScenario(state, root); err != nil {
				t.Fatal(err)
			}
			killed := child(t, "undo", state, root, at)
			undoAll(t, state)
			if after := picture(t, root); after != before {
				t.Fatalf("undo killed at step %d:\n%s", at, difference(before, after))
			}
			if !killed {
				if at < 50 {
					t.Fatalf("only %d steps: the hooks are missing", at)
				}
				t.Logf("%d steps", at-1)
				return
			}
		}
	})
}
