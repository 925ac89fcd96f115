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
	"time"

	"runner/value"
)

// oddName is no UTF-8: paths are bytes.
const oddName = "odd-\xff\xfe"

// plant makes the tree that the scenario changes.
func plant(t *testing.T, root string) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	in := func(name string) string { return filepath.Join(root, name) }
	for _, dir := range []string{"etc", "old", "old/deep", "old/deep/er", "move", "times", "accounts", "mess"} {
		must(os.MkdirAll(in(dir), 0o755))
	}
	for name, text := range map[string]string{"etc/conf": "old conf\n", "etc/tool": "#!/bin/sh\n", "etc/" + oddName: "odd", "old/a": "aaa",
		"old/deep/b": "", "old/deep/er/c": strings.Repeat("c", 70000), "move/from": "from", "move/over": "over", "etc/touched": "t",
		"etc/gone": "gone", "etc/mode": "m", "etc/owned": "o"} {
		must(os.WriteFile(in(name), []byte(text), 0o640))
	}
	must(os.Symlink("conf", in("etc/link")))
	must(os.Symlink("/nowhere", in("old/dangling")))
	must(syscall.Mkfifo(in("old/pipe"), 0o600))
	if os.Geteuid() == 0 {
		must(os.Lchown(in("etc/owned"), 1234, 5678))
		must(os.Lchown(in("etc/link"), 1234, 5678))
		must(os.Lchown(in("old/deep"), 1234, 5678))
	}
	must(os.Chmod(in("etc/owned"), 0o755|fs.ModeSetuid))
	must(os.Chmod(in("old/deep"), 0o750|fs.ModeSticky))
	plantMess(t, in("mess"))
	for name, text := range map[string]string{"passwd": "root:x:0:0\n", "passwd-": "", "group": "root:x:0:\n", ".pwd.lock": ""} {
		must(os.WriteFile(in("accounts/"+name), []byte(text), 0o644))
	}
	for _, name := range []string{"hall", "attic"} {
		must(os.WriteFile(lampOf(root, name), []byte("dim"), 0o600))
	}
	writeXattrs(in("etc/conf"), map[string][]byte{"user.label": []byte("kept")}) // where the file system has them
	setAllTimes(t, root)
}

// lampOf is a thing of the scenario that is no file: nothing but what it shines like counts.
func lampOf(root, name string) string { return root + ".lamp-" + name }

// lampsOf is how all of them are.
func lampsOf(root string) string {
	var out strings.Builder
	for _, name := range []string{"hall", "attic", "new"} {
		text, _ := os.ReadFile(lampOf(root, name))
		fmt.Fprintf(&out, "lamp %s %q\n", name, text)
	}
	return out.String()
}

