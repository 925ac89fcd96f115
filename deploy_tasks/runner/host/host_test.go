//go:build unix

package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"runner/value"
)

func newFolder(t *testing.T) *Folder {
	t.Helper()
	f, err := Open(filepath.Join(t.TempDir(), "state"))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFolderIsPrivate(t *testing.T) {
	f := newFolder(t)
	for _, dir := range []string{f.Root, f.Blobs(), f.Artifacts()} {
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v %v", dir, info.Mode(), err)
		}
	}
}

func TestFence(t *testing.T) {
	f := newFolder(t)
	steps := []struct {
		sequence, stage, attempt int64
		pass                     bool
	}{{5, 0, 1, true}, {5, 0, 1, true}, {5, 0, 2, true}, {5, 0, 1, false}, {4, 0, 9, false}, {5, 2, 1, true}, {5, 1, 1, false},
		{5, 0, 9, false}, {5, 2, 2, true}, {6, 0, 1, true}, {5, 3, 3, false}}
	for i, s := range steps {
		err := f.Pass(Fence{s.sequence, s.stage, s.attempt, "d"})
		var late *Superseded
		if (err == nil) != s.pass || err != nil && !errors.As(err, &late) {
			t.Errorf("step %d: %v", i, err)
		}
	}
}

func TestStack(t *testing.T) {
	f := newFolder(t)
	for _, id := range []string{"a", "b", "c", "a"} {
		if err := f.Push(id, "x"); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Pop("c"); err != nil {
		t.Fatal(err)
	}
	stack, err := f.Stack()
	var ids []string
	for _, a := range stack {
		ids = append(ids, a.Deployment)
	}
	if err != nil || !reflect.DeepEqual(ids, []string{"b", "a"}) {
		t.Errorf("%v %v", ids, err)
	}
}

// deployed makes the folder of a finished deployment, n seconds after the first.
func deployed(t *testing.T, f *Folder, id, status string, n int) {
	t.Helper()
	d := f.Deployment(id)
	digest := fmt.Sprintf("%064x", n)
	at := time.Unix(1700000000+int64(n), 0)
	err := errors.Join(d.KeepReport(value.DictOf("status", status)), d.KeepOrigin(Origin{Artifact: digest}),
		os.WriteFile(filepath.Join(f.Artifacts(), digest), []byte("artifact"), 0o700), os.Chtimes(d.ReportPath(), at, at))
	if err != nil {
		t.Fatal(err)
	}
}

func TestPruneCountsTheGoodOnes(t *testing.T) {
	f := newFolder(t)
	for i, status := range strings.Fields("succeeded succeeded rolled_back succeeded failed rolled_back rolled_back") {
		deployed(t, f, fmt.Sprintf("d%d", i), status, i)
	}
	if err := os.WriteFile(filepath.Join(f.Artifacts(), ".new-1"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := f.Prune(2, "", StaleAfter)
	if err != nil || !reflect.DeepEqual(p.Deployments, []string{"d0"}) || len(p.Artifacts) != 0 || p.Bytes == 0 {
		t.Errorf("%+v %v", p, err)
	}
	p, err = f.Prune(1, "d1", 0)
	if err != nil || !reflect.DeepEqual(p.Deployments, []string{"d2"}) || len(p.Artifacts) != 2 {
		t.Errorf("%+v %v", p, err)
	}
	if _, err := os.Stat(filepath.Join(f.Artifacts(), ".new-1")); err != nil {
		t.Error("removed a file that somebody is writing")
	}
	records, err := f.List()
	if err != nil || len(records) != 5 || records[0].Deployment != "d1" {
		t.Errorf("%+v %v", records, err)
	}
}

func TestPruneOfAllLeavesOnlyWhatWaits(t *testing.T) {
	f := newFolder(t)
	for i, status := range strings.Fields("succeeded failed succeeded") {
		deployed(t, f, fmt.Sprintf("d%d", i), status, i)
	}
	waiting := f.Deployment("d1")
	if err := errors.Join(os.Remove(waiting.ReportPath()), os.WriteFile(filepath.Join(waiting.Dir, "stage-0.json"), []byte("{}"), 0o600)); err != nil {
		t.Fatal(err)
	}
	p, err := f.Prune(0, "", 0)
	if err != nil || !reflect.DeepEqual(p.Deployments, []string{"d2", "d0"}) || len(p.Artifacts) != 2 {
		t.Errorf("%+v %v", p, err)
	}
	if err := errors.Join(os.Remove(filepath.Join(waiting.Dir, "stage-0.json")), waiting.KeepRestart(value.NewDict())); err != nil {
		t.Fatal(err)
	}
	p, err = f.Prune(0, "", 0)
	if err != nil || len(p.Deployments) != 0 || waiting.Status() != "waiting" {
		t.Errorf("its host restarts: %+v %v", p, err)
	}
	if err := waiting.DropRestart(); err != nil {
		t.Fatal(err)
	}
	p, err = f.Prune(0, "", 0)
	if err != nil || !reflect.DeepEqual(p.Deployments, []string{"d1"}) || len(p.Artifacts) != 1 {
		t.Errorf("%+v %v", p, err)
	}
	if records, err := f.List(); err != nil || len(records) != 0 {
		t.Errorf("%+v %v", records, err)
	}
}

func TestOldTemporaryFilesGo(t *testing.T) {
	f := newFolder(t)
	path := filepath.Join(f.Blobs(), ".new-1")
	old := time.Now().Add(-2 * StaleAfter)
	if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chtimes(path, old, old)); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Prune(1, "", 0); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestLock(t *testing.T) {
	f := newFolder(t)
	ctx := context.Background()
	lock, err := f.Lock(ctx, "one", 0)
	if err != nil {
		t.Fatal(err)
	}
	if holder, held := f.Holder("one"); !held || holder.Deployment != "one" || holder.PID != os.Getpid() {
		t.Errorf("%v %v", holder, held)
	}
	var busy *Busy
	if _, err := f.Lock(ctx, "two", 0); !errors.As(err, &busy) || busy.Holder.Deployment != "one" {
		t.Errorf("%v", err)
	}
	short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	if _, err := f.Lock(short, "one", 0); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	lock.Release()
	if _, held := f.Holder("one"); held {
		t.Error("still held")
	}
	if lock, err = f.Lock(ctx, "two", 0); err != nil {
		t.Fatal(err)
	}
	lock.Release()
}

func TestLeftoversEnd(t *testing.T) {
	f := newFolder(t)
	d := f.Deployment("d")
	if err := d.Make(); err != nil {
		t.Fatal(err)
	}
	start := func(line string) *exec.Cmd {
		cmd := exec.Command("sh", "-c", line)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // leads its group from the start, as what the runner starts does
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	left, other := start("exec sleep 60"), start("exec sleep 60")
	defer func() { _ = other.Process.Kill() }()
	d.Running().Started(left.Process.Pid)
	path := filepath.Join(d.Dir, "running")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// A number that another process has now: it started at another time.
	text = append(text, fmt.Sprintf("%d 12345\n", other.Process.Pid)...)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	d.EndLeftovers()
	if err := left.Wait(); err == nil {
		t.Error("the leftover ended by itself")
	}
	if startTime(other.Process.Pid) == "" {
		t.Error("ended somebody else's process")
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the list is still there")
	}
}

func TestValidID(t *testing.T) {
	for id, want := range map[string]bool{"a": true, "7c2d-A_b.1": true, "": false, ".": false, "..": false, "../x": false, "a/b": false,
		"-x": false, "a b": false, "a\n": false, strings.Repeat("x", 129): false, "ä": false} {
		if got := ValidID(id); got != want {
			t.Errorf("%q: %v", id, got)
		}
	}
}

func TestWhatWasOnlyBroughtIsNotToldAsInterrupted(t *testing.T) {
	f := newFolder(t)
	d := f.Deployment("d1")
	if status := d.Status(); status != "absent" {
		t.Error(status)
	}
	if err := errors.Join(d.Make(), d.KeepOrigin(Origin{Artifact: "a"})); err != nil {
		t.Fatal(err)
	}
	if status := d.Status(); status != "not run" {
		t.Error(status)
	}
	if err := os.WriteFile(filepath.Join(d.Dir, "journal"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if status := d.Status(); status != "interrupted" {
		t.Error(status)
	}
}
