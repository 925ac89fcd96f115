//go:build linux

package change

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// A runner is killed at a step, which is before or after every write to the journal and every system call that changes
// something. Here its goroutine stops for good at the step: nothing deferred runs, as after SIGKILL. Real SIGKILLs
// prove, at some of the points, that this is the same. Losing power takes along what was not synced.

// seed makes the points that are drawn the same in every run.
const seed = 20240229

func draws(n uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, n)) }

// points counts the kill points of this process; so many are wanted, unless the host has no place for them.
var (
	points  int
	skipped bool
)

const pointsWanted = 1000

// The test binary is also the child that is really killed.
func TestMain(m *testing.M) {
	what := os.Getenv("KILL_TEST")
	if what == "" {
		code := m.Run()
		fmt.Printf("%d kill points\n", points)
		if all := flag.Lookup("test.run").Value.String() == ""; all && code == 0 && points < pointsWanted && !skipped {
			fmt.Printf("FAIL: %d are wanted\n", pointsWanted)
			code = 1
		}
		os.Exit(code)
	}
	at, _ := strconv.Atoi(os.Getenv("KILL_AT"))
	step = func(string) {
		if at--; at == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // until the signal comes
		}
	}
	if err := acts[what](os.Getenv("KILL_STATE"), os.Getenv("KILL_ROOT")); err != nil {
		println(err.Error())
		os.Exit(1)
	}
	os.Exit(0)
}

var acts = map[string]func(state, root string) error{
	"run":   runScenario,
	"undo":  func(state, root string) error { setAccounts(root); _, err := Undo(state, &effects{}); return err },
	"stage": runStage,
	"back":  func(state, root string) error { setAccounts(root); return stageBack(state) },
}

func setAccounts(root string) { accounts = filepath.Join(root, "accounts") }

func runScenario(state, root string) error {
	setAccounts(root)
	r, err := NewRecorder(state)
	if err != nil {
		return err
	}
	return errors.Join(scenario(r, root), r.Close())
}

// durable is what a loss of power leaves of a deployment's folder: the journal up to here, and these originals.
type durable struct {
	journal   int64
	originals map[string]bool
}

// killed performs an act until its at-th step; false when it came to its end. With power lost, what was not synced is
// cut: the journal anywhere in it.
func killed(t *testing.T, what, state, root string, at int, power *rand.Rand) bool {
	t.Helper()
	points++
	kept := look(state)
	ended, stopped := make(chan error, 1), make(chan struct{})
	forever := make(chan struct{})
	go func() {
		step = func(name string) {
			switch name {
			case "journal synced":
				kept.journal = look(state).journal
			case "originals synced":
				kept.originals = look(state).originals
			}
			if at--; at == 0 {
				close(stopped)
				<-forever
			}
		}
		ended <- acts[what](state, root)
	}()
	select {
	case err := <-ended:
		step = func(string) {}
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		points--
		return false
	case <-stopped:
	}
	step = func(string) {}
	if power != nil {
		kept.lose(t, state, power)
	}
	return true
}

func look(state string) (d durable) {
	d.originals = map[string]bool{}
	if info, err := os.Stat(filepath.Join(state, JournalName)); err == nil {
		d.journal = info.Size()
	}
	names, _ := os.ReadDir(filepath.Join(state, SavedName))
	for _, name := range names {
		d.originals[name.Name()] = true
	}
	return d
}

