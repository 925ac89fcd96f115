//go:build linux

package change

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

// originals are the files of the saved folder.
func (b *bench) originals() (out []os.FileInfo) {
	b.t.Helper()
	names, err := os.ReadDir(filepath.Join(b.state, SavedName))
	b.must(err)
	for _, name := range names {
		info, err := name.Info()
		b.must(err)
		out = append(out, info)
	}
	return out
}

func (b *bench) stat(name string) os.FileInfo {
	b.t.Helper()
	info, err := os.Stat(b.path(name))
	b.must(err)
	return info
}

// A file whose name another one takes is its own saved original: nothing is copied.
func TestWhatIsReplacedIsKeptItself(t *testing.T) {
	acts := map[string]func(b *bench) error{
		"write":   func(b *bench) error { return b.rec.WriteFile(b.path("f"), strings.NewReader("new"), Meta{}) },
		"symlink": func(b *bench) error { return b.rec.Symlink("g", b.path("f")) },
		"rename":  func(b *bench) error { return b.rec.Rename(b.path("g"), b.path("f")) },
	}
	for name, act := range acts {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.plant("f", "old")
			b.plant("g", "other")
			was := b.stat("f")
			b.must(act(b))
			if kept := b.originals(); len(kept) != 1 || !os.SameFile(kept[0], was) {
				t.Errorf("%v is not the file that was at f", kept)
			}
			b.must(b.rec.Close())
			if report := b.undo(&effects{}); report.Incomplete() || b.read("f") != "old" || b.read("g") != "other" {
				t.Errorf("%v, f=%s g=%s", report, b.read("f"), b.read("g"))
			}
		})
	}
}

// What somebody can still write to once its name is gone is copied: what they write then must not reach the copy.
func TestWhatMayChangeLaterIsCopied(t *testing.T) {
	for _, who := range []string{"another name", "an open file"} {
		t.Run(who, func(t *testing.T) {
			b := newBench(t)
			out, err := os.OpenFile(b.plant("f", "old"), os.O_WRONLY|os.O_APPEND, 0)
			b.must(err)
			defer out.Close()
			if who == "another name" {
				b.must(out.Close())
				b.must(os.Link(b.path("f"), b.path("too")))
			}
			b.write("f", "new")
			if who == "another name" {
				out, err = os.OpenFile(b.path("too"), os.O_WRONLY|os.O_APPEND, 0)
				b.must(err)
			}
			_, err = out.WriteString(" and more")
			b.must(err)
			b.must(b.rec.Close())
			if report := b.undo(&effects{}); report.Incomplete() || b.read("f") != "old" {
				t.Errorf("%v, f=%s", report, b.read("f"))
			}
		})
	}
}

// A change that failed leaves the file where anybody may write to it: it must not stand for another one of the same content.
func TestAFailedChangeKeepsNoSecondName(t *testing.T) {
	b := newBench(t)
	b.plant("f", "old")
	b.plant("g", "old")
	broken := errors.New("broken")
	if err := b.rec.WriteFile(b.path("f"), io.MultiReader(strings.NewReader("n"), iotest.ErrReader(broken)), Meta{}); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	if kept := b.originals(); len(kept) != 0 {
		t.Errorf("%v", kept)
	}
	b.plant("f", "edited") // in place
	b.write("g", "new")
	b.must(b.rec.Close())
	if report := b.undo(&effects{}); report.Incomplete() || b.read("g") != "old" || b.read("f") != "edited" {
		t.Errorf("%v, g=%s f=%s", report, b.read("g"), b.read("f"))
	}
}

// Content may take its time to come: who opens the file meanwhile must not write into the saved original.
func TestWhatIsOpenedWhileContentComesIsCopied(t *testing.T) {
	b := newBench(t)
	b.plant("f", "old")
	var out *os.File
	late := readFunc(func([]byte) (n int, err error) {
		out, err = os.OpenFile(b.path("f"), os.O_WRONLY|os.O_APPEND, 0)
		b.must(err)
		return 0, io.EOF
	})
	b.must(b.rec.WriteFile(b.path("f"), io.MultiReader(strings.NewReader("new"), late), Meta{}))
	defer out.Close()
	_, err := out.WriteString(" and more")
	b.must(err)
	b.must(b.rec.Close())
	if report := b.undo(&effects{}); report.Incomplete() || b.read("f") != "old" {
		t.Errorf("%v, f=%s", report, b.read("f"))
	}
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }
