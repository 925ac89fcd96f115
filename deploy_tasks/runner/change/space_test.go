//go:build linux

package change

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// small mounts a file system of a few pages, or skips.
func small(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skip("SKIPPED ALOUD: cannot mount a small tmpfs: " + err.Error())
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// A disk that is too full for the new file leaves the old one and nothing else.
func TestNoSpaceForTheNewFile(t *testing.T) {
	b := newBench(t)
	b.root = small(t, "size=256k")
	b.plant("f", "old")
	err := b.rec.WriteFile(b.path("f"), bytes.NewReader(make([]byte, 1<<20)), Meta{})
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("%v", err)
	}
	names, err := os.ReadDir(b.root)
	b.must(err)
	if b.read("f") != "old" || len(names) != 1 {
		t.Errorf("f=%s, beside it %v", b.read("f"), names)
	}
	b.must(b.rec.Close())
	if report := b.undo(&effects{}); report.Incomplete() {
		t.Errorf("%v", report)
	}
}

// A disk that is too full for the original keeps the original where it is.
func TestNoSpaceForTheOriginal(t *testing.T) {
	b := newBench(t)
	b.must(b.rec.Close())
	b.state = small(t, "size=256k")
	rec, err := NewRecorder(b.state)
	b.must(err)
	b.rec = rec
	big := strings.Repeat("x", 1<<20)
	b.plant("f", big)
	if err := b.rec.WriteFile(b.path("f"), strings.NewReader("new"), Meta{}); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("%v", err)
	}
	if err := b.rec.Remove(b.path("f")); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("%v", err)
	}
	if b.read("f") != big {
		t.Error("the original is gone")
	}
	left, err := filepath.Glob(filepath.Join(b.state, SavedName, "*"))
	b.must(err)
	if len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// However full the disk of the journal and the originals is, a run that it stops is undone to the last bit.
func TestFullDiskAnywhere(t *testing.T) {
	was := accounts
	t.Cleanup(func() { accounts = was })
	stopped := 0
	for pages := 3; pages < 60; pages += 2 {
		points++
		state, root := small(t, fmt.Sprintf("size=%dk", 4*pages)), t.TempDir()
		plant(t, root)
		before := scene(t, root)
		if err := runScenario(state, root); errors.Is(err, syscall.ENOSPC) {
			stopped++
		} else if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mount("tmpfs", state, "tmpfs", syscall.MS_REMOUNT, "size=2m"); err != nil {
			t.Fatal(err)
		}
		undoAll(t, spot{state: state, root: root})
		if after := scene(t, root); after != before {
			t.Fatalf("%d pages:\n%s", pages, difference(before, after))
		}
	}
	if stopped < 15 {
		t.Errorf("only %d runs were stopped", stopped)
	}
	t.Logf("%d runs stopped", stopped)
}

// A journal that cannot grow stops the run, and what it says before that is whole.
func TestNoSpaceForTheJournal(t *testing.T) {
	b := newBench(t)
	b.must(b.rec.Close())
	b.state = small(t, "size=64k")
	rec, err := NewRecorder(b.state)
	b.must(err)
	b.rec = rec
	before := picture(t, b.root)
	failed := false
	for i := 0; i < 2000 && !failed; i++ {
		err := b.rec.WriteFile(b.path("f"+strings.Repeat("x", i%50)), strings.NewReader("new"), Meta{})
		failed = err != nil
		if failed && !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
	}
	if !failed {
		t.Fatal("the journal never filled its disk")
	}
	data, err := os.ReadFile(filepath.Join(b.state, JournalName))
	b.must(err)
	if _, damaged, good, err := parseJournal(data); err != nil || len(damaged) > 0 || good != len(data) {
		t.Errorf("the journal has a torn end: %d of %d bytes good, damaged %v, %v", good, len(data), damaged, err)
	}
	// Undo needs a little space for its own lines.
	b.must(syscall.Mount("tmpfs", b.state, "tmpfs", syscall.MS_REMOUNT, "size=1m"))
	if report := b.undo(&effects{}); report.Incomplete() {
		t.Fatalf("%v", report)
	}
	names, err := os.ReadDir(b.root)
	b.must(err)
	if len(names) != 0 || strings.Count(before, "\n") != 1 {
		t.Errorf("left behind: %v", names)
	}
}
