//go:build unix

package change

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// messy is what a tool of the host may do in a folder: everything.
func messy(dir string) error {
	in := func(name string) string { return filepath.Join(dir, name) }
	put := func(name, text string) func() error {
		return func() error { return os.WriteFile(in(name), []byte(text), 0o600) }
	}
	for _, act := range []func() error{
		put("changed", "changed by the tool\n"),
		put("same", "same"),
		func() error { return os.Chmod(in("mode"), 0o711) },
		func() error { return os.Remove(in("removed")) },
		func() error { return os.RemoveAll(in("folder/deep")) },
		func() error { return os.Chmod(in("folder"), 0o700|fs.ModeSticky) },
		put("new", "new"),
		func() error { return os.MkdirAll(in("made/deep/er"), 0o755) },
		put("made/deep/er/file", "x"),
		func() error { return os.Symlink("new", in("made/link")) },
		func() error { return errors.Join(os.Remove(in("link")), os.Symlink("elsewhere", in("link"))) },
		func() error { return errors.Join(os.Remove(in("file")), os.Mkdir(in("file"), 0o755)) },
		put("file/inside", "y"),
		func() error { return errors.Join(os.RemoveAll(in("dir")), os.WriteFile(in("dir"), nil, 0o644)) },
		func() error { return os.Rename(in("moved"), in("made/moved")) },
	} {
		step("tool")
		if err := act(); err != nil {
			return err
		}
	}
	return nil
}

// plantMess makes what messy works on.
func plantMess(t *testing.T, dir string) {
	t.Helper()
	for _, name := range []string{"folder/deep/er", "dir/sub"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o750); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"changed", "same", "mode", "removed", "folder/deep/a", "folder/deep/er/b", "folder/kept", "file", "dir/sub/x", "moved"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(filepath.Base(name)), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	for target, name := range map[string]string{"changed": "link", "/nowhere": "folder/deep/dangling"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "folder/deep/pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	setAllTimes(t, dir)
}

func (b *bench) around(act func() error, paths ...string) {
	b.t.Helper()
	for i := range paths {
		paths[i] = b.path(paths[i])
	}
	b.must(b.rec.Around(paths, "the tool", act))
}

func TestAroundBringsEverythingBack(t *testing.T) {
	b := newBench(t)
	plantMess(t, b.root)
	before := picture(t, b.root)
	b.rec.Task("tool", false)
	b.around(func() error { return messy(b.root) }, "", "changed", "folder")
	b.must(b.rec.Close())
	report := b.undo(&effects{})
	if after := picture(t, b.root); report.Incomplete() || after != before {
		t.Errorf("%+v\n%s", report, difference(before, after))
	}
	b.plant("changed", "theirs, later")
	if again := b.undo(&effects{}); again.Incomplete() || b.read("changed") != "theirs, later" {
		t.Errorf("undone twice: %+v", again)
	}
}

// A tool's failure is no reason to forget what it did.
func TestAroundAFailure(t *testing.T) {
	b := newBench(t)
	plantMess(t, b.root)
	before := picture(t, b.root)
	failed := errors.New("exit status 1")
	err := b.rec.Around([]string{b.path("")}, "the tool", func() error { return errors.Join(messy(b.root), failed) })
	if !errors.Is(err, failed) {
		t.Errorf("%v", err)
	}
	b.must(b.rec.Close())
	b.undo(&effects{})
	if after := picture(t, b.root); after != before {
		t.Error(difference(before, after))
	}
}

// What others did to files that the tool had changed is a conflict; to those that it had not, nobody's business.
func TestAroundLeavesOthersWorkAlone(t *testing.T) {
	b := newBench(t)
	for _, name := range []string{"a", "b", "c", "untouched"} {
		b.plant(name, "old")
	}
	b.around(func() error {
		b.plant("a", "ours")
		b.plant("b", "ours")
		b.plant("n", "ours")
		b.plant("m", "ours")
		return nil
	}, "")
	b.must(b.rec.Close())
	b.plant("a", "theirs")
	b.plant("n", "their own")
	b.plant("untouched", "theirs")
	b.plant("beside", "theirs")
	report := b.undo(&effects{})
	why := map[string]string{}
	for _, c := range report.Conflicted {
		why[filepath.Base(c.Path)] = c.Why
	}
	if len(why) != 2 || why["a"] != "content changed since" || why["n"] != "content changed since" {
		t.Errorf("%v", why)
	}
	if b.read("a") != "theirs" || b.read("b") != "old" || b.read("n") != "their own" || Exists(b.path("m")) ||
		b.read("untouched") != "theirs" || b.read("beside") != "theirs" {
		t.Error("something else is there")
	}
	b.plant("a", "ours")
	b.must(os.Remove(b.path("n")))
	if report := b.undo(&effects{}); report.Incomplete() || b.read("a") != "old" {
		t.Errorf("after the conflicts are gone: %+v", report)
	}
}

// Changes that a module makes itself while the tool works are taken back once.
func TestAroundWithWritesInside(t *testing.T) {
	b := newBench(t)
	b.plant("a", "old")
	before := picture(t, b.root)
	b.around(func() error {
		b.plant("tools", "x")
		b.write("a", "ours")
		b.write("new", "ours")
		return nil
	}, "")
	b.must(b.rec.Close())
	report := b.undo(&effects{})
	if report.Incomplete() || b.read("a") != "old" || strings.Count(picture(t, b.root), "\n") != strings.Count(before, "\n") {
		t.Errorf("%+v\n%s", report, picture(t, b.root))
	}
}

func TestAroundIsBounded(t *testing.T) {
	b := newBench(t)
	maxWatched = 20
	t.Cleanup(func() { maxWatched = MaxWatched })
	for i := range 3 {
		dir := b.path(strings.Repeat("d", i+1))
		b.must(os.Mkdir(dir, 0o755))
		for n := range 9 {
			b.must(os.Symlink("x", filepath.Join(dir, strings.Repeat("l", n+1))))
		}
	}
	err := b.rec.Around([]string{b.root}, "the tool", func() error { t.Error("acted"); return nil })
	if err == nil || !strings.Contains(err.Error(), "more than 20 files") {
		t.Errorf("%v", err)
	}
	b.must(b.rec.Around([]string{b.path("d"), b.path("dd")}, "the tool", func() error { return nil }))
}

// A list of which the end is torn off announces nothing; one with a hole is told. Neither removes anything.
func TestAroundWithAHoleInItsList(t *testing.T) {
	for _, hole := range []bool{false, true} {
		b := newBench(t)
		plantMess(t, b.root)
		before := picture(t, b.root)
		b.around(func() error { return nil }, "")
		b.must(b.rec.Close())
		lines := strings.SplitAfter(b.journal(), "\n")
		cut := append(lines[:7:7], strings.Replace(lines[7], "watched", "wotched", 1))
		if hole {
			cut = append(cut, lines[8:]...)
		}
		b.must(os.WriteFile(filepath.Join(b.state, JournalName), []byte(strings.Join(cut, "")), 0o600))
		for range 2 {
			report := b.undo(&effects{})
			if told := strings.Contains(fmt.Sprint(report.Conflicted), "the list of them in the journal is damaged"); told != hole {
				t.Errorf("hole %v: %v", hole, report.Conflicted)
			}
			if after := picture(t, b.root); after != before {
				t.Error(difference(before, after))
			}
		}
	}
}

func TestTopmost(t *testing.T) {
	got := topmost([]string{"/b/c", "/a", "/a/", "/ab", "/b/c/d", "/a/x/../y"})
	if strings.Join(got, " ") != "/a /ab /b/c" {
		t.Errorf("%v", got)
	}
}
