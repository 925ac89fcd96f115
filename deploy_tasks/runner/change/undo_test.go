//go:build unix

package change

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// bench is a deployment's folder and a tree beside it.
type bench struct {
	t           *testing.T
	state, root string
	rec         *Recorder
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, state: t.TempDir(), root: t.TempDir()}
	rec, err := NewRecorder(b.state)
	if err != nil {
		t.Fatal(err)
	}
	b.rec = rec
	return b
}

func (b *bench) path(name string) string { return filepath.Join(b.root, name) }

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) plant(name, text string) string {
	b.t.Helper()
	b.must(os.WriteFile(b.path(name), []byte(text), 0o644))
	return b.path(name)
}

func (b *bench) write(name, text string) {
	b.t.Helper()
	b.must(b.rec.WriteFile(b.path(name), strings.NewReader(text), Meta{}))
}

func (b *bench) read(name string) string {
	b.t.Helper()
	text, err := os.ReadFile(b.path(name))
	b.must(err)
	return string(text)
}

func (b *bench) undo(fx Effects) UndoReport {
	b.t.Helper()
	before := b.journal()
	said, err := Preview(noTools{}, b.state)
	b.must(err)
	if b.journal() != before {
		b.t.Error("a dry run has written to the journal")
	}
	report, err := Undo(b.state, fx)
	b.must(err)
	if e, told := fx.(*effects); told && e.fail == nil && !strings.Contains(before, `"op":"undo_begin"`) && !reflect.DeepEqual(said[0], report) {
		b.t.Errorf("the dry run said\n%+v\nthe undo\n%+v", said, report)
	}
	return report
}

// journal is its text, empty without one.
func (b *bench) journal() string {
	text, err := os.ReadFile(filepath.Join(b.state, JournalName))
	if !errors.Is(err, os.ErrNotExist) {
		b.must(err)
	}
	return string(text)
}

func TestConflictsAreLeftAlone(t *testing.T) {
	cases := map[string]struct {
		ours   func(b *bench)
		theirs func(b *bench) error
		why    string
	}{
		"content": {func(b *bench) { b.write("f", "ours") },
			func(b *bench) error { return os.WriteFile(b.path("f"), []byte("their"), 0o644) }, "content changed since"},
		"content of the same size": {func(b *bench) { b.write("f", "ours") },
			func(b *bench) error { return os.WriteFile(b.path("f"), []byte("them"), 0o644) }, "content changed since"},
		"mode of a file": {func(b *bench) { b.write("f", "ours") },
			func(b *bench) error { return os.Chmod(b.path("f"), 0o600) }, "mode changed since"},
		"removed": {func(b *bench) { b.write("f", "ours") },
			func(b *bench) error { return os.Remove(b.path("f")) }, "was removed since"},
		"made again": {func(b *bench) { b.must(b.rec.Remove(b.path("f"))) },
			func(b *bench) error { return os.WriteFile(b.path("f"), []byte("their"), 0o644) }, "was made again since"},
		"other kind": {func(b *bench) { b.write("f", "ours") },
			func(b *bench) error {
				return errors.Join(os.Remove(b.path("f")), os.Mkdir(b.path("f"), 0o755))
			}, "is a dir now"},
		"chmod": {func(b *bench) { b.must(b.rec.Chmod(b.path("f"), 0o600)) },
			func(b *bench) error { return os.Chmod(b.path("f"), 0o606) }, "mode changed since"},
		"link": {func(b *bench) { b.must(b.rec.Symlink("a", b.path("f"))) },
			func(b *bench) error { return errors.Join(os.Remove(b.path("f")), os.Symlink("b", b.path("f"))) }, "points elsewhere since"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.plant("f", "orig")
			c.ours(b)
			b.must(b.rec.Close())
			b.must(c.theirs(b))
			before := picture(t, b.root)
			report := b.undo(&effects{})
			if want := []Conflict{{b.path("f"), c.why}}; !reflect.DeepEqual(report.Conflicted, want) {
				t.Errorf("conflicts %v, want %v", report.Conflicted, want)
			}
			if !report.Incomplete() {
				t.Error("called complete")
			}
			if after := picture(t, b.root); after != before {
				t.Errorf("touched all the same:\n%s", difference(before, after))
			}
		})
	}
}