func (d durable) lose(t *testing.T, state string, draw *rand.Rand) {
	t.Helper()
	path := filepath.Join(state, JournalName)
	if info, err := os.Stat(path); err == nil && info.Size() > d.journal {
		if err := os.Truncate(path, d.journal+draw.Int64N(info.Size()-d.journal+1)); err != nil {
			t.Fatal(err)
		}
	}
	names, _ := filepath.Glob(filepath.Join(state, SavedName, strings.Repeat("[0-9a-f]", 64)))
	for _, name := range names {
		if d.originals[filepath.Base(name)] {
			continue
		}
		info, err := os.Stat(name)
		switch {
		case err != nil:
		case info.Sys().(*syscall.Stat_t).Nlink > 1:
			err = os.Remove(name) // the second name of a file that still stands at its place
		default:
			err = os.Truncate(name, 0)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// child performs an act in a process that is killed by a signal; false when it came to its end.
func child(t *testing.T, what, state, root string, at int) bool {
	t.Helper()
	points++
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

// spot is where a scenario plays: a state folder and a tree.
type spot struct {
	state, root string
	stride      int // every so many steps are tried
}

// places are pairs of state folder and tree: on one file system, and on two (there nothing can be moved aside).
func places(t *testing.T, try func(t *testing.T, p spot)) {
	was := accounts
	memory, err := os.MkdirTemp("/dev/shm", "deploy-tasks-test-")
	if err != nil {
		skipped = true
		t.Skip("SKIPPED ALOUD: no /dev/shm for a second file system: " + err.Error())
	}
	t.Cleanup(func() { accounts = was; _ = os.RemoveAll(memory) })
	t.Run("one file system", func(t *testing.T) { try(t, spot{filepath.Join(memory, "state"), filepath.Join(memory, "tree"), 1}) })
	t.Run("two file systems", func(t *testing.T) {
		try(t, spot{filepath.Join(second(t), "state"), filepath.Join(memory, "tree2"), 8})
	})
}

// second is a folder of another file system, where that can be had one that is as fast.
func second(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if syscall.Mount("tmpfs", dir, "tmpfs", 0, "") == nil {
		t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	}
	return dir
}

// fresh makes folders and tree anew, under names that no stopped run has.
func (p *spot) fresh(t *testing.T) (before string) {
	t.Helper()
	for _, dir := range []*string{&p.state, &p.root} {
		if err := os.RemoveAll(*dir); err != nil {
			t.Fatal(err)
		}
		*dir = fmt.Sprintf("%s.%d", strings.SplitN(*dir, ".", 2)[0], points)
		if err := os.MkdirAll(*dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	plant(t, p.root)
	return scene(t, p.root)
}

func undoAll(t *testing.T, p spot) UndoReport {
	t.Helper()
	setAccounts(p.root)
	report, err := Undo(p.state, &effects{})
	if err != nil {
		t.Fatal(err)
	}
	if report.Incomplete() {
		t.Fatalf("conflicts: %v", report.Conflicted)
	}
	return report
}

func (p spot) is(t *testing.T, before, when string, at int) {
	t.Helper()
	if after := scene(t, p.root); after != before {
		t.Fatalf("%s killed at step %d:\n%s", when, at, difference(before, after))
	}
}

// A run that is killed, or loses power, at any step is undone to the last bit.
func TestKillRunAtEveryStep(t *testing.T) {
	places(t, func(t *testing.T, p spot) {
		for n, power := range []*rand.Rand{draws(1), nil} {
			for at := 1; ; at += p.stride * (n + 1) {
				before := p.fresh(t)
				more := killed(t, "run", p.state, p.root, at, power)
				if more && at == 1 && scene(t, p.root) != before {
					t.Fatal("changed before the journal began")
				}
				undoAll(t, p)
				p.is(t, before, "run", at)
				if !more {
					enough(t, at, 250)
					break
				}
			}
		}
	})
}

func enough(t *testing.T, at, want int) {
	t.Helper()
	if at < want {
		t.Fatalf("only %d steps: the hooks are missing", at)
	}
}

// An undo that is killed, or loses power, at any step is finished by the next one.
func TestKillUndoAtEveryStep(t *testing.T) {
	places(t, func(t *testing.T, p spot) {
		draw := draws(2)
		for at := 1; ; at += p.stride {
			before := p.fresh(t)
			if err := runScenario(p.state, p.root); err != nil {
				t.Fatal(err)
			}
			var power *rand.Rand
			if at%2 == 0 {
				power = draw
			}
			more := killed(t, "undo", p.state, p.root, at, power)
			undoAll(t, p)
			p.is(t, before, "undo", at)
			if !more {
				enough(t, at, 150)
				return
			}
		}
	})
}

// A run is killed anywhere, its undo too, and the next one again: the one after that finishes.
func TestKillRunThenUndoes(t *testing.T) {
	places(t, func(t *testing.T, p spot) {
		draw := draws(3)
		for range 40 {
			before := p.fresh(t)
			at := 1 + draw.IntN(300)
			killed(t, "run", p.state, p.root, at, draw)
			for range 2 {
				killed(t, "undo", p.state, p.root, 1+draw.IntN(120), draw)
			}
			undoAll(t, p)
			p.is(t, before, "run, then undoes,", at)
		}
	})
}

// Real signals at drawn steps leave no more and no less.
func TestKillBySignal(t *testing.T) {
	places(t, func(t *testing.T, p spot) {
		draw := draws(4)
		for range 4 {
			before := p.fresh(t)
			at := 1 + draw.IntN(250)
			child(t, "run", p.state, p.root, at)
			child(t, "undo", p.state, p.root, 1+draw.IntN(150))
			undoAll(t, p)
			p.is(t, before, "by a signal", at)
		}
	})
}

// A file is the old one or the new one at every step of a write, and whole.
func TestKilledWriteIsOldOrNew(t *testing.T) {
	places(t, func(t *testing.T, p spot) {
		acts["write"] = func(state, root string) error {
			r, err := NewRecorder(state)
			if err == nil {
				err = r.WriteFile(filepath.Join(root, "etc/conf"), strings.NewReader("new conf\n"), Meta{})
			}
			return err
		}
		for at := 1; ; at++ {
			p.fresh(t)
			more := killed(t, "write", p.state, p.root, at, nil)
			text, err := os.ReadFile(filepath.Join(p.root, "etc/conf"))
			if s := string(text); err != nil || s != "old conf\n" && s != "new conf\n" {
				t.Fatalf("step %d: %q %v", at, s, err)
			}
			if !more {
				return
			}
		}
	})
}
