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
