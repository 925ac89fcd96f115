//go:build unix

package change

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

// A write that failed, of a file that was there, is forgotten whole: the changes after it are journalled and taken back.
func TestChangesGoOnAfterAWriteThatFailed(t *testing.T) {
	dir, journal := t.TempDir(), t.TempDir()
	path := filepath.Join(dir, "file")
	if err := os.WriteFile(path, []byte("original"), 0o640); err != nil {
		t.Fatal(err)
	}
	r, err := NewRecorder(journal)
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("nothing more came")
	if err := r.WriteFile(path, iotest.ErrReader(broken), Meta{}); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	link := r.Symlink("file", filepath.Join(dir, "link"))
	if err := errors.Join(link, r.WriteFile(path, strings.NewReader("ours"), Meta{}), r.Chmod(path, 0o600), r.Close()); err != nil {
		t.Fatal(err)
	}
	report, err := Undo(journal, nil)
	if now, read := os.ReadFile(path); err != nil || read != nil || len(report.Conflicted) > 0 || string(now) != "original" {
		t.Errorf("%v %v %v %q", err, read, report, now)
	}
}

// A write that failed does not take away an original of the same content that an earlier stage has saved.
func TestAnOriginalOfAnEarlierStageStays(t *testing.T) {
	dir, journal := t.TempDir(), t.TempDir()
	first, second := filepath.Join(dir, "first"), filepath.Join(dir, "second")
	for _, path := range []string{first, second} {
		if err := os.WriteFile(path, []byte("original"), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	r, err := NewRecorder(journal)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(r.WriteFile(first, strings.NewReader("ours"), Meta{}), r.Close()); err != nil {
		t.Fatal(err)
	}
	if r, err = Resume(journal, r.Mark()); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("nothing more came")
	if err := r.WriteFile(second, iotest.ErrReader(broken), Meta{}); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	report, err := Undo(journal, nil)
	if now, read := os.ReadFile(first); err != nil || read != nil || len(report.Conflicted) > 0 || string(now) != "original" {
		t.Errorf("%v %v %v %q", err, read, report, now)
	}
}

// What could not be synced is not taken for saved by the next change.
func TestWhatIsNotSyncedIsSyncedWithTheNext(t *testing.T) {
	s := newSaved(t.TempDir())
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("original"), 0o600); err != nil {
		t.Fatal(err)
	}
	digest, _, err := s.keep(path, false)
	away := s.path(digest) + ".away"
	if err = errors.Join(err, os.Rename(s.path(digest), away)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if s.flush() == nil {
			t.Fatal("what is not there was synced")
		}
	}
	if err := errors.Join(os.Rename(away, s.path(digest)), s.flush()); err != nil {
		t.Error(err)
	}
}