func TestConflictStopsThePathOnly(t *testing.T) {
	b := newBench(t)
	b.plant("a", "a0")
	b.plant("b", "b0")
	b.write("a", "a1")
	b.write("b", "b1")
	b.write("a", "a2")
	b.must(b.rec.Close())
	b.plant("a", "theirs")
	report := b.undo(&effects{})
	if len(report.Conflicted) != 1 || b.read("a") != "theirs" || b.read("b") != "b0" {
		t.Errorf("%v, a=%s b=%s", report.Conflicted, b.read("a"), b.read("b"))
	}
	b.plant("a", "a2") // the operator puts back what we wrote
	if report := b.undo(&effects{}); report.Incomplete() || b.read("a") != "a0" {
		t.Errorf("after the conflict is gone: %v, a=%s", report.Conflicted, b.read("a"))
	}
}

func TestFolderWithForeignFilesStays(t *testing.T) {
	b := newBench(t)
	b.must(b.rec.Mkdir(b.path("d"), 0o755))
	b.must(b.rec.Close())
	b.plant("d/theirs", "x")
	report := b.undo(&effects{})
	if len(report.Conflicted) != 1 || report.Conflicted[0].Why != "holds what is not ours: theirs" {
		t.Errorf("%v", report.Conflicted)
	}
}

func TestForeignFolderTimeStays(t *testing.T) {
	b := newBench(t)
	b.write("ours", "x")
	b.must(b.rec.Close())
	b.plant("theirs", "y")
	stamp := time.Date(2022, 2, 2, 2, 2, 2, 0, time.UTC)
	b.must(os.Chtimes(b.root, stamp, stamp))
	b.undo(&effects{})
	info, err := os.Stat(b.root)
	b.must(err)
	if time.Since(info.ModTime()) > time.Minute {
		t.Error("the folder's time was set back over somebody's work")
	}
}

func TestUndoTwiceIsOnce(t *testing.T) {
	b := newBench(t)
	b.plant("f", "orig")
	b.write("f", "ours")
	b.must(b.rec.Command("build", false, []string{"unbuild"}))
	b.must(b.rec.Close())
	first := &effects{}
	one := b.undo(first)
	b.plant("f", "a later deployment's")
	second := &effects{}
	two := b.undo(second)
	if !reflect.DeepEqual(first.ran, [][]string{{"unbuild"}}) || second.ran != nil {
		t.Errorf("ran %v, then %v", first.ran, second.ran)
	}
	if b.read("f") != "a later deployment's" {
		t.Error("the second undo undid something else")
	}
	slices.Sort(one.Undone)
	slices.Sort(two.Undone)
	if !slices.Contains(two.Undone, b.path("f")) || two.Incomplete() {
		t.Errorf("the second report: %v, the first: %v", two, one)
	}
}

func TestFailedUndoCommandIsTriedAgain(t *testing.T) {
	b := newBench(t)
	b.rec.Task("build it", false)
	b.must(b.rec.Command("make", false, []string{"make", "unbuild"}))
	b.must(b.rec.Command("mail everybody", false, nil))
	b.must(b.rec.Close())
	report := b.undo(&effects{fail: errors.New("exit status 2")})
	if want := []Conflict{{"build it: make unbuild", "exit status 2"}}; !reflect.DeepEqual(report.Conflicted, want) {
		t.Errorf("%v", report.Conflicted)
	}
	if want := []Irreversible{{"build it", "mail everybody"}}; !reflect.DeepEqual(report.Irreversible, want) {
		t.Errorf("%v", report.Irreversible)
	}
	fx := &effects{}
	if report := b.undo(fx); report.Incomplete() || len(fx.ran) != 1 {
		t.Errorf("%v, ran %v", report, fx.ran)
	}
}