// setAllTimes gives every entry times of its own, the folders last.
func setAllTimes(t *testing.T, root string) {
	t.Helper()
	var paths []string
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		paths = append(paths, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := len(paths) - 1; i >= 0; i-- {
		at := time.Date(2001, 2, 3, 4, 5, i, 123456789, time.UTC).UnixNano()
		if err := setTimes(paths[i], at, at); err != nil {
			t.Fatal(err)
		}
	}
}

// scenario uses every primitive, some of them on the same path, and leaves nothing as it was.
func scenario(r *Recorder, root string) error {
	r.Equip(noTools{})
	in := func(name string) string { return filepath.Join(root, name) }
	at := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	mode := fs.FileMode(0o600)
	steps := []func() error{
		func() error {
			r.Task("write", false)
			return r.WriteFile(in("etc/conf"), strings.NewReader("new conf\n"), Meta{})
		},
		func() error { return r.WriteFile(in("etc/conf"), strings.NewReader("newer conf\n"), Meta{Mode: &mode}) },
		func() error { return r.WriteFile(in("etc/"+oddName), strings.NewReader("even"), Meta{}) },
		func() error { return r.WriteFile(in("etc/fresh"), strings.NewReader("fresh"), Meta{Mtime: &at}) },
		func() error { return r.Chmod(in("etc/conf"), 0o604) },
		func() error { r.Task("folders", false); return r.Mkdir(in("new"), 0o700|fs.ModeSetgid) },
		func() error { return r.WriteFile(in("new/x"), strings.NewReader("x"), Meta{}) },
		func() error { return r.Symlink("fresh", in("etc/link")) },
		func() error { return r.Symlink("x", in("new/link")) },
		func() error { return r.Hardlink(in("etc/tool"), in("etc/gone")) },
		func() error { return r.Hardlink(in("etc/tool"), in("etc/gone")) },
		func() error {
			r.Task("attributes", false)
			return r.Chmod(in("etc/mode"), 0o4711&fs.ModePerm|fs.ModeSetuid)
		},
		func() error { return r.Chown(in("etc/owned"), os.Geteuid(), -1) },
		func() error { return r.Chtimes(in("etc/touched"), at, at) },
		func() error { return r.Chtimes(in("times"), at, at) },
		func() error { return r.WriteFile(in("times/inside"), strings.NewReader("i"), Meta{}) },
		func() error { r.Task("moves", false); return r.Rename(in("move/from"), in("move/over")) },
		func() error { return r.Rename(in("move/over"), in("new/moved")) },
		func() error { return r.Command("build", false, []string{"make", "unbuild"}) },
		func() error { return r.Command("look", true, nil) },
		func() error { return r.AfterUndo("reload", []string{"reload", "it"}) },
		func() error { r.Task("lamps", false); return light(r, lampOf(root, "hall"), "bright") },
		func() error { return light(r, lampOf(root, "hall"), "brighter") },
		func() error { return light(r, lampOf(root, "new"), "bright") },
		func() error { return light(r, lampOf(root, "attic"), "") },
		func() error {
			r.Task("tool", false)
			r.Cover([]*Cover{{What: "tool", Calls: []any{"untool"}}})
			return r.Around([]string{in("mess")}, "a tool", func() error { return messy(in("mess")) })
		},
		func() error { return r.WriteFile(in("mess/changed"), strings.NewReader("on top"), Meta{}) },
		func() error { return addUser(r, in("accounts"), "one") },
		func() error { return addUser(r, in("accounts"), "two") },
		func() error { r.Task("removal", false); return r.Remove(in("old")) },
		func() error { return r.Mkdir(in("old"), 0o755) },
		func() error { return r.WriteFile(in("old/a"), strings.NewReader("other"), Meta{}) },
		func() error { return r.Remove(in("etc/fresh")) },
		func() error { return r.Remove(in("etc/fresh")) },
		func() error { return r.Remove(in("old")) },
	}
	for i, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
	}
	return nil
}

// addUser is what useradd does.
func addUser(r *Recorder, dir, name string) error {
	passwd := filepath.Join(dir, "passwd")
	files := []string{passwd, passwd + "-", filepath.Join(dir, "group"), filepath.Join(dir, "shadow")}
	return r.Around(files, "useradd "+name, func() error {
		old, err := os.ReadFile(passwd)
		if err == nil {
			err = os.WriteFile(passwd+"-", old, 0o644)
		}
		step("tool")
		if err == nil {
			err = os.WriteFile(passwd, append(old, name+":x:7:7\n"...), 0o644)
		}
		step("tool")
		return errors.Join(err, os.WriteFile(files[3], []byte(name+":!\n"), 0o600))
	})
}

// picture describes everything that undo must bring back.
func picture(t *testing.T, root string) string {
	t.Helper()
	var out strings.Builder
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		st, err := inspectAll(path)
		fmt.Fprintf(&out, "%q %s %o %d:%d %s %q %d %q\n", path, st.Kind, st.Mode, st.UID, st.GID, st.Digest, st.Target, st.Mtime, st.Xattrs)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// scene is all that the scenario changes.
func scene(t *testing.T, root string) string { return picture(t, root) + lampsOf(root) }

func difference(a, b string) string {
	var out []string
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for _, line := range x {
		if !strings.Contains(b, line+"\n") {
			out = append(out, "- "+line)
		}
	}
	for _, line := range y {
		if !strings.Contains(a, line+"\n") {
			out = append(out, "+ "+line)
		}
	}
	return strings.Join(out, "\n")
}

// effects notes what an undo runs.
type effects struct {
	ran    [][]string
	fired  []string
	called []any
	fail   error
}

func (e *effects) Perform(call any) (string, error) {
	e.called = append(e.called, call)
	return value.Str(call), e.fail
}

func (e *effects) Tools() Tools { return noTools{} }

func (e *effects) Run(_ string, argv []string) error {
	e.ran = append(e.ran, argv)
	return e.fail
}

func (e *effects) Fire(h Handler) error {
	e.fired = append(e.fired, h.Name)
	return e.fail
}