func TestHandlersFireAfterUndo(t *testing.T) {
	b := newBench(t)
	b.plant("conf", "old")
	b.rec.Task("conf", false)
	b.write("conf", "new")
	by := []int{b.rec.TaskSeq()}
	b.rec.Task("restart", true)
	b.must(b.rec.Handler("restart", "service", []byte(`{"name":"x"}`), by))
	b.must(b.rec.Command("systemctl restart x", false, nil))
	b.must(b.rec.AfterUndo("restart x", []string{"systemctl", "restart", "x"}))
	b.rec.Task("other", true)
	b.must(b.rec.Handler("other", "service", []byte(`{}`), []int{999}))
	b.rec.Task("writes", true)
	b.must(b.rec.Handler("writes", "copy", []byte(`{}`), by))
	b.write("stamp", "1")
	b.rec.Task("plain", false)
	b.must(b.rec.AfterUndo("reload y", []string{"reload", "y"}))
	b.must(b.rec.AfterUndo("reload y", []string{"reload", "y"}))
	b.must(b.rec.Close())
	fx := &effects{}
	report := b.undo(fx)
	if want := []string{"restart"}; !reflect.DeepEqual(fx.fired, want) {
		t.Errorf("fired %v, want %v", fx.fired, want)
	}
	if want := [][]string{{"reload", "y"}}; !reflect.DeepEqual(fx.ran, want) {
		t.Errorf("ran %v, want %v", fx.ran, want)
	}
	if len(report.Irreversible) != 0 || report.Incomplete() {
		t.Errorf("%+v", report)
	}
}

func TestDamagedOriginalIsNoOriginal(t *testing.T) {
	b := newBench(t)
	b.plant("f", "orig")
	b.write("f", "ours")
	b.must(b.rec.Close())
	names, err := os.ReadDir(filepath.Join(b.state, SavedName))
	b.must(err)
	b.must(os.WriteFile(filepath.Join(b.state, SavedName, names[0].Name()), []byte("flip"), 0o600))
	report := b.undo(&effects{})
	if len(report.Conflicted) != 1 || !strings.Contains(report.Conflicted[0].Why, "damaged") || b.read("f") != "ours" {
		t.Errorf("%v, f=%s", report.Conflicted, b.read("f"))
	}
	names, err = os.ReadDir(b.root)
	b.must(err)
	if len(names) != 1 {
		t.Errorf("left behind: %v", names)
	}
}

func TestRevokedRecorderChangesNothing(t *testing.T) {
	b := newBench(t)
	b.plant("f", "orig")
	b.rec.Revoke()
	if err := b.rec.WriteFile(b.path("f"), strings.NewReader("x"), Meta{}); err == nil {
		t.Error("allowed")
	}
	if err := b.rec.Remove(b.path("f")); err == nil || b.read("f") != "orig" {
		t.Errorf("%v, f=%s", err, b.read("f"))
	}
}

func TestUndoWithoutJournal(t *testing.T) {
	report, err := Undo(t.TempDir(), &effects{})
	if err != nil || report.Incomplete() || report.Undone == nil {
		t.Errorf("%v %v", report, err)
	}
}

func TestHardLinksAreTold(t *testing.T) {
	b := newBench(t)
	b.plant("a", "orig")
	b.must(os.Link(b.path("a"), b.path("b")))
	b.rec.Task("write", false)
	b.write("a", "one")
	b.write("a", "two")
	b.must(b.rec.Hardlink(b.path("a"), b.path("c")))
	b.must(b.rec.Hardlink(b.path("a"), b.path("c")))
	b.must(b.rec.Close())
	report := b.undo(&effects{})
	if len(report.Irreversible) != 1 || !strings.Contains(report.Irreversible[0].What, "one of 2 names") || report.Incomplete() || b.read("a") != "orig" {
		t.Errorf("%+v", report)
	}
}
